//! What one exchange finds out and the next one of the same source need not ask again.

use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};

use crate::aws::Credentials;
use crate::secret::Secret;
use crate::time::UnixTime;
use crate::token::Token;

/// What is remembered. Everything in it came from a server, but for nothing that proves who is asked about: a
/// signed request, a JWT or a file is got anew for every exchange.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) aws_region: Option<Kept<String>>,
    /// Those at the end of a chain of roles.
    pub(crate) aws_credentials: Option<Kept<Credentials>>,
    /// The token that a service account is asked with.
    pub(crate) federated_token: Option<Kept<Token>>,
    /// The one that has replaced that of the configuration. It is never forgotten: there is no other.
    pub(crate) refresh_token: Option<Secret>,
}

/// A thing, for whom it is, and from when on it is asked again.
#[derive(Clone, Debug)]
pub(crate) struct Kept<T> {
    /// A digest of everything that it depends on: if that has changed, it is another's.
    pub(crate) circumstances: String,
    pub(crate) until: UnixTime,
    pub(crate) value: T,
}

/// AWS has new credentials of a role some minutes before the old ones end. A request takes a moment.
pub(crate) const AWS_MARGIN_SECONDS: i64 = 60;

/// What is made of a federated token should not be stale at once.
pub(crate) const TOKEN_MARGIN_SECONDS: i64 = 300;

/// No instance moves to another region, but a state that was exported there may.
pub(crate) const REGION_SECONDS: i64 = 24 * 3600;

impl Memory {
    /// Adds what an exchange has found out.
    pub(crate) fn learn(&mut self, news: Self) {
        self.learn_refresh_token(&news);
        let Self { aws_region, aws_credentials, federated_token, refresh_token: _ } = news;
        self.aws_region = aws_region.or_else(|| self.aws_region.take());
        self.aws_credentials = aws_credentials.or_else(|| self.aws_credentials.take());
        self.federated_token = federated_token.or_else(|| self.federated_token.take());
    }

    /// Adds what an exchange leaves behind however it ends: a refresh token that was replaced is good no more.
    pub(crate) fn learn_refresh_token(&mut self, news: &Self) {
        if let Some(refresh_token) = &news.refresh_token {
            self.refresh_token = Some(refresh_token.clone());
        }
    }

    /// Forgets everything that can be asked again.
    pub(crate) fn forget(&mut self) {
        *self = Self { refresh_token: self.refresh_token.take(), ..Self::default() };
    }
}

impl<T> Kept<T> {
    /// The thing, if it is for these circumstances and may be used at this time.
    pub(crate) fn get(&self, circumstances: &str, now: UnixTime) -> Option<&T> {
        (self.circumstances == circumstances && now < self.until).then_some(&self.value)
    }
}

/// A digest that depends on everything that tells one thing from another of its type.
pub(crate) fn digest(thing: impl Hash) -> String {
    let mut hasher = Digester(Sha256::new());
    thing.hash(&mut hasher);
    base16ct::lower::encode_string(&hasher.0.finalize())
}

/// Where two things must never have the same digest, 64 bits would be too few.
struct Digester(Sha256);

impl Hasher for Digester {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Nobody asks for it.
    fn finish(&self) -> u64 {
        0
    }
}
