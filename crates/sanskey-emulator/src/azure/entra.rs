//! Entra's token endpoint, version 2: an access token for an application that shows a token of the cluster in place of
//! a secret, as pods of AKS do.
//!
//! Sources: "Microsoft identity platform and the OAuth 2.0 client credentials flow", "Third case: Access token request
//! with a federated credential", and "Workload identity federation" in the Microsoft Entra documentation. The order of
//! the checks is inferred.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Holder, access_token, errors::Entra, settings::EXCHANGE_AUDIENCE};
use crate::{
    answers::{Answer, Request, not_found},
    settings::Settings,
    signing_keys::{self, Unverified},
    store::Store,
};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far clocks may differ. Inferred.
const TOLERANCE: Duration = Duration::minutes(5);

/// The directory in the path of a token endpoint.
pub(super) fn tenant(path: &str) -> Option<&str> {
    path.strip_prefix('/')?.strip_suffix("/oauth2/v2.0/token").filter(|tenant| !tenant.contains('/'))
}

/// Answers a request for a token.
pub(super) fn answer(
    store: &Store,
    settings: &Settings,
    request: &Request,
    tenant: &str,
    now: OffsetDateTime,
) -> Answer {
    if request.method != Method::POST {
        return not_found();
    }
    token(store, settings, request, tenant, now).unwrap_or_else(|error| error.answer(now))
}

fn token(
    store: &Store,
    settings: &Settings,
    request: &Request,
    tenant: &str,
    now: OffsetDateTime,
) -> Result<Answer, Entra> {
    let azure = &settings.azure;
    if !tenant.eq_ignore_ascii_case(&azure.tenant) {
        let text = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud. Check with your subscription administrator, this may happen if there are no active \
             subscriptions for the tenant."
        );
        return Err(Entra::new(400, "invalid_tenant", 90_002, text));
    }
    let parameters = parameters(request)?;
    let get = |name: &str| parameters.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let required = |name: &str| get(name).ok_or_else(|| Entra::missing(name));

    let grant_type = required("grant_type")?;
    if grant_type != "client_credentials" {
        let text = format!("The app requested an unsupported grant type '{grant_type}'.");
        return Err(Entra::new(400, "unsupported_grant_type", 70_003, text));
    }
    let client = required("client_id")?;
    if !client.eq_ignore_ascii_case(&azure.application_id) {
        let text = format!(
            "Application with identifier '{client}' was not found in the directory '{}'. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant. You may have sent your authentication request to the wrong tenant.",
            azure.tenant
        );
        return Err(Entra::new(400, "unauthorized_client", 700_016, text));
    }
    let scope = required("scope")?;
    let resource = scope.strip_suffix("/.default").filter(|text| !text.is_empty()).ok_or_else(|| {
        let text = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI)."
        );
        Entra::new(400, "invalid_scope", 1_002_012, text)
    })?;
    let assertion = get("client_assertion").ok_or_else(|| {
        let text =
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        Entra::new(401, "invalid_client", 7_000_218, text)
    })?;
    if get("client_assertion_type") != Some(JWT_BEARER) {
        // Inferred.
        let text = format!("The client_assertion_type has to be '{JWT_BEARER}'.");
        return Err(Entra::new(400, "invalid_request", 900_144, text));
    }
    check_assertion(store, settings, assertion, now)?;
    if !azure.has_resource(resource, &settings.oidc_audience) {
        return Err(Entra::unknown_resource(resource, azure));
    }

    let token = access_token(store, azure, &Holder::application(azure), resource, now);
    let seconds = (token.expires_at - now).whole_seconds();
    Ok(Answer::json(
        200,
        &json!({
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": token.value,
        }),
    ))
}

fn parameters(request: &Request) -> Result<BTreeMap<String, String>, Entra> {
    let content_type = request.header("content-type").unwrap_or_default();
    if content_type.split(';').next().unwrap_or_default().trim() != "application/x-www-form-urlencoded" {
        // As if the body were empty.
        return Err(Entra::missing("grant_type"));
    }
    Ok(form_urlencoded::parse(&request.body).into_owned().collect())
}

/// The token is the cluster's, for Entra, for the pod of the federated credential, and in force.
fn check_assertion(
    store: &Store,
    settings: &Settings,
    assertion: &str,
    now: OffsetDateTime,
) -> Result<(), Entra> {
    let malformed = || Entra::new(400, "invalid_request", 50_027, "JWT token is invalid or malformed.");
    let claims = signing_keys::claims(assertion).ok_or_else(malformed)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();

    let issuer = text("iss");
    if issuer != settings.pod_issuer {
        return Err(Entra::no_federated_credential(700_211, "issuer", issuer));
    }
    let audiences: Vec<&str> = match claims.get("aud") {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        audience => audience.and_then(Value::as_str).into_iter().collect(),
    };
    if audiences != [EXCHANGE_AUDIENCE] {
        return Err(Entra::no_federated_credential(700_212, "audience", &audiences.join(",")));
    }
    // Letter by letter, since February 2025.
    let subject = text("sub");
    if subject != settings.azure.federated_subject {
        return Err(Entra::no_federated_credential(700_213, "subject", subject));
    }
    match signing_keys::verify(assertion, &[store.signing_keys.of_pods()]) {
        Ok(_) => check_time(&claims, now),
        Err(Unverified::Malformed) => Err(malformed()),
        Err(Unverified::UnknownKey | Unverified::WrongSignature) => {
            Err(Entra::new(401, "invalid_client", 700_027, "Client assertion failed signature validation."))
        }
    }
}

fn check_time(claims: &Value, now: OffsetDateTime) -> Result<(), Entra> {
    let date = |name: &str| {
        let seconds = claims.get(name).and_then(Value::as_i64).unwrap_or_default();
        OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    };
    let (start, end) = (date("nbf"), date("exp"));
    if start - TOLERANCE <= now && now < end + TOLERANCE {
        return Ok(());
    }
    let [now, start, end] = [now, start, end].map(|time| time.format(&Rfc3339).unwrap_or_default());
    let text = format!(
        "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {start}, expiry \
         time of assertion {end}. Review the documentation at \
         https://learn.microsoft.com/entra/identity-platform/certificate-credentials ."
    );
    Err(Entra::new(401, "invalid_client", 700_024, text))
}
