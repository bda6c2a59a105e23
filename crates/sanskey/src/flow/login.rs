//! People who have logged in, and what a token is worth.

use crate::config::{AuthorizedUser, CredentialConfig};
use crate::desk::{Desk, Flow};
use crate::error::Error;
use crate::introspection::TokenInfo;
use crate::secret::Secret;
use crate::sts::ClientAuthentication;
use crate::token::Token;
use crate::{authorized_user, introspection, sts};

/// An access token for a refresh token.
pub(super) fn refreshed_token(
    desk: &mut Desk,
    config: &CredentialConfig,
    user: &AuthorizedUser,
    client: &ClientAuthentication,
) -> Flow<Token> {
    let refresh_token = current_refresh_token(desk, user);
    let answer = desk.http("refresh", &sts::SERVER, &|_| {
        authorized_user::refresh_request(config.token_url(), &refresh_token, client)
    })?;
    let token = authorized_user::parse_refresh_answer(&answer)?;
    desk.keep_secret(&token.value);
    if let Some(next) = &token.refresh_token {
        desk.keep_secret(next);
        desk.learned.refresh_token = Some(next.clone());
    }
    Ok(token)
}

/// That of the configuration, unless the service has replaced it.
fn current_refresh_token(desk: &mut Desk, user: &AuthorizedUser) -> Secret {
    desk.keep_secret(&user.refresh_token);
    let current = desk.newest_refresh_token().unwrap_or(&user.refresh_token).clone();
    desk.keep_secret(&current);
    current
}

/// Whose a token is, and whether it is good.
pub(super) fn introspection(
    desk: &mut Desk,
    config: &CredentialConfig,
    url: &str,
    token: &Secret,
) -> Flow<TokenInfo> {
    if token.is_empty() {
        return Err(Error::invalid_argument("The token that is asked about is empty.").into());
    }
    desk.keep_secret(token);
    if let Some(client) = config.client() {
        desk.keep_secret(&client.client_secret);
    }
    let answer =
        desk.http("introspect", &sts::SERVER, &|_| introspection::request(url, token, config.client()))?;
    Ok(introspection::parse_answer(&answer)?)
}

/// The end of a login.
pub(super) fn revocation(desk: &mut Desk, config: &CredentialConfig, url: &str) -> Flow<()> {
    let Some((user, client)) = config.authorized_user() else {
        return Err(Error::bug("Only an authorized user has a URL for revocation.").into());
    };
    let refresh_token = current_refresh_token(desk, user);
    desk.keep_secret(&client.client_secret);
    let answer =
        desk.http("revoke", &sts::SERVER, &|_| authorized_user::revoke_request(url, &refresh_token, client))?;
    Ok(authorized_user::check_revocation(&answer)?)
}
