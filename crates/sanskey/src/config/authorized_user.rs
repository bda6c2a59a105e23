//! `external_account_authorized_user`: a person who has logged in through a workforce pool. gcloud writes it
//! with `gcloud auth application-default login --login-config`.

use super::fields::Fields;
use crate::error::ErrorCode;
use crate::secret::Secret;
use crate::sts::ClientAuthentication;

/// What stands for the person until it is revoked.
#[derive(Clone, Debug, Hash)]
pub(crate) struct AuthorizedUser {
    pub(crate) refresh_token: Secret,
    pub(crate) revoke_url: Option<String>,
}

impl AuthorizedUser {
    pub(super) fn read(fields: &mut Fields<'_>, client: Option<&ClientAuthentication>) -> Self {
        // The last access token, which some programs keep there. It is not used, and not left in the tree.
        drop(fields.text("token").map(Secret::new));
        let refresh_token = fields.text("refresh_token").map(Secret::new);
        if refresh_token.is_none() {
            missing(fields, "refresh_token");
        }
        match client {
            None => missing(fields, "client_id"),
            Some(client) if client.client_secret.is_empty() => missing(fields, "client_secret"),
            Some(_) => {}
        }
        Self { refresh_token: refresh_token.unwrap_or_default(), revoke_url: fields.url("revoke_url") }
    }
}

/// A field that every login has.
fn missing(fields: &Fields<'_>, name: &str) {
    fields.refuse(
        ErrorCode::ConfigFieldMissing,
        name,
        format!("The credential configuration has no field {}.", fields.path_of(name)),
        "Log in with `gcloud auth application-default login --login-config=FILE`, which writes the whole file.",
    );
}
