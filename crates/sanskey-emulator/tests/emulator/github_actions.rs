//! GitHub Actions: a job's tokens, refusals, and what Google makes of the tokens.

use crate::support::{Answer, CLOUD_PLATFORM, encoded, exchange_fields, get, post_form, send, start};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use sanskey_emulator::{Emulator, GithubActions, Running, Settings};
use serde_json::Value;

const ISSUER: &str = "https://token.actions.githubusercontent.com";

fn job(github_actions: GithubActions) -> Settings {
    Settings { github_actions, oidc_issuer: Some(ISSUER.to_owned()), ..Settings::default() }
}

/// What GitHub sets as `ACTIONS_ID_TOKEN_REQUEST_URL`.
fn url(running: &Running) -> String {
    format!("{}{}?api-version=2.0", running.url, running.settings().github_actions.request_path)
}

fn ask(running: &Running, more: &str) -> Answer {
    let bearer = format!("bearer {}", running.settings().github_actions.request_token);
    get(&format!("{}{more}", url(running)), &[("authorization", &bearer)])
}

fn token(running: &Running, audience: &str) -> String {
    let answer = ask(running, &format!("&audience={}", encoded(audience)));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["value"].as_str().unwrap().to_owned()
}

/// The claims, verified with the key that the issuer publishes.
fn verified(running: &Running, token: &str) -> Value {
    let keys = get(&format!("{}/.well-known/jwks", running.url), &[]).json();
    let keys: JwkSet = serde_json::from_value(keys).unwrap();
    let id = jsonwebtoken::decode_header(token).unwrap().kid.expect("the header names a key");
    let key = DecodingKey::from_jwk(keys.find(&id).expect("the key is published")).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_aud = false;
    validation.set_issuer(&[ISSUER]);
    jsonwebtoken::decode(token, &key, &validation).expect("the signature is right").claims
}

fn at_google(running: &Running, token: &str) -> Answer {
    let mut fields = exchange_fields(&running.settings().oidc_audience, CLOUD_PLATFORM, token);
    fields.retain(|(name, _)| *name != "subject_token_type");
    fields.push(("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"));
    post_form(running, &fields)
}

