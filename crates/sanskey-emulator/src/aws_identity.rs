//! Who signed this `GetCallerIdentity` request? The rules that Google documents for AWS credentials, one
//! function each.
//!
//! Sources: "Configure Workload Identity Federation with other clouds" and the reference of the STS method
//! `token`, field `subjectToken`. The rules are numbered A1 to A11; a refusal names its rule.
//!
//! | rule | says |
//! |---|---|
//! | A1 | the subject token is percent-encoded JSON with `url`, `method` and `headers` |
//! | A2 | the URL is https, without a port, and at `sts.amazonaws.com` or `sts.REGION.amazonaws.com` |
//! | A3 | its query asks for `GetCallerIdentity` and names a version |
//! | A4 | the method is POST |
//! | A5 | the required headers are there |
//! | A6 | `x-goog-cloud-target-resource` names the provider |
//! | A7 | `x-amz-date` is at most 15 minutes old and not in the future |
//! | A8 | AWS accepts the request, and the account is the provider's |
//! | A9 | the assertion has `account`, `arn` and `userid` |
//! | A10 | the `host` header is the URL's host |
//! | A11 | no header beyond the documented ones |
//!
//! Google's error text for a request of the wrong form is known from a user's report, without its `error`
//! code; `invalid_grant` is inferred. How Google words AWS's own refusals, code included, is known from
//! another report (github.com/googleapis/js-genai/issues/1216).

use std::{collections::BTreeMap, fmt, time::Duration};

use http::Uri;
use serde::Deserialize;
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

use crate::{
    aws_keys::AwsKey,
    aws_signature::{self, Authorization},
};

const TARGET_RESOURCE: &str = "x-goog-cloud-target-resource";
const SESSION_TOKEN: &str = "x-amz-security-token";

/// The headers of rule A5, in Google's list; the session token only accompanies temporary keys.
const REQUIRED_HEADERS: [&str; 4] = ["authorization", "host", "x-amz-date", TARGET_RESOURCE];

/// The oldest `x-amz-date` that rule A7 lets through.
const OLDEST: time::Duration = time::Duration::minutes(15);

/// What the provider expects of a request.
#[derive(Debug, Clone)]
pub struct Expectations<'a> {
    /// Full resource name of the provider, beginning with `//iam.googleapis.com/`.
    pub audience: &'a str,
    /// The AWS account that the provider trusts.
    pub account: &'a str,
    /// Refuse undocumented headers (rule A11) instead of warning about them.
    pub strict_headers: bool,
    /// How far `x-amz-date` may lie in the future. The documented rule is zero. A client on the same machine
    /// reads the same clock, but one in a virtual machine or a container engine of its own can be ahead by a
    /// second or two, and some clients round up: a few seconds let those through and still refuse dates that
    /// are really wrong.
    pub future_tolerance: Duration,
}

/// What AWS says about the signer (rule A9). The field names are those of Google's `assertion`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdentity {
    /// Twelve digits.
    pub account: String,
    /// For an assumed role, `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    pub arn: String,
    /// AWS's unique id of the caller.
    pub userid: String,
}

/// An accepted request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Who signed it.
    pub identity: CallerIdentity,
    /// When the signer's key ends, if it does.
    pub key_expires_at: Option<OffsetDateTime>,
    /// What Google accepts but recommends against.
    pub warnings: Vec<&'static str>,
}

/// A refused request: the answer's two texts, and which rule it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `A1` to `A11`.
    pub rule: &'static str,
    /// The `error` of the answer.
    pub error: &'static str,
    /// The `error_description` of the answer.
    pub description: String,
    /// Why, in words that Google does not say. Holds no secret.
    pub detail: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} (rule {}: {})", self.error, self.description, self.rule, self.detail)
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// Google's one text for every request that it does not even send to AWS.
    fn format(rule: &'static str, detail: &'static str) -> Self {
        Self {
            rule,
            error: "invalid_grant",
            description: "AWS request has invalid format.".to_owned(),
            detail,
        }
    }

    /// AWS's refusal, in the words around it that Google was seen to use.
    fn aws(rule: &'static str, code: &str, message: &str, detail: &'static str) -> Self {
        let description =
            format!("Received invalid AWS response of type {code} with error message: {message}");
        Self { rule, error: "invalid_grant", description, detail }
    }
}

