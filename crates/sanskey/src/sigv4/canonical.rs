//! "Create a canonical request": the one form in which both sides write the request down.

use sha2::{Digest, Sha256};

use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};

use super::{Request, Settings, key};
use crate::error::Error;
use crate::http::Header;
use crate::url::{HttpUrl, RESERVED, all_bytes};

/// Where the canonical request is written to: a hash, or a text for people to look at.
pub(super) trait Sink {
    fn push(&mut self, text: &str);
}

impl Sink for Sha256 {
    fn push(&mut self, text: &str) {
        self.update(text);
    }
}

impl Sink for String {
    fn push(&mut self, text: &str) {
        self.push_str(text);
    }
}

/// Writes the whole canonical request.
pub(super) fn write(
    sink: &mut impl Sink,
    settings: Settings,
    request: &Request<'_>,
    url: &HttpUrl<'_>,
    headers: &Headers,
    payload_hash: &str,
) {
    sink.push(request.method);
    sink.push("\n");
    push_path(sink, settings, url.path);
    sink.push("\n");
    push_query(sink, url.query.unwrap_or_default());
    sink.push("\n");
    for (name, value) in headers.signed(settings) {
        for part in [name, ":", value, "\n"] {
            sink.push(part);
        }
    }
    for part in ["\n", &headers.signed_names(settings), "\n", payload_hash] {
        sink.push(part);
    }
}

/// Headers with lower-case unique names, trimmed values and sorted order.
pub(super) struct Headers(Vec<(String, String)>);

impl Headers {
    /// Those of the request, and `host`.
    pub(super) fn of(request: &Request<'_>, url: &HttpUrl<'_>) -> Result<Self, Error> {
        let mut headers = Self(Vec::with_capacity(request.headers.len().saturating_add(4)));
        for (name, value) in request.headers {
            check_header(name, value)?;
            let name = name.to_ascii_lowercase();
            if !REPLACED.contains(&name.as_str()) {
                headers.add(name, &single_spaced(value));
            }
        }
        if headers.find("host").is_none() {
            headers.set("host", &url.host_header());
        }
        Ok(headers)
    }

    /// Gives the hash of the body, from the header `x-amz-content-sha256` where the caller gave it
    /// (`UNSIGNED-PAYLOAD` is one such value), and sets that header where the service wants it.
    pub(super) fn payload_hash(&mut self, settings: Settings, body: &[u8]) -> String {
        if let Some(given) = self.find("x-amz-content-sha256") {
            return given.to_owned();
        }
        let hash = if body.is_empty() { EMPTY_SHA256.to_owned() } else { key::sha256_hex(body) };
        if settings.content_sha256_header {
            self.set("x-amz-content-sha256", &hash);
        }
        hash
    }

    /// Sets a header that is not there yet.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.add(name.to_owned(), value);
    }

    pub(super) fn into_list(self) -> Vec<Header> {
        self.0.into_iter().map(|(name, value)| Header { name, value: value.into() }).collect()
    }

    /// Those that take part in the signature, in order.
    fn signed(&self, settings: Settings) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter(move |(name, _)| {
            !UNSIGNED.contains(name) && (settings.sign_session_token || *name != "x-amz-security-token")
        })
    }

    /// `host;x-amz-date`
    pub(super) fn signed_names(&self, settings: Settings) -> String {
        let mut names = String::with_capacity(96);
        for (name, _) in self.signed(settings) {
            if !names.is_empty() {
                names.push(';');
            }
            names.push_str(name);
        }
        names
    }

    fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }

    fn add(&mut self, name: String, value: &str) {
        match self.0.binary_search_by(|(each, _)| each.as_str().cmp(&name)) {
            Ok(at) => {
                if let Some((_, present)) = self.0.get_mut(at) {
                    present.push(',');
                    present.push_str(value);
                }
            }
            Err(at) => self.0.insert(at, (name, value.to_owned())),
        }
    }
}

/// Headers that the signature brings itself.
const REPLACED: [&str; 3] = ["authorization", "x-amz-date", "x-amz-security-token"];

/// Headers that something on the way may change: the hop-by-hop ones of RFC 9110 section 7.6.1 and
/// those which AWS's own signers leave out.
const UNSIGNED: [&str; 11] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
];

const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The path for the signature: dot segments and empty segments resolved, each segment encoded again.
fn push_path(sink: &mut impl Sink, settings: Settings, path: &str) {
    /// What is kept as it is: on the first encoding of an already encoded path that includes `%`.
    const PATH: &AsciiSet = &RESERVED.remove(b'/');
    const ENCODED_PATH: &AsciiSet = &PATH.remove(b'%');

    let normalized = if settings.normalize_path { normalize(path) } else { path.to_owned() };
    if !normalized.starts_with('/') {
        sink.push("/");
    }
    let keep = if settings.encode_path_again { PATH } else { ENCODED_PATH };
    utf8_percent_encode(&normalized, keep).for_each(|piece| sink.push(piece));
}

/// RFC 3986 section 5.2.4, with repeated slashes taken for one.
fn normalize(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let mut normalized = String::with_capacity(path.len().saturating_add(1));
    for segment in &segments {
        normalized.push('/');
        normalized.push_str(segment);
    }
    let ends_in_directory = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    if normalized.is_empty() || ends_in_directory {
        normalized.push('/');
    }
    normalized
}

/// Parameters decoded, encoded strictly, and sorted by name and value.
fn push_query(sink: &mut impl Sink, query: &str) {
    let mut parameters: Vec<(String, String)> = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let parameter = (encoded_anew(name), encoded_anew(value));
        let at = parameters.partition_point(|each| *each <= parameter);
        parameters.insert(at, parameter);
    }
    for (position, (name, value)) in parameters.iter().enumerate() {
        if position > 0 {
            sink.push("&");
        }
        for part in [name, "=", value] {
            sink.push(part);
        }
    }
}

fn encoded_anew(text: &str) -> String {
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)) {
        return text.to_owned();
    }
    let spaced = text.replace('+', " ");
    let decoded: Vec<u8> = percent_decode_str(&spaced).collect();
    percent_encoding::percent_encode(&decoded, RESERVED).collect()
}

/// Leading and trailing white space removed, every run of it inside one space.
fn single_spaced(value: &str) -> String {
    if all_bytes(value, |b| b != b' ' && b != b'\t') {
        return value.to_owned();
    }
    let mut words = value.split([' ', '\t']).filter(|word| !word.is_empty());
    let mut spaced = String::with_capacity(value.len());
    if let Some(first) = words.next() {
        spaced.push_str(first);
    }
    for word in words {
        spaced.push(' ');
        spaced.push_str(word);
    }
    spaced
}

/// RFC 9110 sections 5.1 and 5.5.
fn check_header(name: &str, value: &str) -> Result<(), Error> {
    let is_token = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    if !is_token {
        return Err(Error::invalid_argument("A header to sign has a name that is not an HTTP token."));
    }
    let is_plain = all_bytes(value, |b| b.is_ascii_graphic());
    if !is_plain && value.contains(|c: char| c.is_control() && c != '\t') {
        return Err(Error::invalid_argument(format!(
            "The header {name} to sign has a value with a control character."
        )));
    }
    Ok(())
}
