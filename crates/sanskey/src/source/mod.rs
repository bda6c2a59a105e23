//! Where the proof of identity comes from. One file for each kind of source.

mod aws;

use crate::config::{CredentialConfig, Source};
use crate::desk::{Desk, Flow};
use crate::error::Error;
use crate::goal::Options;
use crate::secret::Secret;
use crate::time::UnixTime;

/// What a source has found out. A signed request is made into a subject token anew for every try, since
/// a signature holds the time of the try.
pub(crate) enum Proof {
    SignedRequest(aws::CallerIdentity),
    Jwt(Secret),
}

/// Asks the configured source.
pub(crate) fn proof(desk: &mut Desk, config: &CredentialConfig, options: &Options) -> Flow<Proof> {
    match config.source() {
        Source::Aws(source) => aws::proof(desk, source, config, options),
    }
}

impl Proof {
    /// The subject token for this audience at this time.
    pub(crate) fn subject_token(&self, audience: &str, now: UnixTime) -> Result<Secret, Error> {
        match self {
            Self::SignedRequest(identity) => identity.subject_token(audience, now),
            Self::Jwt(token) => Ok(token.clone()),
        }
    }

    /// Its type: what the configuration says, unless the caller has chosen a proof of another kind.
    pub(crate) fn subject_token_type<'a>(&self, config: &'a CredentialConfig) -> &'a str {
        const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
        match (self, config.subject_token_type()) {
            (Self::Jwt(_), "urn:ietf:params:aws:token-type:aws4_request") => JWT,
            (_, configured) => configured,
        }
    }
}
