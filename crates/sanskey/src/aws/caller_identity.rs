//! The proof of an AWS identity: a signed `GetCallerIdentity` request that is handed over, not sent.

use std::borrow::Cow;

use crate::aws::Credentials;
use crate::error::Error;
use crate::secret::Secret;
use crate::sigv4;
use crate::time::UnixTime;
use crate::url::{HttpUrl, all_bytes, is_visible_ascii, push_encoded};

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
        let url = escaped(&self.0)?;
        let values: Vec<Cow<'_, str>> =
            signed.headers.iter().map(|header| escaped(header.value.expose())).collect::<Result<_, _>>()?;
        // Large enough to hold it all, so that no copy is left behind by growing.
        let names: usize = signed.headers.iter().map(|header| header.name.len().saturating_add(64)).sum();
        let texts: usize = values.iter().map(|value| value.len()).sum::<usize>().saturating_add(url.len());
        let mut token =
            String::with_capacity(texts.saturating_mul(3).saturating_add(names).saturating_add(128));
        // What is the same in every token stands here as it is encoded.
        token.push_str("%7B%22url%22%3A%22");
        push_encoded(&mut token, &url);
        token.push_str("%22%2C%22method%22%3A%22POST%22%2C%22headers%22%3A%5B");
        for (position, (header, value)) in signed.headers.iter().zip(&values).enumerate() {
            token.push_str(if position == 0 { "%7B%22key%22%3A%22" } else { "%2C%7B%22key%22%3A%22" });
            push_encoded(&mut token, &header.name);
            token.push_str("%22%2C%22value%22%3A%22");
            push_encoded(&mut token, value);
            token.push_str("%22%7D");
        }
        token.push_str("%5D%2C%22body%22%3A%22%22%7D");
        Ok(Secret::new(token))
    }
}

/// The inside of a JSON string. Most texts here have nothing to escape.
fn escaped(text: &str) -> Result<Cow<'_, str>, Error> {
    if all_bytes(text, |b| b >= b' ' && b != b'"' && b != b'\\') {
        return Ok(text.into());
    }
    let quoted =
        serde_json::to_string(text).map_err(|_| Error::bug("A text could not be written as JSON."))?;
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    Ok(inside.to_owned().into())
}
