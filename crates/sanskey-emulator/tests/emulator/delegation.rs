//! The OAuth 2.0 token endpoint: what a JWT of the service account is worth there, and what it is refused for.

use crate::support::{
    Answer, CLOUD_PLATFORM, boundary, call_account, downscoped, encoded, federated_token, get, impersonate,
    send, start,
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use sanskey_emulator::{Running, Settings};
use serde_json::{Value, json};
use time::OffsetDateTime;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const CALENDAR: &str = "https://www.googleapis.com/auth/calendar.readonly";
const DRIVE: &str = "https://www.googleapis.com/auth/drive.readonly";
const PERSON: &str = "ana@example.com";
const TIMEFRAME: &str = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.";

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// A JWT with a header of one's own, as Google's clients make it with `signBlob`.
fn signed_with_header(running: &Running, header: &Value, claims: &Value) -> String {
    let token = federated_token(running, CLOUD_PLATFORM);
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let message = format!("{header}.{claims}");
    let body = json!({ "payload": STANDARD.encode(&message) });
    let answer = call_account(running, &running.settings().service_account, "signBlob", &token, &body);
    let signature = STANDARD.decode(answer.json()["signedBlob"].as_str().unwrap()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn a_jwt_need_not_name_its_key() {
    let running = start(Settings::default());
    let claims = claims(&running, &json!({}));
    let with = |header: Value| grant(&running, &signed_with_header(&running, &header, &claims));

    assert_eq!(whoami(&running, &with(json!({ "alg": "RS256", "typ": "JWT" })))["email"], PERSON);
    for header in
        [json!({ "alg": "RS256", "typ": "JWT", "kid": "other" }), json!({ "alg": "RS512", "typ": "JWT" })]
    {
        assert_refused(&with(header), 400, "invalid_grant", "Invalid JWT Signature.");
    }
}

/// Good claims, of which some are replaced, or left out where the replacement is null.
fn claims(running: &Running, changes: &Value) -> Value {
    let mut claims = json!({
        "aud": format!("{}/token", running.url),
        "exp": now() + 3600,
        "iat": now(),
        "iss": running.settings().service_account,
        "scope": CALENDAR,
        "sub": PERSON,
    });
    let fields = claims.as_object_mut().unwrap();
    fields.extend(changes.as_object().unwrap().clone());
    fields.retain(|_, value| !value.is_null());
    claims
}

fn signed(running: &Running, claims: &Value) -> String {
    let token = federated_token(running, CLOUD_PLATFORM);
    let body = json!({ "payload": claims.to_string() });
    let answer = call_account(running, &running.settings().service_account, "signJwt", &token, &body);
    answer.json()["signedJwt"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
}

fn post(running: &Running, fields: &[(&str, &str)]) -> Answer {
    let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let form = ("content-type", "application/x-www-form-urlencoded");
    send("POST", &format!("{}/token", running.url), &[form], &body.join("&"))
}

fn grant(running: &Running, assertion: &str) -> Answer {
    post(running, &[("grant_type", JWT_BEARER), ("assertion", assertion)])
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, error: &str, description: &str) {
    assert_eq!(answer.json(), json!({ "error": error, "error_description": description }));
    assert_eq!(answer.status, status);
}

fn whoami(running: &Running, answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let bearer = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
    get(&format!("{}/emulator/whoami", running.url), &[("authorization", &bearer)]).json()
}

#[test]
fn a_jwt_of_the_account_is_worth_a_token_of_the_person() {
    let running = start(Settings::default());
    let both = format!("{CALENDAR} {DRIVE}");

    for aud in [format!("{}/token", running.url), "https://oauth2.googleapis.com/token".to_owned()] {
        let jwt = signed(&running, &claims(&running, &json!({ "aud": aud, "scope": both })));
        let answer = grant(&running, &jwt);

        let holder = whoami(&running, &answer);
        assert_eq!((&holder["kind"], &holder["email"]), (&json!("person"), &json!(PERSON)));
        assert_eq!(holder["scopes"], json!([CALENDAR, DRIVE]));
        let body = answer.json();
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 3600);
        assert_eq!(body["scope"], both);
        let token = body["access_token"].as_str().unwrap();
        let account = impersonate(&running, token, &json!({ "scope": [CLOUD_PLATFORM] }));
        assert_eq!(account.status, 401, "a person is no workload");
    }
}

#[test]
fn an_account_that_names_nobody_acts_for_itself() {
    let running = start(Settings::default());
    let account = &running.settings().service_account;

    for sub in [Value::Null, json!(account)] {
        // What it may do for itself is not what it may do for people.
        let jwt = signed(&running, &claims(&running, &json!({ "sub": sub, "scope": CLOUD_PLATFORM })));
        let holder = whoami(&running, &grant(&running, &jwt));
        assert_eq!((&holder["kind"], &holder["email"]), (&json!("service_account"), &json!(account)));
    }
}

#[test]
fn the_settings_say_who_and_what() {
    let running = start(Settings {
        people: vec!["bo@example.org".to_owned()],
        delegated_scopes: vec![DRIVE.to_owned()],
        ..Settings::default()
    });
    let ask = |sub: &str, scope: &str| {
        grant(&running, &signed(&running, &claims(&running, &json!({ "sub": sub, "scope": scope }))))
    };
    let unauthorized = "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.";

    assert_eq!(whoami(&running, &ask("bo@example.org", DRIVE))["email"], "bo@example.org");
    assert_refused(&ask(PERSON, DRIVE), 400, "invalid_grant", "Invalid email or User ID");
    for scope in [CALENDAR, &format!("{DRIVE} {CALENDAR}")] {
        assert_refused(&ask("bo@example.org", scope), 401, "unauthorized_client", unauthorized);
    }
    let jwt = signed(&running, &claims(&running, &json!({ "sub": 5, "scope": DRIVE })));
    assert_refused(&grant(&running, &jwt), 400, "invalid_grant", "Invalid email or User ID");
}

#[test]
fn the_claims_have_to_be_right() {
    let running = start(Settings::default());
    let refusal = |changes: Value, error: &str, description: &str| {
        let answer = grant(&running, &signed(&running, &claims(&running, &changes)));
        assert_refused(&answer, 400, error, description);
    };

    for scope in [Value::Null, json!(""), json!([CALENDAR])] {
        refusal(json!({ "scope": scope }), "invalid_scope", "Empty or missing scope not allowed.");
    }
    for iss in [json!("other@sanskey-demo.iam.gserviceaccount.com"), Value::Null] {
        refusal(json!({ "iss": iss }), "invalid_grant", "Invalid grant: account not found");
    }
    for aud in [json!("https://example.com/token"), json!(running.url), Value::Null] {
        refusal(json!({ "aud": aud }), "invalid_grant", "Invalid JWT: Failed audience check.");
    }
    for times in [
        json!({ "exp": now() + 3700 }),
        json!({ "iat": now() + 400 }),
        json!({ "iat": now() - 3600 }),
        json!({ "iat": null }),
        json!({ "exp": null }),
        json!({ "iat": "now" }),
    ] {
        refusal(times, "invalid_grant", TIMEFRAME);
    }
}

#[test]
fn the_host_of_a_request_cannot_make_another_audience_right() {
    let running = start(Settings::default());
    let jwt = signed(&running, &claims(&running, &json!({ "aud": "https://example.com/token" })));
    let body = format!("grant_type={}&assertion={jwt}", encoded(JWT_BEARER));
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("host", "example.com")];

    let answer = send("POST", &format!("{}/token", running.url), &headers, &body);
    assert_refused(&answer, 400, "invalid_grant", "Invalid JWT: Failed audience check.");
}

#[test]
fn a_weaker_token_of_a_person_does_not_tell_its_end() {
    let running = start(Settings::default());
    let answer = grant(&running, &signed(&running, &claims(&running, &json!({})))).json();
    let boundary = boundary("sanskey-demo-bucket", &["roles/storage.objectViewer"]);
    let weaker = downscoped(&running, answer["access_token"].as_str().unwrap(), &boundary);

    assert_eq!(weaker.json().get("expires_in"), None);
    let holder = whoami(&running, &weaker);
    assert_eq!((&holder["email"], &holder["access_boundary"]), (&json!(PERSON), &boundary));
}

#[test]
fn a_jwt_has_its_time() {
    let running = start(Settings::default());
    let jwt = signed(&running, &claims(&running, &json!({})));
    let set = |seconds: &str| send("PUT", &format!("{}/emulator/clock", running.url), &[], seconds);

    assert_eq!(set("3590").status, 204);
    assert_eq!(grant(&running, &jwt).status, 200);
    assert_eq!(set("3610").status, 204);
    assert_refused(&grant(&running, &jwt), 400, "invalid_grant", TIMEFRAME);
    assert_eq!(set("-400").status, 204);
    assert_refused(&grant(&running, &jwt), 400, "invalid_grant", TIMEFRAME);
}

#[test]
fn the_signature_is_that_of_the_account() {
    let running = start(Settings::default());
    let good = signed(&running, &claims(&running, &json!({})));
    let wrong = "Invalid JWT Signature.";

    let (header, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let payload = URL_SAFE_NO_PAD.encode(claims(&running, &json!({ "scope": DRIVE })).to_string());
    let changed = format!("{header}.{payload}.{signature}");
    assert_refused(&grant(&running, &changed), 400, "invalid_grant", wrong);
    // The same key with another algorithm, the key of another account, and Google's own.
    for part in [
        json!({ "alg": "none", "typ": "JWT" }),
        json!({ "alg": "HS256", "typ": "JWT", "kid": "a" }),
        json!({ "alg": "RS256", "typ": "JWT" }),
        json!({ "alg": "RS256", "typ": "JWT", "kid": "unknown" }),
    ] {
        let other = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(part.to_string()));
        let answer = grant(&running, &other);
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_grant")), "{part}");
    }
    let elsewhere = start(Settings::default());
    let foreign = signed(&elsewhere, &claims(&running, &json!({})));
    assert_refused(&grant(&running, &foreign), 400, "invalid_grant", wrong);
    for text in ["a", "a.b.c", "....", &"x".repeat(100_000)] {
        assert_refused(&grant(&running, text), 400, "invalid_grant", "Invalid JWT.");
    }
}

#[test]
fn the_form_has_to_be_right() {
    let running = start(Settings::default());
    let jwt = signed(&running, &claims(&running, &json!({})));
    let grant_type = ("grant_type", JWT_BEARER);
    let assertion = ("assertion", jwt.as_str());

    let error = |fields: &[(&str, &str)]| post(&running, fields).json()["error"].clone();
    assert_eq!(error(&[assertion]), "unsupported_grant_type");
    assert_eq!(error(&[assertion, ("grant_type", "refresh_token")]), "unsupported_grant_type");
    assert_eq!(error(&[grant_type]), "invalid_request");
    assert_eq!(error(&[grant_type, assertion, assertion]), "invalid_request");
    let url = format!("{}/token", running.url);
    let json = json!({ "grant_type": JWT_BEARER, "assertion": jwt }).to_string();
    assert_eq!(send("POST", &url, &[("content-type", "application/json")], &json).status, 400);
    assert_eq!(get(&url, &[]).status, 404);
}
