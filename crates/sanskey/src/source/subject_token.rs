//! What all tokens of a platform have in common, wherever they come from.

use serde_json::Value;

use crate::config::{ActorField, Format};
use crate::error::{Error, ErrorCode, Stage};
use crate::goal::ActorToken;
use crate::jwt;
use crate::secret::Secret;
use crate::time::UnixTime;

/// The token in a text, or what is wrong with the text: `is empty`.
pub(super) fn read(format: &Format, text: &Secret) -> Result<Secret, String> {
    // A byte order mark, which some editors write, is no part of the token.
    let text = text.expose().trim_start_matches('\u{feff}');
    let token = match format {
        Format::Text => Secret::new(text.trim()),
        Format::Json { field } => field_of(text, field)?,
    };
    if token.is_empty() { Err("is empty".to_owned()) } else { Ok(token) }
}

/// The actor token in the same text, if the configuration says where it is.
pub(super) fn read_actor(actor: Option<&ActorField>, text: &Secret) -> Result<Option<ActorToken>, String> {
    let Some(ActorField { field, token_type }) = actor else { return Ok(None) };
    let token = field_of(text.expose().trim_start_matches('\u{feff}'), field)?;
    if token.is_empty() {
        return Err(format!("has an empty text in the field {field}"));
    }
    Ok(Some(ActorToken::new(token, &**token_type)))
}

fn field_of(text: &str, field: &str) -> Result<Secret, String> {
    let Ok(Value::Object(mut body)) = serde_json::from_str(text) else {
        return Err("is not a JSON object".to_owned());
    };
    match body.get_mut(field).map(Value::take) {
        Some(Value::String(token)) => Ok(Secret::new(token)),
        _ => Err(format!("has no text in the field {field}")),
    }
}

pub(super) fn invalid(message: &str) -> Error {
    Error::new(
        ErrorCode::SubjectTokenInvalid,
        message.to_owned(),
        "See what writes the token, and that credential_source.format is right: text, or json with subject_token_field_name.",
    )
    .at(Stage::Source)
}

/// Refuses a JWT whose time is over: Google would, and would not say that this is why. What is not a JWT
/// is let through, since only Google knows what it takes.
pub(super) fn check_expiry(token_type: &str, token: &Secret, now: UnixTime) -> Result<(), Error> {
    if !matches!(
        token_type,
        "urn:ietf:params:oauth:token-type:jwt" | "urn:ietf:params:oauth:token-type:id_token"
    ) {
        return Ok(());
    }
    match jwt::expiry(token.expose()) {
        Some(end) if end <= now => Err(Error::new(
            ErrorCode::SubjectTokenExpired,
            format!("The token of this workload was good until {end}, and it is {now}."),
            "See that whatever provides the token still renews it, and that the clock is right. A token that lives for minutes must be fetched anew for every exchange.",
        )
        .at(Stage::Source)),
        _ => Ok(()),
    }
}
