//! People of a workforce pool: the OAuth client that they come with, and what Google's Security Token Service does
//! for them besides exchanging tokens: introspection, refreshing, revocation.
//!
//! Sources: the reference of the STS methods `introspect` and `oauthtoken`; RFC 6749 (sections 2.3.1, 5 and 6),
//! RFC 7009 and RFC 7662, which they implement. Texts are inferred.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::Method;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    answers::{Answer, Request, not_found, oauth_error},
    google_sts::principal,
    random,
    settings::Settings,
    store::{GoogleToken, Store, TokenHolder},
};

const INTROSPECT: &str = "/v1/introspect";
const OAUTH_TOKEN: &str = "/v1/oauthtoken";
const REVOKE: &str = "/v1/revoke";

const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
const USER_PROJECT: &str = "sanskey-billing";
const LIFETIME: Duration = Duration::hours(1);

/// Whether a path is one of the three.
pub(crate) fn has_path(path: &str) -> bool {
    [INTROSPECT, OAUTH_TOKEN, REVOKE].contains(&path)
}

/// Answers a request to one of the three, which all demand the OAuth client.
pub(crate) fn answer(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Answer {
    if request.method != Method::POST {
        return not_found();
    }
    match is_authenticated(request, settings) {
        Ok(true) => {}
        Ok(false) => return invalid_client(),
        Err(refusal) => return refusal,
    }
    let form: BTreeMap<String, String> = form_urlencoded::parse(&request.body).into_owned().collect();
    match request.path.as_str() {
        INTROSPECT => introspect(store, settings, &form, now),
        OAUTH_TOKEN => refresh(store, settings, &form, now),
        _ => revoke(store, &form),
    }
    .unwrap_or_else(|refusal| refusal)
}

/// Whether the OAuth client has authenticated itself by HTTP Basic. Another client, or a wrong secret, is refused.
pub(crate) fn is_authenticated(request: &Request, settings: &Settings) -> Result<bool, Answer> {
    if !request.headers.contains_key("authorization") {
        return Ok(false);
    }
    let given = request.header("authorization").and_then(|header| {
        let (scheme, credentials) = header.split_once(' ')?;
        let credentials =
            scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(credentials.trim()))?;
        String::from_utf8(credentials.ok()?).ok()
    });
    let expected = format!("{}:{}", settings.workforce_client_id, settings.workforce_client_secret);
    if given == Some(expected) { Ok(true) } else { Err(invalid_client()) }
}

/// RFC 6749, section 5.2: the only error with status 401.
fn invalid_client() -> Answer {
    let refusal = oauth_error("invalid_client", "The OAuth client was not found or its secret is wrong.");
    Answer { status: 401, ..refusal }.with_header("www-authenticate", "Basic realm=\"sts.googleapis.com\"")
}

fn parameter<'f>(form: &'f BTreeMap<String, String>, name: &str) -> Result<&'f str, Answer> {
    form.get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| oauth_error("invalid_request", &format!("Invalid value for \"{name}\".")))
}

/// RFC 7662. Tokens of service accounts are none of this service's, so that they are not active here.
fn introspect(
    store: &Store,
    settings: &Settings,
    form: &BTreeMap<String, String>,
    now: OffsetDateTime,
) -> Result<Answer, Answer> {
    let value = parameter(form, "token")?;
    if form.get("token_type_hint").is_some_and(|hint| hint != ACCESS_TOKEN) {
        return Err(oauth_error("unsupported_token_type", "Invalid value for \"token_type_hint\"."));
    }
    let found = store.google_token(value, now).and_then(|token| match &token.holder {
        TokenHolder::Federated(principal) => Some((token, principal)),
        TokenHolder::ServiceAccount(_) | TokenHolder::Person(_) => None,
    });
    let Some((token, principal)) = found else {
        return Ok(Answer::json(200, &json!({ "active": false })));
    };
    Ok(Answer::json(
        200,
        &json!({
            "active": true,
            "client_id": settings.workforce_client_id,
            "exp": token.expires_at.unix_timestamp(),
            "iss": "https://sts.googleapis.com/",
            "scope": token.scopes.join(" "),
            "sub": principal,
            "token_type": "Bearer",
            "username": principal,
        }),
    ))
}

