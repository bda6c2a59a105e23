//! Fly.io: the machine's own API, behind a Unix socket, gives a new token for every exchange.
//!
//! <https://fly.io/docs/reference/openid-connect/> and <https://fly.io/docs/machines/api/tokens-resource/>

use std::time::Duration;

use crate::config::Format;
use crate::desk::{Desk, Flow};
use crate::error::{ErrorCode, Stage};
use crate::http::{HttpRequest, Method};
use crate::json;
use crate::secret::Secret;
use crate::server::Server;
use crate::source::subject_token;

const SOCKET: &str = "/.fly/api";

const SERVER: Server = Server {
    name: "The API of the Fly machine",
    stage: Stage::Source,
    timeout: Duration::from_secs(10),
    first_delay: Duration::from_millis(500),
    retry_unreachable: false,
    connection_hint: "The token comes through the Unix socket /.fly/api, which is there in machines of Fly.io.",
    rejected: ErrorCode::SubjectTokenRejected,
    unavailable: ErrorCode::SubjectTokenUnavailable,
    malformed: ErrorCode::SubjectTokenMalformed,
};

pub(super) fn token(desk: &mut Desk, audience: &str) -> Flow<Secret> {
    let answer = desk.http("subject-token", &SERVER, &|_| {
        Ok(HttpRequest::new(Method::Post, "http://localhost/v1/tokens/oidc", SERVER.timeout)
            .header("accept", "text/plain")
            .header("content-type", "application/json")
            .body(format!("{{\"aud\":{}}}", *json::text(audience)?))
            .over_unix_socket(SOCKET)
            .bypassing_proxies())
    })?;
    let text = SERVER.accept(&answer).map_err(|error| match error.code() {
        ErrorCode::SubjectTokenRejected => {
            error.with_hint("Check the audience; the message is that of Fly.io's own API.")
        }
        _ => error,
    })?;
    Ok(subject_token::read(&Format::Text, &Secret::new(text)).map_err(|problem| {
        SERVER
            .malformed(answer.response.status, &format!("with a text that {problem}"))
            .about_ask(&answer.ask_id)
    })?)
}
