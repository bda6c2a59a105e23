//! What an exchange is for: [`Token`].

use std::time::Duration;

use crate::http::Header;
use crate::secret::Secret;
use crate::time::UnixTime;

/// An OAuth 2.0 bearer token for Google Cloud APIs, with its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Token {
    /// What goes into the header `authorization: Bearer …`.
    pub value: Secret,
    /// From when on it is of no use. If the server did not say, this is the time at which the token
    /// came: such a token can be used, but not kept.
    pub expires_at: UnixTime,
    /// Whose token it is.
    pub kind: TokenKind,
    /// For an `external_account_authorized_user`, if the service has issued a new refresh token: it replaces
    /// the configuration's, which may be of no use from now on. Keep it.
    pub refresh_token: Option<Secret>,
}

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// A person's of a Google Workspace domain, for whom a service account acts.
    Delegated,
    /// One that can do less than the one it was made of.
    Downscoped,
    /// The workload's own, from Google's Security Token Service.
    Federated,
    /// A service account's `OpenID` Connect token, which shows who it is and opens no API of Google.
    IdToken,
    /// A service account's, from the IAM Credentials API.
    ServiceAccount,
}

impl TokenKind {
    /// All of them.
    const ALL: [Self; 5] =
        [Self::Delegated, Self::Downscoped, Self::Federated, Self::IdToken, Self::ServiceAccount];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The stable name: `delegated`, `downscoped`, `federated`, `id_token`, `service_account`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delegated => "delegated",
            Self::Downscoped => "downscoped",
            Self::IdToken => "id_token",
            Self::Federated => "federated",
            Self::ServiceAccount => "service_account",
        }
    }
}

/// Whether a token is still good to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Freshness {
    /// Its time is up, or will be before a request could arrive.
    Expired,
    /// Use it.
    Fresh,
    /// Use it, and get the next one meanwhile.
    Stale,
}

impl Freshness {
    /// A token is stale for its last four minutes, and expired for its last ten seconds: clocks
    /// differ, and requests take time. (Google's own libraries refresh between 225 and 300 s ahead.)
    pub fn of(expires_at: UnixTime, now: UnixTime) -> Self {
        Self::of_seconds_left(now.seconds_until(expires_at))
    }

    pub(crate) fn of_seconds_left(seconds: u64) -> Self {
        match seconds {
            0..=10 => Self::Expired,
            11..=240 => Self::Stale,
            _ => Self::Fresh,
        }
    }

    /// The stable name: `expired`, `fresh`, `stale`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Fresh => "fresh",
            Self::Stale => "stale",
        }
    }
}

impl Token {
    /// Whether to use this token at the time `now`, and whether to get another.
    pub fn freshness(&self, now: UnixTime) -> Freshness {
        Freshness::of(self.expires_at, now)
    }

    /// A token that lives for so long from now on.
    pub(crate) fn living(value: Secret, kind: TokenKind, now: UnixTime, lifetime: Option<u64>) -> Self {
        let expires_at = now.plus(Duration::from_secs(lifetime.unwrap_or(0)));
        Self { value, expires_at, kind, refresh_token: None }
    }
}

/// The headers of a request to a Google Cloud API: the token, and the project that is billed and whose quota is
/// used, if one is given (<https://cloud.google.com/docs/quotas/set-quota-project>).
pub fn request_headers(token: &Secret, quota_project_id: Option<&str>) -> Vec<Header> {
    let authorization = Secret::new(format!("Bearer {}", token.expose()));
    let project = quota_project_id.map(|project| ("x-goog-user-project", project.into()));
    std::iter::once(("authorization", authorization))
        .chain(project)
        .map(|(name, value)| Header { name: name.to_owned(), value })
        .collect()
}
