//! Who signed a call: the checks of Signature Version 4, with the signature recomputed by AWS's own crate.
//!
//! Sources: "AWS Signature Version 4 for API requests" and its troubleshooting page in the IAM User Guide. The
//! order of the checks is inferred.

use http::Uri;
use time::{Duration, OffsetDateTime, PrimitiveDateTime, macros::format_description};

use super::{Call, answers::Refusal};
use crate::{
    answers::Request,
    aws_keys::AwsKey,
    aws_signature::{self, Authorization},
};

/// How far the date of a request may lie from AWS's own, in both directions.
const TOLERANCE: Duration = Duration::minutes(15);

/// The key that a call is signed with.
pub(super) fn caller(call: &Call<'_>) -> Result<AwsKey, Refusal> {
    let request = call.request;
    let Some(header) = request.header("authorization").filter(|header| !header.is_empty()) else {
        let message = "Request is missing Authentication Token";
        return Err(Refusal::sender(403, "MissingAuthenticationToken", message));
    };
    let claimed = authorization(header)?;
    let text = request.header("x-amz-date").unwrap_or_default();
    let date = date(text)?;
    if call.now - date > TOLERANCE {
        return Err(mismatch(&expired(text, call.now)));
    }
    if date - call.now > TOLERANCE {
        return Err(mismatch(&not_yet_current(text, call.now, TOLERANCE)));
    }
    let key = known_key(call, &claimed)?;
    let region = scope(&claimed, text)?;
    check_signed_headers(request, &claimed)?;
    check_signature(request, &claimed, &key, region, date)?;
    Ok(key)
}

/// The three parts of the header, the first of which has five parts of its own.
fn authorization(header: &str) -> Result<Authorization, Refusal> {
    let missing: Vec<_> = ["Credential", "Signature", "SignedHeaders"]
        .into_iter()
        .filter(|part| !header.contains(&format!("{part}=")))
        .map(|part| format!("Authorization header requires '{part}' parameter."))
        .collect();
    if !missing.is_empty() {
        return Err(incomplete(&missing.join(" ")));
    }
    // Inferred, as far as other wrong forms are concerned.
    let parsed = Authorization::parse(header)
        .ok_or_else(|| incomplete("Authorization header is not a valid AWS4-HMAC-SHA256 header."))?;
    if parsed.scope().count() != 4 {
        let message =
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.";
        return Err(incomplete(message));
    }
    Ok(parsed)
}

fn incomplete(message: &str) -> Refusal {
    Refusal::sender(400, "IncompleteSignature", message)
}

fn mismatch(message: &str) -> Refusal {
    Refusal::sender(403, "SignatureDoesNotMatch", message)
}

fn date(text: &str) -> Result<OffsetDateTime, Refusal> {
    if text.is_empty() {
        let message = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
        return Err(incomplete(message));
    }
    is_date(text).ok_or_else(|| {
        incomplete(&format!(
            "Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ))
    })
}

/// The time that a date like `20240102T030405Z` stands for.
fn is_date(text: &str) -> Option<OffsetDateTime> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    PrimitiveDateTime::parse(text, format).ok().map(PrimitiveDateTime::assume_utc)
}

fn stamp(time: OffsetDateTime) -> String {
    time.format(format_description!("[year][month][day]T[hour][minute][second]Z")).unwrap_or_default()
}

/// AWS's words for a date that is more than 15 minutes old.
fn expired(date: &str, now: OffsetDateTime) -> String {
    let earliest = stamp(now - TOLERANCE);
    format!("Signature expired: {date} is now earlier than {earliest} ({} - 15 min.)", stamp(now))
}

/// AWS's words for a date that lies further in the future than `tolerance`.
fn not_yet_current(date: &str, now: OffsetDateTime, tolerance: Duration) -> String {
    let (latest, minutes) = (stamp(now + tolerance), tolerance.whole_minutes());
    format!(
        "Signature not yet current: {date} is still later than {latest} ({} + {minutes} min.)",
        stamp(now)
    )
}

/// The key is known, has not ended, and came with the session token that was issued with it.
fn known_key(call: &Call<'_>, claimed: &Authorization) -> Result<AwsKey, Refusal> {
    let message = "The security token included in the request is invalid.";
    let invalid = || Refusal::sender(403, "InvalidClientTokenId", message);
    let key = call.store.aws_key(claimed.access_key_id()).ok_or_else(invalid)?;
    if call.request.header("x-amz-security-token") != key.session_token.as_deref() {
        return Err(invalid());
    }
    if key.expires_at.is_some_and(|end| end <= call.now) {
        let message = "The security token included in the request is expired";
        return Err(Refusal::sender(403, "ExpiredToken", message));
    }
    Ok(key.clone())
}

/// The region of the credential's scope, whose other parts are fixed.
fn scope<'a>(claimed: &'a Authorization, date: &str) -> Result<&'a str, Refusal> {
    let parts: Vec<_> = claimed.scope().collect();
    let [day, region, service, end] = parts.as_slice() else { return Err(incomplete("Credential")) };
    let today = date.get(..8).unwrap_or_default();
    if *day != today {
        return Err(mismatch(&format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{day}' != '{today}', \
             from '{date}'."
        )));
    }
    if region.is_empty()
        || !region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    {
        return Err(mismatch("Credential should be scoped to a valid region."));
    }
    if *service != "sts" {
        return Err(mismatch("Credential should be scoped to correct service: 'sts'."));
    }
    if *end != "aws4_request" {
        return Err(mismatch("Credential should be scoped with a valid terminator: 'aws4_request'."));
    }
    Ok(region)
}

/// The host is signed, and every header of AWS's own that came.
fn check_signed_headers(request: &Request, claimed: &Authorization) -> Result<(), Refusal> {
    if !claimed.signs("host") {
        let message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
        return Err(mismatch(message));
    }
    let own = request.headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
    for name in own {
        if !claimed.signs(name) {
            return Err(mismatch(&format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")));
        }
    }
    Ok(())
}

/// The signature is that of this request, at the host that the client addressed.
fn check_signature(
    request: &Request,
    claimed: &Authorization,
    key: &AwsKey,
    region: &str,
    date: OffsetDateTime,
) -> Result<(), Refusal> {
    let host = request.header("host").unwrap_or_default();
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let url: Option<Uri> = format!("http://{host}/{query}").parse().ok();
    let names = request.headers.keys().map(http::HeaderName::as_str).filter(|name| claimed.signs(name));
    let headers: Vec<_> = names.filter_map(|name| Some((name, request.header(name)?))).collect();
    let body = std::str::from_utf8(&request.body).unwrap_or_default();
    let computed = url.and_then(|url| {
        aws_signature::compute(request.method.as_str(), &url, headers.into_iter(), body, key, region, date)
    });
    if computed.as_ref() == Some(claimed) {
        return Ok(());
    }
    Err(mismatch(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key \
         and signing method. Consult the service documentation for details.",
    ))
}
