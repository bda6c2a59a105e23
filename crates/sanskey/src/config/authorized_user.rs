//! `external_account_authorized_user`: a person who has logged in through a workforce pool. gcloud writes it
//! with `gcloud auth application-default login --login-config`.

use super::fields::{Fields, missing};
use crate::error::Error;
use crate::secret::Secret;

/// What stands for the person until it is revoked.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizedUser {
    pub(crate) refresh_token: Secret,
    pub(crate) revoke_url: Option<String>,
}

impl AuthorizedUser {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, Error> {
        // The last access token, which some programs keep there. It is not used, and not left in the tree.
        drop(fields.text("token").map(|token| token.map(Secret::new)));
        let refresh_token = fields.text("refresh_token")?.map(Secret::new);
        let refresh_token = refresh_token.ok_or_else(|| missing_of_login(fields, "refresh_token"))?;
        Ok(Self { refresh_token, revoke_url: fields.url("revoke_url")? })
    }
}

/// A field that every login has.
pub(super) fn missing_of_login(fields: &Fields<'_>, name: &str) -> Error {
    missing(fields.path_of(name), "").with_hint(LOG_IN)
}

const LOG_IN: &str =
    "Log in with `gcloud auth application-default login --login-config=FILE`, which writes the whole file.";
