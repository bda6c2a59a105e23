//! ID tokens and signatures of the service account, and the keys that verify them.

use crate::support::{
    Answer, CLOUD_PLATFORM, STORAGE, call_account, federated_token, get, impersonate, start,
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use sanskey_emulator::{Running, Settings};
use serde_json::{Value, json};
use time::OffsetDateTime;
use x509_parser::pem::parse_x509_pem;

const AUDIENCE: &str = "https://service.example.com";

fn call(running: &Running, method: &str, token: &str, body: &Value) -> Answer {
    call_account(running, &running.settings().service_account, method, token, body)
}

#[track_caller]
fn assert_error(answer: &Answer, code: u16, status: &str, message: &str) {
    let error = &answer.json()["error"];
    assert_eq!(error["message"], message);
    assert_eq!((error["status"].as_str(), answer.status), (Some(status), code));
}

#[track_caller]
fn text(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", answer.body)).to_owned()
}

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// The claims of a token that the key of its name, among those of a path, has signed.
fn verified(running: &Running, token: &str, path: &str) -> Value {
    let set: JwkSet = serde_json::from_str(&get(&format!("{}{path}", running.url), &[]).body).unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::RS256, Some("JWT")));
    let key = DecodingKey::from_jwk(set.find(&header.kid.unwrap()).expect("the key is published")).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode(token, &key, &validation).expect("the signature is the key's").claims
}

fn jwks_of_account(running: &Running) -> String {
    format!("/service_accounts/v1/jwk/{}", running.settings().service_account)
}

#[test]
fn an_id_token_says_who_the_account_is() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    let before = now();

    let answer =
        call(&running, "generateIdToken", &token, &json!({ "audience": AUDIENCE, "includeEmail": true }));

    let claims = verified(&running, &text(&answer, "token"), "/oauth2/v3/certs");
    let issued = claims["iat"].as_i64().unwrap();
    assert!((before..=now()).contains(&issued));
    let id = "109876543210987654321";
    let expected = json!({
        "aud": AUDIENCE,
        "azp": id,
        "email": running.settings().service_account,
        "email_verified": true,
        "exp": issued + 3600,
        "iat": issued,
        "iss": "https://accounts.google.com",
        "sub": id,
    });
    assert_eq!(claims, expected);
}

#[test]
fn an_id_token_has_the_address_and_the_organization_only_if_asked() {
    let running = start(Settings { service_account_id: "1234".to_owned(), ..Settings::default() });
    let token = federated_token(&running, CLOUD_PLATFORM);
    let claims = |body: &Value| {
        let answer = call(&running, "generateIdToken", &token, body);
        verified(&running, &text(&answer, "token"), "/oauth2/v3/certs")
    };

    for body in [json!({ "audience": AUDIENCE }), json!({ "audience": AUDIENCE, "includeEmail": false })] {
        let claims = claims(&body);
        assert_eq!((&claims["sub"], claims.get("email"), claims.get("google")), (&json!("1234"), None, None));
    }
    // As Google's clients write it.
    for yes in [json!(true), json!("true")] {
        let body = json!({ "audience": AUDIENCE, "includeEmail": yes, "useEmailAzp": yes });
        let (claims, account) = (claims(&body), &running.settings().service_account);
        assert_eq!(
            (&claims["azp"], &claims["email"], &claims["sub"]),
            (&json!(account), &json!(account), &json!("1234"))
        );
    }
    let off = claims(&json!({ "audience": AUDIENCE, "includeEmail": "false", "useEmailAzp": false }));
    assert_eq!((&off["azp"], off.get("email")), (&json!("1234"), None));
    let organization = claims(&json!({ "audience": AUDIENCE, "organizationNumberIncluded": true }));
    assert_eq!(organization["google"], json!({ "organization_number": null }));
}

#[test]
fn a_blob_is_signed_by_the_key_of_the_account() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    let set = get(&format!("{}{}", running.url, jwks_of_account(&running)), &[]).json();
    let key = DecodingKey::from_rsa_components(
        set["keys"][0]["n"].as_str().unwrap(),
        set["keys"][0]["e"].as_str().unwrap(),
    )
    .unwrap();

    // Both alphabets of base64, with padding and without.
    let payload = b"\xfb\xff\x00a";
    for encoded in [STANDARD.encode(payload), URL_SAFE_NO_PAD.encode(payload)] {
        let answer = call(&running, "signBlob", &token, &json!({ "payload": encoded }));

        assert_eq!(text(&answer, "keyId"), set["keys"][0]["kid"].as_str().unwrap());
        let signature = STANDARD.decode(text(&answer, "signedBlob")).expect("the standard alphabet");
        let is_of = |message: &[u8]| {
            let signature = URL_SAFE_NO_PAD.encode(&signature);
            jsonwebtoken::crypto::verify(&signature, message, &key, Algorithm::RS256).unwrap()
        };
        assert!(is_of(payload));
        assert!(!is_of(b"another payload"));
    }
}

