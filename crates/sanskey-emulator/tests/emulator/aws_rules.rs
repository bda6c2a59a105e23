//! Each rule for AWS credentials, broken one at a time, with its exact answer.

use crate::support::{Answer, Envelope, Signing, encoded, exchange, honest_envelope, start};
use sanskey_emulator::{Running, Settings};
use serde_json::{Value, json};

const FORMAT: &str = "AWS request has invalid format.";
const MISMATCH: &str = "Received invalid AWS response of type SignatureDoesNotMatch with error message: The request \
                        signature we calculated does not match the signature you provided. Check your AWS Secret \
                        Access Key and signing method. Consult the service documentation for details.";
const SCOPE: &str = "Received invalid AWS response of type SignatureDoesNotMatch with error message: Credential should \
                     be scoped to a valid region, date and service.";
const INVALID_TOKEN: &str = "Received invalid AWS response of type InvalidClientTokenId with error message: The \
                             security token included in the request is invalid.";

#[track_caller]
fn assert_refused(answer: &Answer, rule: &str, description: &str) {
    assert_eq!(answer.json(), json!({ "error": "invalid_grant", "error_description": description }));
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("x-emulator-rule"), rule);
    assert!(!answer.header("x-emulator-detail").is_empty());
}

#[track_caller]
fn assert_accepted(answer: &Answer) {
    assert_eq!(answer.status, 200, "{} ({})", answer.body, answer.header("x-emulator-detail"));
    assert!(answer.json()["access_token"].is_string());
}

/// Signs for a URL and hands over that same URL.
fn exchange_url(running: &Running, url: &str) -> Answer {
    let key = running.issue_role_key();
    let audience = &running.settings().audience;
    exchange(running, &Signing { url, ..Signing::honest(&key, audience) }.envelope().subject_token())
}

/// Hands over a URL that was not signed, which matters only to rules that come before the signature.
fn exchange_unsigned_url(running: &Running, url: &str) -> Answer {
    let envelope = Envelope { url: url.to_owned(), ..honest_envelope(running) };
    exchange(running, &envelope.subject_token())
}

#[test]
fn an_honest_request_is_accepted_without_a_warning() {
    let running = start(Settings::default());

    let answer = exchange(&running, &honest_envelope(&running).subject_token());

    assert_accepted(&answer);
    assert_eq!(answer.header("x-emulator-warning"), "");
}

#[test]
fn an_unsigned_target_resource_is_accepted_with_a_warning() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let signing = Signing { target_is_signed: false, ..Signing::honest(&key, &running.settings().audience) };

    let answer = exchange(&running, &signing.envelope().subject_token());

    assert_accepted(&answer);
    assert_eq!(answer.header("x-emulator-warning"), "A6: x-goog-cloud-target-resource is not signed");
}

