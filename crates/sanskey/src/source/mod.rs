//! Where the proof of identity comes from. One file for each kind of source.

mod aws;

use crate::config::{CredentialConfig, Source};
use crate::desk::{Desk, Flow};
use crate::error::Error;
use crate::goal::Options;
use crate::secret::Secret;
use crate::time::UnixTime;

/// What a source has found out. It is made into a subject token anew for every try, since a
/// signature holds the time of the try.
pub(crate) enum Proof {
    Aws(aws::CallerIdentity),
}

/// Asks the configured source.
pub(crate) fn proof(desk: &mut Desk, config: &CredentialConfig, options: &Options) -> Flow<Proof> {
    match config.source() {
        Source::Aws(source) => aws::caller_identity(desk, source, options).map(Proof::Aws),
    }
}

impl Proof {
    /// The subject token for this audience at this time.
    pub(crate) fn subject_token(&self, audience: &str, now: UnixTime) -> Result<Secret, Error> {
        match self {
            Self::Aws(identity) => identity.subject_token(audience, now),
        }
    }
}
