//! The proof of an AWS identity: a signed `GetCallerIdentity` request that is handed over, not sent.

use std::borrow::Cow;

use crate::aws::Credentials;
use crate::error::Error;
use crate::secret::Secret;
use crate::sigv4;
use crate::time::UnixTime;
use crate::url::{HttpUrl, is_visible_ascii, push_encoded};

/// The subject token of an AWS workload (`urn:ietf:params:aws:token-type:aws4_request`).
///
/// It is the percent-encoded JSON form of a `GetCallerIdentity` request to the AWS Security Token
/// Service of `region`, signed with `credentials` at the time `now`. Google sends that request on
/// and believes what AWS answers. `audience` is the full resource name of the workload identity
/// provider; it is signed too, so that the token is of use there only. AWS takes the signature for
/// 15 minutes.
///
/// Source: <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>, `subjectToken`.
///
/// # Errors
/// `invalid_argument` if the credentials, the region or the audience cannot stand in a header or a
/// host name.
pub fn caller_identity_token(
    credentials: &Credentials,
    region: &str,
    audience: &str,
    now: UnixTime,
) -> Result<Secret, Error> {
    if !super::region::is_plausible(region) {
        return Err(Error::invalid_argument(
            "The AWS region must be lower-case letters, digits and hyphens.",
        ));
    }
    if !is_visible_ascii(audience) {
        return Err(Error::invalid_argument(
            "The audience must be visible ASCII, such as //iam.googleapis.com/projects/….",
        ));
    }
    VerificationUrl::standard(region).caller_identity_token(credentials, region, audience, now)
}

/// The URL of the request that is signed.
pub(crate) struct VerificationUrl(String);

impl VerificationUrl {
    /// The regional endpoint in the partition of the region
    /// (<https://docs.aws.amazon.com/general/latest/gr/sts.html>).
    pub(crate) fn standard(region: &str) -> Self {
        let suffix = super::region::dns_suffix(region);
        Self(format!("https://sts.{region}.{suffix}?Action=GetCallerIdentity&Version=2011-06-15"))
    }

    /// `regional_cred_verification_url` of a configuration: `{region}` is replaced wherever it stands.
    ///
    /// gcloud writes the suffix of the standard partition for every region. In the others there is no such
    /// host, so the suffix of the region's own partition takes its place.
    pub(crate) fn from_template(template: &str, region: &str) -> Self {
        let url = template.replace("{region}", region);
        let suffix = super::region::dns_suffix(region);
        let standard = format!(".{region}.amazonaws.com");
        match HttpUrl::split(&url) {
            Ok(split) if split.host.ends_with(&standard) => {
                Self(url.replacen(&standard, &format!(".{region}.{suffix}"), 1))
            }
            _ => Self(url),
        }
    }

    pub(crate) fn caller_identity_token(
        &self,
        credentials: &Credentials,
        region: &str,
        audience: &str,
        now: UnixTime,
    ) -> Result<Secret, Error> {
        let host = HttpUrl::split(&self.0)
            .map_err(|problem| Error::invalid_argument(format!("The URL of AWS STS {problem}.")))?
            .host_header();
        let request = sigv4::Request {
            method: "POST",
            url: &self.0,
            headers: &[("host", &host), ("x-goog-cloud-target-resource", audience)],
            body: b"",
        };
        let signed = sigv4::sign(&request, credentials, region, "sts", now)?;
        self.serialize(&signed)
    }

    /// `{"url":…,"method":…,"headers":[{"key":…,"value":…}…],"body":""}`, percent-encoded.
    fn serialize(&self, signed: &sigv4::Signed) -> Result<Secret, Error> {
        let mut json =
            vec![Cow::from("{\"url\":\""), escaped(&self.0)?, "\",\"method\":\"POST\",\"headers\":[".into()];
        for (position, header) in signed.headers.iter().enumerate() {
            json.push(if position == 0 { "{\"key\":\"" } else { ",{\"key\":\"" }.into());
            json.push(escaped(&header.name)?);
            json.push("\",\"value\":\"".into());
            json.push(escaped(header.value.expose())?);
            json.push("\"}".into());
        }
        json.push("],\"body\":\"\"}".into());
        // Large enough to hold it all, so that no copy is left behind by growing.
        let length: usize = json.iter().map(|piece| piece.len()).sum();
        let mut token = String::with_capacity(length.saturating_mul(3));
        for piece in &json {
            push_encoded(&mut token, piece);
        }
        Ok(Secret::new(token))
    }
}

/// The inside of a JSON string. Most texts here have nothing to escape.
fn escaped(text: &str) -> Result<Cow<'_, str>, Error> {
    #[allow(clippy::needless_bitwise_bool)] // without early ends, many bytes are looked at at once
    let needs_escape = text.bytes().fold(false, |found, b| found | (b < b' ') | (b == b'"') | (b == b'\\'));
    if !needs_escape {
        return Ok(text.into());
    }
    let quoted =
        serde_json::to_string(text).map_err(|_| Error::bug("A text could not be written as JSON."))?;
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    Ok(inside.to_owned().into())
}
