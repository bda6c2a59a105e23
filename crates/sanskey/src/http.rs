//! HTTP as data: what to send, and what came back.

use std::time::Duration;

use crate::secret::Secret;

/// The most that a host should read of a response body, and the most that the core accepts: 1 MiB.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// One HTTP request, to be sent exactly as it is: no redirects, no headers added beyond those that
/// HTTP itself needs (`host`, `content-length`, `connection`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpRequest {
    /// `GET`, `POST` or `PUT`.
    pub method: Method,
    /// Absolute, ASCII, already percent-encoded, without a fragment.
    pub url: String,
    /// In the order in which they are best sent; names are lower case and unique.
    pub headers: Vec<Header>,
    /// Text in UTF-8; empty for none.
    pub body: Secret,
    /// For all of it, from connecting to the last byte received.
    pub timeout: Duration,
    /// The certificate to present if the server is reached over mutual TLS.
    pub client_certificate: Option<ClientCertificate>,
    /// Whether the request must not go through a proxy, since its address is link-local.
    pub bypass_proxy: bool,
    /// The Unix domain socket to connect to, by its path, in place of the URL's host.
    pub unix_socket: Option<String>,
}

/// A method of RFC 9110.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

impl Method {
    /// The name as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// One header field. Every value counts as secret, since many are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// Lower case in what the core gives; of any case in a response.
    pub name: String,
    /// Text.
    pub value: Secret,
}

/// Where the host finds a client certificate and its key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientCertificate {
    /// The file with the certificate.
    pub cert_path: String,
    /// The file with its private key.
    pub key_path: String,
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpResponse {
    /// 100 to 599.
    pub status: u16,
    /// Names in any case, repeated names allowed.
    pub headers: Vec<Header>,
    /// Text; bytes that are not UTF-8 may be replaced. At most [`MAX_BODY_BYTES`] are accepted.
    pub body: Secret,
}

impl HttpRequest {
    pub(crate) fn new(method: Method, url: impl Into<String>, timeout: Duration) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Secret::default(),
            timeout,
            client_certificate: None,
            bypass_proxy: false,
            unix_socket: None,
        }
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: impl Into<Secret>) -> Self {
        self.headers.push(Header { name: name.to_owned(), value: value.into() });
        self
    }

    #[must_use]
    pub(crate) fn body(mut self, body: impl Into<Secret>) -> Self {
        self.body = body.into();
        self
    }

    #[must_use]
    pub(crate) fn with_client_certificate(mut self, certificate: Option<&ClientCertificate>) -> Self {
        self.client_certificate = certificate.cloned();
        self
    }

    #[must_use]
    pub(crate) fn over_unix_socket(mut self, path: &str) -> Self {
        self.unix_socket = Some(path.to_owned());
        self
    }

    #[must_use]
    pub(crate) fn bypassing_proxies(mut self) -> Self {
        self.bypass_proxy = true;
        self
    }
}

impl HttpResponse {
    /// A response, for hosts that have the parts at hand.
    pub fn new(status: u16, headers: Vec<(String, String)>, body: impl Into<Secret>) -> Self {
        let headers = headers.into_iter().map(|(name, value)| Header { name, value: value.into() });
        Self { status, headers: headers.collect(), body: body.into() }
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?.value.expose())
    }
}
