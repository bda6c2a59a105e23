//! Google's OAuth 2.0 token endpoint: `POST /token`, with a JWT that the service account has signed. Such a JWT can
//! claim that the account acts for a person, which is domain-wide delegation.
//!
//! Sources: RFC 7523, section 2.1, and <https://developers.google.com/identity/protocols/oauth2/service-account>,
//! "HTTP/REST" and "JWT error codes", which has the texts. "Inferred" is what is not there. The order of the checks
//! is inferred, too.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::{
    answers::{Answer, Request, not_found, oauth_error},
    settings::Settings,
    signing_keys::{self, Unverified},
    store::{GoogleToken, Store, TokenHolder},
};

pub(crate) const PATH: &str = "/token";

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const GOOGLE: &str = "https://oauth2.googleapis.com/token";
const HOUR: Duration = Duration::hours(1);
/// How far `iat` may be ahead. Google takes some minutes, and does not say how many.
const TOLERANCE: Duration = Duration::minutes(5);

/// Answers `/token`.
pub(crate) fn answer(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Answer {
    if request.method != Method::POST {
        return not_found();
    }
    grant(store, settings, request, now).unwrap_or_else(|refusal| refusal)
}

fn grant(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Result<Answer, Answer> {
    let form = form(request)?;
    let get = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    match get("grant_type") {
        Some(JWT_BEARER) => {}
        other => {
            let text = format!("Invalid grant_type: {}", other.unwrap_or_default());
            return Err(oauth_error("unsupported_grant_type", &text));
        }
    }
    // Inferred.
    let assertion =
        get("assertion").ok_or_else(|| oauth_error("invalid_request", "Missing parameter: assertion"))?;
    let claims = verified(store, settings, assertion)?;
    check_audience(&claims, request)?;
    check_times(&claims, now)?;
    let scopes = scopes(&claims)?;
    let holder = holder(&claims, &scopes, settings)?;

    let scope = scopes.join(" ");
    let expires_at = now + HOUR;
    let token = GoogleToken { holder, scopes, expires_at, bound_to: None, actor: None, boundary: None };
    Ok(Answer::json(
        200,
        &json!({
            "access_token": store.issue_google_token(token),
            "expires_in": HOUR.whole_seconds(),
            "scope": scope,
            "token_type": "Bearer",
        }),
    ))
}

/// The fields of the body. RFC 6749, section 3.2: none is there twice. The texts are inferred.
fn form(request: &Request) -> Result<BTreeMap<String, String>, Answer> {
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(oauth_error("invalid_request", "The content type is not that of a form."));
    }
    let mut form = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(&request.body).into_owned() {
        if form.insert(name, value).is_some() {
            return Err(oauth_error("invalid_request", "A parameter is given more than once."));
        }
    }
    Ok(form)
}

fn invalid_grant(description: &str, detail: &str) -> Answer {
    oauth_error("invalid_grant", description).with_header("x-emulator-detail", detail)
}

/// The claims of a JWT that the account named in it has signed.
fn verified(store: &Store, settings: &Settings, assertion: &str) -> Result<Value, Answer> {
    // Inferred.
    let malformed = || invalid_grant("Invalid JWT.", "the assertion has not the form of a JWT");
    let issuer = signing_keys::claims(assertion).ok_or_else(malformed)?;
    let issuer = issuer.get("iss").and_then(Value::as_str);
    // Google knows an account by either of its names.
    if ![&settings.service_account, &settings.service_account_id].iter().any(|name| issuer == Some(name)) {
        return Err(invalid_grant("Invalid grant: account not found", "iss is not the service account"));
    }
    // Google's own clients name no key where `signBlob` makes the signature.
    match signing_keys::verify_unnamed(assertion, store.signing_keys.of_service_account()) {
        Ok(claims) => Ok(claims),
        Err(Unverified::Malformed) => Err(malformed()),
        Err(Unverified::UnknownKey) => {
            Err(invalid_grant("Invalid JWT Signature.", "the account has no such key"))
        }
        Err(Unverified::WrongSignature) => {
            Err(invalid_grant("Invalid JWT Signature.", "the signature is not that of the key"))
        }
    }
}

/// `aud` is this endpoint: by Google's name, or by the one that the emulator has on loopback.
fn check_audience(claims: &Value, request: &Request) -> Result<(), Answer> {
    let host = request.header("host").filter(|host| {
        let name = host.rsplit_once(':').map_or(*host, |(name, _)| name);
        ["127.0.0.1", "localhost"].contains(&name)
    });
    let own = host.map(|host| ["http", "https"].map(|scheme| format!("{scheme}://{host}{PATH}")));
    let audience = claims.get("aud").and_then(Value::as_str);
    let is_own = own.is_some_and(|own| own.iter().any(|own| audience == Some(own)));
    if audience == Some(GOOGLE) || is_own {
        return Ok(());
    }
    Err(invalid_grant("Invalid JWT: Failed audience check.", "aud is not this endpoint"))
}

/// `iat` is not ahead, `exp` is, and an hour is the most between them.
fn check_times(claims: &Value, now: OffsetDateTime) -> Result<(), Answer> {
    let time = |name| {
        let seconds = claims.get(name)?.as_i64()?;
        OffsetDateTime::from_unix_timestamp(seconds).ok()
    };
    let problem = match (time("iat"), time("exp")) {
        (Some(issued), _) if issued > now + TOLERANCE => "iat is in the future",
        (_, Some(expiry)) if expiry <= now => "exp has passed",
        (Some(issued), Some(expiry)) if expiry - issued > HOUR => "exp is more than an hour after iat",
        (Some(_), Some(_)) => return Ok(()),
        (None, _) => "iat is missing, or no date",
        (_, None) => "exp is missing, or no date",
    };
    Err(invalid_grant(
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and \
         exp values in the JWT claim.",
        problem,
    ))
}

fn scopes(claims: &Value) -> Result<Vec<String>, Answer> {
    let scope = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
    let scopes: Vec<_> = scope.split_ascii_whitespace().map(str::to_owned).collect();
    if scopes.is_empty() {
        return Err(oauth_error("invalid_scope", "Empty or missing scope not allowed."));
    }
    Ok(scopes)
}

/// The person whom the account may act for with all of these scopes; or the account itself, if it names nobody.
fn holder(claims: &Value, scopes: &[String], settings: &Settings) -> Result<TokenHolder, Answer> {
    let person = match claims.get("sub").map(Value::as_str) {
        None => return Ok(TokenHolder::ServiceAccount(settings.service_account.clone())),
        Some(person) => person.unwrap_or_default(),
    };
    if person == settings.service_account {
        return Ok(TokenHolder::ServiceAccount(person.to_owned()));
    }
    if !scopes.iter().all(|scope| settings.delegated_scopes.contains(scope)) {
        let text = "Client is unauthorized to retrieve access tokens using this method, or client not authorized for \
                    any of the scopes requested.";
        return Err(Answer { status: 401, ..oauth_error("unauthorized_client", text) });
    }
    if !settings.people.iter().any(|known| known == person) {
        return Err(invalid_grant("Invalid email or User ID", "sub is nobody of the domain"));
    }
    Ok(TokenHolder::Person(person.to_owned()))
}
