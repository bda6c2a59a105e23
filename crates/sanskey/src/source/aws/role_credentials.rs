//! The JSON form in which AWS hands a role's credentials to the machine or the container that has it.

use serde_json::{Map, Value};

use crate::aws::Credentials;
use crate::desk::Answer;
use crate::error::{Error, RemoteError};
use crate::secret::Secret;
use crate::server::Server;

/// The credentials in `text`, which `server` answered with.
pub(super) fn read(server: &Server, answer: &Answer, text: &str) -> Result<Credentials, Error> {
    let malformed =
        |problem: &str| server.malformed(answer.response.status, problem).about_ask(&answer.ask_id);
    let Ok(Value::Object(mut body)) = serde_json::from_str(text) else {
        return Err(malformed("with something other than a JSON object where credentials belong"));
    };
    // All of them first, so that none is left in what was parsed if another is missing.
    let mut take = |name: &str| take_text(&mut body, name);
    let (id, secret, token) = (take("AccessKeyId"), take("SecretAccessKey"), take("Token"));
    if let Some(code) = body.get("Code").and_then(Value::as_str).filter(|code| *code != "Success") {
        let remote = RemoteError::new(Some(code), body.get("Message").and_then(Value::as_str));
        let hint = "AWS could not take on the role: see that it exists, and that its trust policy admits this machine.";
        return Err(server
            .rejected(answer.response.status, remote)
            .about_ask(&answer.ask_id)
            .with_hint(hint));
    }
    let (Some(id), Some(secret)) = (&id, &secret) else {
        let missing = if id.is_none() { "AccessKeyId" } else { "SecretAccessKey" };
        return Err(malformed(&format!("with credentials that have no {missing}")));
    };
    let mut credentials = Credentials::new(id.expose(), secret.clone());
    credentials.session_token = token;
    match credentials.check() {
        Ok(()) => Ok(credentials),
        Err(_) => Err(malformed("with credentials that cannot be sent in a header")),
    }
}

fn take_text(body: &mut Map<String, Value>, name: &str) -> Option<Secret> {
    match body.get_mut(name).map(Value::take) {
        Some(Value::String(text)) if !text.is_empty() => Some(Secret::new(text)),
        _ => None,
    }
}
