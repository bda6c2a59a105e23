//! The portal of IAM Identity Center.

use crate::{
    sts::{element, signed},
    support::{Answer, get, send, start},
};
use sanskey_emulator::{AwsKey, Running, Settings};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

const GOOD: &str = "account_id=123456789012&role_name=sanskey-sso-role";

fn token(running: &Running, query: &str) -> Value {
    get(&format!("{}/emulator/sso-token?{query}", running.url), &[]).json()
}

fn ask(running: &Running, query: &str, headers: &[(&str, &str)]) -> Answer {
    get(&format!("{}/federation/credentials?{query}", running.url), headers)
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, code: &str, message: &str) {
    let kind = format!("com.amazonaws.switchboard.portal#{code}");
    assert_eq!(answer.json(), json!({ "message": message, "__type": kind }));
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (status, code));
}

#[test]
fn whoever_has_signed_in_gets_keys_of_the_permission_sets_role() {
    let running = start(Settings::default());
    let cached = token(&running, "");
    let answer = ask(&running, GOOD, &[("x-amz-sso_bearer_token", cached["accessToken"].as_str().unwrap())]);

    assert_eq!(answer.status, 200, "{}", answer.body);
    let credentials = &answer.json()["roleCredentials"];
    let text = |name: &str| credentials[name].as_str().expect(name).to_owned();
    let left =
        credentials["expiration"].as_i64().unwrap() / 1000 - OffsetDateTime::now_utc().unix_timestamp();
    assert!((3590..=3600).contains(&left), "{left}");
    let key = AwsKey {
        access_key_id: text("accessKeyId"),
        secret_access_key: text("secretAccessKey"),
        session_token: Some(text("sessionToken")),
        ..running.issue_role_key()
    };
    let arn = element(&signed(&running, &key, "GetCallerIdentity", &[]), "Arn");
    let expected = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_sanskey-sso-role_5a45ce1c0ffee4a6/ana@example.com";
    assert_eq!(arn, expected);
}

#[test]
fn the_cached_token_has_the_fields_of_the_command_lines_file() {
    let running = start(Settings::default());
    let cached = token(&running, "lifetime=60");

    assert_eq!(cached["startUrl"], "https://sanskey.awsapps.com/start");
    assert_eq!(cached["region"], "us-east-1");
    let end = OffsetDateTime::parse(cached["expiresAt"].as_str().unwrap(), &Rfc3339).unwrap();
    let left = (end - OffsetDateTime::now_utc()).whole_seconds();
    assert!((50..=60).contains(&left), "{left}");
    assert_ne!(cached["accessToken"], token(&running, "")["accessToken"]);
    assert_eq!(get(&format!("{}/emulator/sso-token?lifetime=x", running.url), &[]).status, 400);
}

#[test]
fn others_get_nothing() {
    let running = start(Settings::default());
    let text = |query: &str| token(&running, query)["accessToken"].as_str().unwrap().to_owned();
    let (good, over) = (text(""), text("lifetime=-1"));
    let with = |query: &str| ask(&running, query, &[("x-amz-sso_bearer_token", &good)]);

    let unauthorized = "Session token not found or invalid";
    for headers in [&[][..], &[("x-amz-sso_bearer_token", "other")], &[("x-amz-sso_bearer_token", &over)]] {
        assert_refused(&ask(&running, GOOD, headers), 401, "UnauthorizedException", unauthorized);
    }
    let bearer = format!("Bearer {good}");
    let answer = ask(&running, GOOD, &[("authorization", &bearer)]);
    assert_refused(&answer, 401, "UnauthorizedException", unauthorized);
    let answer = with("account_id=123456789012&role_name=other");
    assert_refused(&answer, 403, "ForbiddenException", "No access");
    let answer = with("account_id=210987654321&role_name=sanskey-sso-role");
    assert_refused(&answer, 404, "ResourceNotFoundException", "The specified account doesn't exist.");
    for query in ["", "account_id=123456789012", "role_name=sanskey-sso-role", "account_id=&role_name="] {
        let answer = with(query);
        assert_refused(&answer, 400, "InvalidRequestException", "The request is missing a parameter.");
    }
    let post = send("POST", &format!("{}/federation/credentials?{GOOD}", running.url), &[], "");
    assert_eq!(post.status, 404);
}
