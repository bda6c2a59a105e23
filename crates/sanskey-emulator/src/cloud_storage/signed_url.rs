//! Signed URLs, version 4: whether the service account has signed this request, and whether the URL is still good.
//!
//! Sources: <https://cloud.google.com/storage/docs/authentication/canonical-requests> and
//! <https://cloud.google.com/storage/docs/authentication/signatures>. What is to be signed is built here from the
//! request that came, and from nothing that a client has made. That a URL that is over is refused before its signature
//! is looked at was seen at Google; the order of the rest is inferred.

use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};
use time::{
    Duration, OffsetDateTime, PrimitiveDateTime, format_description::well_known::Rfc3339,
    macros::format_description,
};

use super::errors;
use crate::{
    answers::{Answer, Request},
    settings::Settings,
    store::Store,
};

const ALGORITHM: &str = "GOOG4-RSA-SHA256";
const SIGNATURE: &str = "X-Goog-Signature";
const A_WEEK: i64 = 604_800;
/// How far the date of a URL may be ahead: inferred.
const TOLERANCE: Duration = Duration::minutes(15);

/// Everything but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether a request claims to be signed in its URL.
pub(super) fn has(request: &Request) -> bool {
    pairs(&request.query).any(|(name, _)| name == SIGNATURE)
}

