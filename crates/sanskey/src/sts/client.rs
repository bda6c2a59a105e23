//! How an OAuth 2.0 client says who it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// An OAuth 2.0 client that authenticates itself by HTTP Basic (RFC 6749 section 2.3.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ClientAuthentication {
    /// The name of the client.
    pub client_id: String,
    /// Its password; may be empty.
    pub client_secret: Secret,
}

impl ClientAuthentication {
    /// A client from its name and its password.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self { client_id: client_id.into(), client_secret: client_secret.into() }
    }

    /// The header `authorization`.
    pub(crate) fn basic(&self) -> Secret {
        let pair = Zeroizing::new(format!("{}:{}", self.client_id, self.client_secret.expose()));
        let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        Secret::new(format!("Basic {}", *encoded))
    }
}
