//! Whose web identity token is this? The rules that Google documents for OIDC providers, one function each.
//!
//! Sources: "Configure Workload Identity Federation with other identity providers" and the reference of the
//! STS method `token`. The rules are numbered O1 to O10; a refusal names its rule. The emulated provider trusts one
//! of the issuers that are played here, whose keys are at hand.
//!
//! | rule | says |
//! |---|---|
//! | O1 | the issuer can be asked for its keys |
//! | O3 | the header names RS256 or ES256 |
//! | O4 | the issuer has the key, and the signature is the key's |
//! | O5 | `iss` is the provider's issuer |
//! | O6 | `aud` is an allowed audience |
//! | O7 | `exp` is in the future |
//! | O8 | `iat` is in the past |
//! | O9 | `exp` is at most 24 hours after `iat`: a warning, as one measurement found no such limit |
//!
//! The texts and the minute of tolerance are known from users and from one measurement. The order of the rules
//! is inferred.

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::{
    aws_identity::Refusal,
    signing_keys::{self, SigningKey, Unverified},
};

const TOLERANCE: Duration = Duration::minutes(1);
const DAY: i64 = 86_400;

/// What the provider expects of a token.
pub(crate) struct Expectations<'a> {
    /// Full resource name of the provider, beginning with `//iam.googleapis.com/`.
    pub(crate) provider: &'a str,
    pub(crate) issuer: &'a str,
    /// If there are none, the provider's name is allowed, with or without `https:` before it.
    pub(crate) allowed_audiences: &'a [String],
}

/// An accepted token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) subject: String,
    pub(crate) expires_at: OffsetDateTime,
    pub(crate) warnings: Vec<&'static str>,
}

/// Applies every rule to a token that one of the issuer's keys should have signed.
pub(crate) fn verify<'k>(
    token: &str,
    expected: &Expectations<'_>,
    key: impl FnOnce() -> Option<&'k SigningKey>,
    now: OffsetDateTime,
) -> Result<Verified, Refusal> {
    let claims = signing_keys::claims(token).ok_or_else(malformed)?;
    o5_issuer(&claims, expected)?;
    o3_algorithm(token)?;
    o4_signature(token, o1_key(key())?)?;
    o6_audience(&claims, expected)?;
    let expires_at = o7_expiry(&claims, now)?;
    let issued_at = o8_issue(&claims, now)?;
    Ok(Verified {
        subject: subject(&claims)?,
        expires_at,
        warnings: o9_lifetime(issued_at, expires_at).into_iter().collect(),
    })
}

fn refusal(rule: &'static str, description: &str, detail: &'static str) -> Refusal {
    Refusal { rule, error: "invalid_grant", description: description.to_owned(), detail }
}

/// Inferred.
fn malformed() -> Refusal {
    refusal("O3", "The ID Token is not a valid JWT.", "the subject token has not the form of a JWT")
}

/// O3: Google takes no ES384, which AWS offers beside RS256. Its text is inferred from what it says when the
/// issuer's keys have none of the token's type.
fn o3_algorithm(token: &str) -> Result<(), Refusal> {
    match signing_keys::algorithm(token).ok_or_else(malformed)?.as_str() {
        "RS256" | "ES256" => Ok(()),
        _ => Err(unreachable_key("O3", "the algorithm is neither RS256 nor ES256")),
    }
}

/// O1: Google asks the issuer for its configuration and its keys.
fn o1_key(key: Option<&SigningKey>) -> Result<&SigningKey, Refusal> {
    key.ok_or_else(|| unreachable_key("O1", "nobody here plays the provider's issuer"))
}

fn unreachable_key(rule: &'static str, detail: &'static str) -> Refusal {
    refusal(rule, "Error connecting to the given credential's issuer.", detail)
}

/// O4: a key with the token's `kid` is among the issuer's, and it made the signature.
fn o4_signature(token: &str, key: &SigningKey) -> Result<(), Refusal> {
    match signing_keys::verify(token, &[key]) {
        Ok(_) => Ok(()),
        Err(Unverified::Malformed) => Err(malformed()),
        Err(Unverified::UnknownKey) => Err(unreachable_key("O4", "the issuer has no key of this kid")),
        Err(Unverified::WrongSignature) => Err(refusal(
            "O4",
            "Unable to verify the ID Token signature.",
            "the signature is not that of the key that the token names",
        )),
    }
}

