//! Where the proof of identity comes from. One file for each kind of source.

mod aws;
mod certificate;
mod executable;
mod file;
mod platform;
mod subject_token;
mod url;

use serde_json::{Map, Value};

use crate::config::{CredentialConfig, Source};
use crate::desk::{Desk, Flow};
use crate::error::Error;
use crate::goal::Options;
use crate::http::ClientCertificate;
use crate::secret::Secret;
use crate::time::UnixTime;

/// What a source has found out. A signed request is made into a subject token anew for every try, since
/// a signature holds the time of the try.
pub(crate) enum Proof {
    Certificate(certificate::Certificate),
    SignedRequest(aws::CallerIdentity),
    Token(Secret),
}

/// Moves a text out of an object, so that a secret is not left in what was parsed. An empty one is none.
fn take_text(body: &mut Map<String, Value>, name: &str) -> Option<Secret> {
    match body.get_mut(name).map(Value::take) {
        Some(Value::String(text)) if !text.is_empty() => Some(Secret::new(text)),
        _ => None,
    }
}

/// Asks the configured source.
pub(crate) fn proof(desk: &mut Desk, config: &CredentialConfig, options: &Options) -> Flow<Proof> {
    match config.source() {
        Source::Aws(source) => aws::proof(desk, source, config, options),
        Source::Certificate(source) => certificate::read(desk, source).map(Proof::Certificate),
        Source::Executable(source) => executable::token(desk, source, config).map(Proof::Token),
        Source::File(source) => file::token(desk, source).map(Proof::Token),
        Source::Platform(source) => platform::token(desk, source, config).map(Proof::Token),
        Source::Url(source) => url::token(desk, source).map(Proof::Token),
    }
}

impl Proof {
    /// The subject token for this audience at this time.
    pub(crate) fn subject_token(&self, config: &CredentialConfig, now: UnixTime) -> Result<Secret, Error> {
        match self {
            Self::Certificate(certificate) => Ok(certificate.subject_token.clone()),
            Self::SignedRequest(identity) => identity.subject_token(config.audience(), now),
            Self::Token(token) => {
                subject_token::check_expiry(self.subject_token_type(config), token, now)?;
                Ok(token.clone())
            }
        }
    }

    /// Its type: what the configuration says, unless the caller has chosen a proof of another kind.
    pub(crate) fn subject_token_type<'a>(&self, config: &'a CredentialConfig) -> &'a str {
        const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
        match (self, config.subject_token_type()) {
            (Self::Token(_), "urn:ietf:params:aws:token-type:aws4_request") => JWT,
            (_, configured) => configured,
        }
    }

    /// With what TLS is to be spoken, if the proof is of use with that only.
    pub(crate) fn client_certificate(&self) -> Option<&ClientCertificate> {
        match self {
            Self::Certificate(certificate) => Some(&certificate.client_certificate),
            Self::SignedRequest(_) | Self::Token(_) => None,
        }
    }
}
