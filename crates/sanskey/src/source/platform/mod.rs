//! Tokens of platforms that say in the environment where they are.

mod azure;
mod buildkite;
mod environment;
mod github_actions;

use crate::config::{CredentialConfig, PlatformSource};
use crate::desk::{Desk, Flow};
use crate::error::{Error, ErrorCode, Stage};
use crate::secret::Secret;
use crate::url::{HttpUrl, is_visible_ascii};

/// The token of the platform.
pub(super) fn token(desk: &mut Desk, source: &PlatformSource, config: &CredentialConfig) -> Flow<Secret> {
    // What Google takes for the audience of a JWT where a provider names no other.
    let usual_audience = format!("https:{}", config.audience());
    let audience = |given: &'_ Option<String>| given.clone().unwrap_or_else(|| usual_audience.clone());
    let token = match source {
        PlatformSource::AzureAppService { resource, client_id } => {
            azure::of_app_service(desk, resource, client_id.as_deref())
        }
        PlatformSource::AzureWorkloadIdentity { resource } => {
            azure::of_workload_identity(desk, resource.as_deref())
        }
        PlatformSource::Buildkite { audience: given } => buildkite::token(desk, &audience(given)),
        PlatformSource::Environment { platform, variables } => environment::token(desk, platform, variables),
        PlatformSource::GithubActions { audience: given } => github_actions::token(desk, &audience(given)),
    }?;
    desk.keep_secret(&token);
    Ok(token)
}

fn missing(what: &str, hint: &'static str) -> Error {
    Error::new(ErrorCode::SubjectTokenMissing, what.to_owned(), hint).at(Stage::Source).about_ask("env")
}

/// A URL that the platform put into the environment. What is sent there proves who the workload is, so it
/// is sent over https, or to this machine.
fn checked_url(variable: &str, url: &str) -> Result<(), Error> {
    let problem = match HttpUrl::split(url) {
        Err(problem) => problem,
        Ok(_) if !is_visible_ascii(url) => "has a space or a character outside ASCII",
        Ok(split) if !split.https && !split.is_loopback() && !split.host.starts_with("169.254.") => {
            "is http, and leads to another machine"
        }
        Ok(_) => return Ok(()),
    };
    Err(Error::new(
        ErrorCode::PlatformUrlRefused,
        format!("The address in {variable} {problem}."),
        "The platform sets this variable itself. See what has changed it.",
    )
    .at(Stage::Source))
}
