//! People of a workforce pool, actors, and options of the exchange.

use crate::support::{
    Answer, CLOUD_PLATFORM, encoded, exchange_fields, get, honest_envelope, impersonate, post_form, send,
    start,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sanskey_emulator::{Running, Settings};
use serde_json::{Value, json};

const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const PROJECT: &str = "{\"userProject\":\"sanskey-billing\"}";
const PERSON: &str = "principal://iam.googleapis.com/locations/global/workforcePools/sanskey-workforce/subject/ana@example.com";

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn client() -> String {
    let settings = Settings::default();
    basic(&settings.workforce_client_id, &settings.workforce_client_secret)
}

fn id_token(running: &Running, audience: &str) -> String {
    let query = format!("?sub=ana%40example.com&aud={}", encoded(audience));
    get(&format!("{}/emulator/web-identity-token{query}", running.url), &[]).body
}

fn post(running: &Running, path: &str, authorization: Option<&str>, fields: &[(&str, &str)]) -> Answer {
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let mut headers = vec![FORM];
    headers.extend(authorization.map(|value| ("authorization", value)));
    send("POST", &format!("{}{path}", running.url), &headers, &body.join("&"))
}

fn exchange(running: &Running, authorization: Option<&str>, options: Option<&str>) -> Answer {
    let settings = running.settings();
    let token = id_token(running, &settings.workforce_oidc_client);
    let mut fields = exchange_fields(&settings.workforce_audience, CLOUD_PLATFORM, &token);
    fields.retain(|(name, _)| *name != "subject_token_type");
    fields.push(("subject_token_type", ID_TOKEN));
    fields.extend(options.map(|text| ("options", text)));
    post(running, "/v1/token", authorization, &fields)
}

fn text(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", answer.body)).to_owned()
}

#[track_caller]
fn assert_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, &answer.json()["error"]), (status, &json!(error)), "{}", answer.body);
}

fn whoami(running: &Running, token: &str) -> Value {
    let bearer = format!("Bearer {token}");
    get(&format!("{}/emulator/whoami", running.url), &[("authorization", &bearer)]).json()
}

#[test]
fn a_project_or_a_client_is_needed() {
    let running = start(Settings::default());

    for answer in [
        exchange(&running, None, Some(PROJECT)),
        exchange(&running, Some(&client()), None),
        exchange(&running, Some(&client()), Some(PROJECT)),
        // As Google's Python client writes it.
        exchange(&running, None, Some(&encoded(PROJECT))),
    ] {
        let token = text(&answer, "access_token");
        assert_eq!(whoami(&running, &token)["subject"], PERSON);
        assert_eq!(answer.header("x-emulator-warning"), "");
        let account = impersonate(&running, &token, &json!({ "scope": [CLOUD_PLATFORM] }));
        assert_eq!(account.status, 200, "{}", account.body);
    }
    assert_error(&exchange(&running, None, None), 400, "invalid_request");
    assert_error(&exchange(&running, None, Some("{}")), 400, "invalid_request");
}

#[test]
fn another_client_or_another_secret_is_refused() {
    let running = start(Settings::default());
    for authorization in [basic("sanskey-client", "guess"), basic("other", "x"), "Bearer a".to_owned()] {
        let answer = exchange(&running, Some(&authorization), Some(PROJECT));
        assert_error(&answer, 401, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"sts.googleapis.com\"");
    }
}

#[test]
fn options_are_json_with_a_project_of_32_characters_at_most() {
    let running = start(Settings::default());
    let project = |length: usize| json!({ "userProject": "p".repeat(length) }).to_string();

    assert_eq!(exchange(&running, None, Some(&project(32))).status, 200);
    for options in
        [project(33), project(0), "{".to_owned(), "[1]".to_owned(), "{\"userProject\":1}".to_owned()]
    {
        assert_error(&exchange(&running, None, Some(&options)), 400, "invalid_request");
    }
}

#[test]
fn introspection_tells_about_federated_tokens() {
    let running = start(Settings::default());
    let token = text(&exchange(&running, None, Some(PROJECT)), "access_token");
    let of_account = impersonate(&running, &token, &json!({ "scope": [CLOUD_PLATFORM] })).json();
    let ask = |token: &str| post(&running, "/v1/introspect", Some(&client()), &[("token", token)]);

    let answer = ask(&token).json();
    assert_eq!(answer["active"], true);
    assert_eq!(answer["username"], PERSON);
    assert_eq!(answer["scope"], CLOUD_PLATFORM);
    assert_eq!(ask("guess").json(), json!({ "active": false }));
    assert_eq!(ask(of_account["accessToken"].as_str().unwrap()).json(), json!({ "active": false }));
    let workload = crate::support::federated_token(&running, CLOUD_PLATFORM);
    assert_eq!(ask(&workload).json()["active"], true);

    assert_error(&post(&running, "/v1/introspect", None, &[("token", &token)]), 401, "invalid_client");
    assert_error(&post(&running, "/v1/introspect", Some(&client()), &[]), 400, "invalid_request");
    let hint =
        [("token", token.as_str()), ("token_type_hint", "urn:ietf:params:oauth:token-type:access_token")];
    assert_eq!(post(&running, "/v1/introspect", Some(&client()), &hint).json()["active"], true);
}

fn refresh(running: &Running, token: &str) -> Answer {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    post(running, "/v1/oauthtoken", Some(&client()), &fields)
}

