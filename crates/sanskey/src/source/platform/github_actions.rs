//! GitHub Actions: a new token for every exchange, since one lives for minutes.
//!
//! <https://docs.github.com/actions/reference/security/oidc>, "Methods for requesting the OIDC token".

use std::time::Duration;

use super::{checked_header, checked_url, missing};
use crate::config::Format;
use crate::desk::{Desk, Flow};
use crate::error::{ErrorCode, Stage};
use crate::http::{HttpRequest, Method};
use crate::secret::Secret;
use crate::server::Server;
use crate::source::subject_token;
use crate::url::encode;

const SERVER: Server = Server {
    name: "GitHub's token service",
    stage: Stage::Source,
    timeout: Duration::from_secs(10),
    first_delay: Duration::from_secs(1),
    retry_unreachable: true,
    connection_hint: "",
    rejected: ErrorCode::SubjectTokenRejected,
    unavailable: ErrorCode::SubjectTokenUnavailable,
    malformed: ErrorCode::SubjectTokenMalformed,
};

const URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

pub(super) fn token(desk: &mut Desk, audience: &str) -> Flow<Secret> {
    let env = desk.env("env", &[URL, TOKEN])?;
    let (Some(url), Some(token)) = (env.get(URL), env.get(TOKEN)) else {
        let hint = "Give the job the permission: `permissions: {id-token: write}`. A pull request from a fork does not get it.";
        return Err(
            missing(&format!("GitHub Actions gives no token: {URL} or {TOKEN} is not set."), hint).into()
        );
    };
    desk.keep_secret(token);
    checked_url(URL, url.expose())?;
    checked_header(TOKEN, token)?;
    let separator = if url.expose().contains('?') { '&' } else { '?' };
    let mut url = format!("{}{separator}audience=", url.expose());
    url.extend(encode(audience));
    let answer = desk.http("subject-token", &SERVER, &|_| {
        Ok(HttpRequest::new(Method::Get, &*url, SERVER.timeout)
            .header("accept", "application/json")
            .header("authorization", format!("Bearer {}", token.expose())))
    })?;
    let text = SERVER.accept(&answer).map_err(|error| match error.code() {
        ErrorCode::SubjectTokenRejected => {
            error.with_hint("The job's own token is no longer good, or the job may not ask for tokens: see `permissions: {id-token: write}`.")
        }
        _ => error,
    })?;
    let format = Format::Json { field: "value".to_owned() };
    Ok(subject_token::read(&format, &Secret::new(text)).map_err(|problem| {
        SERVER
            .malformed(answer.response.status, &format!("with a text that {problem}"))
            .about_ask(&answer.ask_id)
    })?)
}
