//! `POST /v1/token` with an access token as the subject: a token that can do less than that.
//!
//! Sources: <https://cloud.google.com/iam/docs/downscoping-short-lived-credentials> and the reference of the STS method
//! `token`. All texts are inferred.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::{
    answers::{Answer, Request, oauth_error},
    certificates, google_sts,
    store::{GoogleToken, Store, TokenHolder},
    sts_options::{Options, invalid_value},
};

pub(crate) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// Exchanges a token of Google's for a weaker one. No provider takes part, so that no audience is read.
pub(crate) fn exchange(
    store: &mut Store,
    request: &Request,
    parameters: &BTreeMap<String, String>,
    now: OffsetDateTime,
) -> Result<Answer, Answer> {
    let value = parameters.get("subject_token").ok_or_else(|| invalid_value("subject_token"))?;
    let boundary = Options::of(parameters, request)?.access_boundary;
    let boundary = boundary.ok_or_else(|| {
        invalid_value("options").with_header("x-emulator-detail", "there is no accessBoundary")
    })?;
    let refused = |detail: &str| {
        oauth_error("invalid_grant", "The subject token is invalid.").with_header("x-emulator-detail", detail)
    };
    let token =
        store.google_token(value, now).ok_or_else(|| refused("it was not issued here, or is over"))?;
    if !certificates::is_shown_if_bound(token.bound_to.as_deref(), request) {
        return Err(refused("it is bound to a certificate"));
    }
    if token.boundary.is_some() {
        return Err(refused("it has a boundary already"));
    }
    if matches!(&token.holder, TokenHolder::Federated(name) if name.contains("/workforcePools/")) {
        // The reference: workforce pools do not support Credential Access Boundary.
        return Err(refused("it is a workforce pool's"));
    }
    // The reference: the field is absent where the token is one of a person of Google Workspace.
    let tells_end = !matches!(token.holder, TokenHolder::Person(_));
    let weaker = GoogleToken { boundary: Some(boundary), ..token.clone() };
    Ok(google_sts::issue(store, weaker, tells_end, now))
}
