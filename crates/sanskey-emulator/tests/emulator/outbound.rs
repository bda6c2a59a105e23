//! AWS's own web identity tokens: `GetWebIdentityToken`, the issuer's documents, and what Google makes of them.

use crate::{
    sts::{HUB, assert_refused, element, issued, signed},
    support::{Answer, CLOUD_PLATFORM, exchange_fields, get, post_form, start},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use sanskey_emulator::{AwsKey, Emulator, Running, Settings};
use serde_json::{Value, json};
use time::OffsetDateTime;

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

fn ask(running: &Running, key: &AwsKey, audience: &str, algorithm: &str, more: &[(&str, &str)]) -> Answer {
    let fixed = [("Audience.member.1", audience), ("SigningAlgorithm", algorithm)];
    signed(running, key, "GetWebIdentityToken", &[&fixed, more].concat())
}

fn jwt(running: &Running, audience: &str) -> String {
    let answer = ask(running, &running.issue_role_key(), audience, "RS256", &[]);
    assert_eq!(answer.status, 200, "{}", answer.body);
    element(&answer, "WebIdentityToken")
}

/// The claims, verified with the key that the issuer publishes.
fn verified(running: &Running, token: &str, algorithm: Algorithm) -> Value {
    let keys: JwkSet =
        serde_json::from_value(get(&format!("{}/.well-known/jwks.json", running.url), &[]).json()).unwrap();
    let id = jsonwebtoken::decode_header(token).unwrap().kid.expect("the header names a key");
    let key = DecodingKey::from_jwk(keys.find(&id).expect("the key is published")).unwrap();
    let mut validation = Validation::new(algorithm);
    validation.validate_aud = false;
    validation.set_issuer(&[&running.settings().outbound_issuer]);
    jsonwebtoken::decode(token, &key, &validation).expect("the signature is right").claims
}

fn audience(running: &Running) -> String {
    format!("https:{}", running.settings().oidc_audience)
}

fn exchange(running: &Running, token: &str, token_type: &str) -> Answer {
    let mut fields = exchange_fields(&running.settings().oidc_audience, CLOUD_PLATFORM, token);
    fields.retain(|(name, _)| *name != "subject_token_type");
    fields.push(("subject_token_type", token_type));
    post_form(running, &fields)
}

#[test]
fn a_token_says_who_the_caller_is() {
    let running = start(Settings::default());
    let key = running.issue_role_key();

    for (name, algorithm) in [("RS256", Algorithm::RS256), ("ES384", Algorithm::ES384)] {
        let answer = ask(&running, &key, "https://example.com", name, &[("DurationSeconds", "600")]);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let claims = verified(&running, &element(&answer, "WebIdentityToken"), algorithm);
        assert_eq!(claims["aud"], "https://example.com");
        assert_eq!(claims["sub"], "arn:aws:iam::123456789012:role/sanskey-demo-role");
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
        assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
        assert_eq!(
            claims["https://sts.amazonaws.com/"],
            json!({ "aws_account": "123456789012", "source_region": "us-east-1", "principal_id": key.arn })
        );
        assert!((590..=600).contains(&crate::sts::lifetime(&answer)));
    }
}

#[test]
fn the_default_is_five_minutes_and_there_may_be_several_audiences() {
    let running = start(Settings::default());
    let key = running.issue_user_key("ana");
    let answer = ask(&running, &key, "a", "ES384", &[("Audience.member.2", "b")]);

    assert!((290..=300).contains(&crate::sts::lifetime(&answer)));
    let claims = verified(&running, &element(&answer, "WebIdentityToken"), Algorithm::ES384);
    assert_eq!(
        (&claims["aud"], &claims["sub"]),
        (&json!(["a", "b"]), &json!("arn:aws:iam::123456789012:user/ana"))
    );
}

#[test]
fn the_issuer_publishes_itself() {
    let running = start(Settings::default());
    let issuer = &running.settings().outbound_issuer;
    let configuration = get(&format!("{}/.well-known/openid-configuration", running.url), &[]).json();

    assert!(issuer.starts_with("https://") && issuer.ends_with(".tokens.sts.global.api.aws"));
    assert_eq!(configuration["issuer"], *issuer);
    assert_eq!(configuration["jwks_uri"], format!("{issuer}/.well-known/jwks.json"));
}

#[test]
fn the_parameters_have_to_be_right() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let refused = |answer: &Answer, rule: &str| {
        let message = format!("1 validation error detected: Value {rule}");
        assert_refused(answer, 400, "ValidationError", &message);
    };
    let lasting = |seconds: &str| ask(&running, &key, "a", "ES384", &[("DurationSeconds", seconds)]);

    refused(
        &lasting("59"),
        "'59' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 60",
    );
    refused(
        &lasting("3601"),
        "'3601' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 3600",
    );
    assert_eq!([lasting("60").status, lasting("3600").status], [200, 200]);
    refused(
        &ask(&running, &key, "a", "HS256", &[]),
        "'HS256' at 'signingAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [RS256, ES384]",
    );
    refused(
        &signed(&running, &key, "GetWebIdentityToken", &[("Audience.member.1", "a")]),
        "null at 'signingAlgorithm' failed to satisfy constraint: Member must not be null",
    );
    refused(
        &signed(&running, &key, "GetWebIdentityToken", &[("SigningAlgorithm", "ES384")]),
        "null at 'audience' failed to satisfy constraint: Member must not be null",
    );
    let long = "a".repeat(1001);
    refused(
        &ask(&running, &key, &long, "ES384", &[]),
        &format!(
            "'{long}' at 'audience.1.member' failed to satisfy constraint: Member must have length less than or equal to 1000"
        ),
    );
}

