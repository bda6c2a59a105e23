//! Google's Security Token Service: a proof of identity in, a federated token out (RFC 8693).
//!
//! Source: <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>.

mod answer;
mod client;
mod hints;

use std::borrow::Cow;

use serde_json::Value;

use crate::error::Error;
use crate::goal::scopes_or_default;
use crate::http::{HttpRequest, Method};
use crate::json;
use crate::secret::Secret;
use crate::url::{check_url, is_visible_ascii, push_form_field};

pub use answer::parse_response;
pub(crate) use answer::{SERVER, lifetime, parse_answer, token};
pub use client::ClientAuthentication;
pub(crate) use hints::{Sent, explain};

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
    /// A proof of who acts for the subject (RFC 8693 section 2.1), and its type, which Google takes to be a
    /// JWT or an ID token.
    pub actor: Option<(&'a Secret, &'a str)>,
    /// For workforce pools: an OAuth client to authenticate as.
    pub client: Option<&'a ClientAuthentication>,
    /// For workforce pools without a client: the project to bill.
    pub user_project: Option<&'a str>,
    /// A Credential Access Boundary as JSON, `{"accessBoundaryRules": […]}`: what the token may be used for.
    pub access_boundary: Option<&'a str>,
    /// The certificate that the token is bound to: the SHA-256 of its DER form in base64url without padding.
    pub bind_cert_fingerprint: Option<&'a str>,
    /// What asks, for Google's statistics: the header `x-goog-api-client`.
    pub api_client: Option<&'a str>,
    /// How the parameters are written.
    pub body_format: BodyFormat,
}

/// How the parameters of an exchange are written. Google reads both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded`, as RFC 8693 prescribes.
    #[default]
    Form,
    /// A JSON object, as Google's own APIs take it.
    Json,
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
            actor: None,
            client: None,
            user_project: None,
            access_boundary: None,
            bind_cert_fingerprint: None,
            api_client: None,
            body_format: BodyFormat::Form,
        }
    }

    /// The object `options`, which is a text of its own in both kinds of body; `None` if it would be empty.
    fn options(&self) -> Result<Option<String>, Error> {
        let mut members = Vec::new();
        if let Some(boundary) = self.access_boundary {
            if !matches!(serde_json::from_str(boundary), Ok(Value::Object(_))) {
                return Err(Error::invalid_argument("The access boundary is not a JSON object."));
            }
            members.push(format!("\"accessBoundary\":{boundary}"));
        }
        if let Some(fingerprint) = self.bind_cert_fingerprint {
            members.push(format!("\"bindCertFingerprint\":{}", *json::text(fingerprint)?));
        }
        if let Some(project) = self.user_project {
            members.push(format!("\"userProject\":{}", *json::text(project)?));
        }
        Ok((!members.is_empty()).then(|| format!("{{{}}}", members.join(","))))
    }

    /// The names as they are in a form, and the values.
    fn parameters(&self) -> Result<Vec<(&'static str, Cow<'a, str>)>, Error> {
        let scopes = scopes_or_default(self.scopes)?.join(" ");
        let mut parameters = vec![
            ("grant_type", Cow::Borrowed("urn:ietf:params:oauth:grant-type:token-exchange")),
            ("audience", self.audience.into()),
            ("scope", scopes.into()),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token".into()),
            ("subject_token", self.subject_token.expose().into()),
            ("subject_token_type", self.subject_token_type.into()),
        ];
        if let Some((token, token_type)) = self.actor {
            parameters.push(("actor_token", token.expose().into()));
            parameters.push(("actor_token_type", token_type.into()));
        }
        if let Some(options) = self.options()? {
            parameters.push(("options", options.into()));
        }
        Ok(parameters)
    }

    fn body(&self) -> Result<String, Error> {
        let tokens = [Some(self.subject_token), self.actor.map(|(token, _)| token)];
        let length: usize = tokens.into_iter().flatten().map(|token| token.expose().len()).sum();
        // Large enough to hold it all, so that no copy of a proof is left behind by growing.
        let capacity = length.saturating_mul(6).saturating_add(4096);
        let mut body = String::with_capacity(capacity);
        let parameters = self.parameters()?;
        match self.body_format {
            BodyFormat::Form => {
                for (name, value) in &parameters {
                    push_form_field(&mut body, name, value);
                }
            }
            BodyFormat::Json => {
                for (name, value) in &parameters {
                    body.push_str(if body.is_empty() { "{\"" } else { ",\"" });
                    push_camel_case(&mut body, name);
                    body.push_str("\":");
                    body.push_str(&json::text(value)?);
                }
                body.push('}');
            }
        }
        Ok(body)
    }
}

/// The token exchange as an HTTP request.
///
/// # Errors
/// `invalid_argument` if `token_url` is not a URL that can be sent, a scope is not a scope, the access boundary
/// is not a JSON object, or `api_client` cannot stand in a header.
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
    let content_type = match exchange.body_format {
        BodyFormat::Form => FORM,
        BodyFormat::Json => "application/json",
    };
    let mut request = HttpRequest::new(Method::Post, exchange.token_url, SERVER.timeout)
        .header("accept", "application/json");
    if let Some(client) = exchange.client {
        request = request.header("authorization", client.basic());
    }
    request = request.header("content-type", content_type);
    if let Some(api_client) = exchange.api_client {
        if !api_client.split(' ').all(is_visible_ascii) {
            return Err(Error::invalid_argument("The argument api_client cannot stand in a header."));
        }
        request = request.header("x-goog-api-client", api_client);
    }
    Ok(request.body(exchange.body()?))
}

/// A form that is sent to one of the service's other endpoints.
pub(crate) fn form_request(url: &str, client: Option<&ClientAuthentication>, form: String) -> HttpRequest {
    let mut request =
        HttpRequest::new(Method::Post, url, SERVER.timeout).header("accept", "application/json");
    if let Some(client) = client {
        request = request.header("authorization", client.basic());
    }
    request.header("content-type", FORM).body(form)
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Google's APIs write in JSON `subjectToken` for `subject_token`.
fn push_camel_case(target: &mut String, snake_case: &str) {
    let mut is_after_underscore = false;
    for c in snake_case.chars() {
        if c != '_' {
            target.push(if is_after_underscore { c.to_ascii_uppercase() } else { c });
        }
        is_after_underscore = c == '_';
    }
}