#[test]
fn a_refresh_token_is_good_for_one_time_and_gives_the_next() {
    let running = start(Settings::default());
    let config: Value = serde_json::from_str(&running.authorized_user_config()).unwrap();
    let first = config["refresh_token"].as_str().unwrap();
    assert_eq!(config["type"], "external_account_authorized_user");
    assert_eq!(config["token_url"], format!("{}/v1/oauthtoken", running.url));

    let answer = refresh(&running, first);
    assert_eq!(answer.json()["expires_in"], 3600);
    assert_eq!(answer.json()["token_type"], "Bearer");
    assert_eq!(whoami(&running, &text(&answer, "access_token"))["subject"], PERSON);
    assert_error(&refresh(&running, first), 400, "invalid_grant");
    let second = text(&answer, "refresh_token");
    assert_eq!(refresh(&running, &second).status, 200);

    assert_error(&refresh(&running, "guess"), 400, "invalid_grant");
    let code = [("grant_type", "authorization_code"), ("code", "a")];
    assert_error(&post(&running, "/v1/oauthtoken", Some(&client()), &code), 400, "unsupported_grant_type");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", second.as_str())];
    assert_error(&post(&running, "/v1/oauthtoken", None, &fields), 401, "invalid_client");
}

#[test]
fn a_revoked_refresh_token_is_worth_nothing() {
    let running = start(Settings::default());
    let config: Value = serde_json::from_str(&running.authorized_user_config()).unwrap();
    let token = config["refresh_token"].as_str().unwrap();
    let fields = [("token", token), ("token_type_hint", "refresh_token")];

    assert_error(&post(&running, "/v1/revoke", None, &fields), 401, "invalid_client");
    for _ in 0..2 {
        assert_eq!(
            post(&running, "/v1/revoke", Some(&client()), &fields).status,
            200,
            "RFC 7009 section 2.2"
        );
    }
    assert_error(&refresh(&running, token), 400, "invalid_grant");
}

#[test]
fn an_actor_is_verified_as_the_subject_is() {
    let lenient = start(Settings::default());
    let strict = start(Settings { demand_actor: true, ..Settings::default() });
    let with = |running: &Running, more: &[(&str, &str)]| {
        let token = honest_envelope(running).subject_token();
        let mut fields = exchange_fields(&running.settings().audience, CLOUD_PLATFORM, &token);
        fields.extend(more);
        post_form(running, &fields)
    };
    let actor = |running: &Running| id_token(running, &format!("https:{}", running.settings().audience));

    assert_eq!(with(&lenient, &[]).status, 200);
    assert_error(&with(&strict, &[]), 400, "invalid_request");
    for running in [&lenient, &strict] {
        let token = actor(running);
        let pair = [("actor_token", token.as_str()), ("actor_token_type", ID_TOKEN)];
        let answer = with(running, &pair);
        assert_eq!(whoami(running, &text(&answer, "access_token"))["actor"], "ana@example.com");
        assert_error(&with(running, &pair[..1]), 400, "invalid_request");
        assert_error(&with(running, &pair[1..]), 400, "invalid_request");
        let saml = [pair[0], ("actor_token_type", "urn:ietf:params:oauth:token-type:saml2")];
        assert_error(&with(running, &saml), 400, "invalid_request");
        let foreign = id_token(running, "somebody else");
        let answer = with(running, &[("actor_token", &foreign), pair[1]]);
        assert_error(&answer, 400, "invalid_grant");
        assert_eq!(answer.header("x-emulator-rule"), "O6");
    }
}

#[test]
fn actors_and_options_come_in_json_too() {
    let running = start(Settings { demand_actor: true, ..Settings::default() });
    let settings = running.settings();
    let body = json!({
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
        "audience": settings.workforce_audience,
        "scope": CLOUD_PLATFORM,
        "requestedTokenType": crate::support::ACCESS_TOKEN,
        "subjectToken": id_token(&running, &settings.workforce_oidc_client),
        "subjectTokenType": ID_TOKEN,
        "actorToken": id_token(&running, &settings.workforce_audience),
        "actorTokenType": ID_TOKEN,
        "options": PROJECT,
    });
    let url = format!("{}/v1/token", running.url);
    let send = |body: &Value| send("POST", &url, &[("content-type", "application/json")], &body.to_string());
    let answer = send(&body);
    assert_eq!(whoami(&running, &text(&answer, "access_token"))["actor"], "ana@example.com");
    let mut without = body.clone();
    without.as_object_mut().unwrap().remove("options");
    assert_error(&send(&without), 400, "invalid_request");
}

#[test]
fn the_configuration_leads_to_a_person() {
    let running = start(Settings::default());
    let config: Value = serde_json::from_str(&running.workforce_config()).unwrap();
    let token = get(config["credential_source"]["url"].as_str().unwrap(), &[]).body;
    let mut fields = exchange_fields(config["audience"].as_str().unwrap(), CLOUD_PLATFORM, &token);
    fields.retain(|(name, _)| *name != "subject_token_type");
    let options = json!({ "userProject": config["workforce_pool_user_project"] }).to_string();
    fields.extend([
        ("subject_token_type", config["subject_token_type"].as_str().unwrap()),
        ("options", &options),
    ]);

    let answer = post_form(&running, &fields);

    assert_eq!(whoami(&running, &text(&answer, "access_token"))["subject"], PERSON);
    assert_eq!(config["token_info_url"], format!("{}/v1/introspect", running.url));
}
