//! The JSON form in which AWS hands a role's credentials to the machine or the container that has it.

use serde_json::{Map, Value};

use crate::aws::Credentials;
use crate::secret::Secret;

/// Reads a role's credentials. A problem continues the sentence "The service answered …".
pub(super) fn parse(text: &str) -> Result<Credentials, String> {
    let Ok(Value::Object(mut body)) = serde_json::from_str(text) else {
        return Err("with something other than a JSON object where credentials belong".to_owned());
    };
    if let Some(code) = body.get("Code").filter(|code| *code != "Success") {
        let code = code.as_str().filter(|code| code.bytes().all(|b| b.is_ascii_alphanumeric()));
        return Err(format!("with the code {} in place of credentials", code.unwrap_or("(unreadable)")));
    }
    let credentials = Credentials {
        access_key_id: take_text(&mut body, "AccessKeyId")?,
        secret_access_key: Secret::new(take_text(&mut body, "SecretAccessKey")?),
        session_token: take_text(&mut body, "Token").ok().map(Secret::new),
    };
    match credentials.check() {
        Ok(()) => Ok(credentials),
        Err(_) => Err("with credentials that cannot be sent in a header".to_owned()),
    }
}

fn take_text(body: &mut Map<String, Value>, name: &str) -> Result<String, String> {
    match body.get_mut(name).map(Value::take) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        _ => Err(format!("with credentials that have no {name}")),
    }
}