#[test]
fn an_account_may_have_left_it_off() {
    let running = start(Settings { outbound_federation: false, ..Settings::default() });
    let answer = ask(&running, &running.issue_role_key(), "a", "ES384", &[]);

    assert_eq!(element(&answer, "Code"), "OutboundWebIdentityFederationDisabledException");
    assert_eq!(answer.status, 403);
    assert!(
        element(&answer, "Message")
            .starts_with("The outbound web identity federation feature is not enabled")
    );
}

#[test]
fn a_token_does_not_outlive_the_session() {
    let running = start(Settings::default());
    let parameters = [("RoleArn", HUB), ("RoleSessionName", "sanskey"), ("DurationSeconds", "900")];
    let session = issued(&signed(&running, &running.issue_role_key(), "AssumeRole", &parameters));
    let lasting = |seconds: &str| ask(&running, &session, "a", "ES384", &[("DurationSeconds", seconds)]);

    assert_eq!(lasting("300").status, 200);
    let answer = lasting("3600");
    assert_eq!(
        (element(&answer, "Code").as_str(), answer.status),
        ("SessionDurationEscalationException", 403)
    );
}

#[test]
fn google_takes_a_token_for_its_subject() {
    let running = start(Settings::default());
    let provider = running.settings().oidc_audience.clone();

    for (audience, token_type) in [(audience(&running), JWT), (provider, ID_TOKEN)] {
        let answer = exchange(&running, &jwt(&running, &audience), token_type);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let body = answer.json();
        assert!((290..=300).contains(&body["expires_in"].as_i64().unwrap()), "{body}");
        let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
        let whoami = get(&format!("{}/emulator/whoami", running.url), &[("authorization", &bearer)]).json();
        assert_eq!(
            whoami["subject"],
            "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool/subject\
             /arn:aws:iam::123456789012:role/sanskey-demo-role"
        );
    }
}

#[track_caller]
fn assert_refused_by_google(answer: &Answer, rule: &str, description: &str) {
    assert_eq!(answer.json(), json!({ "error": "invalid_grant", "error_description": description }));
    assert_eq!((answer.status, answer.header("x-emulator-rule")), (400, rule));
}

