//! Where the proof of identity comes from. One file for each kind of source.

mod aws;
mod certificate;
mod executable;
mod file;
mod platform;
mod subject_token;
mod supplied;
mod url;

use serde_json::{Map, Value};

use crate::config::{CredentialConfig, Source};
use crate::desk::{Desk, Flow};
use crate::error::Error;
use crate::goal::{ActorToken, Options};
use crate::http::ClientCertificate;
use crate::secret::Secret;
use crate::time::UnixTime;

/// What proves who the workload is.
pub(crate) struct Proof {
    subject: Subject,
    /// What proves who acts for it.
    actor: Option<ActorToken>,
    /// With what TLS is to be spoken.
    client_certificate: Option<ClientCertificate>,
}

/// What a source has found out. A signed request is made into a subject token anew for every try, since
/// a signature holds the time of the try.
enum Subject {
    Certificate(certificate::Certificate),
    /// A JWT of AWS, which the caller may have chosen in place of a signed request.
    AwsJwt(Secret),
    SignedRequest(aws::CallerIdentity),
    Token(Secret),
}

/// Moves a text out of an object, so that a secret is not left in what was parsed. An empty one is none.
pub(crate) fn take_text(body: &mut Map<String, Value>, name: &str) -> Option<Secret> {
    match body.get_mut(name).map(Value::take) {
        Some(Value::String(text)) if !text.is_empty() => Some(Secret::new(text)),
        _ => None,
    }
}

/// Takes what the caller has supplied, or asks the configured source.
pub(crate) fn proof(desk: &mut Desk, config: &CredentialConfig, options: &Options) -> Flow<Proof> {
    let mut proof = match &options.subject_token {
        Some(token) => supplied::proof(desk, config, options, token),
        None => from_source(desk, config, options),
    }?;
    if let Some(actor) = &options.actor_token {
        if actor.token.is_empty() || actor.token_type.is_empty() {
            return Err(Error::invalid_argument("The actor token, or its type, is empty.").into());
        }
        proof.actor = Some(actor.clone());
    }
    if let Some(actor) = &proof.actor {
        desk.keep_secret(&actor.token);
    }
    Ok(proof)
}

fn from_source(desk: &mut Desk, config: &CredentialConfig, options: &Options) -> Flow<Proof> {
    Ok(match config.source() {
        Source::AuthorizedUser(_) => {
            return Err(Error::bug("An authorized user has a refresh token and no proof.").into());
        }
        Source::Aws(source) => Proof::of(aws::proof(desk, source, config, options)?),
        Source::Certificate(source) => certificate::proof(desk, source)?,
        Source::Executable(source) => Proof::of_token(executable::token(desk, source, config)?),
        Source::File(source) => file::proof(desk, source)?,
        Source::Platform(source) => Proof::of_token(platform::token(desk, source, config)?),
        Source::Url(source) => url::proof(desk, source)?,
    })
}

impl Proof {
    fn of(subject: Subject) -> Self {
        Self { subject, actor: None, client_certificate: None }
    }

    fn of_token(token: Secret) -> Self {
        Self::of(Subject::Token(token))
    }

    /// The subject token for this audience at this time.
    pub(crate) fn subject_token(&self, config: &CredentialConfig, now: UnixTime) -> Result<Secret, Error> {
        match &self.subject {
            Subject::Certificate(certificate) => Ok(certificate.subject_token()),
            Subject::SignedRequest(identity) => identity.subject_token(config.audience(), now),
            Subject::AwsJwt(token) | Subject::Token(token) => {
                subject_token::check_expiry(self.subject_token_type(config), token, now)?;
                Ok(token.clone())
            }
        }
    }

    /// Its type: what the configuration says, unless the caller has chosen a proof of another kind.
    pub(crate) fn subject_token_type<'a>(&self, config: &'a CredentialConfig) -> &'a str {
        match (&self.subject, config.subject_token_type()) {
            (Subject::AwsJwt(_), "urn:ietf:params:aws:token-type:aws4_request") => {
                "urn:ietf:params:oauth:token-type:jwt"
            }
            (_, configured) => configured,
        }
    }

    /// Who acts for the workload, and the type of the proof of that.
    pub(crate) fn actor(&self, now: UnixTime) -> Result<Option<(&Secret, &str)>, Error> {
        let Some(ActorToken { token, token_type }) = &self.actor else { return Ok(None) };
        subject_token::check_expiry(token_type, token, now)?;
        Ok(Some((token, token_type)))
    }

    /// With what TLS is to be spoken, if the proof is of use with that only.
    pub(crate) fn client_certificate(&self) -> Option<&ClientCertificate> {
        self.client_certificate.as_ref()
    }

    /// The certificate that a token can be bound to.
    pub(crate) fn certificate_fingerprint(&self) -> Result<String, Error> {
        match &self.subject {
            Subject::Certificate(certificate) => certificate.fingerprint(),
            Subject::AwsJwt(_) | Subject::SignedRequest(_) | Subject::Token(_) => Err(
                Error::invalid_argument("A token can be bound to a certificate only where the proof is one."),
            ),
        }
    }
}