#[test]
fn a_job_gets_a_token_that_says_what_it_is() {
    let running = start(job(GithubActions::default()));
    let answer = ask(&running, "&audience=api%3A%2F%2Fown");
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    let value = body["value"].as_str().unwrap();
    assert_eq!(body["count"].as_u64().unwrap(), value.len() as u64);

    let claims = verified(&running, value);
    for (name, value) in [
        ("aud", "api://own"),
        ("sub", "repo:sanskey-org/sanskey-app:ref:refs/heads/main"),
        ("repository", "sanskey-org/sanskey-app"),
        ("repository_owner", "sanskey-org"),
        ("ref", "refs/heads/main"),
        ("ref_type", "branch"),
        ("job_workflow_ref", "sanskey-org/sanskey-app/.github/workflows/deploy.yml@refs/heads/main"),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    let [nbf, iat, exp] = ["nbf", "iat", "exp"].map(|name| claims[name].as_i64().unwrap());
    assert_eq!((iat - nbf, exp - iat), (600, 300));
    assert_ne!(claims["jti"], verified(&running, &token(&running, "a"))["jti"]);
    for query in ["", "&audience="] {
        let answer = ask(&running, query).json();
        let claims = verified(&running, answer["value"].as_str().unwrap());
        assert_eq!(claims["aud"], "https://github.com/sanskey-org", "the owner's page is the usual audience");
    }
}

#[test]
fn a_tag_or_an_environment_changes_the_subject() {
    let tag = GithubActions { git_ref: "refs/tags/v1".to_owned(), ..GithubActions::default() };
    let running = start(job(tag.clone()));
    let claims = verified(&running, &token(&running, "a"));
    assert_eq!(
        (claims["sub"].as_str(), claims["ref_type"].as_str()),
        (Some("repo:sanskey-org/sanskey-app:ref:refs/tags/v1"), Some("tag"))
    );

    let running = start(job(GithubActions { environment: Some("prod".to_owned()), ..tag }));
    let claims = verified(&running, &token(&running, "a"));
    assert_eq!(claims["sub"], "repo:sanskey-org/sanskey-app:environment:prod");
    assert_eq!(claims["environment"], "prod");
}

#[test]
fn a_job_needs_its_token_its_permission_and_the_whole_url() {
    let running =
        start(job(GithubActions { request_token: "of-the-job".to_owned(), ..GithubActions::default() }));
    let with = |headers: &[(&str, &str)]| get(&url(&running), headers).status;

    assert_eq!(with(&[]), 401);
    assert_eq!(with(&[("authorization", "Bearer other")]), 401);
    assert_eq!(with(&[("authorization", "of-the-job")]), 401);
    assert_eq!(
        [with(&[("authorization", "Bearer of-the-job")]), with(&[("authorization", "bearer of-the-job")])],
        [200, 200]
    );
    let bare = url(&running).replace("?api-version=2.0", "?audience=a");
    assert_eq!(get(&bare, &[("authorization", "bearer of-the-job")]).status, 400);
    assert_eq!(send("POST", &url(&running), &[("authorization", "bearer of-the-job")], "").status, 405);

    let running = start(job(GithubActions { may_ask: false, ..GithubActions::default() }));
    let refused = ask(&running, "&audience=a");
    assert_eq!(refused.status, 403);
    assert!(refused.json()["message"].as_str().unwrap().contains("permission"), "{}", refused.body);
}

#[test]
fn google_takes_a_jobs_token_for_its_subject() {
    let running = start(job(GithubActions::default()));
    let audience = format!("https:{}", running.settings().oidc_audience);
    let taken = at_google(&running, &token(&running, &audience));

    assert_eq!(taken.status, 200, "{}", taken.body);
    assert!((290..=300).contains(&taken.json()["expires_in"].as_i64().unwrap()), "{}", taken.body);
    let bearer = format!("Bearer {}", taken.json()["access_token"].as_str().unwrap());
    let whoami = get(&format!("{}/emulator/whoami", running.url), &[("authorization", &bearer)]).json();
    let subject = whoami["subject"].as_str().unwrap();
    assert!(subject.ends_with("/subject/repo:sanskey-org/sanskey-app:ref:refs/heads/main"), "{subject}");

    let refused = at_google(&running, &token(&running, "other"));
    assert_eq!((refused.status, refused.header("x-emulator-rule")), (400, "O6"));
    let stranger = start(job(GithubActions::default()));
    let refused = at_google(&running, &token(&stranger, &audience));
    assert_eq!((refused.status, refused.header("x-emulator-rule")), (400, "O4"));
}

#[test]
fn an_issuer_that_nobody_plays_cannot_be_asked_for_its_keys() {
    let elsewhere = "https://issuer.example".to_owned();
    let running = start(Settings { oidc_issuer: Some(elsewhere), ..Settings::default() });
    let pods = crate::sts::pod_token(
        &running,
        &format!("iss=https://issuer.example&aud={}", encoded(&running.settings().oidc_audience)),
    );
    let refused = at_google(&running, &pods);

    assert_eq!((refused.status, refused.header("x-emulator-rule")), (400, "O1"), "{}", refused.body);
    assert_eq!(refused.json()["error_description"], "Error connecting to the given credential's issuer.");
}

#[test]
fn the_issuer_publishes_itself_under_its_own_name() {
    let running = start(Settings::default());
    let url = format!("{}/.well-known/openid-configuration", running.url);
    let configuration = get(&url, &[("host", "token.actions.githubusercontent.com")]).json();

    assert_eq!(configuration["issuer"], ISSUER);
    assert_eq!(configuration["jwks_uri"], format!("{ISSUER}/.well-known/jwks"));
    assert_eq!(get(&url, &[]).json()["issuer"], running.settings().outbound_issuer);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let default = GithubActions::default;
    for one in [
        GithubActions { repository: "name".to_owned(), ..default() },
        GithubActions { repository: "/name".to_owned(), ..default() },
        GithubActions { request_path: "idtoken".to_owned(), ..default() },
        GithubActions { request_path: "/idtoken?a=b".to_owned(), ..default() },
        GithubActions { request_path: "/emulator/idtoken".to_owned(), ..default() },
        GithubActions { request_token: String::new(), ..default() },
        GithubActions { issuer: "http://issuer.example".to_owned(), ..default() },
    ] {
        assert!(Emulator::start(job(one.clone())).is_err(), "{one:?}");
    }
}