/// Refuses a request that the service account has not signed, or not for now.
pub(super) fn verify(
    store: &Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Result<(), Answer> {
    let url = SignedUrl::of(&request.query)?;
    url.check_credential(settings)?;
    url.check_time(now)?;
    url.check_headers(&request.headers)?;
    let hash = payload_hash(request, &url)?;

    let canonical = url.canonical_request(request, &hash);
    let digest = hex(&Sha256::digest(canonical.as_bytes()));
    let string_to_sign = format!("{ALGORITHM}\n{}\n{}\n{digest}", url.date, url.scope());
    if store.signing_keys.of_service_account().has_signed(string_to_sign.as_bytes(), &url.signature) {
        return Ok(());
    }
    Err(errors::signature_does_not_match(&string_to_sign, &canonical))
}

/// What a URL says of its signature.
struct SignedUrl {
    credential: String,
    date: String,
    signed_at: OffsetDateTime,
    end: OffsetDateTime,
    /// In lower case and in order.
    headers: Vec<String>,
    signature: Vec<u8>,
}

impl SignedUrl {
    fn of(query: &str) -> Result<Self, Answer> {
        let get = |name: &str| {
            let mut values = pairs(query).filter(|(each, _)| each == name).map(|(_, value)| value);
            match (values.next(), values.next()) {
                (Some(value), None) => Ok(value),
                _ => Err(errors::malformed(&name.to_ascii_lowercase(), "It is not there once.")),
            }
        };
        if get("X-Goog-Algorithm")? != ALGORITHM {
            return Err(errors::malformed("x-goog-algorithm", "It is not GOOG4-RSA-SHA256."));
        }
        let date = get("X-Goog-Date")?;
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let signed_at = PrimitiveDateTime::parse(&date, format)
            .map_err(|_| errors::malformed("x-goog-date", "It is not YYYYMMDDTHHMMSSZ."))?
            .assume_utc();
        let lifetime = get("X-Goog-Expires")?.parse().ok().filter(|seconds| (1..=A_WEEK).contains(seconds));
        let end = lifetime.and_then(|seconds| signed_at.checked_add(Duration::seconds(seconds)));
        let end = end.ok_or_else(|| {
            errors::malformed("x-goog-expires", "It is not a number of seconds from 1 to 604800.")
        })?;
        let headers: Vec<String> = get("X-Goog-SignedHeaders")?.split(';').map(str::to_owned).collect();
        let is_in_order = headers.windows(2).all(|pair| pair[0] < pair[1]);
        let is_lower = headers.iter().all(|name| *name == name.to_ascii_lowercase());
        if !is_in_order || !is_lower || !headers.iter().any(|name| name == "host") {
            let problem = "It is not a list of lower-case names in order, among them host.";
            return Err(errors::malformed("x-goog-signedheaders", problem));
        }
        let signature = unhex(&get(SIGNATURE)?)
            .ok_or_else(|| errors::malformed("x-goog-signature", "It is not hexadecimal."))?;
        Ok(Self { credential: get("X-Goog-Credential")?, date, signed_at, end, headers, signature })
    }

    /// `DATE/LOCATION/storage/goog4_request`, of the credential.
    fn scope(&self) -> &str {
        self.credential.split_once('/').map_or("", |(_, scope)| scope)
    }

    /// The credential is the service account's, for this day and for Cloud Storage. Which location it names does not
    /// matter.
    fn check_credential(&self, settings: &Settings) -> Result<(), Answer> {
        let parts: Vec<_> = self.credential.split('/').collect();
        let problem = match parts.as_slice() {
            [account, ..] if *account != settings.service_account => "There is no such account.",
            [_, day, location, "storage", "goog4_request"]
                if Some(*day) == self.date.get(..8) && !location.is_empty() =>
            {
                return Ok(());
            }
            _ => "It is not ACCOUNT/DAY/LOCATION/storage/goog4_request, with the day of X-Goog-Date.",
        };
        Err(errors::malformed("x-goog-credential", problem))
    }

    fn check_time(&self, now: OffsetDateTime) -> Result<(), Answer> {
        if now > self.end {
            let end = self.end.format(&Rfc3339).unwrap_or_default().replace('Z', "+00:00");
            return Err(errors::expired(&end));
        }
        if self.signed_at > now + TOLERANCE {
            return Err(errors::malformed("x-goog-date", "It is in the future."));
        }
        Ok(())
    }

    /// What was signed is there, and no extension header is that was not.
    fn check_headers(&self, headers: &HeaderMap) -> Result<(), Answer> {
        if let Some(name) = self.headers.iter().find(|name| !headers.contains_key(name.as_str())) {
            let problem = "Header was included in signedheaders, but not in the request.";
            return Err(errors::malformed(name, problem));
        }
        let is_unsigned =
            |name: &&str| name.starts_with("x-goog-") && !self.headers.iter().any(|signed| signed == name);
        match headers.keys().map(http::HeaderName::as_str).find(is_unsigned) {
            Some(name) => Err(errors::malformed(name, "The header is not signed.")),
            None => Ok(()),
        }
    }

    fn canonical_request(&self, request: &Request, hash: &str) -> String {
        let headers: String =
            self.headers.iter().map(|name| format!("{name}:{}\n", values(&request.headers, name))).collect();
        let method = &request.method;
        let (path, query) = (&request.path, canonical_query(&request.query));
        format!("{method}\n{path}\n{query}\n{headers}\n{}\n{hash}", self.headers.join(";"))
    }
}

/// What is signed of the body: nothing, or the hash that a signed header tells, which has to be right.
fn payload_hash(request: &Request, url: &SignedUrl) -> Result<String, Answer> {
    const HEADER: &str = "x-goog-content-sha256";
    if !url.headers.iter().any(|name| name == HEADER) {
        return Ok("UNSIGNED-PAYLOAD".to_owned());
    }
    let told = values(&request.headers, HEADER);
    if told != "UNSIGNED-PAYLOAD" && told != hex(&Sha256::digest(&request.body)) {
        return Err(errors::malformed(HEADER, "It is not the hash of the content."));
    }
    Ok(told)
}

/// All values of a header, with single spaces in them.
fn values(headers: &HeaderMap, name: &str) -> String {
    let text = |value: &http::HeaderValue| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
    };
    headers.get_all(name).iter().map(text).collect::<Vec<_>>().join(",")
}

/// Every parameter but the signature, encoded anew, in order.
fn canonical_query(query: &str) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let mut pairs: Vec<_> = pairs(query)
        .filter(|(name, _)| name != SIGNATURE)
        .map(|(name, value)| format!("{}={}", encoded(&name), encoded(&value)))
        .collect();
    pairs.sort();
    pairs.join("&")
}

/// The parameters of a query. A plus sign is one.
fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    query.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) || !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect()
}
