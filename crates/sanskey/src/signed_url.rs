//! URLs of Cloud Storage that carry their own permission, version 4 of their signatures.
//!
//! Source: <https://cloud.google.com/storage/docs/authentication/canonical-requests> and
//! <https://cloud.google.com/storage/docs/authentication/signatures>.

use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::secret::Secret;
use crate::time::UnixTime;
use crate::url::{HttpUrl, encode, is_visible_ascii};

/// What a signed URL allows whoever has it to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SignedUrlRequest {
    /// `GET`, `HEAD`, `PUT`, `DELETE`, `POST`. `RESUMABLE` is a `POST` that begins a resumable upload: it must be
    /// sent with the header `x-goog-resumable: start`.
    pub method: String,
    /// The name of the bucket.
    pub bucket: String,
    /// The name of the object in it.
    pub object: String,
    /// For how many seconds it is good: 1 to 604,800, a week.
    pub expires_in: u32,
    /// Headers that the request must be sent with, exactly so.
    pub headers: Vec<(String, String)>,
    /// Further parameters of the query, such as `generation` or `response-content-disposition`.
    pub query: Vec<(String, String)>,
    /// The form of the URL.
    pub style: UrlStyle,
}

/// How a URL names the bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UrlStyle {
    /// `https://storage.googleapis.com/BUCKET/OBJECT`
    #[default]
    Path,
    /// `https://BUCKET.storage.googleapis.com/OBJECT`
    VirtualHosted,
    /// `https://HOST/OBJECT`, for a host that leads to the bucket: scheme and host, such as
    /// `https://cdn.example.com`.
    BucketBound(String),
}

impl SignedUrlRequest {
    /// A `GET` of this object for so many seconds; set the other fields as needed.
    pub fn new(bucket: impl Into<String>, object: impl Into<String>, expires_in: u32) -> Self {
        Self {
            method: "GET".to_owned(),
            bucket: bucket.into(),
            object: object.into(),
            expires_in,
            headers: Vec::new(),
            query: Vec::new(),
            style: UrlStyle::Path,
        }
    }

    /// What is to be signed for this service account at this time, and what becomes the URL with the signature.
    pub(crate) fn prepare(
        &self,
        service_account: &str,
        universe_domain: &str,
        now: UnixTime,
    ) -> Result<Unsigned, Error> {
        self.check()?;
        let Place { endpoint, host, path } = self.place(universe_domain)?;
        let method = if self.method == "RESUMABLE" { "POST" } else { &self.method };
        let headers = self.canonical_headers(&host);
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let time = now.to_amz_date();
        let date = time.get(..8).unwrap_or_default();
        let scope = format!("{date}/auto/storage/goog4_request");
        let credential = format!("{service_account}/{scope}");
        let query = self.canonical_query(&[
            ("X-Goog-Algorithm", ALGORITHM),
            ("X-Goog-Credential", &credential),
            ("X-Goog-Date", &time),
            ("X-Goog-Expires", &self.expires_in.to_string()),
            ("X-Goog-SignedHeaders", &names),
        ]);
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let hash = headers.iter().find(|(name, _)| name == "x-goog-content-sha256");
        let hash = hash.map_or("UNSIGNED-PAYLOAD", |(_, value)| value);
        let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{hash}");
        let digest = hex(&Sha256::digest(canonical.as_bytes()));
        Ok(Unsigned {
            string_to_sign: format!("{ALGORITHM}\n{time}\n{scope}\n{digest}"),
            url: format!("{endpoint}{path}?{query}"),
        })
    }

