//! The IAM Credentials API: a federated token in, a service account's access token out.
//!
//! Source: <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>.

use std::time::Duration;

use serde_json::Value;

use crate::desk::Answer;
use crate::error::{Error, ErrorCode, Stage};
use crate::goal::scopes_or_default;
use crate::http::{HttpRequest, HttpResponse, Method};
use crate::json;
use crate::secret::Secret;
use crate::server::{Server, hint_about_another};
use crate::time::UnixTime;
use crate::token::{Token, TokenKind};
use crate::url::{check_url, is_visible_ascii};

/// Which service account to become, in whose name, and for how long.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Impersonation<'a> {
    /// `…/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken`, used as it is.
    pub url: &'a str,
    /// The federated token.
    pub token: &'a Secret,
    /// OAuth 2.0 scopes of the service account's token; none means [`crate::CLOUD_PLATFORM_SCOPE`].
    pub scopes: &'a [&'a str],
    /// How long it is to live, in seconds: 600 to 43,200. More than 3,600 needs the organization
    /// policy `constraints/iam.allowServiceAccountCredentialLifetimeExtension`.
    pub lifetime_seconds: u32,
    /// Service accounts in between, in order, as `projects/-/serviceAccounts/EMAIL`.
    pub delegates: &'a [&'a str],
}

impl<'a> Impersonation<'a> {
    /// One hour for [`crate::CLOUD_PLATFORM_SCOPE`] and without delegates; set the other fields as needed.
    pub fn new(url: &'a str, token: &'a Secret) -> Self {
        Self { url, token, scopes: &[], lifetime_seconds: 3600, delegates: &[] }
    }
}

/// `generateAccessToken` as an HTTP request.
///
/// # Errors
/// `invalid_argument` if the URL or the token cannot be sent, a scope is not a scope, or the lifetime
/// is out of its range.
pub fn request(impersonation: &Impersonation<'_>) -> Result<HttpRequest, Error> {
    check_url("url", impersonation.url)?;
    if !is_visible_ascii(impersonation.token.expose()) {
        return Err(Error::invalid_argument("The federated token cannot stand in a header."));
    }
    let scopes = scopes_or_default(impersonation.scopes)?;
    let lifetime = impersonation.lifetime_seconds;
    if !(600..=43_200).contains(&lifetime) {
        return Err(Error::invalid_argument("The lifetime of a token must be from 600 to 43200 seconds."));
    }
    let delegates = match impersonation.delegates {
        [] => String::new(),
        delegates => format!("\"delegates\":{},", json::texts(delegates)?),
    };
    let body = format!("{{{delegates}\"lifetime\":\"{lifetime}s\",\"scope\":{}}}", json::texts(scopes)?);
    Ok(HttpRequest::new(Method::Post, impersonation.url, SERVER.timeout)
        .header("accept", "application/json")
        .header("authorization", format!("Bearer {}", impersonation.token.expose()))
        .header("content-type", "application/json")
        .body(body))
}

/// The service account's token in the API's answer, which came at the time `now`.
///
/// # Errors
/// `impersonation_rejected` with the API's own `status` and `message`, `impersonation_unavailable`,
/// `impersonation_malformed`, `redirect_refused`, `response_too_large`.
pub fn parse_response(response: &HttpResponse, now: UnixTime) -> Result<Token, Error> {
    parse(response, now).map_err(Error::shortened)
}

/// The same for the answer to an ask. The texts of an error are as long as the server made them.
pub(crate) fn parse_answer(answer: &Answer, who: &Who<'_>) -> Result<Token, Error> {
    parse(&answer.response, answer.seen_at)
        .map_err(|error| who.explain(error, "roles/iam.workloadIdentityUser").about_ask(&answer.ask_id))
}

/// Who wants to become, or to act as, which service account.
pub(crate) struct Who<'a> {
    pub(crate) audience: &'a str,
    pub(crate) service_account: &'a str,
}

impl Who<'_> {
    /// The same error with a hint of its own, if the API's words are known. `role` is what it takes.
    pub(crate) fn explain(&self, error: Error, role: &str) -> Error {
        if let Some(hint) = hint_about_another(&error) {
            return error.with_hint(hint);
        }
        let Self { service_account, .. } = self;
        let words = error.remote_error_description().unwrap_or_default();
        let hint = match error.status() {
            Some(403) if words.contains("has not been used in project") || words.contains("is disabled") => {
                format!(
                    "Enable the IAM Credentials API in the project of {service_account}: `gcloud services enable iamcredentials.googleapis.com --project=PROJECT`. That takes a minute or two."
                )
            }
            Some(403) => match self.audience.split_once("/providers/") {
                // <https://cloud.google.com/iam/docs/principal-identifiers>
                Some((pool, _)) => format!(
                    "Grant {role} on {service_account} to this workload: `gcloud iam service-accounts add-iam-policy-binding {service_account} --role={role} --member=MEMBER`. MEMBER is principal:{pool}/subject/SUBJECT, with what the provider maps to google.subject, or principalSet:{pool}/* for everybody in the pool. A new grant takes a minute or two. See also that the account's address is right, and the IAM Credentials API enabled."
                ),
                None => return error,
            },
            _ => return error,
        };
        error.with_hint(hint)
    }
}

fn parse(response: &HttpResponse, now: UnixTime) -> Result<Token, Error> {
    let mut body = SERVER.accept_object(response).map_err(explain)?;
    let value = SERVER.token_in(&mut body, "accessToken", response.status)?;
    let expires_at = match body.get("expireTime") {
        None | Some(Value::Null) => now,
        Some(time) => time.as_str().and_then(UnixTime::from_rfc3339).ok_or_else(|| {
            SERVER.malformed(response.status, "with an expireTime that is not a time of RFC 3339")
        })?,
    };
    Ok(Token { value, expires_at, kind: TokenKind::ServiceAccount, refresh_token: None })
}

pub(crate) const SERVER: Server = Server {
    name: "The IAM Credentials API",
    stage: Stage::Impersonation,
    timeout: Duration::from_secs(10),
    first_delay: Duration::from_secs(1),
    retry_unreachable: true,
    connection_hint: "",
    rejected: ErrorCode::ImpersonationRejected,
    unavailable: ErrorCode::ImpersonationUnavailable,
    malformed: ErrorCode::ImpersonationMalformed,
};

fn explain(error: Error) -> Error {
    if error.code() != ErrorCode::ImpersonationRejected {
        return error;
    }
    if let Some(hint) = hint_about_another(&error) {
        return error.with_hint(hint);
    }
    let words = error.remote_error_description().unwrap_or_default();
    let hint = match error.status() {
        Some(403) => {
            "Grant roles/iam.workloadIdentityUser on the service account to this workload's principal, check the account's address, and see that the IAM Credentials API is enabled. A new grant takes a minute or two."
        }
        Some(404) => "Check the address of the service account in service_account_impersonation_url.",
        Some(400) if words.contains("lifetime") => {
            "Ask for at most 3600 s in service_account_impersonation.token_lifetime_seconds, or let the organization policy constraints/iam.allowServiceAccountCredentialLifetimeExtension list the account for up to 12 hours."
        }
        Some(400) => {
            "Check the scopes and the lifetime: more than 3600 s needs constraints/iam.allowServiceAccountCredentialLifetimeExtension."
        }
        _ => "Check service_account_impersonation_url, and the service account that it names.",
    };
    error.with_hint(hint)
}
