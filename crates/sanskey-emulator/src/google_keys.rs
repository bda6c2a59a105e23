//! The public keys that Google publishes at `www.googleapis.com`: those of its ID tokens, and those of the service
//! account.
//!
//! Sources: <https://accounts.google.com/.well-known/openid-configuration> names the first set as a JWKS; Google's
//! clients read the same as certificates. The reference of `signBlob` and `signJwt` names the others.

use serde_json::{Value, json};

use crate::{
    answers::Answer,
    settings::Settings,
    signing_keys::{SigningKey, key_set},
    store::Store,
};

/// What a certificate of the ID tokens' key is called.
const SIGNER: &str = "federated-signon.system.gserviceaccount.com";

/// A document with keys, if the path is that of one.
pub(crate) fn document(store: &Store, settings: &Settings, path: &str) -> Option<Answer> {
    let keys = &store.signing_keys;
    let of_account = |place: &str| {
        let account = path.strip_prefix("/service_accounts/v1/")?.strip_prefix(place)?;
        let account = percent_encoding::percent_decode_str(account).decode_utf8().ok()?;
        (account == settings.service_account).then(|| keys.of_service_account())
    };
    let body = match path {
        "/oauth2/v3/certs" => key_set(&[keys.of_google()]),
        "/oauth2/v1/certs" => certificates(keys.of_google(), SIGNER),
        _ => match of_account("jwk/").or_else(|| of_account("metadata/jwk/")) {
            Some(key) => key_set(&[key]),
            None => certificates(of_account("metadata/x509/")?, &settings.service_account_id),
        },
    };
    Some(Answer::json(200, &body))
}

/// A certificate of each key, under the key's name.
fn certificates(key: &SigningKey, common_name: &str) -> Value {
    json!({ key.id(): key.certificate(common_name) })
}
