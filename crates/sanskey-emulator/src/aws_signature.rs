//! AWS Signature Version 4 as AWS's own crate computes it, and the `Authorization` header that carries it.

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use http::Uri;
use time::{OffsetDateTime, macros::format_description};

use crate::aws_keys::AwsKey;

/// The three parts of an `AWS4-HMAC-SHA256` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authorization {
    credential: String,
    signed_headers: String,
    signature: String,
}

impl Authorization {
    /// Takes `AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...` apart.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("AWS4-HMAC-SHA256 ")?.split(',').map(str::trim);
        let mut next = |name: &str| parts.next()?.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
        let parsed = Self {
            credential: next("Credential")?,
            signed_headers: next("SignedHeaders")?,
            signature: next("Signature")?,
        };
        parts.next().is_none().then_some(parsed)
    }

    pub(crate) fn access_key_id(&self) -> &str {
        self.credential.split('/').next().unwrap_or_default()
    }

    /// What follows the key id in the credential: day, region, service and terminator.
    pub(crate) fn scope(&self) -> impl Iterator<Item = &str> {
        self.credential.split('/').skip(1)
    }

    /// Whether the credential ends in the scope of this region, service and day.
    pub(crate) fn is_scoped_to(&self, region: &str, service: &str, date: OffsetDateTime) -> bool {
        let day = date.format(format_description!("[year][month][day]")).unwrap_or_default();
        self.credential == format!("{}/{day}/{region}/{service}/aws4_request", self.access_key_id())
    }

    /// Whether a header, by its lower-case name, is among the signed ones.
    pub(crate) fn signs(&self, header: &str) -> bool {
        self.signed_headers.split(';').any(|name| name == header)
    }
}

/// What the header should be for a request of which `signed_headers` are signed. `aws-sigv4` adds `host`,
/// `x-amz-date` and `x-amz-security-token` by itself, as AWS requires them to be signed.
///
/// `None` if there can be no signature, for example because a header holds a line break.
pub(crate) fn compute<'a>(
    method: &str,
    url: &Uri,
    signed_headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: &str,
    key: &AwsKey,
    region: &str,
    date: OffsetDateTime,
) -> Option<Authorization> {
    let identity = Credentials::new(
        &key.access_key_id,
        &key.secret_access_key,
        key.session_token.clone(),
        None,
        "emulator",
    )
    .into();
    let mut settings = SigningSettings::default();
    // The default skips some headers. Here the signer chose them, and AWS takes the signer's word for it.
    settings.excluded_headers = None;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(date.into())
        .settings(settings)
        .build()
        .ok()?
        .into();
    // The crate sets these two itself, from the date and the key, and would not want them twice.
    let headers: Vec<_> =
        signed_headers.filter(|(name, _)| !["x-amz-date", "x-amz-security-token"].contains(name)).collect();
    let url = url.to_string();
    let request =
        SignableRequest::new(method, &url, headers.into_iter(), SignableBody::Bytes(body.as_bytes())).ok()?;
    let (instructions, _signature) = sign(request, &params).ok()?.into_parts();
    let header = instructions.headers().find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?.1;
    Authorization::parse(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    /// A signature that several independent clients agree on: no session token, target resource not signed.
    #[test]
    fn agrees_with_the_other_signers() {
        let key = AwsKey {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
            expires_at: None,
            account: String::new(),
            arn: String::new(),
            user_id: String::new(),
        };
        let url = "https://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
            .parse()
            .unwrap();
        let host = [("host", "sts.us-east-1.amazonaws.com")].into_iter();
        let date = datetime!(2024-01-02 03:04:05 UTC);

        let computed = compute("POST", &url, host, "", &key, "us-east-1", date).unwrap();

        assert_eq!(computed.signature, "320db36d099c1cb677d290a58e60910f6f89bfcc1e404aca72a4281da10897f8");
        assert_eq!(computed.signed_headers, "host;x-amz-date");
        assert!(computed.is_scoped_to("us-east-1", "sts", date));
        assert!(!computed.is_scoped_to("us-west-2", "sts", date));
    }

    #[test]
    fn the_header_has_exactly_three_parts() {
        assert!(
            Authorization::parse("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c")
                .is_some()
        );
        assert!(
            Authorization::parse("AWS4-HMAC-SHA256 Credential=a/b,SignedHeaders=host,Signature=c").is_some()
        );
        assert!(Authorization::parse("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host").is_none());
        assert!(
            Authorization::parse("AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c, More=d")
                .is_none()
        );
        assert!(Authorization::parse("Bearer token").is_none());
    }
}
