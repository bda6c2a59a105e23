//! `generateAccessToken`: for whom, for which scopes, for how long.

use serde_json::{Value, json};
use time::{Duration, format_description::well_known::Rfc3339};

use super::{CLOUD_PLATFORM, Call, fields::Fields, invalid_argument};
use crate::{
    answers::Answer,
    settings::Settings,
    store::{GoogleToken, Store, TokenHolder},
};

const HOUR: Duration = Duration::hours(1);
/// The longest lifetime that the organization policy constraint allows.
const EXTENDED: Duration = Duration::hours(12);

pub(super) fn generate(call: &Call<'_>, store: &mut Store, fields: &Fields) -> Result<Answer, Answer> {
    fields.only(&["lifetime", "scope"])?;
    let scopes = scopes(fields)?;
    let lifetime = fields.get("lifetime").map_or(Ok(HOUR), lifetime)?;
    check_lifetime(lifetime, call.settings)?;
    call.authorize(fields)?;

    let expires_at = call.now + lifetime;
    let expires_at = expires_at.replace_nanosecond(0).unwrap_or(expires_at);
    let token = store.issue_google_token(GoogleToken {
        holder: TokenHolder::ServiceAccount(call.service_account.to_owned()),
        scopes,
        expires_at,
        bound_to: None,
        actor: None,
        boundary: None,
    });
    let expire_time = expires_at.format(&Rfc3339).expect("dates of this century have an RFC 3339 form");
    Ok(Answer::json(200, &json!({ "accessToken": token, "expireTime": expire_time })))
}

/// At least one scope, and each a scope. A single empty one was seen to mean cloud-platform.
fn scopes(fields: &Fields) -> Result<Vec<String>, Answer> {
    let scopes = fields.texts("scope")?;
    if scopes == [""] {
        return Ok(vec![CLOUD_PLATFORM.to_owned()]);
    }
    let is_scope = |scope: &String| {
        scope.starts_with("https://") || ["openid", "email", "profile"].contains(&scope.as_str())
    };
    if scopes.is_empty() || !scopes.iter().all(is_scope) {
        return Err(invalid_argument("Request contains an invalid argument."));
    }
    Ok(scopes)
}

/// A duration in the JSON form of protocol buffers: decimal seconds and an `s`. Parts of a second are cut
/// off.
fn lifetime(value: &Value) -> Result<Duration, Answer> {
    let wrong = || {
        // Inferred.
        invalid_argument("Invalid value at 'lifetime' (type.googleapis.com/google.protobuf.Duration)")
    };
    let seconds = value.as_str().and_then(|text| text.strip_suffix('s')).ok_or_else(wrong)?;
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    whole.parse().map(Duration::seconds).map_err(|_| wrong())
}

fn check_lifetime(lifetime: Duration, settings: &Settings) -> Result<(), Answer> {
    if !lifetime.is_positive() {
        // Google's own spelling.
        return Err(invalid_argument("Lifetime of access token must be larger then zero."));
    }
    if lifetime > HOUR && !settings.lifetime_extension {
        return Err(invalid_argument(
            "can not have lifetimes of more than 1 hour. Use the Org Policy Constraint \
             constraints/iam.allowServiceAccountCredentialLifetimeExtension to allow up to 12 hours.",
        ));
    }
    if lifetime > EXTENDED {
        // Inferred.
        return Err(invalid_argument("can not have lifetimes of more than 12 hours."));
    }
    Ok(())
}