/// The subject token, taken apart.
#[derive(Deserialize)]
struct Envelope {
    url: String,
    method: String,
    headers: Vec<EnvelopeHeader>,
    /// Some clients send an empty one. It is what was signed, so it is what the signature is computed over.
    body: Option<String>,
}

#[derive(Deserialize)]
struct EnvelopeHeader {
    key: String,
    value: String,
}

/// A request whose form is right: what the later rules look at.
struct AwsRequest {
    url: Uri,
    method: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl AwsRequest {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// Applies every rule to a subject token, with `find_key` standing in for AWS's knowledge of its keys.
///
/// # Errors
/// The first rule that is broken.
pub fn verify<'k>(
    subject_token: &str,
    expected: &Expectations<'_>,
    find_key: impl FnOnce(&str) -> Option<&'k AwsKey>,
    now: OffsetDateTime,
) -> Result<Verified, Refusal> {
    let mut warnings = Vec::new();

    let request = a1_envelope(subject_token)?;
    a2_endpoint(&request)?;
    a3_query(&request)?;
    a4_method(&request)?;
    a5_required_headers(&request)?;
    a10_host_header(&request)?;
    a6_target_resource(&request, expected)?;
    warnings.extend(a11_header_list(&request, expected)?);
    let date = a7_date(&request, expected, now)?;
    let key = a8_known_key(&request, find_key, now)?;
    a5_session_token(&request, key)?;
    let authorization = a8_signature(&request, key, date)?;
    a8_account(key, expected)?;

    if !authorization.signs(TARGET_RESOURCE) {
        // Google recommends signing it and does not insist: google-auth for Python and for Node do not sign
        // it.
        warnings.push("A6: x-goog-cloud-target-resource is not signed");
    }
    Ok(Verified { identity: a9_assertion(key), key_expires_at: key.expires_at, warnings })
}

/// A1: the subject token is a percent-encoded JSON object with `url`, `method` and `headers`, a list of `key`
/// and `value`.
///
/// A space may be `%20` or `+`: Google's own clients send both. The order of keys, the order and case of
/// header names, and further members do not matter.
fn a1_envelope(subject_token: &str) -> Result<AwsRequest, Refusal> {
    const WRONG: &str = "the subject token is not percent-encoded JSON with url, method and headers";
    let text = form_decoded(subject_token).ok_or_else(|| Refusal::format("A1", WRONG))?;
    let envelope: Envelope = serde_json::from_str(&text).map_err(|_| Refusal::format("A1", WRONG))?;
    let url = envelope.url.parse::<Uri>().map_err(|_| Refusal::format("A1", "url is not a URL"))?;
    let mut headers = BTreeMap::new();
    for EnvelopeHeader { key, value } in envelope.headers {
        // Google's Java client lists one header twice with the same value; two different values mean nothing.
        if headers.insert(key.to_ascii_lowercase(), value.clone()).is_some_and(|other| other != value) {
            return Err(Refusal::format("A1", "a header is listed twice with different values"));
        }
    }
    Ok(AwsRequest { url, method: envelope.method, headers, body: envelope.body.unwrap_or_default() })
}

/// One layer of form encoding off: `+` is a space, `%XX` a byte of UTF-8.
fn form_decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// A2: https, no port (nor anything else beside the host), and a host of AWS STS.
///
/// Not `sts-fips.REGION.amazonaws.com` and not `amazonaws.com.cn`: the documented rule covers neither. That
/// the path is empty or `/` is inferred: AWS serves this action nowhere else.
fn a2_endpoint(request: &AwsRequest) -> Result<(), Refusal> {
    if request.url.scheme_str() != Some("https") {
        return Err(Refusal::format("A2", "the URL's scheme is not https"));
    }
    let host = request.url.host().unwrap_or_default();
    if request.url.authority().is_none_or(|authority| authority.as_str() != host) {
        return Err(Refusal::format("A2", "the URL has more than a host before its path"));
    }
    if endpoint_region(host).is_none() {
        return Err(Refusal::format(
            "A2",
            "the URL's host is not sts.amazonaws.com or sts.REGION.amazonaws.com",
        ));
    }
    if request.url.path() != "/" {
        return Err(Refusal::format("A2", "the URL has a path"));
    }
    Ok(())
}

/// The region that a host of AWS STS serves; the global host signs as us-east-1.
fn endpoint_region(host: &str) -> Option<&str> {
    if host == "sts.amazonaws.com" {
        return Some("us-east-1");
    }
    let region = host.strip_prefix("sts.")?.strip_suffix(".amazonaws.com")?;
    let is_region = !region.is_empty()
        && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    is_region.then_some(region)
}

/// A3: the query holds `Action=GetCallerIdentity` and a `Version`. Google's documents spell the names in two
/// ways, so case does not matter.
fn a3_query(request: &AwsRequest) -> Result<(), Refusal> {
    let query: Vec<_> = form_urlencoded::parse(request.url.query().unwrap_or_default().as_bytes()).collect();
    let values = |name: &str| {
        query
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_ref())
            .collect::<Vec<_>>()
    };
    let actions = values("Action");
    if actions.is_empty() || !actions.iter().all(|action| action.eq_ignore_ascii_case("GetCallerIdentity")) {
        return Err(Refusal::format("A3", "the query's Action is not GetCallerIdentity"));
    }
    if values("Version").is_empty() {
        return Err(Refusal::format("A3", "the query has no Version"));
    }
    Ok(())
}