#[test]
fn google_refuses_what_it_cannot_verify() {
    let running = start(Settings::default());
    let token = jwt(&running, &audience(&running));
    let unreachable = "Error connecting to the given credential's issuer.";

    let answer = ask(&running, &running.issue_role_key(), &audience(&running), "ES384", &[]);
    let es384 = element(&answer, "WebIdentityToken");
    assert_refused_by_google(&exchange(&running, &es384, JWT), "O3", unreachable);
    let stranger = start(Settings::default());
    let foreign = jwt(&stranger, &audience(&running));
    assert_refused_by_google(&exchange(&running, &foreign, JWT), "O4", unreachable);
    let other = jwt(&running, "other");
    let mixed = format!("{}.{}", token.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
    let text = "Unable to verify the ID Token signature.";
    assert_refused_by_google(&exchange(&running, &mixed, JWT), "O4", text);
    let text = "The audience in ID Token [other] does not match the expected audience.";
    assert_refused_by_google(&exchange(&running, &other, JWT), "O6", text);
    assert_refused_by_google(&exchange(&running, "no", JWT), "O3", "The ID Token is not a valid JWT.");
}

#[test]
fn google_looks_at_the_dates() {
    let running = start(Settings::default());
    let token = jwt(&running, &audience(&running));
    let claims = verified(&running, &token, Algorithm::RS256);
    let set_clock = |seconds: &str| {
        crate::support::send("PUT", &format!("{}/emulator/clock", running.url), &[], seconds);
    };
    let text = format!("ID Token issued at {} is stale to sign-in.", claims["iat"]);

    set_clock("330");
    let late = exchange(&running, &token, JWT);
    assert_eq!((late.status, &late.json()["expires_in"]), (200, &json!(59)));
    set_clock("361");
    assert_refused_by_google(&exchange(&running, &token, JWT), "O7", &text);
    set_clock("-90");
    assert_refused_by_google(&exchange(&running, &token, JWT), "O8", &text);
    set_clock("-30");
    assert_eq!(exchange(&running, &token, JWT).status, 200);
    assert!(
        OffsetDateTime::now_utc().unix_timestamp() - claims["iat"].as_i64().unwrap() < 20,
        "the test was quick"
    );
}

#[test]
fn each_provider_takes_its_own_kind_of_token() {
    let running = start(Settings::default());
    let answer = exchange(&running, "x", "urn:ietf:params:aws:token-type:aws4_request");

    let wrong = json!({ "error": "invalid_request", "error_description": "Invalid value for \"subject_token_type\"." });
    assert_eq!((answer.json(), answer.status), (wrong, 400));
}

#[test]
fn the_provider_may_have_an_issuer_audiences_and_a_condition_of_its_own() {
    let issuer = "https://example.com".to_owned();
    let running = start(Settings { oidc_issuer: Some(issuer), ..Settings::default() });
    let text = format!(
        "The issuer in ID Token {} does not match the expected one in config: https://example.com",
        running.settings().outbound_issuer
    );
    assert_refused_by_google(&exchange(&running, &jwt(&running, &audience(&running)), JWT), "O5", &text);

    let running = start(Settings { oidc_allowed_audiences: vec!["own".to_owned()], ..Settings::default() });
    assert_eq!(exchange(&running, &jwt(&running, "own"), JWT).status, 200);
    assert_eq!(exchange(&running, &jwt(&running, &audience(&running)), JWT).status, 400);

    let condition = |role: &str| Settings { allowed_role: Some(role.to_owned()), ..Settings::default() };
    let running = start(condition("sanskey-demo-role"));
    assert_eq!(exchange(&running, &jwt(&running, &audience(&running)), JWT).status, 200);
    let running = start(condition("other"));
    let answer = exchange(&running, &jwt(&running, &audience(&running)), JWT).json();
    assert_eq!(answer["error"], "unauthorized_client");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let audience = Settings::default().audience;
    for settings in [
        Settings { oidc_audience: audience, ..Settings::default() },
        Settings { oidc_audience: "other".to_owned(), ..Settings::default() },
        Settings { sso_role: "a/b".to_owned(), ..Settings::default() },
    ] {
        assert!(Emulator::start(settings.clone()).is_err(), "{settings:?}");
    }
}

#[test]
fn configurations_lead_to_the_roles_and_to_the_second_provider() {
    let running = start(Settings::default());
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let plain = parsed(&running.credential_config());
    let (mut chain, token) = (parsed(&running.role_chain_config()), parsed(&running.web_identity_config()));

    let hops = chain.as_object_mut().unwrap().remove("sanskey").unwrap();
    assert_eq!(
        hops,
        json!({ "aws_assume_role": [
            { "role_arn": HUB },
            { "role_arn": crate::sts::SPOKE, "external_id": "sanskey-external-id" },
        ] })
    );
    assert_eq!(chain, plain);
    assert_eq!(token["sanskey"], json!({ "aws_web_identity_token": {} }));
    assert_eq!(token["subject_token_type"], JWT);
    assert_eq!(token["audience"], running.settings().oidc_audience);
    assert_eq!(token["credential_source"].get("regional_cred_verification_url"), None);
}
