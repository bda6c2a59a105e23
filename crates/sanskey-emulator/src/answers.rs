//! Requests as the services see them, and the shapes of their answers.

use std::{borrow::Cow, sync::Arc};

use http::{HeaderMap, Method};
use serde_json::{Value, json};

/// A request, fully read.
pub(crate) struct Request {
    pub(crate) method: Method,
    /// As sent: not percent-decoded, without the query.
    pub(crate) path: String,
    /// What comes after the question mark, as sent; empty if there is none.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The certificate that the client has shown to be its own, in DER. Only over TLS.
    pub(crate) client_certificate: Option<Arc<[u8]>>,
}

impl Request {
    /// A header's value, if it is there once and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    /// A parameter of the query, decoded. The last one counts.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs.filter(|(key, _)| key == name).last().map(|(_, value)| value.into_owned())
    }

    /// The token of an `Authorization: Bearer` header; the scheme's case does not matter (RFC 9110, section
    /// 11.1).
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }
}

/// An answer before it becomes HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: Cow<'static, str>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let body = format!("{body:#}\n");
        Self { content_type: "application/json; charset=UTF-8".into(), ..Self::text(status, body) }
    }

    pub(crate) fn text(status: u16, body: impl Into<String>) -> Self {
        Self::bytes(status, body.into().into_bytes())
    }

    pub(crate) fn bytes(status: u16, body: Vec<u8>) -> Self {
        Self { status, content_type: "text/plain".into(), headers: Vec::new(), body }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// An error of Google's Security Token Service: the flat form of RFC 6749, section 5.2, with status 400.
pub(crate) fn oauth_error(error: &str, description: &str) -> Answer {
    Answer::json(400, &json!({ "error": error, "error_description": description }))
}

/// An error of a Google API: the JSON form of `google.rpc.Status` (AIP-193).
pub(crate) fn google_error(code: u16, status: &str, message: &str, details: Vec<Value>) -> Answer {
    let mut error = json!({ "code": code, "message": message, "status": status });
    if !details.is_empty() {
        error["details"] = Value::Array(details);
    }
    Answer::json(code, &json!({ "error": error }))
}

/// The detail that tells a machine why (AIP-193).
pub(crate) fn error_info(reason: &str, domain: &str, metadata: &Value) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": domain,
        "metadata": metadata,
    })
}

/// For paths and methods that no emulated service has.
pub(crate) fn not_found() -> Answer {
    google_error(404, "NOT_FOUND", "Not Found", Vec::new())
}
