//! The JSON forms in which AWS hands over credentials.

use serde_json::{Map, Value};

use crate::aws::Credentials;
use crate::desk::Answer;
use crate::error::{Error, RemoteError};
use crate::server::Server;
use crate::source::take_text;
use crate::time::UnixTime;

/// The credentials in `text`, which `server` answered with: the form of EC2 and of containers.
pub(super) fn read(server: &Server, answer: &Answer, text: &str) -> Result<Credentials, Error> {
    let malformed =
        |problem: &str| server.malformed(answer.response.status, problem).about_ask(&answer.ask_id);
    let Ok(Value::Object(mut body)) = serde_json::from_str(text) else {
        return Err(malformed("with something other than a JSON object where credentials belong"));
    };
    let credentials = take(&mut body, ["AccessKeyId", "SecretAccessKey", "Token"]);
    if let Some(code) = body.get("Code").and_then(Value::as_str).filter(|code| *code != "Success") {
        // A code is a word. What is none may be a part of the credentials, in an answer that was cut.
        let is_word = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric());
        let message = body.get("Message").and_then(Value::as_str);
        let remote = RemoteError::new(Some(code).filter(|_| is_word), message);
        let hint = "AWS could not take on the role: see that it exists, and that its trust policy admits this machine.";
        return Err(server
            .rejected(answer.response.status, remote)
            .about_ask(&answer.ask_id)
            .with_hint(hint));
    }
    let expires_at = body.get("Expiration").and_then(Value::as_str).and_then(UnixTime::from_rfc3339);
    match credentials {
        Ok(credentials) => Ok(credentials.ending(expires_at)),
        Err(problem) => Err(malformed(&format!("with {problem}"))),
    }
}

/// Moves credentials out of an object, whose members are called so in this form. All of them are moved
/// first, so that none is left in what was parsed if another is missing.
pub(super) fn take(body: &mut Map<String, Value>, names: [&str; 3]) -> Result<Credentials, String> {
    let [id, secret, token] = names.map(|name| take_text(body, name));
    let [id_name, secret_name, _] = names;
    let (Some(id), Some(secret)) = (&id, &secret) else {
        let missing = if id.is_none() { id_name } else { secret_name };
        return Err(format!("credentials that have no {missing}"));
    };
    let mut credentials = Credentials::new(id.expose(), secret.clone());
    credentials.session_token = token;
    match credentials.check() {
        Ok(()) => Ok(credentials),
        Err(_) => Err("credentials that cannot be sent in a header".to_owned()),
    }
}
