//! Google's IAM Credentials API: `generateAccessToken`.
//!
//! Source: the reference of `projects.serviceAccounts.generateAccessToken`; error texts as users and
//! measurements report them, and "inferred" where none is known.

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    answers::{Answer, Request, error_info, google_error, not_found},
    certificates,
    settings::Settings,
    store::{GoogleToken, Store, TokenHolder},
};

const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
const IAM: &str = "https://www.googleapis.com/auth/iam";

const PREFIX: &str = "/v1/projects/-/serviceAccounts/";
const METHOD: &str = ":generateAccessToken";

const HOUR: Duration = Duration::hours(1);
/// The longest lifetime that the organization policy constraint allows.
const EXTENDED: Duration = Duration::hours(12);

/// The service account of a path that belongs to this API.
pub(crate) fn service_account(path: &str) -> Option<String> {
    // Some clients percent-encode the colon and the at sign, as a path allows.
    let path = percent_decode_str(path).decode_utf8().ok()?;
    path.strip_prefix(PREFIX)?.strip_suffix(METHOD).map(str::to_owned)
}

/// Answers `generateAccessToken` for the service account named in the path.
pub(crate) fn answer(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    service_account: &str,
    now: OffsetDateTime,
) -> Answer {
    if request.method != Method::POST {
        return not_found();
    }
    generate(store, settings, request, service_account, now).unwrap_or_else(|refusal| refusal)
}

fn generate(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    service_account: &str,
    now: OffsetDateTime,
) -> Result<Answer, Answer> {
    authenticate(store, request, now)?;
    let wanted = Wanted::of(&request.body)?;
    check_lifetime(wanted.lifetime, settings)?;
    // The emulated world has one service account, and it delegates to nobody.
    if service_account != settings.service_account || wanted.has_delegates {
        return Err(permission_denied(service_account));
    }

    let expires_at = now + wanted.lifetime;
    let expires_at = expires_at.replace_nanosecond(0).unwrap_or(expires_at);
    let token = store.issue_google_token(GoogleToken {
        holder: TokenHolder::ServiceAccount(service_account.to_owned()),
        scopes: wanted.scopes,
        expires_at,
        bound_to: None,
        actor: None,
    });
    let expire_time = expires_at.format(&Rfc3339).expect("dates of this century have an RFC 3339 form");
    Ok(Answer::json(200, &json!({ "accessToken": token, "expireTime": expire_time })))
}