/// A4: the method is POST.
fn a4_method(request: &AwsRequest) -> Result<(), Refusal> {
    if request.method == "POST" { Ok(()) } else { Err(Refusal::format("A4", "the method is not POST")) }
}

/// A5, first half: `authorization`, `host`, `x-amz-date` and `x-goog-cloud-target-resource` are there.
fn a5_required_headers(request: &AwsRequest) -> Result<(), Refusal> {
    const MISSING: [&str; 4] = [
        "the header authorization is missing",
        "the header host is missing",
        "the header x-amz-date is missing",
        "the header x-goog-cloud-target-resource is missing",
    ];
    for (name, missing) in REQUIRED_HEADERS.into_iter().zip(MISSING) {
        if !request.headers.contains_key(name) {
            return Err(Refusal::format("A5", missing));
        }
    }
    Ok(())
}

/// A5, second half: temporary keys come with the session token that was issued with them, other keys with
/// none. Google cannot know this; AWS finds it.
fn a5_session_token(request: &AwsRequest, key: &AwsKey) -> Result<(), Refusal> {
    if request.headers.get(SESSION_TOKEN) == key.session_token.as_ref() {
        return Ok(());
    }
    let detail = match (request.headers.get(SESSION_TOKEN), &key.session_token) {
        (None, _) => "the header x-amz-security-token is missing",
        (Some(_), None) => "x-amz-security-token was sent with a key that has none",
        (Some(_), Some(_)) => "x-amz-security-token is not the one issued with this key",
    };
    Err(Refusal::aws(
        "A5",
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
        detail,
    ))
}

/// A6: the target resource is this provider, with or without `https:` before it. Google's text for a wrong
/// one is not known; this one is inferred.
fn a6_target_resource(request: &AwsRequest, expected: &Expectations<'_>) -> Result<(), Refusal> {
    let target = request.header(TARGET_RESOURCE);
    if target.strip_prefix("https:").unwrap_or(target) == expected.audience {
        Ok(())
    } else {
        Err(Refusal::format("A6", "x-goog-cloud-target-resource does not name the audience's provider"))
    }
}

