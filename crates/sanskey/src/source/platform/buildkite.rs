//! Buildkite: its agent gives the token.
//!
//! <https://buildkite.com/docs/agent/cli/reference/oidc>

use std::time::Duration;

use super::missing;
use crate::desk::{Desk, Flow, how_it_ended};
use crate::error::{Error, ErrorCode, Stage};
use crate::secret::Secret;

const ID: &str = "buildkite-agent";

pub(super) fn token(desk: &mut Desk, audience: &str) -> Flow<Secret> {
    let argv = ["buildkite-agent", "oidc", "request-token", "--audience", audience];
    let hint = "The token comes from the program buildkite-agent, which is there in jobs of Buildkite.";
    let output = desk.command(ID, &argv.map(str::to_owned), &[], Duration::from_secs(30), hint)?;
    // What it complains about may repeat it.
    desk.keep_secret(&Secret::new(output.stdout.expose().trim()));
    if output.exit_code != Some(0) {
        let message = format!("buildkite-agent {}.", how_it_ended(&output));
        return Err(Error::new(ErrorCode::ExecutableFailed, message, hint)
            .at(Stage::Source)
            .about_ask(ID)
            .into());
    }
    match Secret::new(output.stdout.expose().trim()) {
        token if token.is_empty() => {
            Err(missing("buildkite-agent gave no token.", hint).about_ask(ID).into())
        }
        token => Ok(token),
    }
}
