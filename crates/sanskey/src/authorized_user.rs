//! A person who has logged in through a workforce pool (`external_account_authorized_user`): a refresh token
//! in, an access token out, until it is revoked.
//!
//! Sources: RFC 6749 section 6, RFC 7009, and
//! <https://cloud.google.com/iam/docs/workforce-obtaining-short-lived-credentials>.

use crate::desk::Answer;
use crate::error::{Error, ErrorCode};
use crate::http::{HttpRequest, HttpResponse};
use crate::secret::Secret;
use crate::server::hint_about_another;
use crate::source::take_text;
use crate::sts::{self, ClientAuthentication};
use crate::time::UnixTime;
use crate::token::Token;
use crate::url::{check_url, push_form_field};

/// The refresh as an HTTP request. `token_url` is an endpoint such as
/// `https://sts.googleapis.com/v1/oauthtoken`.
///
/// # Errors
/// `invalid_argument` if `token_url` is not a URL that can be sent.
pub fn refresh_request(
    token_url: &str,
    refresh_token: &Secret,
    client: &ClientAuthentication,
) -> Result<HttpRequest, Error> {
    check_url("token_url", token_url)?;
    let mut form = form_for(refresh_token);
    push_form_field(&mut form, "grant_type", "refresh_token");
    push_form_field(&mut form, "refresh_token", refresh_token.expose());
    Ok(sts::form_request(token_url, Some(client), form))
}

/// The access token in the answer to a refresh, which came at the time `now`, and the next refresh token, if
/// there is a new one.
///
/// # Errors
/// `sts_rejected`, `sts_unavailable`, `sts_malformed`, `redirect_refused`, `response_too_large`.
pub fn parse_refresh_response(response: &HttpResponse, now: UnixTime) -> Result<Token, Error> {
    parse(response, now).map_err(Error::shortened)
}

/// The same for the answer to an ask. The texts of an error are as long as the server made them.
pub(crate) fn parse_refresh_answer(answer: &Answer) -> Result<Token, Error> {
    parse(&answer.response, answer.seen_at).map_err(|error| error.about_ask(&answer.ask_id))
}

fn parse(response: &HttpResponse, now: UnixTime) -> Result<Token, Error> {
    let mut body = sts::SERVER.accept_object(response).map_err(explain)?;
    let mut token = sts::token(&mut body, response.status, now)?;
    token.refresh_token = take_text(&mut body, "refresh_token");
    Ok(token)
}

/// The revocation of a refresh token as an HTTP request. `revoke_url` is an endpoint such as
/// `https://sts.googleapis.com/v1/revoke`.
///
/// # Errors
/// `invalid_argument` if `revoke_url` is not a URL that can be sent.
pub fn revoke_request(
    revoke_url: &str,
    refresh_token: &Secret,
    client: &ClientAuthentication,
) -> Result<HttpRequest, Error> {
    check_url("revoke_url", revoke_url)?;
    let mut form = form_for(refresh_token);
    push_form_field(&mut form, "token", refresh_token.expose());
    push_form_field(&mut form, "token_type_hint", "refresh_token");
    Ok(sts::form_request(revoke_url, Some(client), form))
}

/// Whether the token is revoked. What else the service says does not matter (RFC 7009 section 2.2).
pub(crate) fn check_revocation(answer: &Answer) -> Result<(), Error> {
    sts::SERVER.accept(answer).map(|_| ()).map_err(explain)
}

/// Large enough, so that no copy of the token is left behind by growing.
fn form_for(refresh_token: &Secret) -> String {
    String::with_capacity(refresh_token.expose().len().saturating_mul(3).saturating_add(128))
}

fn explain(error: Error) -> Error {
    if error.code() != ErrorCode::StsRejected {
        return error;
    }
    if let Some(hint) = hint_about_another(&error) {
        return error.with_hint(hint);
    }
    let hint = match error.remote_error() {
        Some("invalid_grant") => {
            "The refresh token is over: the session has ended, it was revoked, or it was replaced by a newer one. Log in again with `gcloud auth application-default login --login-config=FILE`."
        }
        _ => "Check client_id and client_secret: they must be those that the refresh token was issued to.",
    };
    error.with_hint(hint)
}
