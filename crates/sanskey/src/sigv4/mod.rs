//! AWS Signature Version 4, in headers, for any request.
//!
//! Source of the rules: "Create a signed AWS API request",
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.
//! Signing in the query string (presigned URLs), chunked payloads and the asymmetric version 4a are not
//! covered.

mod canonical;
mod key;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::aws::Credentials;
use crate::error::Error;
use crate::http::Header;
use crate::secret::Secret;
use crate::time::UnixTime;
use crate::url::HttpUrl;

/// The request to sign, as it is going to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// An HTTP method, in upper case.
    pub method: &'a str,
    /// `https://` or `http://`, with path and query as they stand on the wire. A `+` in the query
    /// counts as a space. Where a path is not encoded again (S3), and in the query, characters that must
    /// be encoded on the wire may stand unencoded.
    pub url: &'a str,
    /// Every header that is to be signed, in any order and any case. Values may be padded, names may
    /// be repeated. `host` is derived from the URL where it is missing; `authorization`,
    /// `x-amz-date` and `x-amz-security-token` are replaced; headers that proxies change
    /// (`user-agent` and the hop-by-hop ones) are sent but not signed.
    pub headers: &'a [(&'a str, &'a str)],
    /// The bytes of the body; empty for none.
    pub body: &'a [u8],
}

/// In what services differ. [`Settings::of_service`] knows the usual answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools)] // four independent habits of services, not one state
pub struct Settings {
    /// Remove empty and dot segments from the path. All services but S3.
    pub normalize_path: bool,
    /// Percent-encode the path once more than it is on the wire. All services but S3.
    pub encode_path_again: bool,
    /// Add and sign the header `x-amz-content-sha256`. S3 demands it; for others, and for AWS STS in
    /// particular, it is left out.
    pub content_sha256_header: bool,
    /// Sign the session token along with the rest. A few services want it added afterwards.
    pub sign_session_token: bool,
}

impl Settings {
    /// What the service with this signing name (`sts`, `s3`, `execute-api`) expects.
    pub fn of_service(service: &str) -> Self {
        let is_s3 = matches!(service, "s3" | "s3-object-lambda" | "s3-outposts" | "s3express");
        Self {
            normalize_path: !is_s3,
            encode_path_again: !is_s3,
            content_sha256_header: is_s3,
            sign_session_token: true,
        }
    }
}

/// A signature, and what to send with it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Signed {
    /// Every header to send, sorted by name: those of the request (repeated ones joined by a comma),
    /// `host`, `x-amz-date`, `x-amz-security-token` for temporary credentials, and `authorization`.
    pub headers: Vec<Header>,
    /// The text that was signed: algorithm, date, scope and the hash of the canonical request.
    pub string_to_sign: String,
    /// 64 hexadecimal digits.
    pub signature: Secret,
}

/// Signs a request with the settings that its service usually has.
///
/// `region` and `service` are the names in the credential scope, such as `us-east-1` and `sts`; `now`
/// is the time that AWS will compare with its own clock (15 minutes are tolerated).
///
/// # Errors
/// `invalid_argument` if the URL, the method, a header, the region, the service or the credentials
/// hold something that cannot be sent.
///
/// ```
/// use sanskey::{UnixTime, aws, sigv4};
///
/// let request = sigv4::Request {
///     method: "GET",
///     url: "https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
///     headers: &[],
///     body: b"",
/// };
/// let credentials = aws::Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
/// let now = UnixTime::from_seconds(1_704_164_645);
/// let signed = sigv4::sign(&request, &credentials, "us-east-1", "sts", now)?;
/// for header in &signed.headers {
///     println!("send {}", header.name);
/// }
/// # Ok::<(), sanskey::Error>(())
/// ```
pub fn sign(
    request: &Request<'_>,
    credentials: &Credentials,
    region: &str,
    service: &str,
    now: UnixTime,
) -> Result<Signed, Error> {
    sign_with(Settings::of_service(service), request, credentials, region, service, now)
}

/// Signs a request with settings of the caller's choice. The rest is as for [`sign`].
///
/// # Errors
/// As for [`sign`].
pub fn sign_with(
    settings: Settings,
    request: &Request<'_>,
    credentials: &Credentials,
    region: &str,
    service: &str,
    now: UnixTime,
) -> Result<Signed, Error> {
    check_scope_part("region", region)?;
    check_scope_part("service", service)?;
    let prepared = Prepared::new(settings, request, credentials, now)?;
    let mut hash = Sha256::new();
    prepared.write_canonical_request(&mut hash);

    let Prepared { amz_date, mut headers, .. } = prepared;
    let date = amz_date.get(..8).unwrap_or_default();
    let scope = format!("{date}/{region}/{service}/aws4_request");
    let string_to_sign = format!("{ALGORITHM}\n{amz_date}\n{scope}\n{}", key::hex(&hash.finalize()));
    let signature = key::signature(credentials, date, region, service, &string_to_sign)?;
    let signature = Secret::new(signature);
    let authorization = Zeroizing::new(format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={}",
        credentials.access_key_id,
        headers.signed_names(settings),
        signature.expose(),
    ));
    headers.set("authorization", &authorization);
    Ok(Signed { headers: headers.into_list(), string_to_sign, signature })
}

/// The request in the form that is hashed and compared on both sides. When AWS answers
/// `SignatureDoesNotMatch` it sends its own; the first difference shows what went wrong.
///
/// # Errors
/// As for [`sign`].
pub fn canonical_request(
    settings: Settings,
    request: &Request<'_>,
    credentials: &Credentials,
    now: UnixTime,
) -> Result<Secret, Error> {
    let mut text = String::new();
    Prepared::new(settings, request, credentials, now)?.write_canonical_request(&mut text);
    Ok(Secret::new(text))
}

/// A request with the headers that it is signed with.
struct Prepared<'a> {
    settings: Settings,
    request: &'a Request<'a>,
    url: HttpUrl<'a>,
    headers: canonical::Headers,
    payload_hash: String,
    amz_date: String,
}

impl<'a> Prepared<'a> {
    fn new(
        settings: Settings,
        request: &'a Request<'a>,
        credentials: &Credentials,
        now: UnixTime,
    ) -> Result<Self, Error> {
        check_method(request.method)?;
        credentials.check()?;
        let url = HttpUrl::split(request.url)
            .map_err(|problem| Error::invalid_argument(format!("The URL to sign {problem}.")))?;
        let amz_date = now.to_amz_date();
        let mut headers = canonical::Headers::of(request, &url)?;
        let payload_hash = headers.payload_hash(settings, request.body);
        headers.set("x-amz-date", &amz_date);
        if let Some(token) = credentials.session_token() {
            headers.set("x-amz-security-token", token.expose());
        }
        Ok(Self { settings, request, url, headers, payload_hash, amz_date })
    }

    fn write_canonical_request(&self, sink: &mut impl canonical::Sink) {
        canonical::write(sink, self.settings, self.request, &self.url, &self.headers, &self.payload_hash);
    }
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

fn check_scope_part(what: &str, text: &str) -> Result<(), Error> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if plain {
        return Ok(());
    }
    Err(Error::invalid_argument(format!(
        "The {what} to sign for must be letters, digits, hyphens, dots and underscores, and not empty."
    )))
}

fn check_method(method: &str) -> Result<(), Error> {
    if !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-') {
        return Ok(());
    }
    Err(Error::invalid_argument("The HTTP method must be upper-case letters, such as GET."))
}