#[test]
fn what_google_does_not_mind_is_not_minded() {
    let running = start(Settings::default());
    let fresh = || honest_envelope(&running);

    let mut upper_case = fresh();
    for (name, _) in &mut upper_case.headers {
        *name = name.to_uppercase();
    }
    upper_case.headers.reverse();
    assert_accepted(&exchange(&running, &upper_case.subject_token()));

    let mut slash = fresh();
    slash.url = slash.url.replace(".com?", ".com/?");
    assert_accepted(&exchange(&running, &slash.subject_token()));

    let envelope = fresh().json();
    let (url, headers) = (&envelope["url"], &envelope["headers"]);
    let other_order = format!(r#"{{"note": [1], "headers": {headers}, "method": "POST", "url": {url}}}"#);
    assert_accepted(&exchange(&running, &encoded(&other_order)));

    let plus_for_space = fresh().subject_token().replace("%20", "+");
    assert!(plus_for_space.contains('+'));
    assert_accepted(&exchange(&running, &plus_for_space));

    let mut twice = fresh();
    let target = twice.value("x-goog-cloud-target-resource").to_owned();
    twice.headers.push(("x-goog-cloud-target-resource".to_owned(), target));
    assert_accepted(&exchange(&running, &twice.subject_token()));

    let key = running.issue_role_key();
    let with_scheme = format!("https:{}", running.settings().audience);
    assert_accepted(&exchange(&running, &Signing::honest(&key, &with_scheme).envelope().subject_token()));
}

#[test]
fn keys_of_a_user_come_without_a_session_token() {
    let running = start(Settings::default());
    let key = running.issue_user_key("ana");
    let envelope = Signing::honest(&key, &running.settings().audience).envelope();
    assert!(!envelope.headers.iter().any(|(name, _)| name == "x-amz-security-token"));

    assert_accepted(&exchange(&running, &envelope.subject_token()));
    assert_refused(
        &exchange(&running, &envelope.set("x-amz-security-token", "x").subject_token()),
        "A5",
        INVALID_TOKEN,
    );
}

#[test]
fn a1_the_token_is_percent_encoded_json() {
    let running = start(Settings::default());
    let token = honest_envelope(&running).subject_token();

    assert_refused(&exchange(&running, "not json"), "A1", FORMAT);
    assert_refused(&exchange(&running, &encoded(&token)), "A1", FORMAT);
    assert_refused(&exchange(&running, "%FF"), "A1", FORMAT);
    assert_refused(&exchange(&running, &encoded("[]")), "A1", FORMAT);
    for field in ["url", "method", "headers"] {
        let mut envelope = honest_envelope(&running).json();
        envelope.as_object_mut().unwrap().remove(field);
        assert_refused(&exchange(&running, &encoded(&envelope.to_string())), "A1", FORMAT);
    }
}

#[test]
fn a1_headers_are_a_list_of_keys_and_values() {
    let running = start(Settings::default());
    let mut as_object = honest_envelope(&running).json();
    as_object["headers"] = json!({ "host": "sts.us-east-1.amazonaws.com" });
    assert_refused(&exchange(&running, &encoded(&as_object.to_string())), "A1", FORMAT);

    let mut twice = honest_envelope(&running);
    twice.headers.push(("Host".to_owned(), "sts.us-west-2.amazonaws.com".to_owned()));
    assert_refused(&exchange(&running, &twice.subject_token()), "A1", FORMAT);
}

#[test]
fn a1_a_token_without_its_percent_encoding_loses_its_plus_signs() {
    let running = start(Settings::default());
    let raw = honest_envelope(&running).json().to_string();

    assert_refused(&exchange(&running, &raw), "A5", INVALID_TOKEN);
}

#[test]
fn a2_the_url_is_https_at_aws_sts_without_a_port() {
    let running = start(Settings::default());
    let query = "?Action=GetCallerIdentity&Version=2011-06-15";

    for start in [
        "http://sts.us-east-1.amazonaws.com",
        "https://sts.us-east-1.amazonaws.com:443",
        "https://user@sts.us-east-1.amazonaws.com",
        "https://sts.us-east-1.amazonaws.com.evil.example",
        "https://sts.us-east-1.amazonaws.com.cn",
        "https://sts.evil.example/.amazonaws.com",
        "https://sts.us-east-1.more.amazonaws.com",
        "https://sts..amazonaws.com",
        "https://ec2.us-east-1.amazonaws.com",
        "https://amazonaws.com",
        "https://sts.us-east-1.amazonaws.com/path",
        "/relative",
    ] {
        let answer = exchange_unsigned_url(&running, &format!("{start}{query}"));
        assert_eq!(answer.header("x-emulator-rule"), "A2", "{start}");
        assert_refused(&answer, "A2", FORMAT);
    }
}

#[test]
fn a2_other_regions_and_the_global_host_are_endpoints_too() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let audience = &running.settings().audience;

    for (region, host) in [
        ("us-east-1", "sts.amazonaws.com"),
        ("eu-central-1", "sts.eu-central-1.amazonaws.com"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
    ] {
        let url = &format!("https://{host}?Action=GetCallerIdentity&Version=2011-06-15");
        let signing = Signing { url, region, ..Signing::honest(&key, audience) };
        assert_accepted(&exchange(&running, &signing.envelope().subject_token()));
    }
}

#[test]
fn a3_the_query_asks_for_the_caller_identity() {
    let running = start(Settings::default());
    let host = "https://sts.us-east-1.amazonaws.com";

    for query in [
        "",
        "?Version=2011-06-15",
        "?Action=GetCallerIdentity",
        "?Action=AssumeRole&Version=2011-06-15",
        "?Action=GetCallerIdentity&Action=AssumeRole&Version=2011-06-15",
    ] {
        assert_refused(&exchange_url(&running, &format!("{host}{query}")), "A3", FORMAT);
    }
    assert_accepted(&exchange_url(&running, &format!("{host}?action=getCallerIdentity&version=2010-01-01")));
}

#[test]
fn a4_the_method_is_post() {
    let running = start(Settings::default());

    for method in ["GET", "post", ""] {
        let envelope = Envelope { method: method.to_owned(), ..honest_envelope(&running) };
        assert_refused(&exchange(&running, &envelope.subject_token()), "A4", FORMAT);
    }
}

#[test]
fn a5_four_headers_are_always_required() {
    let running = start(Settings::default());

    for name in ["authorization", "host", "x-amz-date", "x-goog-cloud-target-resource"] {
        let answer = exchange(&running, &honest_envelope(&running).without(name).subject_token());
        assert_refused(&answer, "A5", FORMAT);
        assert_eq!(answer.header("x-emulator-detail"), format!("the header {name} is missing"));
    }
}

#[test]
fn a5_temporary_keys_come_with_their_own_session_token() {
    let running = start(Settings::default());
    let other = running.issue_role_key().session_token.unwrap();
    let without = honest_envelope(&running).without("x-amz-security-token");
    let with_another = honest_envelope(&running).set("x-amz-security-token", &other);

    assert_refused(&exchange(&running, &without.subject_token()), "A5", INVALID_TOKEN);
    assert_refused(&exchange(&running, &with_another.subject_token()), "A5", INVALID_TOKEN);
}

#[test]
fn a6_the_target_resource_is_the_provider() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let audience = running.settings().audience.clone();

    for target in [
        "",
        "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        &format!("http:{audience}"),
        &audience[2..],
    ] {
        let envelope = Signing::honest(&key, target).envelope();
        assert_refused(&exchange(&running, &envelope.subject_token()), "A6", FORMAT);
    }
}

