//! Platforms that put the token itself into the environment: most CI systems.

use super::missing;
use crate::desk::{Desk, Flow};
use crate::secret::Secret;

/// The token in the first variable that is set.
pub(super) fn token(desk: &mut Desk, platform: &str, variables: &[String]) -> Flow<Secret> {
    let env = desk.env("env", variables)?;
    let tokens = variables.iter().filter_map(|name| env.get(name)).map(|token| token.expose().trim());
    if let Some(token) = tokens.map(Secret::new).find(|token| !token.is_empty()) {
        return Ok(token);
    }
    let what = format!("{platform} gives no token: {} is not set.", variables.join(", "));
    let hint = "See that the job asks its platform for an OIDC token (id_tokens in GitLab, oidc in Bitbucket, TFC_WORKLOAD_IDENTITY_AUDIENCE in HCP Terraform, OIDC in Vercel's project settings), and that the variable reaches this process.";
    Err(missing(&what, hint).into())
}
