//! Every issuer of web identity tokens here, and the key with which it signs what Google takes.

use crate::{azure::TokenVersion, settings::Settings, signing_keys::SigningKey, store::Store};

/// The key of the issuer of this URL, if there is one: the URLs are compared byte for byte.
pub(crate) fn key<'s>(store: &'s Store, settings: &Settings, issuer: &str) -> Option<&'s SigningKey> {
    let keys = &store.signing_keys;
    let is_entra =
        || [TokenVersion::V1, TokenVersion::V2].iter().any(|one| settings.azure.issuer(*one) == issuer);
    if issuer == settings.pod_issuer {
        Some(keys.of_pods())
    } else if issuer == settings.outbound_issuer {
        Some(keys.rs256())
    } else if issuer == settings.github_actions.issuer {
        Some(keys.of_github())
    } else if is_entra() {
        Some(keys.of_entra())
    } else {
        None
    }
}