/// RFC 6749, section 6. Every answer has a new refresh token, and the one that was sent is worth nothing from then on.
fn refresh(
    store: &mut Store,
    settings: &Settings,
    form: &BTreeMap<String, String>,
    now: OffsetDateTime,
) -> Result<Answer, Answer> {
    if parameter(form, "grant_type")? != "refresh_token" {
        return Err(oauth_error("unsupported_grant_type", "Invalid value for \"grant_type\"."));
    }
    if !store.refresh_tokens.remove(parameter(form, "refresh_token")?) {
        return Err(oauth_error("invalid_grant", "The refresh token is invalid, expired or revoked."));
    }
    let scope = form.get("scope").filter(|scope| !scope.is_empty()).map_or(CLOUD_PLATFORM, String::as_str);
    let token = store.issue_google_token(GoogleToken {
        holder: TokenHolder::Federated(principal(&settings.workforce_audience, &settings.workforce_subject)),
        scopes: scope.split_ascii_whitespace().map(str::to_owned).collect(),
        expires_at: now + LIFETIME,
        bound_to: None,
        actor: None,
        boundary: None,
    });
    Ok(Answer::json(
        200,
        &json!({
            "access_token": token,
            "expires_in": LIFETIME.whole_seconds(),
            "token_type": "Bearer",
            "refresh_token": issue_refresh_token(store),
            "scope": scope,
        }),
    ))
}

/// RFC 7009, section 2.2: a token that is not there is revoked already.
fn revoke(store: &mut Store, form: &BTreeMap<String, String>) -> Result<Answer, Answer> {
    let token = parameter(form, "token")?;
    if form.get("token_type_hint").is_some_and(|hint| hint != "refresh_token") {
        return Err(oauth_error("unsupported_token_type", "Invalid value for \"token_type_hint\"."));
    }
    store.refresh_tokens.remove(token);
    Ok(Answer::json(200, &json!({})))
}

fn issue_refresh_token(store: &mut Store) -> String {
    let token = format!("emulator.refresh.{}", random::hex(32));
    store.refresh_tokens.insert(token.clone());
    token
}

/// A configuration whose proof is the token of a person, behind a URL of the emulator's, and that names the project
/// that is billed.
pub(crate) fn config(url: &str, settings: &Settings) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("sub", &settings.workforce_subject)
        .append_pair("aud", &settings.workforce_oidc_client)
        .finish();
    pretty(&json!({
        "universe_domain": "googleapis.com",
        "type": "external_account",
        "audience": settings.workforce_audience,
        "subject_token_type": ID_TOKEN,
        "token_url": format!("{url}/v1/token"),
        "credential_source": { "url": format!("{url}/emulator/web-identity-token?{query}") },
        "workforce_pool_user_project": USER_PROJECT,
        "token_info_url": format!("{url}{INTROSPECT}"),
    }))
}

/// What `gcloud auth application-default login` writes for a person of a workforce pool, with a fresh refresh token.
pub(crate) fn authorized_user_config(url: &str, settings: &Settings, store: &mut Store) -> String {
    pretty(&json!({
        "universe_domain": "googleapis.com",
        "type": "external_account_authorized_user",
        "audience": settings.workforce_audience,
        "refresh_token": issue_refresh_token(store),
        "token_url": format!("{url}{OAUTH_TOKEN}"),
        "token_info_url": format!("{url}{INTROSPECT}"),
        "revoke_url": format!("{url}{REVOKE}"),
        "client_id": settings.workforce_client_id,
        "client_secret": settings.workforce_client_secret,
        "quota_project_id": USER_PROJECT,
    }))
}

fn pretty(config: &serde_json::Value) -> String {
    format!("{config:#}")
}