/// O5: `iss` is the issuer, byte for byte.
fn o5_issuer(claims: &Value, expected: &Expectations<'_>) -> Result<(), Refusal> {
    let issuer = claims.get("iss").and_then(Value::as_str);
    if issuer == Some(expected.issuer) {
        return Ok(());
    }
    let description = format!(
        "The issuer in ID Token {} does not match the expected one in config: {}",
        issuer.unwrap_or("null"),
        expected.issuer
    );
    Err(refusal("O5", &description, "iss is not the provider's issuer"))
}

/// O6: one of the audiences is allowed. That one of several is enough is inferred.
fn o6_audience(claims: &Value, expected: &Expectations<'_>) -> Result<(), Refusal> {
    let audiences: Vec<&str> = match claims.get("aud") {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(audience) => audience.as_str().into_iter().collect(),
        None => Vec::new(),
    };
    let is_allowed = |audience: &&str| {
        if expected.allowed_audiences.is_empty() {
            audience.strip_prefix("https:").unwrap_or(audience) == expected.provider
        } else {
            expected.allowed_audiences.iter().any(|allowed| allowed == audience)
        }
    };
    if audiences.iter().any(is_allowed) {
        return Ok(());
    }
    let description =
        format!("The audience in ID Token [{}] does not match the expected audience.", audiences.join(", "));
    Err(refusal("O6", &description, "aud is not an allowed audience"))
}

/// One text for everything about times.
fn stale(rule: &'static str, claims: &Value, detail: &'static str) -> Refusal {
    let issued_at = claims.get("iat").map_or_else(|| "null".to_owned(), Value::to_string);
    refusal(rule, &format!("ID Token issued at {issued_at} is stale to sign-in."), detail)
}

fn date(claims: &Value, name: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(claims.get(name)?.as_i64()?).ok()
}

/// O7: `exp` is there, and at most a minute ago.
fn o7_expiry(claims: &Value, now: OffsetDateTime) -> Result<OffsetDateTime, Refusal> {
    let expiry = date(claims, "exp").ok_or_else(|| stale("O7", claims, "exp is missing, or no date"))?;
    if now - expiry >= TOLERANCE {
        return Err(stale("O7", claims, "exp has passed"));
    }
    Ok(expiry)
}

/// O8: `iat` is there, and at most a minute ahead.
fn o8_issue(claims: &Value, now: OffsetDateTime) -> Result<OffsetDateTime, Refusal> {
    let issue = date(claims, "iat").ok_or_else(|| stale("O8", claims, "iat is missing, or no date"))?;
    if issue - now > TOLERANCE {
        return Err(stale("O8", claims, "iat is in the future"));
    }
    Ok(issue)
}

/// O9: Google documents a day at most.
fn o9_lifetime(issued_at: OffsetDateTime, expires_at: OffsetDateTime) -> Option<&'static str> {
    ((expires_at - issued_at).whole_seconds() > DAY).then_some("O9: the token lives for more than 24 hours")
}

