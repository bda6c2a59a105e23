//! Tokens that can do less than the ones that they are made of.

use crate::support::{
    ACCESS_TOKEN, Answer, CLOUD_PLATFORM, STORAGE, boundary, call_account, downscoped, exchange_fields,
    federated_token, get, honest_envelope, impersonate, post_form, send, start,
};
use sanskey_emulator::{Running, Settings};
use serde_json::{Value, json};

fn whoami(running: &Running, answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let bearer = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
    get(&format!("{}/emulator/whoami", running.url), &[("authorization", &bearer)]).json()
}

#[track_caller]
fn assert_refused(answer: &Answer, error: &str) {
    assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(error)), "{}", answer.body);
}

fn viewer() -> Value {
    boundary("sanskey-demo-bucket", &["roles/storage.objectViewer"])
}

#[test]
fn a_token_becomes_a_weaker_one_of_the_same_holder() {
    let running = start(Settings::default());
    let federated = federated_token(&running, CLOUD_PLATFORM);
    let body = json!({ "scope": [STORAGE], "lifetime": "600s" });
    let account = impersonate(&running, &federated, &body).json()["accessToken"].as_str().unwrap().to_owned();

    for (token, kind, lasting, scope) in [
        (&federated, "federated", 3590..=3600, CLOUD_PLATFORM),
        (&account, "service_account", 595..=600, STORAGE),
    ] {
        let answer = downscoped(&running, token, &viewer());
        let body = answer.json();
        assert_eq!(body["issued_token_type"], ACCESS_TOKEN);
        assert_eq!(body["token_type"], "Bearer");
        assert!(lasting.contains(&body["expires_in"].as_i64().unwrap()), "{body}");
        let holder = whoami(&running, &answer);
        assert_eq!((&holder["kind"], &holder["scopes"]), (&json!(kind), &json!([scope])));
        assert_eq!(holder["access_boundary"], viewer());
    }
}

#[test]
fn a_weaker_token_becomes_no_service_account_and_no_other_token() {
    let running = start(Settings::default());
    let federated = federated_token(&running, CLOUD_PLATFORM);
    let answer = downscoped(&running, &federated, &viewer()).json();
    let token = answer["access_token"].as_str().unwrap();

    assert_eq!(impersonate(&running, token, &json!({ "scope": [STORAGE] })).status, 401);
    let account = &running.settings().service_account;
    let blob = json!({ "payload": "YQ==" });
    assert_eq!(call_account(&running, account, "signBlob", token, &blob).status, 401);
    assert_refused(&downscoped(&running, token, &viewer()), "invalid_grant");
}

#[test]
fn only_tokens_that_were_issued_here_and_are_good_become_weaker() {
    let running = start(Settings::default());
    let federated = federated_token(&running, CLOUD_PLATFORM);
    for token in ["", "nonsense", &federated_token(&start(Settings::default()), CLOUD_PLATFORM)] {
        assert_refused(&downscoped(&running, token, &viewer()), "invalid_grant");
    }
    assert_eq!(send("PUT", &format!("{}/emulator/clock", running.url), &[], "3601").status, 204);
    assert_refused(&downscoped(&running, &federated, &viewer()), "invalid_grant");
}

#[test]
fn the_boundary_has_to_be_one() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    let role = "roles/storage.objectViewer";
    let with = |condition: &str| {
        let mut boundary = viewer();
        boundary["accessBoundaryRules"][0]["availabilityCondition"] = json!({ "expression": condition });
        boundary
    };

    for wrong in [
        json!({}),
        json!([]),
        json!({ "accessBoundaryRules": [] }),
        json!({ "accessBoundaryRules": vec![viewer()["accessBoundaryRules"][0].clone(); 11] }),
        boundary("", &[role]),
        boundary("a/objects/b", &[role]),
        boundary("a", &[]),
        boundary("a", &["storage.objectViewer"]),
        with("resource.name == 'a'"),
        with(""),
        boundary(&"a".repeat(2048), &[role]),
    ] {
        let answer = downscoped(&running, &token, &wrong);
        assert_refused(&answer, "invalid_request");
        assert_ne!(answer.header("x-emulator-detail"), "", "{wrong}");
    }
    let start = "resource.name.startsWith('projects/_/buckets/sanskey-demo-bucket/objects/public/')";
    assert_eq!(downscoped(&running, &token, &with(start)).status, 200);
    assert_refused(&downscoped(&running, &token, &Value::Null), "invalid_request");
}

#[test]
fn every_parameter_has_to_be_right() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    let options = json!({ "accessBoundary": viewer() }).to_string();
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("requested_token_type", ACCESS_TOKEN),
        ("subject_token", token.as_str()),
        ("subject_token_type", ACCESS_TOKEN),
        ("options", options.as_str()),
    ];
    assert_eq!(post_form(&running, &fields).status, 200);
    for index in 0..fields.len() {
        let mut fields = fields.to_vec();
        let (name, _) = fields.remove(index);
        let error = if name == "grant_type" { "unsupported_grant_type" } else { "invalid_request" };
        assert_refused(&post_form(&running, &fields), error);
    }
    // As Google's Python client writes it; and a percent sign that is meant.
    let encoded = crate::support::encoded(&options);
    let mut percent = viewer();
    let condition = json!({ "expression": "resource.name.startsWith('a%20b')" });
    percent["accessBoundaryRules"][0]["availabilityCondition"] = condition;
    let percent = json!({ "accessBoundary": percent });
    for (options, expected) in [(&encoded, &viewer()), (&percent.to_string(), &percent["accessBoundary"])] {
        let mut fields = fields;
        fields[4] = ("options", options);
        let answer = post_form(&running, &fields);
        assert_eq!(whoami(&running, &answer)["access_boundary"], *expected);
    }
}

#[test]
fn a_federated_token_can_have_its_boundary_from_the_start() {
    let running = start(Settings::default());
    let settings = running.settings();
    let envelope = honest_envelope(&running).subject_token();
    let options = json!({ "accessBoundary": viewer() }).to_string();
    let mut fields = exchange_fields(&settings.audience, CLOUD_PLATFORM, &envelope);
    fields.push(("options", &options));

    assert_eq!(whoami(&running, &post_form(&running, &fields))["access_boundary"], viewer());
}

#[test]
fn tokens_of_workforce_pools_have_no_boundaries() {
    let running = start(Settings::default());
    let settings = running.settings();
    let query = format!("sub=ana%40example.com&aud={}", settings.workforce_oidc_client);
    let proof = get(&format!("{}/emulator/web-identity-token?{query}", running.url), &[]).body;
    let exchange = |options: &Value| {
        let options = options.to_string();
        let mut fields = exchange_fields(&settings.workforce_audience, CLOUD_PLATFORM, &proof);
        fields.retain(|(name, _)| *name != "subject_token_type");
        fields.push(("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"));
        fields.push(("options", &options));
        post_form(&running, &fields)
    };

    let person = exchange(&json!({ "userProject": "a" })).json();
    assert_refused(
        &downscoped(&running, person["access_token"].as_str().unwrap(), &viewer()),
        "invalid_grant",
    );
    let both = json!({ "userProject": "a", "accessBoundary": viewer() });
    assert_refused(&exchange(&both), "invalid_request");
}
