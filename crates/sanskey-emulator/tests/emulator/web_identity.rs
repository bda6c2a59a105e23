//! Roles for pods: tokens of the cluster's issuer, and `AssumeRoleWithWebIdentity`.

use crate::{
    sts::{IRSA, assert_refused, element, form, issued, lifetime, pod_token, signed, unsigned},
    support::{Answer, get, start},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sanskey_emulator::{Role, Running, Settings, Trust};
use serde_json::{Value, json};

fn assume(running: &Running, role: &str, token: &str, parameters: &[(&str, &str)]) -> Answer {
    let fixed = [("RoleArn", role), ("RoleSessionName", "sanskey"), ("WebIdentityToken", token)];
    unsigned(running, &form("AssumeRoleWithWebIdentity", &[&fixed, parameters].concat()))
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn a_pod_becomes_a_session_of_its_role() {
    let running = start(Settings::default());
    let answer = assume(&running, IRSA, &pod_token(&running, ""), &[]);

    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(element(&answer, "SubjectFromWebIdentityToken"), "system:serviceaccount:default:sanskey");
    assert_eq!(element(&answer, "Audience"), "sts.amazonaws.com");
    let issuer = running.settings().pod_issuer.trim_start_matches("https://");
    assert_eq!(element(&answer, "Provider"), format!("arn:aws:iam::123456789012:oidc-provider/{issuer}"));
    assert_eq!(element(&answer, "Arn"), "arn:aws:sts::123456789012:assumed-role/sanskey-irsa-role/sanskey");
    assert!((3590..=3600).contains(&lifetime(&answer)));
    let identity = signed(&running, &issued(&answer), "GetCallerIdentity", &[]);
    assert_eq!(element(&identity, "Arn"), element(&answer, "Arn"));
    assert!((43_190..=43_200).contains(&lifetime(&assume(
        &running,
        IRSA,
        &pod_token(&running, ""),
        &[("DurationSeconds", "43200")]
    ))));
}

#[test]
fn a_token_has_the_claims_of_a_pod() {
    let running = start(Settings::default());
    let token = pod_token(&running, "sub=system%3Aserviceaccount%3Ans%3Aapp&lifetime=600");
    let claims = part(&token, 1);

    assert_eq!(part(&token, 0)["alg"], "ES256");
    assert_eq!(claims["iss"], running.settings().pod_issuer);
    assert_eq!(claims["aud"], json!(["sts.amazonaws.com"]));
    assert_eq!(claims["sub"], "system:serviceaccount:ns:app");
    assert_eq!(claims["kubernetes.io"]["namespace"], "ns");
    assert_eq!(claims["kubernetes.io"]["serviceaccount"]["name"], "app");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    assert_ne!(claims["jti"], part(&pod_token(&running, ""), 1)["jti"]);
    let wrong = get(&format!("{}/emulator/web-identity-token?lifetime=long", running.url), &[]);
    assert_eq!(wrong.status, 400);
}

#[test]
fn the_issuer_publishes_its_key() {
    let running = start(Settings::default());
    let issuer = &running.settings().pod_issuer;
    let path = issuer.trim_start_matches("https://oidc.eks.us-east-1.amazonaws.com");
    let configuration = get(&format!("{}{path}/.well-known/openid-configuration", running.url), &[]).json();
    let keys = get(&format!("{}{path}/keys", running.url), &[]).json();

    assert_eq!(configuration["issuer"], *issuer);
    assert_eq!(configuration["jwks_uri"], format!("{issuer}/keys"));
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["crv"], &key["use"]), (&json!("EC"), &json!("P-256"), &json!("sig")));
    let token = pod_token(&running, "");
    assert_eq!(key["kid"], part(&token, 0)["kid"]);

    let public = jsonwebtoken::DecodingKey::from_jwk(&serde_json::from_value(key.clone()).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    validation.set_audience(&["sts.amazonaws.com"]);
    validation.set_issuer(&[issuer]);
    jsonwebtoken::decode::<Value>(&token, &public, &validation).expect("the key verifies the token");
}

#[test]
fn a_token_has_to_be_the_issuers_and_in_force() {
    let running = start(Settings::default());
    let with = |query: &str| assume(&running, IRSA, &pod_token(&running, query), &[]);
    let refused =
        |answer: Answer, message: &str| assert_refused(&answer, 400, "InvalidIdentityToken", message);

    refused(
        with("iss=https%3A%2F%2Fexample.com"),
        "No OpenIDConnect provider found in your account for https://example.com",
    );
    refused(with("aud=sts.googleapis.com"), "Incorrect token audience");
    let expired = with("lifetime=-1");
    assert_eq!((element(&expired, "Code").as_str(), expired.status), ("ExpiredTokenException", 400));
    let message = element(&expired, "Message");
    assert!(message.starts_with("Token expired: current date/time 1"), "{message}");
    assert!(message.contains(" must be before the expiration date/time1"), "{message}");
    let malformed =
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
    refused(assume(&running, IRSA, "not.a.token", &[]), malformed);
    refused(assume(&running, IRSA, "token", &[]), malformed);
    let stranger = start(Settings::default());
    let key = "Couldn't retrieve verification key from your identity provider,  please reference \
               AssumeRoleWithWebIdentity documentation for requirements";
    refused(assume(&running, IRSA, &pod_token(&stranger, ""), &[]), key);

    let token = pod_token(&running, "");
    let other = pod_token(&running, "sub=system:serviceaccount:default:other");
    let (_, signature) = other.rsplit_once('.').unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    refused(
        assume(&running, IRSA, &format!("{signed}.{signature}"), &[]),
        "The signature of the ID Token is not valid.",
    );
}

#[test]
fn the_role_has_to_trust_the_subject() {
    let roles = vec![
        Role::new("sanskey-irsa-role", Trust::Pod("system:serviceaccount:ns:app".to_owned())),
        Role::new("hub", Trust::Account),
    ];
    let running = start(Settings { roles, ..Settings::default() });
    let denied = |role: &str, query: &str| {
        let answer = assume(&running, role, &pod_token(&running, query), &[]);
        assert_refused(
            &answer,
            403,
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        );
    };

    assert_eq!(
        assume(&running, IRSA, &pod_token(&running, ""), &[]).status,
        200,
        "the default follows the role"
    );
    denied(IRSA, "sub=system:serviceaccount:ns:other");
    denied("arn:aws:iam::123456789012:role/unknown", "");
    denied("arn:aws:iam::123456789012:role/hub", "");
}

#[test]
fn the_parameters_have_to_be_right() {
    let running = start(Settings::default());
    let token = pod_token(&running, "");
    let missing = unsigned(&running, &form("AssumeRoleWithWebIdentity", &[]));
    let message = "3 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be \
                   null; Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null; Value null \
                   at 'webIdentityToken' failed to satisfy constraint: Member must not be null";
    assert_refused(&missing, 400, "ValidationError", message);
    let long = "x".repeat(20_001);
    let message = "1 validation error detected: Value '***sensitive***' at 'webIdentityToken' failed to satisfy constraint: \
                   Member must have length less than or equal to 20000";
    assert_refused(&assume(&running, IRSA, &long, &[]), 400, "ValidationError", message);
    let message = "1 validation error detected: Value '60' at 'durationSeconds' failed to satisfy constraint: Member must \
                   have value greater than or equal to 900";
    assert_refused(
        &assume(&running, IRSA, &token, &[("DurationSeconds", "60")]),
        400,
        "ValidationError",
        message,
    );
    assert_refused(
        &assume(&running, &format!("{IRSA}/"), &token, &[]),
        400,
        "ValidationError",
        "Request ARN is invalid",
    );
    let answer = assume(&running, IRSA, &token, &[("Policy", "[")]);
    assert_refused(&answer, 400, "MalformedPolicyDocument", "This policy contains invalid Json");
}
