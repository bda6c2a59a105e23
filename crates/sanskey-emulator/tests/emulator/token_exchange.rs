//! Google STS apart from the AWS rules: bodies, audiences, parameters, attributes.

use crate::support::{
    Answer, CLOUD_PLATFORM, exchange, exchange_fields, honest_envelope, post_form, send, start,
};
use sanskey_emulator::{Running, Settings};
use serde_json::{Value, json};

#[track_caller]
fn assert_error(answer: &Answer, error: &str, description: &str) {
    assert_eq!(answer.json(), json!({ "error": error, "error_description": description }));
    assert_eq!(answer.status, 400);
}

/// An exchange that is right in all but one field; `None` leaves it out.
fn with_field(running: &Running, name: &str, value: Option<&str>) -> Answer {
    let token = honest_envelope(running).subject_token();
    let mut fields = exchange_fields(&running.settings().audience, CLOUD_PLATFORM, &token);
    fields.retain(|(field, _)| *field != name);
    fields.extend(value.map(|value| (name, value)));
    post_form(running, &fields)
}

fn post_json(running: &Running, content_type: &str, body: &str) -> Answer {
    send("POST", &format!("{}/v1/token", running.url), &[("content-type", content_type)], body)
}

#[test]
fn json_bodies_say_the_same_as_forms() {
    let running = start(Settings::default());

    for content_type in ["application/json", "text/json; charset=utf-8"] {
        let body = json!({
            "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
            "audience": running.settings().audience,
            "scope": CLOUD_PLATFORM,
            "requestedTokenType": crate::support::ACCESS_TOKEN,
            "subjectToken": honest_envelope(&running).subject_token(),
            "subjectTokenType": "urn:ietf:params:aws:token-type:aws4_request",
            "options": null,
        });
        let answer = post_json(&running, content_type, &body.to_string());
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[test]
fn a_form_may_name_its_charset() {
    let running = start(Settings::default());
    let token = honest_envelope(&running).subject_token();
    let fields = exchange_fields(&running.settings().audience, CLOUD_PLATFORM, &token);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();

    let answer = post_json(&running, "application/x-www-form-urlencoded;charset=UTF-8", &body);

    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn other_bodies_are_refused() {
    let running = start(Settings::default());
    let not_an_object = "The body is not a JSON object of texts.";

    assert_error(&post_json(&running, "application/json", "[]"), "invalid_request", not_an_object);
    assert_error(&post_json(&running, "application/json", "{"), "invalid_request", not_an_object);
    let wrong_type = json!({ "scope": ["a"] }).to_string();
    assert_error(
        &post_json(&running, "application/json", &wrong_type),
        "invalid_request",
        "Invalid value for \"scope\".",
    );
    let description = "The content type is neither a form nor JSON.";
    assert_error(&post_json(&running, "text/plain", "grant_type=x"), "invalid_request", description);
    let token = honest_envelope(&running).subject_token();
    let mut fields = exchange_fields(&running.settings().audience, CLOUD_PLATFORM, &token);
    fields.push(("scope", CLOUD_PLATFORM));
    assert_error(&post_form(&running, &fields), "invalid_request", "A parameter is given more than once.");
}

#[test]
fn every_parameter_has_to_be_right() {
    let running = start(Settings::default());

    for value in [None, Some(""), Some("refresh_token")] {
        let answer = with_field(&running, "grant_type", value);
        assert_error(&answer, "unsupported_grant_type", "Invalid value for \"grant_type\".");
    }
    for name in ["requested_token_type", "subject_token_type", "subject_token", "scope"] {
        for value in [None, Some("")] {
            let answer = with_field(&running, name, value);
            assert_error(&answer, "invalid_request", &format!("Invalid value for \"{name}\"."));
        }
    }
    for name in ["requested_token_type", "subject_token_type"] {
        let answer = with_field(&running, name, Some("urn:ietf:params:oauth:token-type:jwt"));
        assert_error(&answer, "invalid_request", &format!("Invalid value for \"{name}\"."));
    }
}

#[test]
fn a_malformed_audience_is_an_invalid_request() {
    let running = start(Settings::default());
    let name = running.settings().audience.trim_start_matches("//iam.googleapis.com/").to_owned();

    for audience in [
        None,
        Some(name.as_str()),
        Some("https://example.com"),
        Some(&format!("https://iam.googleapis.com/{name}")),
        Some("//iam.googleapis.com/projects//locations/global/workloadIdentityPools/p/providers/q"),
        Some("//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p"),
    ] {
        assert_error(
            &with_field(&running, "audience", audience),
            "invalid_request",
            "Invalid value for \"audience\". This value should be the full resource name of the Identity Provider. See \
             https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.",
        );
    }
}

#[test]
fn an_unknown_audience_is_an_invalid_target() {
    let running = start(Settings::default());

    for audience in [
        "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool/providers/other",
        "//iam.googleapis.com/projects/sanskey-demo/locations/global/workloadIdentityPools/sanskey-pool/providers/sanskey-aws",
        "//iam.googleapis.com/locations/global/workforcePools/p/providers/q",
    ] {
        assert_error(
            &with_field(&running, "audience", Some(audience)),
            "invalid_target",
            "The target service indicated by the \"audience\" parameters is invalid. This might either be because the \
             pool or provider is disabled or deleted or because it doesn't exist.",
        );
    }
}

#[test]
fn the_attribute_condition_looks_at_the_role() {
    let condition = |role: &str| Settings { allowed_role: Some(role.to_owned()), ..Settings::default() };
    let same = start(condition("sanskey-demo-role"));
    let other = start(condition("other-role"));

    assert_eq!(exchange(&same, &honest_envelope(&same).subject_token()).status, 200);
    assert_error(
        &exchange(&other, &honest_envelope(&other).subject_token()),
        "unauthorized_client",
        "The given credential is rejected by the attribute condition.",
    );
}

#[test]
fn a_subject_may_be_127_bytes_long() {
    // `arn:aws:sts::123456789012:assumed-role/` is 39 bytes, the slash before the session one.
    let named = |length: usize| Settings {
        role: "r".repeat(64),
        instance_id: "i".repeat(length),
        ..Settings::default()
    };
    let longest = start(named(23));
    let too_long = start(named(24));

    assert_eq!(exchange(&longest, &honest_envelope(&longest).subject_token()).status, 200);
    let description: Value = exchange(&too_long, &honest_envelope(&too_long).subject_token()).json();
    assert_eq!(description["error"], "invalid_request");
    assert_eq!(
        description["error_description"],
        "The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute mapping or \
         the incoming assertion to produce a mapped attribute that is less than 127 bytes."
    );
}

#[test]
fn client_authentication_is_warned_about() {
    let running = start(Settings::default());
    let token = honest_envelope(&running).subject_token();
    let fields = exchange_fields(&running.settings().audience, CLOUD_PLATFORM, &token);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", "Basic YTpi")];

    let answer = send("POST", &format!("{}/v1/token", running.url), &headers, &body);

    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("x-emulator-warning"), "the call has an Authorization header");
}

#[test]
fn only_post_exchanges() {
    let running = start(Settings::default());

    assert_eq!(crate::support::get(&format!("{}/v1/token", running.url), &[]).status, 404);
}
