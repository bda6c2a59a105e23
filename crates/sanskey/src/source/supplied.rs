//! A proof that the calling program supplies, because only it knows where to get one.

use super::Proof;
use crate::config::{CredentialConfig, Source};
use crate::desk::{Desk, Flow};
use crate::error::Error;
use crate::goal::Options;
use crate::secret::Secret;

/// The token as the caller has it, of the type that the configuration names.
pub(super) fn proof(
    desk: &mut Desk,
    config: &CredentialConfig,
    options: &Options,
    token: &Secret,
) -> Flow<Proof> {
    let problem = if token.is_empty() {
        "The supplied subject token is empty."
    } else if options.aws_credentials.is_some() {
        "A subject token and AWS credentials are both supplied, but only one can be the proof."
    } else if matches!(config.source(), Source::Certificate(_)) {
        "A subject token is supplied, but the proof of this configuration is a certificate."
    } else {
        desk.keep_secret(token);
        return Ok(Proof::of_token(token.clone()));
    };
    Err(Error::invalid_argument(problem).into())
}
