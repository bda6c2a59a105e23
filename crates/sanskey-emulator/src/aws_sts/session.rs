//! Keys for sessions: what all actions that give keys have in common, and `GetSessionToken`.

use time::Duration;

use super::{
    Call,
    answers::{Element, Refusal},
    authentication,
    parameters::Check,
};
use crate::{
    aws_keys::{AwsKey, whole_seconds},
    aws_roles,
};

const HOUR: i64 = 3600;

/// Keys of a role's session, remembered so that every service knows them.
pub(super) fn role_key(call: &mut Call<'_>, role_arn: &str, session: &str, lifetime: Duration) -> AwsKey {
    let expires_at = call.now + lifetime;
    call.store.keep_aws_key(AwsKey::of_session(role_arn, session, expires_at))
}

/// The element `Credentials`.
pub(super) fn credentials(key: &AwsKey) -> Element {
    Element::of(
        "Credentials",
        vec![
            Element::text("AccessKeyId", &key.access_key_id),
            Element::text("SecretAccessKey", &key.secret_access_key),
            Element::text("SessionToken", key.session_token.as_deref().unwrap_or_default()),
            Element::text("Expiration", &key.expires_at.map(whole_seconds).unwrap_or_default()),
        ],
    )
}

/// The element `AssumedRoleUser`.
pub(super) fn assumed_role_user(key: &AwsKey) -> Element {
    let id = Element::text("AssumedRoleId", &key.user_id);
    Element::of("AssumedRoleUser", vec![Element::text("Arn", &key.arn), id])
}

/// The caller is a session of a role.
pub(super) fn is_role_session(key: &AwsKey) -> bool {
    key.arn.contains(":assumed-role/")
}

/// The caller is the root user of its account.
pub(super) fn is_root(key: &AwsKey) -> bool {
    key.arn == format!("arn:aws:iam::{}:root", key.account)
}

/// How long the session of a role lives: what was asked for, or an hour.
pub(super) fn role_lifetime(role: &aws_roles::Role, seconds: Option<i64>) -> Result<Duration, Refusal> {
    let lifetime = Duration::seconds(seconds.unwrap_or(HOUR));
    if lifetime > role.longest_session {
        let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(super::parameters::validation(message));
    }
    Ok(lifetime)
}

/// `GetSessionToken`: for long-lived keys only. Those of the root user get an hour at most, whatever was asked.
pub(super) fn session_token(call: &mut Call<'_>) -> Result<Vec<Element>, Refusal> {
    let caller = authentication::caller(call)?;
    let mut check = Check::new(&call.parameters);
    let seconds = check.number("DurationSeconds", 900, 129_600)?;
    check.finish()?;
    if caller.session_token.is_some() {
        let message = "Cannot call GetSessionToken with session credentials";
        return Err(Refusal::sender(403, "AccessDenied", message));
    }
    let seconds =
        if is_root(&caller) { seconds.unwrap_or(HOUR).min(HOUR) } else { seconds.unwrap_or(12 * HOUR) };
    let expires_at = call.now + Duration::seconds(seconds);
    let key = call.store.keep_aws_key(AwsKey::of_the_same(&caller, expires_at));
    Ok(vec![credentials(&key)])
}