/// A7: the date is well formed, at most 15 minutes old, and not in the future.
///
/// The wording is AWS's for such dates; that Google passes it on is inferred.
fn a7_date(
    request: &AwsRequest,
    expected: &Expectations<'_>,
    now: OffsetDateTime,
) -> Result<OffsetDateTime, Refusal> {
    let text = request.header("x-amz-date");
    let date =
        PrimitiveDateTime::parse(text, format_description!("[year][month][day]T[hour][minute][second]Z"))
            .map_err(|_| Refusal::format("A7", "x-amz-date is not a date like 20240102T030405Z"))?
            .assume_utc();
    if now - date > OLDEST {
        let message = format!("Signature expired: {text} is more than 15 minutes ago.");
        return Err(Refusal::aws(
            "A7",
            "SignatureDoesNotMatch",
            &message,
            "x-amz-date is more than 15 minutes old",
        ));
    }
    if date > now + expected.future_tolerance {
        let message = format!("Signature not yet current: {text} is in the future.");
        return Err(Refusal::aws("A7", "SignatureDoesNotMatch", &message, "x-amz-date is in the future"));
    }
    Ok(date)
}

/// A8, first third: AWS knows the key and it has not ended.
fn a8_known_key<'k>(
    request: &AwsRequest,
    find_key: impl FnOnce(&str) -> Option<&'k AwsKey>,
    now: OffsetDateTime,
) -> Result<&'k AwsKey, Refusal> {
    let authorization = Authorization::parse(request.header("authorization"))
        .ok_or_else(|| Refusal::format("A8", "authorization is not an AWS4-HMAC-SHA256 header"))?;
    let key = find_key(authorization.access_key_id()).ok_or_else(|| {
        let message = "The security token included in the request is invalid.";
        Refusal::aws("A8", "InvalidClientTokenId", message, "the access key was not issued here")
    })?;
    if key.expires_at.is_some_and(|end| end <= now) {
        let message = "The security token included in the request is expired";
        return Err(Refusal::aws("A8", "ExpiredToken", message, "the access key has expired"));
    }
    Ok(key)
}

/// A8, second third: the signature is the one that AWS computes for this request with the key's secret.
fn a8_signature(request: &AwsRequest, key: &AwsKey, date: OffsetDateTime) -> Result<Authorization, Refusal> {
    let claimed = Authorization::parse(request.header("authorization"))
        .ok_or_else(|| Refusal::format("A8", "authorization is not an AWS4-HMAC-SHA256 header"))?;
    let region = endpoint_region(request.url.host().unwrap_or_default()).unwrap_or_default();
    if !claimed.is_scoped_to(region, "sts", date) {
        let message = "Credential should be scoped to a valid region, date and service.";
        let detail = "the credential scope is not the date, the endpoint's region, sts and aws4_request";
        return Err(Refusal::aws("A8", "SignatureDoesNotMatch", message, detail));
    }
    let signed_headers = request
        .headers
        .iter()
        .filter(|(name, _)| claimed.signs(name))
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let computed = aws_signature::compute(
        &request.method,
        &request.url,
        signed_headers,
        &request.body,
        key,
        region,
        date,
    );
    if computed.as_ref() == Some(&claimed) {
        return Ok(claimed);
    }
    let message = "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                   Access Key and signing method. Consult the service documentation for details.";
    Err(Refusal::aws(
        "A8",
        "SignatureDoesNotMatch",
        message,
        "the signature does not belong to this request and key",
    ))
}

/// A8, last third: the account is the provider's. Google's text is not known; this one follows its text for a
/// wrong audience, and is inferred.
fn a8_account(key: &AwsKey, expected: &Expectations<'_>) -> Result<(), Refusal> {
    if key.account == expected.account {
        return Ok(());
    }
    Err(Refusal {
        rule: "A8",
        error: "invalid_grant",
        description: format!("The AWS account [{}] does not match the expected account.", key.account),
        detail: "the key belongs to another AWS account than the provider's",
    })
}

