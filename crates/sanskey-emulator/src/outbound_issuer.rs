//! What AWS's own issuer of web identity tokens publishes about itself.
//!
//! Source: "Federating AWS identities to external services" in the IAM User Guide. Every account that enables
//! the feature has an issuer of its own.

use serde_json::json;

use crate::{answers::Answer, settings::Settings, signing_keys::key_set, store::Store};

/// One of its two documents, if the path is that of one.
pub(crate) fn document(store: &Store, settings: &Settings, path: &str) -> Option<Answer> {
    let issuer = &settings.outbound_issuer;
    match path {
        "/.well-known/openid-configuration" => Some(Answer::json(
            200,
            &json!({
                "issuer": issuer,
                "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES384"],
            }),
        )),
        "/.well-known/jwks.json" => {
            let keys = &store.signing_keys;
            Some(Answer::json(200, &key_set(&[keys.rs256(), keys.es384()])))
        }
        _ => None,
    }
}