#[test]
fn a7_the_date_is_at_most_fifteen_minutes_old() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let audience = &running.settings().audience;
    let dated = |offset| Signing { offset, ..Signing::honest(&key, audience) }.envelope();

    assert_accepted(&exchange(&running, &dated(-890).subject_token()));
    let old = dated(-910);
    let description = format!(
        "Received invalid AWS response of type SignatureDoesNotMatch with error message: Signature expired: {} is more \
         than 15 minutes ago.",
        old.value("x-amz-date")
    );
    assert_refused(&exchange(&running, &old.subject_token()), "A7", &description);
}

#[test]
fn a7_the_date_is_not_in_the_future() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let audience = &running.settings().audience;
    let dated = |offset| Signing { offset, ..Signing::honest(&key, audience) }.envelope();

    assert_accepted(&exchange(&running, &dated(3).subject_token()));
    let future = dated(60);
    let description = format!(
        "Received invalid AWS response of type SignatureDoesNotMatch with error message: Signature not yet current: {} \
         is in the future.",
        future.value("x-amz-date")
    );
    assert_refused(&exchange(&running, &future.subject_token()), "A7", &description);
}

#[test]
fn a7_the_date_has_one_form() {
    let running = start(Settings::default());

    for date in ["", "2024-01-02T03:04:05Z", "20240102T030405", "20240102", "20241302T030405Z"] {
        let envelope = honest_envelope(&running).set("x-amz-date", date);
        assert_refused(&exchange(&running, &envelope.subject_token()), "A7", FORMAT);
    }
}

#[test]
fn a8_a_signature_with_another_secret_is_refused() {
    let running = start(Settings::default());
    let mut key = running.issue_role_key();
    key.secret_access_key = running.issue_role_key().secret_access_key;

    let envelope = Signing::honest(&key, &running.settings().audience).envelope();

    assert_refused(&exchange(&running, &envelope.subject_token()), "A8", MISMATCH);
}

