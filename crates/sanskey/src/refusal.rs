//! What a server says when it refuses, in the shapes that refusals come in.

use serde_json::Value;

use crate::aws::xml;
use crate::error::RemoteError;
use crate::http::HttpResponse;

/// The server's own code and words, as far as there are any.
pub(crate) fn remote_error(response: &HttpResponse) -> RemoteError {
    let text = response.body.expose().trim();
    match text.chars().next() {
        Some('{') => of_json(response, text),
        Some('<') => of_xml(text),
        Some('(') => of_pod_identity_agent(text),
        _ => RemoteError::default(),
    }
}

/// The flat shape of OAuth 2.0 (RFC 6749 section 5.2), the nested one of Google's APIs
/// (<https://google.aip.dev/193>), that of AWS's container agents, and that of AWS's JSON services, whose
/// code stands in a header or in `__type`, with more around it.
fn of_json(response: &HttpResponse, text: &str) -> RemoteError {
    let Ok(body) = serde_json::from_str::<Value>(text) else { return RemoteError::default() };
    let text_of = |name: &str| body.get(name).and_then(Value::as_str);
    match body.get("error") {
        Some(nested @ Value::Object(_)) => {
            let text_of = |name: &str| nested.get(name).and_then(Value::as_str);
            RemoteError::new(text_of("status"), text_of("message"))
        }
        Some(flat) => RemoteError::new(flat.as_str(), text_of("error_description")),
        None => {
            let aws_type = || text_of("__type").and_then(|text| text.rsplit('#').next());
            let aws_header = || response.header("x-amzn-errortype").and_then(|text| text.split(':').next());
            let code = text_of("code").or_else(aws_header).or_else(aws_type);
            RemoteError::new(code, text_of("message"))
        }
    }
}

/// AWS's query services: <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>.
fn of_xml(text: &str) -> RemoteError {
    let Some(root) = xml::Element::parse(text) else { return RemoteError::default() };
    let part = |name| root.text_at(&["ErrorResponse", "Error", name]).map(|text| text.expose().trim());
    RemoteError::new(part("Code"), part("Message"))
}

/// `(AccessDeniedException): message, fault: client`, as the EKS Pod Identity agent passes on what EKS says.
fn of_pod_identity_agent(text: &str) -> RemoteError {
    let parts = text.strip_prefix('(').and_then(|rest| rest.split_once("): "));
    let Some((code, rest)) = parts.filter(|(code, _)| code.bytes().all(|b| b.is_ascii_alphanumeric())) else {
        return RemoteError::default();
    };
    let message = rest.rsplit_once(", fault: ").map_or(rest, |(message, _)| message);
    RemoteError::new(Some(code), Some(message))
}