#[test]
fn a_jwt_is_signed_as_its_claims_are_written() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    let claims = "{\"sub\":  \"a\", \"number\": 1.0}";

    let answer = call(&running, "signJwt", &token, &json!({ "payload": claims }));

    let jwt = text(&answer, "signedJwt");
    assert_eq!(jsonwebtoken::decode_header(&jwt).unwrap().kid, Some(text(&answer, "keyId")));
    assert_eq!(verified(&running, &jwt, &jwks_of_account(&running)), json!({ "sub": "a", "number": 1.0 }));
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap();
    assert_eq!(payload, claims.as_bytes());
}

#[test]
fn a_jwt_ends_in_the_next_twelve_hours() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    let sign = |claims: &str| call(&running, "signJwt", &token, &json!({ "payload": claims }));
    let ending = |seconds: i64| sign(&json!({ "exp": now() + seconds }).to_string());

    assert_eq!(ending(60).status, 200);
    assert_eq!(ending(12 * 3600).status, 200);
    let message = "The exp claim is more than 12 hours in the future.";
    assert_error(&ending(12 * 3600 + 10), 400, "INVALID_ARGUMENT", message);
    assert_error(&ending(-10), 400, "INVALID_ARGUMENT", "The exp claim is in the past.");
    for text in ["{\"exp\":\"tomorrow\"}", "{\"exp\":1.5}", "{\"exp\":null}"] {
        assert_error(&sign(text), 400, "INVALID_ARGUMENT", "The exp claim is not an integer.");
    }
    for text in ["[]", "{", "\"a\""] {
        assert_error(&sign(text), 400, "INVALID_ARGUMENT", "Payload must be a valid JSON object.");
    }
}

#[test]
fn bodies_have_what_the_method_needs_and_nothing_else() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    let refusal = |method: &str, body: Value, message: &str| {
        assert_error(&call(&running, method, &token, &body), 400, "INVALID_ARGUMENT", message);
    };

    let missing = "Request contains an invalid argument.";
    for (method, field) in [("generateIdToken", "audience"), ("signBlob", "payload"), ("signJwt", "payload")]
    {
        refusal(method, json!({}), missing);
        refusal(method, json!({ field: null }), missing);
        refusal(method, json!({ field: "" }), missing);
        refusal(method, json!({ field: 5 }), &format!("Invalid value at '{field}' (TYPE_STRING)"));
        let unknown = "Invalid JSON payload received. Unknown name \"scope\": Cannot find field.";
        refusal(method, json!({ field: "e30=", "scope": [] }), unknown);
        refusal(method, json!([]), "Invalid JSON payload received.");
    }
    let yes = json!({ "audience": AUDIENCE, "includeEmail": "yes" });
    refusal("generateIdToken", yes, "Invalid value at 'includeEmail' (TYPE_BOOL)");
    refusal("signBlob", json!({ "payload": "a?" }), "Invalid value at 'payload' (TYPE_BYTES)");
}

/// A call of each method that has everything but, maybe, the permission.
const CALLS: [(&str, &str); 4] = [
    ("generateAccessToken", "{\"scope\":[\"https://www.googleapis.com/auth/cloud-platform\"]}"),
    ("generateIdToken", "{\"audience\":\"a\"}"),
    ("signBlob", "{\"payload\":\"YQ==\"}"),
    ("signJwt", "{\"payload\":\"{}\"}"),
];

/// The permissions that the calls were refused for.
fn missing_permissions(running: &Running, account: &str) -> Vec<String> {
    let token = federated_token(running, CLOUD_PLATFORM);
    let denied = CALLS.iter().filter_map(|(method, body)| {
        let body = serde_json::from_str(body).unwrap();
        let answer = call_account(running, account, method, &token, &body);
        let permission = answer.json()["error"]["details"][0]["metadata"]["permission"].clone();
        let permission = permission.as_str().map(str::to_owned)?;
        let message = format!("Permission '{permission}' denied on resource (or it may not exist).");
        assert_error(&answer, 403, "PERMISSION_DENIED", &message);
        Some(permission)
    });
    denied.collect()
}

