//! Azure: the managed identities of a virtual machine or an app, and Microsoft Entra, which issues all tokens.
//!
//! Sources: "How managed identities for Azure resources work with Azure virtual machines", "Access token claims
//! reference" and "Access tokens in the Microsoft identity platform" in the Microsoft Entra documentation. It is the
//! resource that decides about the version of a token: its own application says which it accepts.

mod app_service;
mod entra;
mod errors;
mod imds;
mod settings;

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

pub use self::settings::{Azure, Identity, TokenVersion};
use crate::{
    answers::{Answer, Request},
    random,
    settings::Settings,
    signing_keys::key_set,
    store::Store,
};

/// Managed identities get tokens for a day.
const MANAGED_IDENTITY_LIFETIME: Duration = Duration::hours(24);
/// Applications get tokens for an hour or a little more.
const APPLICATION_LIFETIME: Duration = Duration::hours(1);

/// Answers a request, if its path is that of one of the services.
pub(crate) fn answer(
    store: &Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Option<Answer> {
    if request.path == imds::PATH {
        Some(imds::answer(store, settings, request, now))
    } else if app_service::has_path(&request.path) {
        Some(app_service::answer(store, settings, request, now))
    } else if let Some(tenant) = entra::tenant(&request.path) {
        Some(entra::answer(store, settings, request, tenant, now))
    } else {
        document(store, settings, &request.path)
    }
}

/// Who asks for a token.
struct Holder<'a> {
    client_id: &'a str,
    object_id: &'a str,
    /// The path of a managed identity in Azure Resource Manager; an application has none.
    resource_id: Option<&'a str>,
    lifetime: Duration,
}

impl<'a> Holder<'a> {
    fn managed(identity: &'a Identity) -> Self {
        Self {
            client_id: &identity.client_id,
            object_id: &identity.object_id,
            resource_id: Some(&identity.resource_id),
            lifetime: MANAGED_IDENTITY_LIFETIME,
        }
    }

    fn application(azure: &'a Azure) -> Self {
        Self {
            client_id: &azure.application_id,
            object_id: &azure.application_object_id,
            resource_id: None,
            lifetime: APPLICATION_LIFETIME,
        }
    }
}

/// A fresh access token for a resource that the directory knows.
struct AccessToken {
    value: String,
    issued_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

fn access_token(
    store: &Store,
    azure: &Azure,
    holder: &Holder<'_>,
    resource: &str,
    now: OffsetDateTime,
) -> AccessToken {
    let expires_at = now + holder.lifetime;
    let claims = claims(azure, holder, resource, now, expires_at);
    AccessToken { value: store.signing_keys.of_entra().sign(&claims), issued_at: now, expires_at }
}

fn claims(
    azure: &Azure,
    holder: &Holder<'_>,
    resource: &str,
    issued_at: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> Value {
    let version = azure.version_for(resource);
    let issuer = azure.issuer(version);
    let mut claims = json!({
        "iss": issuer,
        "iat": issued_at.unix_timestamp(),
        "nbf": issued_at.unix_timestamp(),
        "exp": expires_at.unix_timestamp(),
        "aio": random::base64(24),
        "idtyp": "app",
        "oid": holder.object_id,
        "sub": holder.object_id,
        "tid": azure.tenant,
        "uti": random::base64(16),
    });
    // The audience is the name by which the resource was asked for; in version 2 it is always the id of the
    // resource's application.
    let more = match version {
        TokenVersion::V1 => json!({
            "aud": resource,
            "ver": "1.0",
            "appid": holder.client_id,
            "appidacr": "2",
            "idp": issuer,
        }),
        TokenVersion::V2 => json!({
            "aud": azure.resource_application_id,
            "ver": "2.0",
            "azp": holder.client_id,
            "azpacr": "2",
        }),
    };
    for (name, value) in more.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    if let Some(id) = holder.resource_id {
        claims["xms_mirid"] = json!(id);
    }
    claims
}

/// What Entra publishes about the issuer of either version, if the path is that of one of the documents.
fn document(store: &Store, settings: &Settings, path: &str) -> Option<Answer> {
    let azure = &settings.azure;
    let (version, keys) = match path.strip_prefix('/')?.strip_prefix(azure.tenant.as_str())? {
        "/.well-known/openid-configuration" => (TokenVersion::V1, "discovery/keys"),
        "/v2.0/.well-known/openid-configuration" => (TokenVersion::V2, "discovery/v2.0/keys"),
        "/discovery/keys" | "/discovery/v2.0/keys" => {
            return Some(Answer::json(200, &key_set(&[store.signing_keys.of_entra()])));
        }
        _ => return None,
    };
    let host = format!("https://login.microsoftonline.com/{}", azure.tenant);
    Some(Answer::json(
        200,
        &json!({
            "issuer": azure.issuer(version),
            "jwks_uri": format!("{host}/{keys}"),
            "token_endpoint": match version {
                TokenVersion::V1 => format!("{host}/oauth2/token"),
                TokenVersion::V2 => format!("{host}/oauth2/v2.0/token"),
            },
            "response_types_supported": ["code", "id_token", "code id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }),
    ))
}