/// What the provider maps to `google.subject`: the usual mapping is `assertion.sub`.
fn subject(claims: &Value) -> Result<String, Refusal> {
    claims.get("sub").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| Refusal {
        rule: "O10",
        error: "unauthorized_client",
        description: "Could not obtain a value for google.subject from the given credential.".to_owned(),
        detail: "sub is missing",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing_keys::SigningKeys;
    use serde_json::json;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2024-01-02 03:04:05 UTC);
    const PROVIDER: &str =
        "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/aws";
    const ISSUER: &str = "https://a.tokens.sts.global.api.aws";

    /// The outcome for good claims of which some are replaced, or left out where the replacement is null.
    fn outcome(changes: &Value, allowed_audiences: &[&str]) -> Result<Verified, (&'static str, String)> {
        let keys = SigningKeys::default();
        let mut claims = json!({
            "iss": ISSUER,
            "aud": format!("https:{PROVIDER}"),
            "sub": "arn:aws:iam::123456789012:role/a",
            "iat": NOW.unix_timestamp(),
            "exp": NOW.unix_timestamp() + 300,
        });
        let fields = claims.as_object_mut().unwrap();
        fields.extend(changes.as_object().unwrap().clone());
        fields.retain(|_, value| !value.is_null());
        let allowed: Vec<_> = allowed_audiences.iter().map(|&text| text.to_owned()).collect();
        let expected = Expectations { provider: PROVIDER, issuer: ISSUER, allowed_audiences: &allowed };
        let token = keys.of_pods().sign(&claims);
        verify(&token, &expected, || Some(keys.of_pods()), NOW)
            .map_err(|refusal| (refusal.rule, refusal.description))
    }

    #[track_caller]
    fn assert_refused(changes: &Value, rule: &'static str, description: &str) {
        assert_eq!(outcome(changes, &[]), Err((rule, description.to_owned())));
    }

    #[test]
    fn a_good_token_is_its_subject() {
        let verified = outcome(&json!({}), &[]).unwrap();
        assert_eq!(verified.subject, "arn:aws:iam::123456789012:role/a");
        assert_eq!(verified.expires_at, NOW + Duration::minutes(5));
        assert_eq!(verified.warnings, Vec::<&str>::new());
    }

    #[test]
    fn the_issuer_is_the_same_byte_for_byte() {
        let begin = "The issuer in ID Token";
        let end = "does not match the expected one in config: https://a.tokens.sts.global.api.aws";
        assert_refused(&json!({ "iss": format!("{ISSUER}/") }), "O5", &format!("{begin} {ISSUER}/ {end}"));
        assert_refused(&json!({ "iss": null }), "O5", &format!("{begin} null {end}"));
    }

    #[test]
    fn the_audience_is_the_provider_or_one_of_a_list() {
        let refused = |audience: &str| {
            Err((
                "O6",
                format!("The audience in ID Token [{audience}] does not match the expected audience."),
            ))
        };
        assert!(outcome(&json!({ "aud": PROVIDER }), &[]).is_ok());
        assert!(outcome(&json!({ "aud": ["other", PROVIDER] }), &[]).is_ok());
        assert!(outcome(&json!({ "aud": "own" }), &["more", "own"]).is_ok());
        assert_eq!(outcome(&json!({ "aud": "own" }), &[]), refused("own"));
        assert_eq!(outcome(&json!({ "aud": null }), &[]), refused(""));
        assert_eq!(outcome(&json!({ "aud": ["a", "b"] }), &[]), refused("a, b"));
        assert_eq!(
            outcome(&json!({ "aud": PROVIDER }), &["own"]),
            refused(PROVIDER),
            "a list replaces the name"
        );
    }

    #[test]
    fn dates_have_a_minute_of_tolerance() {
        let now = NOW.unix_timestamp();
        let text = |iat: &str| format!("ID Token issued at {iat} is stale to sign-in.");
        let issued = text(&now.to_string());

        assert!(outcome(&json!({ "exp": now - 59 }), &[]).is_ok());
        assert_refused(&json!({ "exp": now - 60 }), "O7", &issued);
        assert_refused(&json!({ "exp": null }), "O7", &issued);
        assert!(outcome(&json!({ "iat": now + 60 }), &[]).is_ok());
        assert_refused(&json!({ "iat": now + 61 }), "O8", &text(&(now + 61).to_string()));
        assert_refused(&json!({ "iat": null }), "O8", &text("null"));
    }

    #[test]
    fn a_long_life_is_warned_about() {
        let lasting =
            |seconds: i64| outcome(&json!({ "exp": NOW.unix_timestamp() + seconds }), &[]).unwrap().warnings;
        assert_eq!(lasting(86_400).len(), 0);
        assert_eq!(lasting(86_401), ["O9: the token lives for more than 24 hours"]);
    }

    #[test]
    fn a_token_without_a_subject_has_none_to_map() {
        let text = "Could not obtain a value for google.subject from the given credential.";
        assert_refused(&json!({ "sub": null }), "O10", text);
    }
}
