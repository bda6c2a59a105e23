//! Google's Security Token Service: `POST /v1/token`, for AWS credentials, web identity tokens of every issuer here, X.509
//! certificates, and people of a workforce pool. Access tokens as subjects are in `downscoping.rs`.
//!
//! Source: the reference of the STS method `token`, and RFC 8693. Where Google's text for a wrong parameter
//! is not known, ours follows the one that is known, for `audience`, and the comment says "inferred".

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::{
    answers::{Answer, Request, not_found, oauth_error},
    attributes::{self, Attributes},
    aws_identity::{self, Expectations, Refusal},
    downscoping::{self, ACCESS_TOKEN},
    google_oidc, google_x509, issuers,
    settings::Settings,
    store::{GoogleToken, Store, TokenHolder},
    sts_options::{self, Options, invalid_value},
    workforce,
};

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const AWS4_REQUEST: &str = "urn:ietf:params:aws:token-type:aws4_request";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const MTLS: &str = "urn:ietf:params:oauth:token-type:mtls";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// Federated tokens live for an hour at most, and never longer than the credential behind them.
const LONGEST_LIFETIME: Duration = Duration::hours(1);

/// The fields of a JSON body, and the form fields that they stand for.
const JSON_NAMES: [(&str, &str); 9] = [
    ("grantType", "grant_type"),
    ("audience", "audience"),
    ("scope", "scope"),
    ("requestedTokenType", "requested_token_type"),
    ("subjectToken", "subject_token"),
    ("subjectTokenType", "subject_token_type"),
    ("options", "options"),
    ("actorToken", "actor_token"),
    ("actorTokenType", "actor_token_type"),
];

