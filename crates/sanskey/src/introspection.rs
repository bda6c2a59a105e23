//! What Google's Security Token Service knows of a federated token (RFC 7662).
//!
//! Source: <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/introspect>.

use serde_json::{Map, Value};

use crate::desk::Answer;
use crate::error::{Error, ErrorCode};
use crate::http::{HttpRequest, HttpResponse};
use crate::secret::Secret;
use crate::sts::{self, ClientAuthentication};
use crate::time::UnixTime;
use crate::url::{check_url, push_form_field};

/// What is said of a token. Of one that is not active nothing else is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenInfo {
    /// Whether the token is one of this service, and good.
    pub active: bool,
    /// Whose it is: `principal://iam.googleapis.com/…`.
    pub username: Option<String>,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// The OAuth client that it was issued to.
    pub client_id: Option<String>,
    /// The claim `sub`.
    pub subject: Option<String>,
    /// The claim `iss`.
    pub issuer: Option<String>,
    /// When it ends.
    pub expires_at: Option<UnixTime>,
    /// When it was issued.
    pub issued_at: Option<UnixTime>,
}

/// The question as an HTTP request. `token_info_url` is an endpoint such as
/// `https://sts.googleapis.com/v1/introspect`.
///
/// # Errors
/// `invalid_argument` if `token_info_url` is not a URL that can be sent.
pub fn request(
    token_info_url: &str,
    token: &Secret,
    client: Option<&ClientAuthentication>,
) -> Result<HttpRequest, Error> {
    check_url("token_info_url", token_info_url)?;
    let mut form = String::with_capacity(token.expose().len().saturating_mul(3).saturating_add(128));
    push_form_field(&mut form, "token", token.expose());
    push_form_field(&mut form, "token_type_hint", "urn:ietf:params:oauth:token-type:access_token");
    Ok(sts::form_request(token_info_url, client, form))
}

/// What the service answers.
///
/// # Errors
/// `sts_rejected`, `sts_unavailable`, `sts_malformed`, `redirect_refused`, `response_too_large`.
pub fn parse_response(response: &HttpResponse) -> Result<TokenInfo, Error> {
    parse(response).map_err(Error::shortened)
}

/// The same for the answer to an ask. The texts of an error are as long as the server made them.
pub(crate) fn parse_answer(answer: &Answer) -> Result<TokenInfo, Error> {
    parse(&answer.response).map_err(|error| error.about_ask(&answer.ask_id))
}

fn parse(response: &HttpResponse) -> Result<TokenInfo, Error> {
    let body = sts::SERVER.accept_object(response).map_err(|error| match error.code() {
        ErrorCode::StsRejected => error.with_hint(
            "The endpoint answers an OAuth client: check client_id and client_secret of the configuration.",
        ),
        _ => error,
    })?;
    let Some(Value::Bool(active)) = body.get("active") else {
        return Err(sts::SERVER.malformed(response.status, "without saying whether the token is active"));
    };
    let text = |name| text(&body, name);
    let time = |name| body.get(name).and_then(Value::as_i64).map(UnixTime::from_seconds);
    Ok(TokenInfo {
        active: *active,
        username: text("username"),
        scopes: text("scope").unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect(),
        client_id: text("client_id"),
        subject: text("sub"),
        issuer: text("iss"),
        expires_at: time("exp"),
        issued_at: time("iat"),
    })
}

fn text(body: &Map<String, Value>, name: &str) -> Option<String> {
    body.get(name).and_then(Value::as_str).map(str::to_owned)
}
