//! Who may do what with an object.
//!
//! In the emulated world the service account, the identities that may become it, and the people whom it acts for have
//! `roles/storage.objectAdmin` on every bucket. So what a token is refused is refused for its scopes, for its
//! certificate, or for its boundary.

use time::OffsetDateTime;

use super::{Place, errors, signed_url};
use crate::{
    access_boundary::Permission,
    answers::{Answer, Request},
    certificates,
    settings::Settings,
    store::{GoogleToken, Store, TokenHolder},
};

/// The scopes with which objects can be read, of which the first ones are for writing, too:
/// <https://cloud.google.com/storage/docs/oauth-scopes>.
const SCOPES: [&str; 5] = [
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/devstorage.full_control",
    "https://www.googleapis.com/auth/devstorage.read_write",
    "https://www.googleapis.com/auth/cloud-platform.read-only",
    "https://www.googleapis.com/auth/devstorage.read_only",
];
const FOR_WRITING: usize = 3;

/// Refuses a request that has neither a good signature nor a token with these permissions.
pub(super) fn check(
    store: &Store,
    settings: &Settings,
    request: &Request,
    place: &Place,
    needed: &[Permission],
    now: OffsetDateTime,
) -> Result<(), Answer> {
    if signed_url::has(request) {
        return signed_url::verify(store, settings, request, now);
    }
    if !request.headers.contains_key("authorization") {
        return Err(denied("Anonymous caller", needed));
    }
    let token = request
        .bearer()
        .and_then(|value| store.google_token(value, now))
        .filter(|token| certificates::is_shown_if_bound(token.bound_to.as_deref(), request))
        .ok_or_else(errors::authentication_required)?;
    let scopes = match needed {
        [Permission::Get] => &SCOPES[..],
        _ => &SCOPES[..FOR_WRITING],
    };
    if !token.scopes.iter().any(|scope| scopes.contains(&scope.as_str())) {
        return Err(errors::access_denied("Provided scope(s) are not authorized"));
    }
    let is_allowed = |permission: &&Permission| {
        let boundary = token.boundary.as_ref();
        boundary.is_none_or(|boundary| boundary.allows(**permission, &place.bucket, &place.object))
    };
    match needed.iter().find(|permission| !is_allowed(permission)) {
        Some(permission) => Err(denied(name(token), &[*permission])),
        None => Ok(()),
    }
}

fn name(token: &GoogleToken) -> &str {
    match &token.holder {
        TokenHolder::Federated(name) | TokenHolder::ServiceAccount(name) | TokenHolder::Person(name) => name,
    }
}

fn denied(who: &str, needed: &[Permission]) -> Answer {
    let permission = needed.first().map_or("storage.objects.get", |permission| permission.name());
    errors::access_denied(&format!(
        "{who} does not have {permission} access to the Google Cloud Storage object. Permission '{permission}' denied on \
         resource (or it may not exist)."
    ))
}
