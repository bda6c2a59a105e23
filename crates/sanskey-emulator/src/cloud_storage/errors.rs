//! Errors of the XML API.
//!
//! Source: <https://cloud.google.com/storage/docs/xml-api/reference-status> for codes, statuses and messages; details
//! as users report them, in their newest form, or "inferred".

use crate::answers::Answer;

fn error(status: u16, code: &str, message: &str, more: &[(&str, &str)]) -> Answer {
    let more: String =
        more.iter().map(|(name, text)| format!("<{name}>{}</{name}>", escaped(text))).collect();
    let body = format!(
        "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>"
    );
    Answer { content_type: "application/xml; charset=UTF-8".into(), ..Answer::text(status, body) }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub(super) fn access_denied(details: &str) -> Answer {
    error(403, "AccessDenied", "Access denied.", &[("Details", details)])
}

/// The token is not one.
pub(super) fn authentication_required() -> Answer {
    error(401, "AuthenticationRequired", "Authentication required.", &[])
}

pub(super) fn expired(end: &str) -> Answer {
    let details = format!("The provided token has expired. Request signature expired at: {end}");
    error(400, "ExpiredToken", "Invalid argument.", &[("Details", &details)])
}

pub(super) fn invalid_argument(details: &str) -> Answer {
    error(400, "InvalidArgument", "Invalid argument.", &[("Details", details)])
}

/// Something is wrong with a parameter or a header that belongs to a signature. Known is the text about a header that
/// is missing; the others are inferred.
pub(super) fn malformed(name: &str, problem: &str) -> Answer {
    let details = format!("Your request has a malformed header. {problem}");
    let more = [("Details", details.as_str()), ("ParameterName", name)];
    error(400, "MalformedSecurityHeader", "Invalid argument.", &more)
}

pub(super) fn method_not_allowed() -> Answer {
    error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.", &[])
}

pub(super) fn no_such_bucket() -> Answer {
    error(404, "NoSuchBucket", "The specified bucket does not exist.", &[])
}

pub(super) fn no_such_key() -> Answer {
    error(404, "NoSuchKey", "The specified key does not exist.", &[])
}

/// The answer shows what should have been signed, as Google's does.
pub(super) fn signature_does_not_match(string_to_sign: &str, canonical_request: &str) -> Answer {
    let message = "The request signature we calculated does not match the signature you provided. Check your Google \
                   secret key and signing method.";
    let more = [("StringToSign", string_to_sign), ("CanonicalRequest", canonical_request)];
    error(403, "SignatureDoesNotMatch", message, &more)
}
