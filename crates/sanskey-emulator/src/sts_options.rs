//! What a token exchange may hold beside the subject: options, and the token of somebody who acts for the subject.
//!
//! Source: the reference of the STS method `token`. All texts are inferred from the one that is known for `audience`.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    access_boundary::Boundary,
    answers::{Answer, Request, oauth_error},
    certificates,
    google_oidc::{self, Expectations},
    settings::Settings,
    store::Store,
};

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

const LONGEST_OPTIONS: usize = 4 * 1024 * 1024;
const LONGEST_PROJECT: usize = 32;

/// The serialized JSON in the parameter `options`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Options {
    /// What the token can be used for at most.
    #[serde(skip)]
    pub(crate) access_boundary: Option<Boundary>,
    /// The project that is billed for a workforce pool: number or id.
    pub(crate) user_project: Option<String>,
    /// The certificate that the token is to be bound to.
    pub(crate) bind_cert_fingerprint: Option<String>,
}

impl Options {
    /// Reads the parameter, and checks it.
    pub(crate) fn of(parameters: &BTreeMap<String, String>, request: &Request) -> Result<Self, Answer> {
        let wrong = || invalid_value("options");
        let Some(text) = parameters.get("options").filter(|text| !text.is_empty()) else {
            return Ok(Self::default());
        };
        if text.len() > LONGEST_OPTIONS {
            return Err(wrong());
        }
        // Google's Python client percent-encodes the JSON once more, and is understood.
        let text = if text.starts_with('{') {
            text.into()
        } else {
            percent_decode_str(text).decode_utf8().map_err(|_| wrong())?
        };
        let source: Value = serde_json::from_str(&text).map_err(|_| wrong())?;
        let mut options = Self::deserialize(&source).map_err(|_| wrong())?;
        if let Some(boundary) = source.get("accessBoundary").filter(|value| !value.is_null()) {
            let boundary = Boundary::of(boundary.clone());
            options.access_boundary =
                Some(boundary.map_err(|problem| wrong().with_header("x-emulator-detail", problem))?);
        }
        let is_project = |project: &String| (1..=LONGEST_PROJECT).contains(&project.len());
        if !options.user_project.as_ref().is_none_or(is_project) {
            return Err(
                wrong().with_header("x-emulator-detail", "userProject is not 1 to 32 characters long")
            );
        }
        let shown = request.client_certificate.as_deref().map(certificates::fingerprint);
        if options.bind_cert_fingerprint.is_some() && options.bind_cert_fingerprint != shown {
            let detail = "bindCertFingerprint is not the fingerprint of the handshake's certificate";
            return Err(wrong().with_header("x-emulator-detail", detail));
        }
        Ok(options)
    }
}

/// Who acts for the subject: `sub` of a token that the cluster's issuer has signed for the provider, which the
/// exchange names. Providers name the actors' issuers in `actorProviders`.
pub(crate) fn actor(
    store: &Store,
    settings: &Settings,
    parameters: &BTreeMap<String, String>,
    audience: &str,
    now: OffsetDateTime,
) -> Result<Option<String>, Answer> {
    let get = |name: &str| parameters.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let (token, kind) = match (get("actor_token"), get("actor_token_type")) {
        (None, None) if settings.demand_actor => return Err(invalid_value("actor_token")),
        (None, None) => return Ok(None),
        (Some(token), Some(kind)) => (token, kind),
        // RFC 8693, section 2.1: neither goes without the other.
        (Some(_), None) => return Err(invalid_value("actor_token_type")),
        (None, Some(_)) => return Err(invalid_value("actor_token")),
    };
    if ![JWT, ID_TOKEN].contains(&kind) {
        return Err(invalid_value("actor_token_type"));
    }
    let expected = Expectations { provider: audience, issuer: &settings.pod_issuer, allowed_audiences: &[] };
    google_oidc::verify(token, &expected, || Some(store.signing_keys.of_pods()), now)
        .map(|verified| Some(verified.subject))
        .map_err(|refusal| {
            oauth_error(refusal.error, &refusal.description)
                .with_header("x-emulator-rule", refusal.rule)
                .with_header("x-emulator-detail", format!("actor: {}", refusal.detail))
        })
}

/// A parameter that is wrong.
pub(crate) fn invalid_value(parameter: &str) -> Answer {
    oauth_error("invalid_request", &format!("Invalid value for \"{parameter}\"."))
}
