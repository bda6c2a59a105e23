//! What Google's Security Token Service answers.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::desk::Answer;
use crate::error::{Error, ErrorCode, Stage};
use crate::http::HttpResponse;
use crate::server::{Server, hint_about_another};
use crate::time::UnixTime;
use crate::token::{Token, TokenKind};

pub(crate) const SERVER: Server = Server {
    name: "Google's Security Token Service",
    stage: Stage::Sts,
    timeout: Duration::from_secs(10),
    first_delay: Duration::from_secs(1),
    retry_unreachable: true,
    connection_hint: "",
    rejected: ErrorCode::StsRejected,
    unavailable: ErrorCode::StsUnavailable,
    malformed: ErrorCode::StsMalformed,
};

/// The federated token in the service's answer, which came at the time `now`.
///
/// `expires_in` may be missing (a proof with two seconds to live has been answered so), a number, or
/// a text with a number in it.
///
/// # Errors
/// `sts_rejected` with the service's own `error` and `error_description`, `sts_unavailable`,
/// `sts_malformed`, `redirect_refused`, `response_too_large`.
pub fn parse_response(response: &HttpResponse, now: UnixTime) -> Result<Token, Error> {
    parse(response, now).map_err(Error::shortened)
}

/// The same for the answer to an ask. The texts of an error are as long as the server made them.
pub(crate) fn parse_answer(answer: &Answer) -> Result<Token, Error> {
    parse(&answer.response, answer.seen_at).map_err(|error| error.about_ask(&answer.ask_id))
}

fn parse(response: &HttpResponse, now: UnixTime) -> Result<Token, Error> {
    let mut body = SERVER.accept_object(response).map_err(explain)?;
    token(&mut body, response.status, now)
}

/// The token in the object of a success (RFC 6749 section 5.1, RFC 8693 section 2.2.1).
pub(crate) fn token(body: &mut Map<String, Value>, status: u16, now: UnixTime) -> Result<Token, Error> {
    let value = SERVER.token_in(body, "access_token", status)?;
    Ok(Token::living(value, TokenKind::Federated, now, lifetime(body)))
}

/// How many seconds a token lives: a number, a text with a number in it, or not told.
pub(crate) fn lifetime(body: &Map<String, Value>) -> Option<u64> {
    match body.get("expires_in") {
        Some(Value::Number(seconds)) => seconds.as_u64().or_else(|| whole(seconds.as_f64()?)),
        Some(Value::String(digits)) => digits.trim().parse().ok(),
        _ => None,
    }
}

fn explain(error: Error) -> Error {
    if error.code() != ErrorCode::StsRejected {
        return error;
    }
    if let Some(hint) = hint_about_another(&error) {
        return error.with_hint(hint);
    }
    let hint = match error.remote_error() {
        Some("invalid_target") => {
            "Check the audience: it must name a pool and a provider that exist and are enabled, with the project's number, not its ID."
        }
        Some("unauthorized_client") => {
            "The provider knows the proof but does not admit it. Check its attribute condition and its attribute mapping against this workload."
        }
        Some("invalid_grant") => {
            "The proof itself was not believed. Check that the provider is made for this kind of proof, that its AWS account is this workload's, and that the clock is right."
        }
        Some("invalid_request") => {
            "Check the audience and the subject_token_type of the configuration against the provider."
        }
        _ => {
            "Check the provider that the audience names: that it exists, is enabled, and admits this workload."
        }
    };
    error.with_hint(hint)
}

/// A server may say anything; what makes no sense as a lifetime counts as unknown.
fn whole(seconds: f64) -> Option<u64> {
    // The conversion drops the fraction, and saturates.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (seconds >= 0.0).then_some(seconds as u64)
}