/// The caller is a federated identity whose token is valid and covers this API.
fn authenticate(store: &Store, request: &Request, now: OffsetDateTime) -> Result<(), Answer> {
    if !request.headers.contains_key("authorization") {
        return Err(unauthenticated(
            "Request is missing required authentication credential.",
            "CREDENTIALS_MISSING",
        ));
    }
    let token = request
        .bearer()
        .and_then(|token| store.google_token(token, now))
        .filter(|token| matches!(token.holder, TokenHolder::Federated(_)))
        .filter(|token| is_with_its_certificate(token, request))
        .ok_or_else(|| {
            unauthenticated(
                "Request had invalid authentication credentials.",
                "ACCESS_TOKEN_TYPE_UNSUPPORTED",
            )
        })?;
    if !token.scopes.iter().any(|scope| scope == CLOUD_PLATFORM || scope == IAM) {
        let metadata = json!({
            "service": "iamcredentials.googleapis.com",
            "method": "google.iam.credentials.v1.IAMCredentials.GenerateAccessToken",
        });
        return Err(google_error(
            403,
            "PERMISSION_DENIED",
            "Request had insufficient authentication scopes.",
            vec![error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", &metadata)],
        ));
    }
    Ok(())
}

/// A token that is bound to a certificate is good over mutual TLS with that certificate only. How Google words the
/// refusal is not known.
fn is_with_its_certificate(token: &GoogleToken, request: &Request) -> bool {
    let shown = request.client_certificate.as_deref().map(certificates::fingerprint);
    token.bound_to.is_none() || token.bound_to == shown
}

fn unauthenticated(problem: &str, reason: &str) -> Answer {
    let message = format!(
        "{problem} Expected OAuth 2 access token, login cookie or other valid authentication credential. See \
         https://developers.google.com/identity/sign-in/web/devconsole-project."
    );
    let metadata = json!({ "service": "iamcredentials.googleapis.com" });
    google_error(401, "UNAUTHENTICATED", &message, vec![error_info(reason, "googleapis.com", &metadata)])
        .with_header("www-authenticate", "Bearer realm=\"https://accounts.google.com/\"")
}

/// A service account that does not exist gets the same answer as one that may not be impersonated.
fn permission_denied(service_account: &str) -> Answer {
    let metadata = json!({
        "permission": "iam.serviceAccounts.getAccessToken",
        "resource": format!("projects/-/serviceAccounts/{service_account}"),
    });
    google_error(
        403,
        "PERMISSION_DENIED",
        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
        vec![error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", &metadata)],
    )
}

/// What the body asks for.
struct Wanted {
    scopes: Vec<String>,
    lifetime: Duration,
    has_delegates: bool,
}

impl Wanted {
    fn of(body: &[u8]) -> Result<Self, Answer> {
        let body: Value =
            serde_json::from_slice(body).map_err(|_| invalid_argument("Invalid JSON payload received."))?;
        let fields = body.as_object().ok_or_else(|| invalid_argument("Invalid JSON payload received."))?;
        if let Some(name) =
            fields.keys().find(|name| !["delegates", "lifetime", "name", "scope"].contains(&name.as_str()))
        {
            let message =
                format!("Invalid JSON payload received. Unknown name \"{name}\": Cannot find field.");
            return Err(invalid_argument(&message));
        }
        // In the JSON form of protocol buffers, null is the same as absent.
        let field = |name: &str| fields.get(name).filter(|value| !value.is_null());
        Ok(Self {
            scopes: scopes(field("scope"))?,
            lifetime: field("lifetime").map_or(Ok(HOUR), lifetime)?,
            has_delegates: !texts(field("delegates"), "delegates")?.is_empty(),
        })
    }
}

/// At least one scope, and each a scope. A single empty one was seen to mean cloud-platform.
fn scopes(value: Option<&Value>) -> Result<Vec<String>, Answer> {
    let scopes = texts(value, "scope")?;
    if scopes == [""] {
        return Ok(vec![CLOUD_PLATFORM.to_owned()]);
    }
    let is_scope = |scope: &String| {
        scope.starts_with("https://") || ["openid", "email", "profile"].contains(&scope.as_str())
    };
    if scopes.is_empty() || !scopes.iter().all(is_scope) {
        return Err(invalid_argument("Request contains an invalid argument."));
    }
    Ok(scopes)
}

fn texts(value: Option<&Value>, field: &str) -> Result<Vec<String>, Answer> {
    let Some(value) = value else { return Ok(Vec::new()) };
    value
        .as_array()
        .and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect())
        // Inferred.
        .ok_or_else(|| invalid_argument(&format!("Invalid value at '{field}' (TYPE_STRING)")))
}

/// A duration in the JSON form of protocol buffers: decimal seconds and an `s`. Parts of a second are cut
/// off.
fn lifetime(value: &Value) -> Result<Duration, Answer> {
    let wrong = || {
        // Inferred.
        invalid_argument("Invalid value at 'lifetime' (type.googleapis.com/google.protobuf.Duration)")
    };
    let seconds = value.as_str().and_then(|text| text.strip_suffix('s')).ok_or_else(wrong)?;
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    whole.parse().map(Duration::seconds).map_err(|_| wrong())
}

fn check_lifetime(lifetime: Duration, settings: &Settings) -> Result<(), Answer> {
    if !lifetime.is_positive() {
        // Google's own spelling.
        return Err(invalid_argument("Lifetime of access token must be larger then zero."));
    }
    if lifetime > HOUR && !settings.lifetime_extension {
        return Err(invalid_argument(
            "can not have lifetimes of more than 1 hour. Use the Org Policy Constraint \
             constraints/iam.allowServiceAccountCredentialLifetimeExtension to allow up to 12 hours.",
        ));
    }
    if lifetime > EXTENDED {
        // Inferred.
        return Err(invalid_argument("can not have lifetimes of more than 12 hours."));
    }
    Ok(())
}

fn invalid_argument(message: &str) -> Answer {
    google_error(400, "INVALID_ARGUMENT", message, Vec::new())
}
