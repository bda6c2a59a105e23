//! `generateAccessToken`: who may call it, for which account, scopes and lifetime.

use crate::support::{
    Answer, CLOUD_PLATFORM, STORAGE, federated_token, get, impersonate, impersonate_account, send, start,
};
use sanskey_emulator::{Running, Settings};
use serde_json::{Value, json};

#[track_caller]
fn assert_error(answer: &Answer, code: u16, status: &str, message: &str) {
    let error = &answer.json()["error"];
    assert_eq!(error["message"], message);
    assert_eq!(error["status"], status);
    assert_eq!(error["code"], code);
    assert_eq!(answer.status, code);
}

fn scopes_of(running: &Running, answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let bearer = format!("Bearer {}", answer.json()["accessToken"].as_str().unwrap());
    get(&format!("{}/emulator/whoami", running.url), &[("authorization", &bearer)]).json()["scopes"].clone()
}

#[test]
fn what_clients_send_is_accepted() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);

    for body in [
        json!({ "scope": [STORAGE], "lifetime": "3600s" }),
        json!({ "delegates": null, "scope": [STORAGE], "lifetime": "3600s" }),
        json!({ "delegates": [], "scope": [STORAGE] }),
        json!({ "scope": [STORAGE], "lifetime": "1s" }),
        json!({ "scope": [STORAGE], "lifetime": "600.5s" }),
    ] {
        assert_eq!(scopes_of(&running, &impersonate(&running, &token, &body)), json!([STORAGE]), "{body}");
    }
    let several = json!({ "scope": [STORAGE, "openid", "email"] });
    assert_eq!(scopes_of(&running, &impersonate(&running, &token, &several)), several["scope"]);
    let encoded = running.settings().service_account.replace('@', "%40");
    assert_eq!(impersonate_account(&running, &encoded, &token, &json!({ "scope": [STORAGE] })).status, 200);
}

#[test]
fn one_empty_scope_means_cloud_platform() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);

    assert_eq!(
        scopes_of(&running, &impersonate(&running, &token, &json!({ "scope": [""] }))),
        json!([CLOUD_PLATFORM])
    );
}

#[test]
fn missing_and_bogus_scopes_are_invalid_arguments() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);

    for body in [
        json!({}),
        json!({ "scope": null }),
        json!({ "scope": [] }),
        json!({ "scope": ["bogus"] }),
        json!({ "scope": [STORAGE, ""] }),
    ] {
        let answer = impersonate(&running, &token, &body);
        assert_error(&answer, 400, "INVALID_ARGUMENT", "Request contains an invalid argument.");
    }
    let answer = impersonate(&running, &token, &json!({ "scope": STORAGE }));
    assert_error(&answer, 400, "INVALID_ARGUMENT", "Invalid value at 'scope' (TYPE_STRING)");
}

#[test]
fn bodies_are_json_objects_with_known_fields() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    let unknown = impersonate(&running, &token, &json!({ "scope": [STORAGE], "scopes": [STORAGE] }));
    let message = "Invalid JSON payload received. Unknown name \"scopes\": Cannot find field.";

    assert_error(&unknown, 400, "INVALID_ARGUMENT", message);
    let array = impersonate(&running, &token, &json!([]));
    assert_error(&array, 400, "INVALID_ARGUMENT", "Invalid JSON payload received.");
}

#[test]
fn a_token_lives_for_more_than_nothing_and_at_most_an_hour() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    let lasting =
        |lifetime: &str| impersonate(&running, &token, &json!({ "scope": [STORAGE], "lifetime": lifetime }));

    for lifetime in ["0s", "-1s"] {
        let message = "Lifetime of access token must be larger then zero.";
        assert_error(&lasting(lifetime), 400, "INVALID_ARGUMENT", message);
    }
    for lifetime in ["3601s", "43200s"] {
        let message = "can not have lifetimes of more than 1 hour. Use the Org Policy Constraint \
                       constraints/iam.allowServiceAccountCredentialLifetimeExtension to allow up to 12 hours.";
        assert_error(&lasting(lifetime), 400, "INVALID_ARGUMENT", message);
    }
    for lifetime in ["3600", "1h", "s", "1.s", "", "99999999999999999999s"] {
        let message = "Invalid value at 'lifetime' (type.googleapis.com/google.protobuf.Duration)";
        assert_error(&lasting(lifetime), 400, "INVALID_ARGUMENT", message);
    }
    assert_eq!(lasting("3600s").status, 200);
}

#[test]
fn the_extension_allows_twelve_hours() {
    let running = start(Settings { lifetime_extension: true, ..Settings::default() });
    let token = federated_token(&running, CLOUD_PLATFORM);
    let lasting =
        |lifetime: &str| impersonate(&running, &token, &json!({ "scope": [STORAGE], "lifetime": lifetime }));

    assert_eq!(lasting("43200s").status, 200);
    let message = "can not have lifetimes of more than 12 hours.";
    assert_error(&lasting("43201s"), 400, "INVALID_ARGUMENT", message);
}

#[test]
fn other_service_accounts_are_denied() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    let body = json!({ "scope": [STORAGE] });

    let answer = impersonate_account(&running, "other@sanskey-demo.iam.gserviceaccount.com", &token, &body);

    let message = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).";
    assert_error(&answer, 403, "PERMISSION_DENIED", message);
    let detail = &answer.json()["error"]["details"][0];
    assert_eq!(detail["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
    assert_eq!(detail["reason"], "IAM_PERMISSION_DENIED");
    assert_eq!(detail["domain"], "iam.googleapis.com");
    assert_eq!(detail["metadata"]["permission"], "iam.serviceAccounts.getAccessToken");

    let delegates = json!({ "scope": [STORAGE], "delegates": ["projects/-/serviceAccounts/other@sanskey-demo.iam.gserviceaccount.com"] });
    assert_error(&impersonate(&running, &token, &delegates), 403, "PERMISSION_DENIED", message);
}

#[test]
fn only_federated_tokens_of_this_emulator_may_call() {
    let running = start(Settings::default());
    let body = json!({ "scope": [STORAGE] });
    let elsewhere = federated_token(&start(Settings::default()), CLOUD_PLATFORM);
    let own = impersonate(&running, &federated_token(&running, CLOUD_PLATFORM), &body).json();
    let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other \
                   valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";

    for token in ["", "nonsense", &elsewhere, own["accessToken"].as_str().unwrap()] {
        assert_error(&impersonate(&running, token, &body), 401, "UNAUTHENTICATED", message);
    }

    let url = format!(
        "{}/v1/projects/-/serviceAccounts/{}:generateAccessToken",
        running.url,
        running.settings().service_account
    );
    let answer = send("POST", &url, &[], &body.to_string());
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["error"]["details"][0]["reason"], "CREDENTIALS_MISSING");
}

#[test]
fn the_federated_token_must_have_a_scope_for_it() {
    let running = start(Settings::default());
    let body = json!({ "scope": [STORAGE] });

    let answer = impersonate(&running, &federated_token(&running, STORAGE), &body);
    assert_error(&answer, 403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.");
    assert_eq!(answer.json()["error"]["details"][0]["reason"], "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    let iam = federated_token(&running, &format!("{STORAGE} https://www.googleapis.com/auth/iam"));
    assert_eq!(impersonate(&running, &iam, &body).status, 200);
}
