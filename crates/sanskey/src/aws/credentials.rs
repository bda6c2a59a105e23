//! AWS security credentials.

use crate::error::Error;
use crate::secret::Secret;
use crate::time::UnixTime;
use crate::url::is_visible_ascii;

/// An AWS access key, with its session token if it is a temporary one.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
#[non_exhaustive]
pub struct Credentials {
    /// `AKIA…` for a user, `ASIA…` for a temporary key. It is a name and not secret.
    pub access_key_id: String,
    /// The secret that belongs to it.
    pub secret_access_key: Secret,
    /// Present for temporary keys. An empty token counts as none.
    pub session_token: Option<Secret>,
    /// When AWS ends them, if that is known.
    pub expires_at: Option<UnixTime>,
}

impl Credentials {
    /// A long-term key; add the token of a temporary one with [`Credentials::with_session_token`].
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<Secret>) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
            session_token: None,
            expires_at: None,
        }
    }

    /// The same key with its session token.
    #[must_use]
    pub fn with_session_token(mut self, session_token: impl Into<Secret>) -> Self {
        self.session_token = Some(session_token.into());
        self
    }

    /// The same key, which is of no use from that time on.
    #[must_use]
    pub(crate) fn ending(mut self, expires_at: Option<UnixTime>) -> Self {
        self.expires_at = expires_at;
        self
    }

    /// The session token, unless it is empty.
    pub(crate) fn session_token(&self) -> Option<&Secret> {
        self.session_token.as_ref().filter(|token| !token.is_empty())
    }

    /// The key's name and its session token are sent in headers, so they must be fit for that. A secret
    /// with a line break would only lead to a signature that nobody accepts.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let problem = if !is_visible_ascii(&self.access_key_id) || self.access_key_id.contains([',', '/']) {
            "The AWS access key ID is empty or has characters that it cannot have."
        } else if !is_visible_ascii(self.secret_access_key.expose()) {
            "The AWS secret access key is empty, or has characters that it cannot have, such as a space or a line break."
        } else if self.session_token().is_some_and(|token| !is_visible_ascii(token.expose())) {
            "The AWS session token has characters that it cannot have, such as a space or a line break."
        } else {
            return Ok(());
        };
        Err(Error::invalid_argument(problem))
    }
}
