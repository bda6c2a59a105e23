//! `GetWebIdentityToken`: a JWT of AWS's own that says who the caller is ("outbound identity federation").
//!
//! Sources: the action's page in the AWS STS API Reference, and "Understanding token claims" in the IAM User
//! Guide. Messages of refusals are the descriptions in that reference.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{
    Call,
    answers::{Element, Refusal},
    authentication,
    parameters::{Check, Form},
};
use crate::{
    aws_keys::{AwsKey, whole_seconds},
    aws_roles, random,
};

const AUDIENCE: Form = Form { least: 1, most: 1000, pattern: None };
const ALGORITHM: Form = Form { least: 5, most: 5, pattern: None };
const DEFAULT_SECONDS: i64 = 300;

/// Performs the action.
pub(super) fn result(call: &mut Call<'_>) -> Result<Vec<Element>, Refusal> {
    let caller = authentication::caller(call)?;
    let mut check = Check::new(&call.parameters);
    let audiences = call.parameters.members("Audience", "");
    match audiences.len() {
        0 => check.problem(None, "Audience", "Member must not be null"),
        1..=10 => {}
        _ => check.problem(Some("..."), "Audience", "Member must have length less than or equal to 10"),
    }
    for (index, audience) in audiences.iter().enumerate() {
        check.text(&format!("Audience.{}.member", index + 1), audience, &AUDIENCE);
    }
    let algorithm = check.required("SigningAlgorithm", &ALGORITHM);
    if algorithm.len() == 5 && !["RS256", "ES384"].contains(&algorithm) {
        // Inferred.
        let rule = "Member must satisfy enum value set: [RS256, ES384]";
        check.problem(Some(algorithm), "SigningAlgorithm", rule);
    }
    let seconds = check.number("DurationSeconds", 60, 3600)?;
    check.finish()?;
    if !call.settings.outbound_federation {
        return Err(Refusal::sender(
            403,
            "OutboundWebIdentityFederationDisabledException",
            "The outbound web identity federation feature is not enabled for this account. To use this feature, you must \
             first enable it through the Amazon Web Services Management Console or API.",
        ));
    }
    let expires_at = call.now + Duration::seconds(seconds.unwrap_or(DEFAULT_SECONDS));
    if caller.expires_at.is_some_and(|end| end < expires_at) {
        return Err(Refusal::sender(
            403,
            "SessionDurationEscalationException",
            "The requested token duration would extend the session beyond its original expiration time. You cannot use \
             this operation to extend the lifetime of a session beyond what was granted when the session was originally \
             created.",
        ));
    }

    let claims = claims(call, &caller, &audiences, expires_at);
    let keys = &call.store.signing_keys;
    let key = if algorithm == "RS256" { keys.rs256() } else { keys.es384() };
    Ok(vec![
        Element::text("WebIdentityToken", &key.sign(&claims)),
        Element::text("Expiration", &whole_seconds(expires_at)),
    ])
}

/// One audience is a text, several are a list: that it is so is inferred from the sample in AWS's guide.
fn claims(call: &Call<'_>, caller: &AwsKey, audiences: &[&str], expires_at: OffsetDateTime) -> Value {
    json!({
        "iss": call.settings.outbound_issuer,
        "aud": if let [only] = audiences { json!(only) } else { json!(audiences) },
        "sub": aws_roles::role_of_session(&caller.arn, call.settings),
        "iat": call.now.unix_timestamp(),
        "exp": expires_at.unix_timestamp(),
        "jti": random::uuid(),
        "https://sts.amazonaws.com/": {
            "aws_account": caller.account,
            "source_region": call.settings.region(),
            "principal_id": caller.arn,
        },
    })
}
