//! Credential Access Boundaries: a token that can do less than the one it is made of.
//!
//! Source: <https://cloud.google.com/iam/docs/downscoping-short-lived-credentials>.

use serde_json::{Map, Value};

use crate::desk::Answer;
use crate::error::{Error, ErrorCode};
use crate::http::HttpRequest;
use crate::sts;
use crate::token::{Token, TokenKind};
use crate::url::push_form_field;

/// What the access boundary must be, as Google documents it.
const MOST_RULES: usize = 10;
/// In characters: a condition, and also the whole boundary, which the reference of the STS method `token` limits.
const LONGEST: usize = 2048;
const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/";

/// The boundary `{"accessBoundaryRules": […]}` as JSON text, checked before it is sent.
pub(crate) fn check(boundary: &str) -> Result<(), Error> {
    let invalid = |problem: &str| {
        Err(Error::new(
            ErrorCode::InvalidArgument,
            format!("The access boundary {problem}."),
            "It is a JSON object {\"accessBoundaryRules\": [{\"availableResource\": \"//storage.googleapis.com/projects/_/buckets/BUCKET\", \"availablePermissions\": [\"inRole:roles/storage.objectViewer\"]}]}.",
        ))
    };
    if boundary.chars().count() > LONGEST {
        return invalid("is longer than 2048 characters");
    }
    let Ok(Value::Object(boundary)) = serde_json::from_str::<Value>(boundary) else {
        return invalid("is not a JSON object");
    };
    let Some(rules) = boundary.get("accessBoundaryRules").and_then(Value::as_array) else {
        return invalid("has no list accessBoundaryRules");
    };
    if !(1..=MOST_RULES).contains(&rules.len()) {
        return invalid("has not one to ten rules");
    }
    match rules
        .iter()
        .find_map(|rule| rule.as_object().map_or(Some("has a rule that is not a JSON object"), problem))
    {
        Some(problem) => invalid(problem),
        None => Ok(()),
    }
}

fn problem(rule: &Map<String, Value>) -> Option<&'static str> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let resource = rule.get("availableResource").and_then(Value::as_str).unwrap_or_default();
    if !resource.strip_prefix(BUCKET).is_some_and(|name| !name.is_empty() && !name.contains('/')) {
        return Some("has a rule whose availableResource is not a bucket of Cloud Storage");
    }
    let permissions = rule.get("availablePermissions").and_then(Value::as_array);
    if permissions.is_none_or(Vec::is_empty) {
        return Some("has a rule without availablePermissions");
    }
    let is_role = |permission: &Value| permission.as_str().is_some_and(|text| text.starts_with("inRole:"));
    if !permissions.is_some_and(|list| list.iter().all(is_role)) {
        return Some("has a permission that does not begin with inRole:");
    }
    match rule.get("availabilityCondition") {
        None | Some(Value::Null) => None,
        Some(condition) if text(condition.get("expression")) => None,
        Some(_) => Some("has an availabilityCondition without an expression"),
    }
}

/// The exchange of one token for a weaker one. The boundary has been checked.
pub(crate) fn request(token_url: &str, token: &Token, boundary: &str) -> HttpRequest {
    const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
    let capacity = token.value.expose().len().saturating_add(boundary.len()).saturating_mul(3);
    let mut form = String::with_capacity(capacity.saturating_add(512));
    push_form_field(&mut form, "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
    push_form_field(&mut form, "requested_token_type", ACCESS_TOKEN);
    push_form_field(&mut form, "subject_token", token.value.expose());
    push_form_field(&mut form, "subject_token_type", ACCESS_TOKEN);
    push_form_field(&mut form, "options", &format!("{{\"accessBoundary\":{boundary}}}"));
    sts::form_request(token_url, None, form)
}

/// The weaker token in the answer; it ends no later than the one it was made of.
pub(crate) fn parse_answer(answer: &Answer, whole: &Token) -> Result<Token, Error> {
    let status = answer.response.status;
    sts::SERVER
        .accept_object(&answer.response)
        .map_err(|error| match error.code() {
            ErrorCode::StsRejected => error.with_hint(
                "Check the rules of the access boundary: the resource must be a bucket, a permission a role that exists, and the condition an expression that Cloud Storage supports.",
            ),
            _ => error,
        })
        .and_then(|mut body| {
            let value = sts::SERVER.token_in(&mut body, "access_token", status)?;
            let lifetime = sts::lifetime(&body);
            let mut token = Token::living(value, TokenKind::Downscoped, answer.seen_at, lifetime);
            // Where nothing is said of its end, it is that of the other one.
            if lifetime.is_none() || token.expires_at > whole.expires_at {
                token.expires_at = whole.expires_at;
            }
            Ok(token)
        })
        .map_err(|error| error.about_ask(&answer.ask_id))
}
