//! Domain-wide delegation: a service account acts as a person of a Google Workspace domain, whose administrator
//! has allowed it for these scopes.
//!
//! Source: <https://developers.google.com/identity/protocols/oauth2/service-account>, "HTTP/REST". The JWT is
//! signed by `signJwt`, since there is no key here.

use std::time::Duration;

use crate::desk::Answer;
use crate::error::{Error, ErrorCode, Stage};
use crate::http::{HttpRequest, Method};
use crate::json;
use crate::secret::Secret;
use crate::server::{Server, hint_about_another};
use crate::time::UnixTime;
use crate::token::{Token, TokenKind};
use crate::url::push_form_field;

pub(crate) const SERVER: Server = Server {
    name: "Google's OAuth 2.0 token endpoint",
    stage: Stage::Delegation,
    timeout: Duration::from_secs(10),
    first_delay: Duration::from_secs(1),
    retry_unreachable: true,
    connection_hint: "",
    rejected: ErrorCode::DelegationRejected,
    unavailable: ErrorCode::DelegationUnavailable,
    malformed: ErrorCode::DelegationMalformed,
};

/// How long the JWT that is exchanged at once is good, and the longest that the endpoint takes.
const LIFETIME_SECONDS: i64 = 3600;

/// What the service account claims: to act for this person.
pub(crate) fn claims(
    service_account: &str,
    subject: &str,
    scopes: &[&str],
    token_url: &str,
    now: UnixTime,
) -> Result<String, Error> {
    if subject.is_empty() || scopes.is_empty() {
        return Err(Error::invalid_argument(
            "Domain-wide delegation needs a person's address as its subject, and at least one scope.",
        ));
    }
    let issued = now.as_seconds();
    Ok(format!(
        "{{\"aud\":{},\"exp\":{},\"iat\":{issued},\"iss\":{},\"scope\":{},\"sub\":{}}}",
        *json::text(token_url)?,
        issued.saturating_add(LIFETIME_SECONDS),
        *json::text(service_account)?,
        *json::text(&scopes.join(" "))?,
        *json::text(subject)?,
    ))
}

/// The grant of RFC 7523 section 2.1.
pub(crate) fn request(token_url: &str, jwt: &Secret) -> HttpRequest {
    let mut form = String::with_capacity(jwt.expose().len().saturating_add(256));
    push_form_field(&mut form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    push_form_field(&mut form, "assertion", jwt.expose());
    HttpRequest::new(Method::Post, token_url, SERVER.timeout)
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
}

/// The person's access token in the answer.
pub(crate) fn parse_answer(answer: &Answer) -> Result<Token, Error> {
    let status = answer.response.status;
    SERVER
        .accept_object(&answer.response)
        .map_err(explain)
        .and_then(|mut body| {
            let value = SERVER.token_in(&mut body, "access_token", status)?;
            let lifetime = crate::sts::lifetime(&body);
            Ok(Token::living(value, TokenKind::Delegated, answer.seen_at, lifetime))
        })
        .map_err(|error| error.about_ask(&answer.ask_id))
}

fn explain(error: Error) -> Error {
    if let Some(hint) = hint_about_another(&error) {
        return error.with_hint(hint);
    }
    let says = |words: &str| error.remote_error_description().is_some_and(|text| text.contains(words));
    let hint = match (error.code(), error.remote_error()) {
        (ErrorCode::DelegationRejected, Some("unauthorized_client")) => {
            "Let an administrator of the Google Workspace domain allow the service account (by its numeric client ID) for all of these scopes: Admin console, Security, API controls, Domain-wide delegation. A change may take a day."
        }
        (ErrorCode::DelegationRejected, Some("invalid_grant")) if says("reasonable timeframe") => {
            "The JWT is good for one hour by the clock of this machine: see that the clock is right."
        }
        (ErrorCode::DelegationRejected, Some("invalid_grant")) if says("audience") => {
            "The JWT is meant for token_url. Leave token_url out, or set it to the address under which the token endpoint knows itself: https://oauth2.googleapis.com/token for Google's."
        }
        (ErrorCode::DelegationRejected, Some("invalid_grant")) => {
            "Check the subject: it must be the address of an active person of the domain, no alias and no group."
        }
        (ErrorCode::DelegationRejected, _) => "Check subject and scopes; the message is Google's own.",
        _ => return error,
    };
    error.with_hint(hint)
}
