//! A token behind a URL: a metadata service, or another server on or near this machine.

use std::time::Duration;

use super::{Proof, Subject, subject_token};
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

/// The token in the server's answer, and who acts for the workload, if that is configured.
pub(super) fn proof(desk: &mut Desk, source: &UrlSource) -> Flow<Proof> {
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
    let text = Secret::new(text);
    let malformed = |problem: String| {
        SERVER
            .malformed(answer.response.status, &format!("with a text that {problem}"))
            .about_ask(&answer.ask_id)
    };
    let token = subject_token::read(&source.format, &text).map_err(malformed)?;
    desk.keep_secret(&token);
    let actor = subject_token::read_actor(source.actor.as_ref(), &text).map_err(malformed)?;
    Ok(Proof { subject: Subject::Token(token), actor, client_certificate: None })
}