#[test]
fn the_roles_say_what_is_allowed() {
    let denied = |workload_identity_user, token_creator| {
        let running = start(Settings { workload_identity_user, token_creator, ..Settings::default() });
        missing_permissions(&running, &running.settings().service_account)
    };
    let [access, id, blob, jwt] = ["getAccessToken", "getOpenIdToken", "signBlob", "signJwt"]
        .map(|name| format!("iam.serviceAccounts.{name}"));

    assert_eq!(denied(true, true), [""; 0]);
    assert_eq!(denied(true, false), [blob.clone(), jwt.clone()]);
    assert_eq!(denied(false, true), [""; 0], "this role has the other's permissions");
    assert_eq!(denied(false, false), [access, id, blob, jwt]);
}

#[test]
fn nothing_is_done_for_other_accounts_or_through_them() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);

    assert_eq!(missing_permissions(&running, "other@sanskey-demo.iam.gserviceaccount.com").len(), 4);
    for (method, body) in CALLS {
        let mut body: Value = serde_json::from_str(body).unwrap();
        body["delegates"] = json!([]);
        assert_eq!(call(&running, method, &token, &body).status, 200, "{method}");
        body["delegates"] = json!(["projects/-/serviceAccounts/other@sanskey-demo.iam.gserviceaccount.com"]);
        assert_eq!(call(&running, method, &token, &body).status, 403, "{method}");
    }
}

#[test]
fn the_caller_is_a_federated_identity_with_a_scope_for_it() {
    let running = start(Settings::default());
    let narrow = federated_token(&running, STORAGE);
    let federated = federated_token(&running, CLOUD_PLATFORM);
    let own = impersonate(&running, &federated, &json!({ "scope": [CLOUD_PLATFORM] }));
    for (method, body) in CALLS {
        let body = serde_json::from_str(body).unwrap();
        let answer = call(&running, method, &narrow, &body);
        assert_error(&answer, 403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.");
        let name = method[..1].to_uppercase() + &method[1..];
        let metadata = &answer.json()["error"]["details"][0]["metadata"];
        assert_eq!(metadata["method"], format!("google.iam.credentials.v1.IAMCredentials.{name}"));

        for token in ["", "nonsense", &text(&own, "accessToken")] {
            assert_eq!(call(&running, method, token, &body).status, 401, "{method} with {token}");
        }
    }
    let other = call(&running, "signSomething", &federated, &json!({}));
    assert_eq!(other.status, 404);
}

#[test]
fn every_key_is_published_as_a_certificate_too() {
    let running = start(Settings::default());
    let account = running.settings().service_account.clone();
    let body = |path: &str| get(&format!("{}{path}", running.url), &[]).json();
    let of_account = format!("/service_accounts/v1/metadata/x509/{account}");

    for (jwks, certificates, name) in [
        ("/oauth2/v3/certs", "/oauth2/v1/certs", "CN=federated-signon.system.gserviceaccount.com"),
        (jwks_of_account(&running).as_str(), of_account.as_str(), "CN=109876543210987654321"),
    ] {
        let (jwks, certificates) = (body(jwks), body(certificates));
        let key = &jwks["keys"][0];
        assert_eq!((&key["kty"], &key["alg"], &key["use"]), (&json!("RSA"), &json!("RS256"), &json!("sig")));
        let pem = certificates[key["kid"].as_str().unwrap()].as_str().expect("under the same name");
        let (_, pem) = parse_x509_pem(pem.as_bytes()).unwrap();
        let certificate = pem.parse_x509().unwrap();
        let modulus = match certificate.public_key().parsed().unwrap() {
            x509_parser::public_key::PublicKey::RSA(key) => key.modulus.to_vec(),
            _ => panic!("not an RSA key"),
        };
        assert_eq!(
            modulus.strip_prefix(&[0]).unwrap(),
            URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap()
        );
        assert_eq!(certificate.subject().to_string(), name);
        assert!(certificate.validity().is_valid());
    }
    assert_ne!(body("/oauth2/v3/certs"), body(&jwks_of_account(&running)));
    let documented = format!("/service_accounts/v1/metadata/jwk/{}", account.replace('@', "%40"));
    assert_eq!(body(&documented), body(&jwks_of_account(&running)));
    assert_eq!(get(&format!("{}/service_accounts/v1/jwk/other@example.com", running.url), &[]).status, 404);
}
