//! The whole way of an EC2 workload, and what the emulator tells about it afterwards.

use crate::support::{CLOUD_PLATFORM, STORAGE, Signing, exchange, get, impersonate, send, start};
use sanskey_emulator::{AwsKey, RequestRecord, Settings};
use serde_json::{Value, json};

const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";

#[test]
fn an_ec2_workload_gets_a_service_account_token_from_the_configuration_alone() {
    let running = start(Settings::default());
    let config: Value = serde_json::from_str(&running.credential_config()).unwrap();
    let source = &config["credential_source"];
    let url = |value: &Value| value.as_str().unwrap().to_owned();

    let session = send("PUT", &url(&source["imdsv2_session_token_url"]), &[(TTL, "300")], "").body;
    let header = [("x-aws-ec2-metadata-token", session.as_str())];
    let zone = get(&url(&source["region_url"]), &header).body;
    assert_eq!(zone, "us-east-1a");
    let role = get(&url(&source["url"]), &header).body;
    let credentials = get(&format!("{}/{role}", url(&source["url"])), &header).json();
    let key = AwsKey {
        access_key_id: url(&credentials["AccessKeyId"]),
        secret_access_key: url(&credentials["SecretAccessKey"]),
        session_token: Some(url(&credentials["Token"])),
        ..running.issue_role_key()
    };
    let subject_token =
        Signing::honest(&key, config["audience"].as_str().unwrap()).envelope().subject_token();
    let federated = exchange(&running, &subject_token).json();
    assert_eq!(federated["token_type"], "Bearer");
    assert_eq!(federated["issued_token_type"], crate::support::ACCESS_TOKEN);
    assert_eq!(federated["expires_in"], 3600);
    let answer = impersonate(
        &running,
        federated["access_token"].as_str().unwrap(),
        &json!({ "scope": [STORAGE], "lifetime": "1800s" }),
    );

    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = answer.json();
    let expire_time = token["expireTime"].as_str().unwrap();
    assert!(expire_time.ends_with('Z') && expire_time.len() == 20, "{expire_time}");
    let bearer = format!("Bearer {}", token["accessToken"].as_str().unwrap());
    let whoami = get(&format!("{}/emulator/whoami", running.url), &[("authorization", &bearer)]).json();
    assert_eq!(whoami["kind"], "service_account");
    assert_eq!(whoami["email"], running.settings().service_account);
    assert_eq!(whoami["scopes"], json!([STORAGE]));
    let left = whoami["expires_in"].as_i64().unwrap();
    assert!((1700..=1800).contains(&left), "{left}");
}

#[test]
fn a_federated_token_belongs_to_the_principal_of_the_role_session() {
    let running = start(Settings::default());
    let token = crate::support::federated_token(&running, CLOUD_PLATFORM);

    let whoami =
        get(&format!("{}/emulator/whoami", running.url), &[("authorization", &format!("Bearer {token}"))]);

    let whoami = whoami.json();
    assert_eq!(whoami["kind"], "federated");
    assert_eq!(
        whoami["subject"],
        "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool\
         /subject/arn:aws:sts::123456789012:assumed-role/sanskey-demo-role/i-0123456789abcdef0"
    );
    assert_eq!(whoami["scopes"], json!([CLOUD_PLATFORM]));
}

#[test]
fn whoami_knows_no_other_tokens() {
    let running = start(Settings::default());
    let url = format!("{}/emulator/whoami", running.url);

    assert_eq!(get(&url, &[]).status, 401);
    assert_eq!(get(&url, &[("authorization", "Bearer emulator.federated.0000")]).status, 401);
}

#[test]
fn the_list_of_requests_is_in_order_and_holds_no_secret() {
    let running = start(Settings::default());
    let requests = format!("{}/emulator/requests", running.url);
    let token = crate::support::federated_token(&running, CLOUD_PLATFORM);
    impersonate(&running, &token, &json!({ "scope": [STORAGE] }));
    get(&format!("{}/nowhere?secret={token}", running.url), &[]);

    let listed = get(&requests, &[]);

    assert_eq!(
        listed.json(),
        json!([
            { "method": "POST", "path": "/v1/token", "status": 200 },
            {
                "method": "POST",
                "path": "/v1/projects/-/serviceAccounts/sanskey-demo@sanskey-demo.iam.gserviceaccount.com:generateAccessToken",
                "status": 200,
            },
            { "method": "GET", "path": "/nowhere", "status": 404 },
        ])
    );
    assert!(!listed.body.contains(&token));
    let last =
        RequestRecord { method: "GET".to_owned(), path: "/nowhere".to_owned(), action: None, status: 404 };
    assert_eq!(running.requests().last(), Some(&last));

    assert_eq!(send("DELETE", &requests, &[], "").status, 204);
    assert_eq!(get(&requests, &[]).json(), json!([]));
}

#[test]
fn a_configuration_without_impersonation_has_no_impersonation_url() {
    let running = start(Settings::default());
    let with: Value = serde_json::from_str(&running.credential_config()).unwrap();
    let without: Value = serde_json::from_str(&running.credential_config_without_impersonation()).unwrap();

    let mut expected = with.clone();
    expected
        .as_object_mut()
        .unwrap()
        .remove("service_account_impersonation_url")
        .expect("it is there with impersonation");
    assert_eq!(without, expected);
    assert_eq!(
        with["credential_source"]["regional_cred_verification_url"],
        "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
    );
}
