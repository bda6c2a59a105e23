//! The instance metadata service of Azure, as far as it gives tokens to the machine's identities.
//!
//! Sources: "How to use managed identities for Azure resources on an Azure VM to acquire an access token", sections
//! "Get a token using HTTP" and "Error handling", in the Microsoft Entra documentation, and "Azure Instance Metadata
//! Service", sections "Security and authentication" and "Proxies", for what is refused. Texts that users have
//! reported go before those of the documentation.

use http::Method;
use serde_json::json;
use time::OffsetDateTime;

use super::{Holder, Identity, access_token, errors};
use crate::{
    answers::{Answer, Request},
    settings::Settings,
    store::Store,
};

pub(super) const PATH: &str = "/metadata/identity/oauth2/token";

/// The version that gives tokens; later ones are taken too.
const FIRST_VERSION: &str = "2018-02-01";

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
        // Inferred.
        return Err(refusal(405, "The requested http method is not supported"));
    }
    // The documentation has the code bad_request_102 for this, and wants the value in small letters. Reported
    // answers have the code below, and Google's own configurations say `True`.
    if !request.header("metadata").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Err(refusal(400, "Required metadata header not specified"));
    }
    // The documentation says that it is refused, and not how; the text is inferred.
    if request.headers.contains_key("x-forwarded-for") {
        return Err(refusal(400, "Requests with the header X-Forwarded-For are not supported"));
    }
    match request.parameter("api-version") {
        None => return Err(refusal(400, "Required query variable 'api-version' is missing")),
        // Dates of this form are in the order of their texts. Inferred.
        Some(version) if *version < *FIRST_VERSION => {
            return Err(refusal(400, "The api-version is not supported"));
        }
        Some(_) => {}
    }
    let resource = request
        .parameter("resource")
        .filter(|text| !text.is_empty())
        .ok_or_else(|| refusal(400, "Required query variable 'resource' is missing"))?;
    let identity = identity(settings, request)?;
    if !azure.has_resource(&resource, &settings.oidc_audience) {
        let error = errors::Entra::unknown_resource(&resource, azure);
        return Err(Answer::json(
            400,
            &json!({ "error": error.error, "error_description": error.description(now) }),
        ));
    }
    let token = access_token(store, azure, &Holder::managed(identity), &resource, now);
    let seconds = (token.expires_at - now).whole_seconds().to_string();
    Ok(Answer::json(
        200,
        &json!({
            "access_token": token.value,
            "client_id": identity.client_id,
            "expires_in": seconds,
            "expires_on": token.expires_at.unix_timestamp().to_string(),
            "ext_expires_in": seconds,
            "not_before": token.issued_at.unix_timestamp().to_string(),
            "resource": resource,
            "token_type": "Bearer",
        }),
    ))
}

/// The identity that the query names; without a name the machine's own, or the only one that is assigned.
fn identity<'a>(settings: &'a Settings, request: &Request) -> Result<&'a Identity, Answer> {
    let azure = &settings.azure;
    let mut all = azure.system_identity.iter().chain(&azure.user_identities);
    let not_found = || refusal(400, "Identity not found");
    let by = |name: &str| request.parameter(name);
    if let Some(id) = by("client_id") {
        return all.find(|one| one.client_id.eq_ignore_ascii_case(&id)).ok_or_else(not_found);
    }
    if let Some(id) = by("object_id").or_else(|| by("principal_id")) {
        return all.find(|one| one.object_id.eq_ignore_ascii_case(&id)).ok_or_else(not_found);
    }
    if let Some(id) = by("mi_res_id").or_else(|| by("msi_res_id")) {
        return all.find(|one| one.resource_id.eq_ignore_ascii_case(&id)).ok_or_else(not_found);
    }
    match (&azure.system_identity, azure.user_identities.as_slice()) {
        (Some(identity), _) | (None, [identity]) => Ok(identity),
        (None, []) => Err(not_found()),
        (None, _) => Err(refusal(
            400,
            "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the \
             token request",
        )),
    }
}

fn refusal(status: u16, description: &str) -> Answer {
    Answer::json(status, &json!({ "error": "invalid_request", "error_description": description }))
}