/// Answers `/v1/token`.
pub(crate) fn answer(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Answer {
    if request.method != Method::POST {
        return not_found();
    }
    exchange(store, settings, request, now).unwrap_or_else(|refusal| refusal)
}

fn exchange(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Result<Answer, Answer> {
    let parameters = parameters(request)?;
    check_types(&parameters)?;
    if parameters.get("subject_token_type").is_some_and(|kind| kind == ACCESS_TOKEN) {
        return downscoping::exchange(store, request, &parameters, now);
    }
    let exchange = Exchange::of(&parameters)?;
    let options = Options::of(&parameters, request)?;
    let (holder, warnings) = match (provider(exchange.audience, settings)?, exchange.subject_token_type) {
        (Provider::Aws, AWS4_REQUEST) => aws_holder(store, settings, &exchange, now)?,
        (Provider::Oidc, JWT | ID_TOKEN) => oidc_holder(store, settings, &exchange, now)?,
        (Provider::X509, MTLS) => x509_holder(store, &exchange, request, now)?,
        (Provider::Workforce, JWT | ID_TOKEN) => {
            let has_client = workforce::is_authenticated(request, settings)?;
            if !has_client && options.user_project.is_none() {
                // Inferred: the reference says that one of them is needed.
                let text = "The client must authenticate itself, or options.userProject be given.";
                return Err(oauth_error("invalid_request", text));
            }
            workforce_holder(store, settings, &exchange, now)?
        }
        _ => return Err(invalid_value("subject_token_type")),
    };
    let actor = sts_options::actor(store, settings, &parameters, exchange.audience, now)?;
    let ends_at = expiry(holder.ends_at, now);
    let token = GoogleToken {
        holder: TokenHolder::Federated(principal(exchange.audience, &holder.subject)),
        scopes: exchange.scopes,
        expires_at: ends_at,
        bound_to: options.bind_cert_fingerprint,
        actor,
        boundary: options.access_boundary,
    };
    let is_of_workforce = exchange.audience == settings.workforce_audience;
    if is_of_workforce && token.boundary.is_some() {
        // The reference: workforce pools do not support Credential Access Boundary.
        return Err(
            invalid_value("options").with_header("x-emulator-detail", "accessBoundary is not for people")
        );
    }
    let answer = issue(store, token, true, now);
    let answer =
        warnings.iter().fold(answer, |answer, warning| answer.with_header("x-emulator-warning", *warning));
    if request.headers.contains_key("authorization") && !is_of_workforce {
        // The reference warns that calls with this header may fail; only workforce pools authenticate the
        // client.
        return Ok(answer.with_header("x-emulator-warning", "the call has an Authorization header"));
    }
    Ok(answer)
}

/// Whom a subject token stands for, and until when at most.
struct Holder {
    subject: String,
    ends_at: Option<OffsetDateTime>,
}

/// Who signed an AWS request.
fn aws_holder(
    store: &Store,
    settings: &Settings,
    exchange: &Exchange<'_>,
    now: OffsetDateTime,
) -> Result<(Holder, Vec<&'static str>), Answer> {
    let expected = Expectations {
        audience: &settings.audience,
        account: settings.trusted_account(),
        strict_headers: settings.strict_headers,
        future_tolerance: settings.future_tolerance,
    };
    let verified = aws_identity::verify(exchange.subject_token, &expected, |id| store.aws_key(id), now)
        .map_err(|refusal| refused(&refusal))?;
    let attributes = Attributes::of(&verified.identity, settings)?;
    Ok((Holder { subject: attributes.subject, ends_at: verified.key_expires_at }, verified.warnings))
}

/// Whom a web identity token is about.
fn oidc_holder(
    store: &Store,
    settings: &Settings,
    exchange: &Exchange<'_>,
    now: OffsetDateTime,
) -> Result<(Holder, Vec<&'static str>), Answer> {
    let expected = google_oidc::Expectations {
        provider: &settings.oidc_audience,
        issuer: settings.oidc_issuer.as_deref().unwrap_or(&settings.outbound_issuer),
        allowed_audiences: &settings.oidc_allowed_audiences,
    };
    let key = || issuers::key(store, settings, expected.issuer);
    let verified = google_oidc::verify(exchange.subject_token, &expected, key, now)
        .map_err(|refusal| refused(&refusal))?;
    let ends_at = Some(end_of_token(&verified, now));
    let subject = attributes::of_web_identity(verified.subject, settings)?;
    Ok((Holder { subject, ends_at }, verified.warnings))
}

/// A token that is over by less than the tolerance was seen to be worth another minute.
fn end_of_token(verified: &google_oidc::Verified, now: OffsetDateTime) -> OffsetDateTime {
    if verified.expires_at > now { verified.expires_at } else { now + Duration::seconds(59) }
}

/// Who has the certificate. That the federated token ends with it is inferred.
fn x509_holder(
    store: &Store,
    exchange: &Exchange<'_>,
    request: &Request,
    now: OffsetDateTime,
) -> Result<(Holder, Vec<&'static str>), Answer> {
    let anchor = store.authority().root().der();
    let shown = request.client_certificate.as_deref();
    let verified = google_x509::verify(exchange.subject_token, shown, anchor, now)
        .map_err(|refusal| refused(&refusal))?;
    attributes::check_size(&verified.subject)?;
    Ok((Holder { subject: verified.subject, ends_at: Some(verified.expires_at) }, Vec::new()))
}

/// Which person of the workforce pool it is, by the mapping `assertion.sub`.
fn workforce_holder(
    store: &Store,
    settings: &Settings,
    exchange: &Exchange<'_>,
    now: OffsetDateTime,
) -> Result<(Holder, Vec<&'static str>), Answer> {
    let expected = google_oidc::Expectations {
        provider: &settings.workforce_audience,
        issuer: &settings.pod_issuer,
        allowed_audiences: std::slice::from_ref(&settings.workforce_oidc_client),
    };
    let verified =
        google_oidc::verify(exchange.subject_token, &expected, || Some(store.signing_keys.of_pods()), now)
            .map_err(|refusal| refused(&refusal))?;
    let ends_at = Some(end_of_token(&verified, now));
    attributes::check_size(&verified.subject)?;
    Ok((Holder { subject: verified.subject, ends_at }, verified.warnings))
}

/// The answer with a token, and maybe with its lifetime.
pub(crate) fn issue(store: &mut Store, token: GoogleToken, tells_end: bool, now: OffsetDateTime) -> Answer {
    let expires_in = (token.expires_at - now).whole_seconds();
    let mut body = json!({
        "access_token": store.issue_google_token(token),
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
    });
    if tells_end {
        body["expires_in"] = json!(expires_in);
    }
    Answer::json(200, &body)
}

/// When a federated token ends for a credential that ends then, or never.
fn expiry(credential: Option<OffsetDateTime>, now: OffsetDateTime) -> OffsetDateTime {
    let longest = now + LONGEST_LIFETIME;
    credential.map_or(longest, |end| end.min(longest))
}

/// The name under which IAM policies know a subject of the pool.
pub(crate) fn principal(audience: &str, subject: &str) -> String {
    let pool = audience.split_once("/providers/").map_or(audience, |(pool, _)| pool);
    format!("principal:{pool}/subject/{subject}")
}

fn refused(refusal: &Refusal) -> Answer {
    oauth_error(refusal.error, &refusal.description)
        .with_header("x-emulator-rule", refusal.rule)
        .with_header("x-emulator-detail", refusal.detail)
}

/// What every exchange says: that it is one, and what for.
fn check_types(parameters: &BTreeMap<String, String>) -> Result<(), Answer> {
    let is = |name: &str, expected: &str| parameters.get(name).is_some_and(|value| value == expected);
    if !is("grant_type", TOKEN_EXCHANGE) {
        // The code is RFC 6749's, section 5.2; the text is inferred.
        return Err(oauth_error("unsupported_grant_type", "Invalid value for \"grant_type\"."));
    }
    if !is("requested_token_type", ACCESS_TOKEN) {
        return Err(invalid_value("requested_token_type"));
    }
    Ok(())
}

/// The parameters of a token exchange that matter here.
struct Exchange<'p> {
    audience: &'p str,
    scopes: Vec<String>,
    subject_token: &'p str,
    subject_token_type: &'p str,
}

impl<'p> Exchange<'p> {
    fn of(parameters: &'p BTreeMap<String, String>) -> Result<Self, Answer> {
        let get =
            |name: &'static str| parameters.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let audience = get("audience").ok_or_else(malformed_audience)?;
        let subject_token_type = get("subject_token_type")
            .filter(|kind| [AWS4_REQUEST, JWT, ID_TOKEN, MTLS].contains(kind))
            .ok_or_else(|| invalid_value("subject_token_type"))?;
        let subject_token = get("subject_token").ok_or_else(|| invalid_value("subject_token"))?;
        let scopes: Vec<_> =
            get("scope").unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect();
        if scopes.is_empty() {
            // The reference requires it for external credentials.
            return Err(invalid_value("scope"));
        }
        Ok(Self { audience, scopes, subject_token, subject_token_type })
    }
}

/// Form and JSON bodies say the same things.
fn parameters(request: &Request) -> Result<BTreeMap<String, String>, Answer> {
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let pairs: Vec<(String, String)> = match media_type.as_str() {
        "application/x-www-form-urlencoded" => form_urlencoded::parse(&request.body).into_owned().collect(),
        "application/json" | "text/json" => json_parameters(&request.body)?,
        // Inferred.
        _ => return Err(oauth_error("invalid_request", "The content type is neither a form nor JSON.")),
    };
    let mut parameters = BTreeMap::new();
    for (name, value) in pairs {
        // RFC 6749, section 3.2: parameters must not be repeated. The text is inferred.
        if parameters.insert(name, value).is_some() {
            return Err(oauth_error("invalid_request", "A parameter is given more than once."));
        }
    }
    Ok(parameters)
}

fn json_parameters(body: &[u8]) -> Result<Vec<(String, String)>, Answer> {
    // Inferred, as everything about malformed JSON here.
    let wrong = |_| oauth_error("invalid_request", "The body is not a JSON object of texts.");
    let fields: BTreeMap<String, Value> = serde_json::from_slice(body).map_err(wrong)?;
    let mut parameters = Vec::new();
    for (name, value) in fields {
        let form_name = JSON_NAMES.iter().find(|(json, form)| name == *json || name == *form);
        let Some((_, form_name)) = form_name else { continue };
        match value {
            Value::String(text) => parameters.push(((*form_name).to_owned(), text)),
            Value::Null => {}
            _ => return Err(invalid_value(form_name)),
        }
    }
    Ok(parameters)
}

/// The providers that the pools have.
enum Provider {
    Aws,
    Oidc,
    X509,
    Workforce,
}

/// The audience has the form of a provider's name, and is that of one that there is.
fn provider(audience: &str, settings: &Settings) -> Result<Provider, Answer> {
    if !is_provider_name(audience) {
        Err(malformed_audience())
    } else if audience == settings.audience {
        Ok(Provider::Aws)
    } else if audience == settings.oidc_audience {
        Ok(Provider::Oidc)
    } else if audience == settings.x509_audience {
        Ok(Provider::X509)
    } else if audience == settings.workforce_audience {
        Ok(Provider::Workforce)
    } else {
        Err(oauth_error(
            "invalid_target",
            "The target service indicated by the \"audience\" parameters is invalid. This might either be because the \
             pool or provider is disabled or deleted or because it doesn't exist.",
        ))
    }
}

/// `//iam.googleapis.com/` and then the name of a workload or a workforce provider. A project's id in place
/// of its number has the right form: it is only unknown.
pub(crate) fn is_provider_name(audience: &str) -> bool {
    let Some(name) = audience.strip_prefix("//iam.googleapis.com/") else { return false };
    match name.split('/').collect::<Vec<_>>().as_slice() {
        [
            "projects",
            project,
            "locations",
            location,
            "workloadIdentityPools",
            pool,
            "providers",
            provider,
        ] => [project, location, pool, provider].iter().all(|part| !part.is_empty()),
        ["locations", location, "workforcePools", pool, "providers", provider] => {
            [location, pool, provider].iter().all(|part| !part.is_empty())
        }
        _ => false,
    }
}

fn malformed_audience() -> Answer {
    oauth_error(
        "invalid_request",
        "Invalid value for \"audience\". This value should be the full resource name of the Identity Provider. See \
         https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.",
    )
}

#[cfg(test)]
mod tests {
    use super::expiry;
    use time::{Duration, macros::datetime};

    #[test]
    fn a_token_outlives_neither_an_hour_nor_its_credential() {
        let now = datetime!(2024-01-02 03:04:05 UTC);

        assert_eq!(expiry(None, now), now + Duration::HOUR);
        assert_eq!(expiry(Some(now + Duration::hours(6)), now), now + Duration::HOUR);
        assert_eq!(expiry(Some(now + Duration::MINUTE), now), now + Duration::MINUTE);
    }
}
