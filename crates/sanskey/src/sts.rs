//! Google's Security Token Service: a proof of identity in, a federated token out (RFC 8693).
//!
//! Source: <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::desk::Answer;
use crate::error::{Error, ErrorCode, Stage};
use crate::goal::scopes_or_default;
use crate::http::{HttpRequest, HttpResponse, Method};
use crate::secret::Secret;
use crate::server::Server;
use crate::time::UnixTime;
use crate::token::{Token, TokenKind};
use crate::url::{check_url, is_visible_ascii, push_form_field};

/// What is exchanged, where, and for what.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange<'a> {
    /// The endpoint, such as `https://sts.googleapis.com/v1/token`.
    pub token_url: &'a str,
    /// The full resource name of the provider that is to accept the proof.
    pub audience: &'a str,
    /// OAuth 2.0 scopes of the federated token; none means [`crate::CLOUD_PLATFORM_SCOPE`].
    pub scopes: &'a [&'a str],
    /// The proof.
    pub subject_token: &'a Secret,
    /// The kind of the proof, a token type identifier of RFC 8693 section 3 or one of Google's own.
    pub subject_token_type: &'a str,
    /// For workforce pools: an OAuth client to authenticate as.
    pub client: Option<&'a ClientAuthentication>,
    /// For workforce pools without a client: the project to bill.
    pub user_project: Option<&'a str>,
}

/// An OAuth 2.0 client that authenticates itself by HTTP Basic (RFC 6749 section 2.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientAuthentication {
    /// The name of the client.
    pub client_id: String,
    /// Its password; may be empty.
    pub client_secret: Secret,
}

impl<'a> Exchange<'a> {
    /// An exchange for [`crate::CLOUD_PLATFORM_SCOPE`] and without a client; set the other fields as needed.
    pub fn new(
        token_url: &'a str,
        audience: &'a str,
        subject_token: &'a Secret,
        subject_token_type: &'a str,
    ) -> Self {
        Self {
            token_url,
            audience,
            scopes: &[],
            subject_token,
            subject_token_type,
            client: None,
            user_project: None,
        }
    }
}

