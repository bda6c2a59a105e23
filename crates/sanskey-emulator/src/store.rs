//! What the emulator has issued and seen since it started.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::{
    access_boundary::Boundary, aws_keys::AwsKey, certificates::Authority, cloud_storage::Objects,
    faults::PlannedFault, random, signing_keys::SigningKeys,
};

/// One request as `GET /emulator/requests` tells it: never a query, a header or a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestRecord {
    /// The HTTP method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The action, of a call to AWS STS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The status that was answered; 0 if the connection was closed without an answer.
    pub status: u16,
}

/// Whom a Google access token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenHolder {
    /// A federated identity; holds its `principal://` name.
    Federated(String),
    /// A service account; holds its e-mail.
    ServiceAccount(String),
    /// A person of a Google Workspace domain; holds the e-mail.
    Person(String),
}

/// An access token that the emulator issued.
#[derive(Clone)]
pub(crate) struct GoogleToken {
    pub(crate) holder: TokenHolder,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_at: OffsetDateTime,
    /// The fingerprint of the only client certificate with which it can be used.
    pub(crate) bound_to: Option<String>,
    /// Who acts for the holder.
    pub(crate) actor: Option<String>,
    /// What it can be used for at most.
    pub(crate) boundary: Option<Boundary>,
}

/// Everything issued so far. Nothing is ever dropped: the bounded number of requests bounds this too.
#[derive(Default)]
pub(crate) struct Store {
    imds_sessions: BTreeMap<String, OffsetDateTime>,
    aws_keys: BTreeMap<String, AwsKey>,
    google_tokens: BTreeMap<String, GoogleToken>,
    /// The token that replaces the one of the settings.
    pub(crate) container_token: Option<String>,
    sso_tokens: BTreeMap<String, OffsetDateTime>,
    /// What is to go wrong.
    pub(crate) faults: Vec<PlannedFault>,
    /// Seconds that the clock is ahead, in place of those of the settings.
    pub(crate) clock_offset: Option<i64>,
    source_identities: BTreeMap<String, String>,
    /// The keys of the issuers of web identity tokens.
    pub(crate) signing_keys: SigningKeys,
    authority: OnceCell<Authority>,
    /// What Cloud Storage keeps.
    pub(crate) objects: Objects,
    /// The refresh tokens that are still good.
    pub(crate) refresh_tokens: BTreeSet<String>,
    pub(crate) requests: Vec<RequestRecord>,
    /// How many requests were answered, those that are not in the list included.
    pub(crate) answered: u64,
}

impl Store {
    /// Opens a session of the metadata service and returns its token.
    pub(crate) fn open_imds_session(&mut self, lifetime: Duration, now: OffsetDateTime) -> String {
        let token = format!("AQAAA{}", random::base64(37));
        self.imds_sessions.insert(token.clone(), now + lifetime);
        token
    }

    /// The time left to a session, or `None` if it is unknown or over.
    pub(crate) fn imds_session(&self, token: &str, now: OffsetDateTime) -> Option<Duration> {
        self.imds_sessions.get(token).map(|end| *end - now).filter(|left| left.is_positive())
    }

    pub(crate) fn keep_aws_key(&mut self, key: AwsKey) -> AwsKey {
        self.aws_keys.insert(key.access_key_id.clone(), key.clone());
        key
    }

    pub(crate) fn aws_key(&self, access_key_id: &str) -> Option<&AwsKey> {
        self.aws_keys.get(access_key_id)
    }

    /// Remembers a token of IAM Identity Center.
    pub(crate) fn keep_sso_token(&mut self, token: String, expires_at: OffsetDateTime) {
        self.sso_tokens.insert(token, expires_at);
    }

    /// Whether a token of IAM Identity Center was issued here and is still valid.
    pub(crate) fn has_sso_token(&self, token: &str, now: OffsetDateTime) -> bool {
        self.sso_tokens.get(token).is_some_and(|end| *end > now)
    }

    /// Remembers who stands at the beginning of a chain of roles.
    pub(crate) fn keep_source_identity(&mut self, key: &AwsKey, source_identity: String) {
        self.source_identities.insert(key.access_key_id.clone(), source_identity);
    }

    pub(crate) fn source_identity(&self, key: &AwsKey) -> Option<&str> {
        self.source_identities.get(&key.access_key_id).map(String::as_str)
    }

    /// The certificate authority, drawn when it is first needed.
    pub(crate) fn authority(&self) -> &Authority {
        self.authority.get_or_init(Authority::new)
    }

    /// Issues an access token and returns its value.
    pub(crate) fn issue_google_token(&mut self, token: GoogleToken) -> String {
        let kind = match token.holder {
            TokenHolder::Federated(_) => "federated",
            TokenHolder::ServiceAccount(_) => "service-account",
            TokenHolder::Person(_) => "person",
        };
        let value = format!("emulator.{kind}.{}", random::hex(32));
        self.google_tokens.insert(value.clone(), token);
        value
    }

    /// An access token that was issued here and is still valid.
    pub(crate) fn google_token(&self, value: &str, now: OffsetDateTime) -> Option<&GoogleToken> {
        self.google_tokens.get(value).filter(|token| token.expires_at > now)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Store").field("requests", &self.requests.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2024-01-02 03:04:05 UTC);

    #[test]
    fn access_tokens_end_with_their_time() {
        let mut store = Store::default();
        let value = store.issue_google_token(GoogleToken {
            holder: TokenHolder::ServiceAccount("a@b".to_owned()),
            scopes: Vec::new(),
            expires_at: NOW + Duration::SECOND,
            bound_to: None,
            actor: None,
            boundary: None,
        });

        assert!(store.google_token(&value, NOW).is_some());
        assert!(store.google_token(&value, NOW + Duration::SECOND).is_none());
    }

    #[test]
    fn metadata_sessions_end_with_their_time() {
        let mut store = Store::default();
        let token = store.open_imds_session(Duration::minutes(5), NOW);

        assert_eq!(store.imds_session(&token, NOW + Duration::minutes(4)), Some(Duration::MINUTE));
        assert_eq!(store.imds_session(&token, NOW + Duration::minutes(5)), None);
    }
}