/// A9: the assertion has the three values of AWS's answer, under lower-case names.
fn a9_assertion(key: &AwsKey) -> CallerIdentity {
    CallerIdentity { account: key.account.clone(), arn: key.arn.clone(), userid: key.user_id.clone() }
}

/// A10: the host header is the URL's host. This is the best reading of a user's report, not a documented
/// rule.
fn a10_host_header(request: &AwsRequest) -> Result<(), Refusal> {
    if Some(request.header("host")) == request.url.host() {
        Ok(())
    } else {
        Err(Refusal::format("A10", "the host header is not the URL's host"))
    }
}

/// A11: Google documents five headers. Whether it refuses others is not known, so the default is a warning.
fn a11_header_list(
    request: &AwsRequest,
    expected: &Expectations<'_>,
) -> Result<Option<&'static str>, Refusal> {
    const EXTRA: &str = "A11: the request has headers beyond the documented ones";
    let documented = |name: &String| REQUIRED_HEADERS.contains(&name.as_str()) || name == SESSION_TOKEN;
    if request.headers.keys().all(documented) {
        Ok(None)
    } else if expected.strict_headers {
        Err(Refusal::format("A11", "the request has headers beyond the documented ones"))
    } else {
        Ok(Some(EXTRA))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::{Duration as Span, macros::datetime};

    const AUDIENCE: &str =
        "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider";
    const NOW: OffsetDateTime = datetime!(2024-01-02 03:04:05 UTC);

    /// The refusal of a well-formed request whose signature is nonsense, dated some time from `NOW`.
    fn refusal(offset: Span, key: Option<&AwsKey>) -> Refusal {
        let stamp = format_description!("[year][month][day]T[hour][minute][second]Z");
        let date = (NOW + offset).format(stamp).unwrap();
        let day = &date[..8];
        let token = format!(
            r#"{{"url": "https://sts.amazonaws.com?Action=GetCallerIdentity%26Version=1", "method": "POST", "headers": [
                {{"key": "host", "value": "sts.amazonaws.com"}},
                {{"key": "x-amz-date", "value": "{date}"}},
                {{"key": "x-goog-cloud-target-resource", "value": "{AUDIENCE}"}},
                {{"key": "authorization", "value": "AWS4-HMAC-SHA256 Credential=AK/{day}/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0"}}
            ]}}"#
        )
        .replace("%26", "&");
        let expected = Expectations {
            audience: AUDIENCE,
            account: "1",
            strict_headers: true,
            future_tolerance: Duration::from_secs(5),
        };
        verify(&token, &expected, |_| key, NOW).unwrap_err()
    }

    #[test]
    fn the_window_for_dates_includes_both_of_its_ends() {
        for (offset, rule) in [
            (Span::minutes(-15) - Span::SECOND, "A7"),
            (Span::minutes(-15), "A8"),
            (Span::ZERO, "A8"),
            (Span::seconds(5), "A8"),
            (Span::seconds(6), "A7"),
        ] {
            assert_eq!(refusal(offset, None).rule, rule, "{offset}");
        }
    }

    #[test]
    fn a_key_ends_with_its_expiry() {
        let mut key = AwsKey {
            access_key_id: "AK".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
            expires_at: Some(NOW + Span::SECOND),
            account: "1".to_owned(),
            arn: "arn:aws:iam::1:user/ana".to_owned(),
            user_id: "AIDA".to_owned(),
        };
        assert_eq!(
            refusal(Span::ZERO, Some(&key)).detail,
            "the signature does not belong to this request and key"
        );

        key.expires_at = Some(NOW);
        let refused = refusal(Span::ZERO, Some(&key));
        assert_eq!(refused.rule, "A8");
        assert_eq!(
            refused.description,
            "Received invalid AWS response of type ExpiredToken with error message: The security token included \
             in the request is expired"
        );
    }
}