    fn check(&self) -> Result<(), Error> {
        const METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "POST", "PUT", "RESUMABLE"];
        const A_WEEK: u32 = 604_800;
        let is_header = |(name, value): &(String, String)| {
            is_visible_ascii(name)
                && !name.contains(':')
                && !value.chars().any(|c| c.is_control() && c != '\t')
        };
        let problem = if !METHODS.contains(&&*self.method) {
            "The method of the signed URL is none of DELETE, GET, HEAD, POST, PUT and RESUMABLE."
        } else if !(1..=A_WEEK).contains(&self.expires_in) {
            "A signed URL is good for 1 to 604800 seconds, which is a week."
        } else if self.bucket.is_empty() || self.object.is_empty() {
            "The bucket or the object of the signed URL has no name."
        } else if !self.headers.iter().all(is_header) {
            "A header of the signed URL has a name or a value that no header can have."
        } else if self.query.iter().any(|(name, _)| name.to_ascii_lowercase().starts_with("x-goog-")) {
            "A parameter of the signed URL begins with X-Goog-, which is for the signature."
        } else {
            return Ok(());
        };
        Err(Error::invalid_argument(problem))
    }

    fn place(&self, universe_domain: &str) -> Result<Place, Error> {
        let object: Vec<String> = self.object.split('/').map(|part| encode(part).collect()).collect();
        let object = object.join("/");
        let of_google = |host: String, path| Place { endpoint: format!("https://{host}"), host, path };
        Ok(match &self.style {
            UrlStyle::Path => {
                let bucket: String = encode(&self.bucket).collect();
                of_google(format!("storage.{universe_domain}"), format!("/{bucket}/{object}"))
            }
            UrlStyle::VirtualHosted => {
                // <https://cloud.google.com/storage/docs/buckets#naming>
                let is_of_name = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
                if !self.bucket.bytes().all(is_of_name) {
                    return Err(Error::invalid_argument("The name of the bucket cannot stand in a host."));
                }
                of_google(format!("{}.storage.{universe_domain}", self.bucket), format!("/{object}"))
            }
            UrlStyle::BucketBound(host) => {
                let endpoint = host.trim_end_matches('/').to_owned();
                match HttpUrl::split(&endpoint) {
                    Ok(url) if url.path.is_empty() && url.query.is_none() => {
                        Place { host: url.host_header(), path: format!("/{object}"), endpoint }
                    }
                    _ => {
                        return Err(Error::invalid_argument(
                            "The host of the signed URL is not a scheme and a host alone, such as https://cdn.example.com.",
                        ));
                    }
                }
            }
        })
    }

    /// Names in lower case and in order, the values of a repeated name joined, white space as one space.
    fn canonical_headers(&self, host: &str) -> Vec<(String, String)> {
        let mut headers: Vec<(String, String)> = Vec::new();
        let given = self.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()));
        let has_host = given.clone().any(|(name, _)| name == "host");
        let host = (!has_host).then(|| ("host".to_owned(), host));
        let start = (self.method == "RESUMABLE").then(|| ("x-goog-resumable".to_owned(), "start"));
        for (name, value) in given
            .filter(|(name, _)| start.is_none() || name != "x-goog-resumable")
            .chain(host)
            .chain(start.clone())
        {
            let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            match headers.iter_mut().find(|(each, _)| *each == name) {
                Some((_, joined)) => {
                    joined.push(',');
                    joined.push_str(&value);
                }
                None => headers.push((name, value)),
            }
        }
        headers.sort();
        headers
    }

    fn canonical_query(&self, of_signature: &[(&str, &str)]) -> String {
        let given = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut pairs: Vec<String> = given
            .chain(of_signature.iter().copied())
            .map(|(name, value)| {
                let mut pair: String = encode(name).collect();
                pair.push('=');
                pair.extend(encode(value));
                pair
            })
            .collect();
        pairs.sort();
        pairs.join("&")
    }
}

/// Where a URL leads.
struct Place {
    /// Scheme and host.
    endpoint: String,
    /// The value of the header `host`.
    host: String,
    /// What is signed as the path.
    path: String,
}

const ALGORITHM: &str = "GOOG4-RSA-SHA256";

/// A URL that lacks its signature.
pub(crate) struct Unsigned {
    pub(crate) string_to_sign: String,
    url: String,
}

impl Unsigned {
    /// The URL with this signature.
    pub(crate) fn sign(&self, signature: &[u8]) -> Secret {
        Secret::new(format!("{}&X-Goog-Signature={}", self.url, hex(signature)))
    }
}

/// A URL that anybody who has it can use until its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedUrl {
    /// The URL.
    pub url: Secret,
    /// From when on it is of no use.
    pub expires_at: UnixTime,
}

impl SignedUrl {
    pub(crate) fn new(url: Secret, expires_at: UnixTime) -> Self {
        Self { url, expires_at }
    }
}

fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}