/// The token exchange as an HTTP request.
///
/// # Errors
/// `invalid_argument` if `token_url` is not a URL that can be sent, or a scope is not a scope.
///
/// ```
/// use sanskey::sts;
///
/// let request = sts::request(&sts::Exchange::new(
///     "https://sts.googleapis.com/v1/token",
///     "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/ci",
///     &"eyJhbGciOi…".into(),
///     "urn:ietf:params:oauth:token-type:jwt",
/// ))?;
/// assert!(request.body.expose().starts_with("grant_type=urn%3Aietf%3A"));
/// # Ok::<(), sanskey::Error>(())
/// ```
pub fn request(exchange: &Exchange<'_>) -> Result<HttpRequest, Error> {
    check_url("token_url", exchange.token_url)?;
    let scopes = scopes_or_default(exchange.scopes)?;
    // Large enough to hold it all, so that no copy of the proof is left behind by growing.
    let capacity = exchange.subject_token.expose().len().saturating_mul(3).saturating_add(4096);
    let mut form = String::with_capacity(capacity);
    push_form_field(&mut form, "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
    push_form_field(&mut form, "audience", exchange.audience);
    push_form_field(&mut form, "scope", &scopes.join(" "));
    push_form_field(&mut form, "requested_token_type", "urn:ietf:params:oauth:token-type:access_token");
    push_form_field(&mut form, "subject_token", exchange.subject_token.expose());
    push_form_field(&mut form, "subject_token_type", exchange.subject_token_type);
    if let Some(project) = exchange.user_project {
        push_form_field(&mut form, "options", &format!("{{\"userProject\":{}}}", json(project)?));
    }
    let mut request = HttpRequest::new(Method::Post, exchange.token_url, SERVER.timeout)
        .header("accept", "application/json");
    if let Some(client) = exchange.client {
        request = request.header("authorization", client.basic());
    }
    Ok(request.header("content-type", "application/x-www-form-urlencoded").body(form))
}

/// The federated token in the service's answer, which came at the time `now`.
///
/// `expires_in` may be missing (a proof with two seconds to live has been answered so), a number, or
/// a text with a number in it.
///
/// # Errors
/// `sts_rejected` with the service's own `error` and `error_description`, `sts_unavailable`,
/// `sts_malformed`, `redirect_refused`, `response_too_large`.
pub fn parse_response(response: &HttpResponse, now: UnixTime) -> Result<Token, Error> {
    parse(response, now).map_err(Error::shortened)
}

/// The same for the answer to an ask. The texts of an error are as long as the server made them.
pub(crate) fn parse_answer(answer: &Answer) -> Result<Token, Error> {
    parse(&answer.response, answer.seen_at).map_err(|error| error.about_ask(&answer.ask_id))
}

fn parse(response: &HttpResponse, now: UnixTime) -> Result<Token, Error> {
    let text = SERVER.accept_response(response).map_err(explain)?;
    let Ok(Value::Object(mut body)) = serde_json::from_str(text) else {
        return Err(SERVER.malformed(response.status, "with something other than a JSON object"));
    };
    let Some(Value::String(token)) = body.get_mut("access_token").map(Value::take) else {
        return Err(SERVER.malformed(response.status, "without an access_token"));
    };
    let value = Secret::new(token);
    if !is_visible_ascii(value.expose()) {
        return Err(SERVER.malformed(response.status, "with an access_token that cannot stand in a header"));
    }
    let lifetime = match body.get("expires_in") {
        Some(Value::Number(seconds)) => seconds.as_u64().or_else(|| whole(seconds.as_f64()?)),
        Some(Value::String(digits)) => digits.trim().parse().ok(),
        _ => None,
    };
    Ok(Token::living(value, TokenKind::Federated, now, lifetime))
}

pub(crate) const SERVER: Server = Server {
    name: "Google's Security Token Service",
    stage: Stage::Sts,
    timeout: Duration::from_secs(10),
    first_delay: Duration::from_secs(1),
    retry_unreachable: true,
    connection_hint: "",
    rejected: ErrorCode::StsRejected,
    unavailable: ErrorCode::StsUnavailable,
    malformed: ErrorCode::StsMalformed,
};

impl ClientAuthentication {
    /// A client from its name and its password.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self { client_id: client_id.into(), client_secret: client_secret.into() }
    }

    fn basic(&self) -> Secret {
        let pair = Zeroizing::new(format!("{}:{}", self.client_id, self.client_secret.expose()));
        let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        Secret::new(format!("Basic {}", *encoded))
    }
}

fn explain(error: Error) -> Error {
    if error.code() != ErrorCode::StsRejected {
        return error;
    }
    let hint = match error.remote_error() {
        Some("invalid_target") => {
            "Check the audience: it must name a pool and a provider that exist and are enabled, with the project's number, not its ID."
        }
        Some("unauthorized_client") => {
            "The provider knows the proof but does not admit it. Check its attribute condition and its attribute mapping against this workload."
        }
        Some("invalid_grant") => {
            "The proof itself was not believed. Check that the provider is made for this kind of proof, that its AWS account is this workload's, and that the clock is right."
        }
        Some("invalid_request") => {
            "Check the audience and the subject_token_type of the configuration against the provider."
        }
        _ => {
            "Check the provider that the audience names: that it exists, is enabled, and admits this workload."
        }
    };
    error.with_hint(hint)
}

/// A server may say anything; what makes no sense as a lifetime counts as unknown.
fn whole(seconds: f64) -> Option<u64> {
    // The conversion drops the fraction, and saturates.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (seconds >= 0.0).then_some(seconds as u64)
}

fn json(text: &str) -> Result<String, Error> {
    serde_json::to_string(text).map_err(|_| Error::bug("A text could not be written as JSON."))
}
