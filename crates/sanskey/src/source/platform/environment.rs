//! Platforms that put the token itself into the environment: most CI systems.

use super::missing;
use crate::desk::{Desk, Flow};
use crate::secret::Secret;

/// The token in the first variable that is set.
pub(super) fn token(desk: &mut Desk, platform: &str, variables: &[String]) -> Flow<Secret> {
    let env = desk.env("env", variables)?;
    match variables.iter().find_map(|name| env.get(name)).map(|token| Secret::new(token.expose().trim())) {
        Some(token) if !token.is_empty() => Ok(token),
        _ => {
            let what = format!("{platform} gives no token: {} is not set.", variables.join(", "));
            let hint = "See that the job asks its platform for an OIDC token (id_tokens in GitLab, oidc in Bitbucket, TFC_WORKLOAD_IDENTITY_AUDIENCE in HCP Terraform, OIDC in Vercel's project settings), and that the variable reaches this process.";
            Err(missing(&what, hint).into())
        }
    }
}
