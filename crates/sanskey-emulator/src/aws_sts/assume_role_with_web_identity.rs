//! `AssumeRoleWithWebIdentity`: keys of a role for the holder of a token of the cluster's issuer.

use serde_json::Value;
use time::OffsetDateTime;

use super::{
    Call,
    answers::{Element, Refusal},
    parameters::{ARN, Check, NAME, POLICY, TOKEN, check_policies, validation},
    session::{assumed_role_user, credentials, role_key, role_lifetime},
};
use crate::{
    aws_roles,
    pod_issuer::AUDIENCE,
    signing_keys::{self, Unverified},
};

/// Performs the action, for which nothing is signed.
pub(super) fn result(call: &mut Call<'_>) -> Result<Vec<Element>, Refusal> {
    let mut check = Check::new(&call.parameters);
    let role_arn = check.required("RoleArn", &ARN).to_owned();
    let session = check.required("RoleSessionName", &NAME).to_owned();
    let token = check.required("WebIdentityToken", &TOKEN);
    check.optional("Policy", &POLICY);
    let seconds = check.number("DurationSeconds", 900, 43_200)?;
    check.finish()?;
    check_policies(&call.parameters)?;
    if !aws_roles::is_role_arn(&role_arn) {
        return Err(validation("Request ARN is invalid"));
    }
    let subject = subject(call, token)?;

    let role = aws_roles::find(call.settings, &role_arn)
        .filter(|role| role.trusts_pod(&subject))
        .ok_or_else(|| {
            let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
            Refusal::sender(403, "AccessDenied", message)
        })?;
    let lifetime = role_lifetime(role, seconds)?;

    let key = role_key(call, &role_arn, &session, lifetime);
    let issuer = call.settings.pod_issuer.trim_start_matches("https://");
    let provider = format!("arn:aws:iam::{}:oidc-provider/{issuer}", key.account);
    Ok(vec![
        Element::text("SubjectFromWebIdentityToken", &subject),
        Element::text("Audience", AUDIENCE),
        assumed_role_user(&key),
        credentials(&key),
        Element::text("Provider", &provider),
    ])
}

/// The subject of a token that the cluster's issuer signed for AWS STS, and that is not over.
fn subject(call: &Call<'_>, token: &str) -> Result<String, Refusal> {
    let malformed = || {
        invalid(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        )
    };
    let claims = signing_keys::claims(token).ok_or_else(malformed)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    // Inferred, for claims that are missing.
    let missing = |name: &str| invalid(&format!("Missing a required claim: {name}"));

    let issuer = text("iss").ok_or_else(|| missing("iss"))?;
    if issuer != call.settings.pod_issuer {
        return Err(invalid(&format!("No OpenIDConnect provider found in your account for {issuer}")));
    }
    signing_keys::verify(token, &[call.store.signing_keys.of_pods()]).map_err(|problem| match problem {
        Unverified::Malformed => malformed(),
        Unverified::UnknownKey => invalid(
            "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity \
             documentation for requirements",
        ),
        // Inferred.
        Unverified::WrongSignature => invalid("The signature of the ID Token is not valid."),
    })?;
    if !names_audience(&claims) {
        return Err(invalid("Incorrect token audience"));
    }
    let expiry = claims.get("exp").and_then(Value::as_i64).ok_or_else(|| missing("exp"))?;
    check_expiry(expiry, call.now)?;
    text("sub").map(str::to_owned).ok_or_else(|| missing("sub"))
}

fn invalid(message: &str) -> Refusal {
    Refusal::sender(400, "InvalidIdentityToken", message)
}

/// `aud` is a text or a list of texts (RFC 7519, section 4.1.3).
fn names_audience(claims: &Value) -> bool {
    match claims.get("aud") {
        Some(Value::Array(list)) => list.iter().any(|audience| audience == AUDIENCE),
        Some(audience) => audience == AUDIENCE,
        None => false,
    }
}

fn check_expiry(expiry: i64, now: OffsetDateTime) -> Result<(), Refusal> {
    let now = now.unix_timestamp();
    if now < expiry {
        return Ok(());
    }
    // The missing space is AWS's.
    let message =
        format!("Token expired: current date/time {now} must be before the expiration date/time{expiry}");
    Err(Refusal::sender(400, "ExpiredTokenException", &message))
}
