//! A window into the emulator: what was asked of it, and what a token that it issued is worth.

use http::Method;
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    answers::{Answer, Request, google_error, not_found},
    certificates, clock, faults, identity_center, pod_issuer,
    settings::{Settings, is_header_value},
    spare_keys,
    store::{Store, TokenHolder},
};

/// Answers a request below `/emulator/`. These requests are not in the list of requests themselves.
pub(crate) fn answer(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Answer {
    match (request.path.as_str(), &request.method) {
        ("/emulator/requests", &Method::GET) => Answer::json(200, &json!(store.requests)),
        ("/emulator/requests", &Method::DELETE) => {
            store.requests.clear();
            Answer::text(204, "")
        }
        ("/emulator/faults", _) => faults::answer(store, request),
        ("/emulator/clock", _) => clock::answer(store, request),
        ("/emulator/container-token", &Method::PUT) => replace_container_token(store, request),
        ("/emulator/web-identity-token", &Method::GET) => pod_issuer::token(store, settings, request, now),
        ("/emulator/aws-key", &Method::GET) => spare_keys::answer(store, settings, request, now),
        ("/emulator/client-certificate", &Method::GET) => certificates::answer(store, request, now),
        ("/emulator/sso-token", &Method::GET) => identity_center::token(store, settings, request, now),
        ("/emulator/whoami", &Method::GET) => whoami(store, request, now),
        _ => not_found(),
    }
}

/// From here on the EKS Pod Identity agent takes this token, and not the one before.
fn replace_container_token(store: &mut Store, request: &Request) -> Answer {
    match std::str::from_utf8(&request.body) {
        Ok(token) if is_header_value(token) => {
            store.container_token = Some(token.to_owned());
            Answer::text(204, "")
        }
        _ => google_error(
            400,
            "INVALID_ARGUMENT",
            "The body is not a token that a header can hold.",
            Vec::new(),
        ),
    }
}

/// Proves that a bearer token is one of ours, and tells whose.
fn whoami(store: &Store, request: &Request, now: OffsetDateTime) -> Answer {
    let Some(token) = request.bearer().and_then(|value| store.google_token(value, now)) else {
        return google_error(
            401,
            "UNAUTHENTICATED",
            "The bearer token was not issued here, or is over.",
            Vec::new(),
        );
    };
    let expires_in = (token.expires_at - now).whole_seconds();
    let scopes = &token.scopes;
    let mut body = match &token.holder {
        TokenHolder::Federated(subject) => {
            json!({ "kind": "federated", "subject": subject, "scopes": scopes, "expires_in": expires_in })
        }
        TokenHolder::ServiceAccount(email) => {
            json!({ "kind": "service_account", "email": email, "scopes": scopes, "expires_in": expires_in })
        }
        TokenHolder::Person(email) => {
            json!({ "kind": "person", "email": email, "scopes": scopes, "expires_in": expires_in })
        }
    };
    for (name, value) in [("bound_to", &token.bound_to), ("actor", &token.actor)] {
        if let Some(text) = value {
            body[name] = json!(text);
        }
    }
    if let Some(boundary) = &token.boundary {
        body["access_boundary"] = boundary.source.clone();
    }
    Answer::json(200, &body)
}
