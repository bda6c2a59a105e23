//! A token behind a URL: a metadata service, or another server on or near this machine.

use std::time::Duration;

use super::subject_token;
use crate::config::{UrlSource, is_out_of_reach_of_proxies};
use crate::desk::{Desk, Flow};
use crate::error::{ErrorCode, Stage};
use crate::http::{HttpRequest, Method};
use crate::secret::Secret;
use crate::server::Server;

pub(super) const SERVER: Server = Server {
    name: "The server of credential_source.url",
    stage: Stage::Source,
    timeout: Duration::from_secs(10),
    first_delay: Duration::from_millis(100),
    retry_unreachable: true,
    connection_hint: "Check credential_source.url, and that the workload runs where that server is: a metadata service answers on its own cloud only.",
    rejected: ErrorCode::SubjectTokenRejected,
    unavailable: ErrorCode::SubjectTokenUnavailable,
    malformed: ErrorCode::SubjectTokenMalformed,
};

/// The token in the server's answer.
pub(super) fn token(desk: &mut Desk, source: &UrlSource) -> Flow<Secret> {
    for (_, value) in &source.headers {
        // Some are flags such as `True`; what is longer may be a credential.
        if value.expose().len() >= 8 {
            desk.keep_secret(value);
        }
    }
    let answer = desk.http("subject-token", &SERVER, &|_| {
        let mut request = HttpRequest::new(Method::Get, &*source.url, SERVER.timeout);
        for (name, value) in &source.headers {
            request = request.header(name, value.clone());
        }
        Ok(if is_out_of_reach_of_proxies(&source.url) { request.bypassing_proxies() } else { request })
    })?;
    let text = SERVER.accept(&answer).map_err(|error| match error.code() {
        ErrorCode::SubjectTokenRejected => error.with_hint(
            "Check credential_source.url and credential_source.headers; the status and the message are that server's own.",
        ),
        _ => error,
    })?;
    let token = subject_token::read(&source.format, &Secret::new(text)).map_err(|problem| {
        SERVER
            .malformed(answer.response.status, &format!("with a text that {problem}"))
            .about_ask(&answer.ask_id)
    })?;
    desk.keep_secret(&token);
    Ok(token)
}