#[test]
fn a8_whatever_is_signed_cannot_be_changed() {
    let running = start(Settings::default());
    let honest = honest_envelope(&running);
    let authorization = honest.value("authorization").to_owned();

    let other_version = Envelope { url: honest.url.replace("2011-06-15", "2011-06-16"), ..honest.clone() };
    let scheme_before_target =
        honest.clone().set("x-goog-cloud-target-resource", &format!("https:{}", running.settings().audience));
    let fewer_signed =
        honest.clone().set("authorization", &authorization.replace(";x-goog-cloud-target-resource", ""));
    let unsorted =
        honest.clone().set("authorization", &authorization.replace("host;x-amz-date", "x-amz-date;host"));
    let unsigned_host = honest.clone().set("authorization", &authorization.replace("=host;", "="));
    let cut = honest.clone().set("authorization", &authorization[..authorization.len() - 1]);
    let mut with_body = honest.json();
    with_body["body"] = Value::from("Action=AssumeRole");

    for envelope in [other_version, scheme_before_target, fewer_signed, unsorted, unsigned_host, cut] {
        assert_refused(&exchange(&running, &envelope.subject_token()), "A8", MISMATCH);
    }
    assert_refused(&exchange(&running, &encoded(&with_body.to_string())), "A8", MISMATCH);
    assert_accepted(&exchange(&running, &honest.subject_token()));
}

#[test]
fn a8_the_signer_chooses_what_is_signed() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let extra = Some(("user-agent", "a  client"));
    let signing = Signing { extra, ..Signing::honest(&key, &running.settings().audience) };
    let envelope = signing.envelope();
    assert!(envelope.value("authorization").contains("user-agent"));

    assert_accepted(&exchange(&running, &envelope.subject_token()));
    let changed = envelope.set("user-agent", "another");
    assert_refused(&exchange(&running, &changed.subject_token()), "A8", MISMATCH);
}

#[test]
fn a8_the_scope_is_the_endpoints() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let audience = &running.settings().audience;
    let other_region = Signing { region: "us-west-2", ..Signing::honest(&key, audience) }.envelope();
    let other_service = Signing { service: "sts-fips", ..Signing::honest(&key, audience) }.envelope();

    assert_refused(&exchange(&running, &other_region.subject_token()), "A8", SCOPE);
    assert_refused(&exchange(&running, &other_service.subject_token()), "A8", SCOPE);
}

#[test]
fn a8_an_unknown_key_and_another_header_are_refused() {
    let running = start(Settings::default());
    let stranger = start(Settings::default()).issue_role_key();
    let envelope = Signing::honest(&stranger, &running.settings().audience).envelope();

    assert_refused(&exchange(&running, &envelope.subject_token()), "A8", INVALID_TOKEN);
    let bearer = honest_envelope(&running).set("authorization", "Bearer token");
    assert_refused(&exchange(&running, &bearer.subject_token()), "A8", FORMAT);
}

#[test]
fn a8_the_account_is_the_providers() {
    let running =
        start(Settings { provider_account: Some("999999999999".to_owned()), ..Settings::default() });

    let answer = exchange(&running, &honest_envelope(&running).subject_token());

    assert_refused(&answer, "A8", "The AWS account [123456789012] does not match the expected account.");
}

#[test]
fn a10_the_host_header_is_the_urls_host() {
    let running = start(Settings::default());

    for host in ["sts.amazonaws", "sts.us-west-2.amazonaws.com", "sts.us-east-1.amazonaws.com:443"] {
        let envelope = honest_envelope(&running).set("host", host);
        assert_refused(&exchange(&running, &envelope.subject_token()), "A10", FORMAT);
    }
}

#[test]
fn a11_other_headers_are_a_warning_or_in_strict_mode_a_refusal() {
    let lenient = start(Settings::default());
    let strict = start(Settings { strict_headers: true, ..Settings::default() });
    let with_more =
        |running| honest_envelope(running).set("x-amz-content-sha256", "UNSIGNED-PAYLOAD").subject_token();

    let answer = exchange(&lenient, &with_more(&lenient));
    assert_accepted(&answer);
    assert_eq!(
        answer.header("x-emulator-warning"),
        "A11: the request has headers beyond the documented ones"
    );
    assert_refused(&exchange(&strict, &with_more(&strict)), "A11", FORMAT);
    assert_accepted(&exchange(&strict, &honest_envelope(&strict).subject_token()));
}
