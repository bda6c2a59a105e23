//! The endpoint that App Service, Functions and Container Apps have for managed identities, version 2019-08-01.
//!
//! Source: "How to use managed identities for App Service and Azure Functions", section "REST endpoint reference", and
//! the same for Container Apps. The form of a refusal is what users have reported.

use http::Method;
use serde_json::json;
use time::OffsetDateTime;

use super::{Holder, Identity, access_token, errors};
use crate::{
    answers::{Answer, Request},
    random,
    settings::Settings,
    store::Store,
};

const PATH: &str = "/msi/token";
const VERSION: &str = "2019-08-01";

/// Some apps are given the path in capitals, and with a slash at its end.
pub(super) fn has_path(path: &str) -> bool {
    path.trim_end_matches('/').eq_ignore_ascii_case(PATH)
}

/// Answers a request for a token.
pub(super) fn answer(store: &Store, settings: &Settings, request: &Request, now: OffsetDateTime) -> Answer {
    token(store, settings, request, now).unwrap_or_else(|refusal| refusal)
}

fn token(
    store: &Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Result<Answer, Answer> {
    let azure = &settings.azure;
    if request.method != Method::GET {
        return Err(refusal(405, "Method Not Allowed"));
    }
    // The status and the text are inferred.
    if request.header("x-identity-header") != Some(&azure.identity_header) {
        return Err(refusal(401, "Unauthorized"));
    }
    // Inferred; an older version has another header and other names.
    if request.parameter("api-version").as_deref() != Some(VERSION) {
        return Err(refusal(400, "The api-version is missing or not supported."));
    }
    let resource = request
        .parameter("resource")
        .filter(|text| !text.is_empty())
        // Inferred.
        .ok_or_else(|| refusal(400, "The resource is missing."))?;
    let identity = identity(settings, request)
        .ok_or_else(|| refusal(400, "Unable to load the proper Managed Identity."))?;
    if !azure.has_resource(&resource, &settings.oidc_audience) {
        // That Entra's words are passed on is inferred.
        let error = errors::Entra::unknown_resource(&resource, azure);
        return Err(refusal(400, &error.description(now)));
    }
    let token = access_token(store, azure, &Holder::managed(identity), &resource, now);
    Ok(Answer::json(
        200,
        &json!({
            "access_token": token.value,
            "client_id": identity.client_id,
            "expires_on": token.expires_at.unix_timestamp().to_string(),
            "resource": resource,
            "token_type": "Bearer",
        }),
    ))
}

/// The identity that the query names, or the app's own: here none is guessed.
fn identity<'a>(settings: &'a Settings, request: &Request) -> Option<&'a Identity> {
    let azure = &settings.azure;
    let assigned = |is: &dyn Fn(&Identity) -> bool| azure.user_identities.iter().find(|one| is(one));
    if let Some(id) = request.parameter("client_id") {
        assigned(&|one| one.client_id.eq_ignore_ascii_case(&id))
    } else if let Some(id) = request.parameter("principal_id").or_else(|| request.parameter("object_id")) {
        assigned(&|one| one.object_id.eq_ignore_ascii_case(&id))
    } else if let Some(id) = request.parameter("mi_res_id") {
        assigned(&|one| one.resource_id.eq_ignore_ascii_case(&id))
    } else {
        azure.system_identity.as_ref()
    }
}

fn refusal(status: u16, message: &str) -> Answer {
    let id = random::uuid();
    Answer::json(status, &json!({ "statusCode": status, "message": message, "correlationId": id }))
        .with_header("x-correlation-id", id)
}
