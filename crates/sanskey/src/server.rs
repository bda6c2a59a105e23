//! What the servers that take part have in common: when to try again, what counts as success, and
//! how a refusal is read.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::ask::{HostFailure, HostFailureKind};
use crate::desk::{Answer, host_error};
use crate::error::{Error, ErrorCode, RemoteError, Stage};
use crate::http::{HttpResponse, MAX_BODY_BYTES};
use crate::refusal::remote_error;
use crate::secret::Secret;
use crate::time::UnixTime;
use crate::url::is_visible_ascii;

/// How one server is dealt with.
#[derive(Debug)]
pub(crate) struct Server {
    /// As it is called in messages.
    pub(crate) name: &'static str,
    pub(crate) stage: Stage,
    /// For one request.
    pub(crate) timeout: Duration,
    /// Doubled for every further try.
    pub(crate) first_delay: Duration,
    /// Whether a failed connection is worth another try. That of a link-local address is not.
    pub(crate) retry_unreachable: bool,
    /// The hint where there is no connection, or no answer on it; empty for the usual one.
    pub(crate) connection_hint: &'static str,
    pub(crate) rejected: ErrorCode,
    pub(crate) unavailable: ErrorCode,
    pub(crate) malformed: ErrorCode,
}

/// Tries in all, the first included.
const ATTEMPTS: u32 = 3;

/// A server that asks for a longer pause than this gets no further try.
const LONGEST_RETRY_AFTER: u64 = 30;

impl Server {
    /// How long to wait before the next try, or `None` if this response is to be worked with.
    pub(crate) fn retry_delay(&self, attempt: u32, answer: &Answer) -> Option<Duration> {
        if !is_passing(&answer.response) || attempt >= ATTEMPTS {
            return None;
        }
        let wanted = retry_after(&answer.response, answer.seen_at).unwrap_or(0);
        (wanted <= LONGEST_RETRY_AFTER).then(|| self.backoff(attempt).max(Duration::from_secs(wanted)))
    }

    /// The same for a request that got no response.
    pub(crate) fn retry_delay_after_failure(&self, attempt: u32, kind: HostFailureKind) -> Option<Duration> {
        let is_worth_it = match kind {
            HostFailureKind::Timeout => true,
            HostFailureKind::Unreachable => self.retry_unreachable,
            HostFailureKind::Denied | HostFailureKind::Other | HostFailureKind::Unsupported => false,
        };
        (is_worth_it && attempt < ATTEMPTS).then(|| self.backoff(attempt))
    }

    /// Whether it minds the date of a signature.
    pub(crate) fn rejects_the_date(&self, response: &HttpResponse) -> bool {
        matches!(self.stage, Stage::AwsSts | Stage::Sts) && rejects_the_date(response)
    }

    /// The text of a successful response.
    pub(crate) fn accept<'a>(&self, answer: &'a Answer) -> Result<&'a str, Error> {
        self.accept_response(&answer.response).map_err(|error| error.about_ask(&answer.ask_id))
    }

    /// The text of a successful response to a request that was not an ask.
    pub(crate) fn accept_response<'a>(&self, response: &'a HttpResponse) -> Result<&'a str, Error> {
        let status = response.status;
        if response.body.expose().len() > MAX_BODY_BYTES {
            return Err(self.error(
                ErrorCode::ResponseTooLarge,
                status,
                "with more than 1 MiB",
                "Check that the URL leads to the intended server, and that no proxy answers in its place.",
            ));
        }
        match status {
            200..=299 => Ok(response.body.expose()),
            300..=399 => Err(self.error(
                ErrorCode::RedirectRefused,
                status,
                &format!("with a redirect (HTTP {status})"),
                "Redirects are not followed, since they would hand the proof of identity to another server. Set the URL to the final address.",
            )),
            _ if is_passing(response) => Err(self
                .error(
                    self.unavailable,
                    status,
                    &format!("with HTTP {status}"),
                    "The server is overloaded or out of order. Try again later.",
                )
                .with_retryable(true)
                .with_remote(remote_error(response))),
            _ => Err(self.rejected(status, remote_error(response))),
        }
    }

    /// The JSON object of a successful response to a request that was not an ask.
    pub(crate) fn accept_object(&self, response: &HttpResponse) -> Result<Map<String, Value>, Error> {
        match serde_json::from_str(self.accept_response(response)?) {
            Ok(Value::Object(body)) => Ok(body),
            _ => Err(self.malformed(response.status, "with something other than a JSON object")),
        }
    }

    /// The token in such an object, under this name; it must be one that can be sent in a header.
    pub(crate) fn token_in(
        &self,
        body: &mut Map<String, Value>,
        name: &str,
        status: u16,
    ) -> Result<Secret, Error> {
        match body.get_mut(name).map(Value::take) {
            Some(Value::String(text)) => match Secret::new(text) {
                token if is_visible_ascii(token.expose()) => Ok(token),
                _ => Err(self.malformed(status, &format!("with an {name} that cannot stand in a header"))),
            },
            _ => Err(self.malformed(status, &format!("without an {name}"))),
        }
    }

    /// A refusal; what to do about it is for the caller to say.
    pub(crate) fn rejected(&self, status: u16, remote: RemoteError) -> Error {
        self.error(self.rejected, status, &rejection(status, &remote), "").with_remote(remote)
    }

    /// An answer that cannot be understood; `problem` continues "… answered …".
    pub(crate) fn malformed(&self, status: u16, problem: &str) -> Error {
        Error::new(
            self.malformed,
            format!("{} answered {problem}.", self.name),
            "Check that the URL leads to the intended server, and that no proxy answers in its place.",
        )
        .at(self.stage)
        .with_status(status)
    }

    /// A request that the host could not carry out.
    pub(crate) fn host_error(&self, failure: &HostFailure, ask_id: &str) -> Error {
        let hint = match failure.kind {
            HostFailureKind::Timeout | HostFailureKind::Unreachable => self.connection_hint,
            _ => "",
        };
        host_error(failure, ask_id, self.stage, hint)
    }

    fn error(&self, code: ErrorCode, status: u16, what: &str, hint: &'static str) -> Error {
        Error::new(code, format!("{} answered {what}.", self.name), hint).at(self.stage).with_status(status)
    }

    fn backoff(&self, attempt: u32) -> Duration {
        self.first_delay.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX))
    }
}

/// What to do about a refusal without a word of Google's services, which always have some: somebody else has answered. A
/// wrong path is the exception, which Google answers with a page.
pub(crate) fn hint_about_another(error: &Error) -> Option<&'static str> {
    let is_google = matches!(
        error.code(),
        ErrorCode::DelegationRejected
            | ErrorCode::IdTokenRejected
            | ErrorCode::ImpersonationRejected
            | ErrorCode::SignRejected
            | ErrorCode::StsRejected
    );
    if !is_google || error.remote_error().is_some() || error.remote_error_description().is_some() {
        return None;
    }
    match error.status()? {
        404 => None,
        407 => Some(
            "A proxy wants to know who asks: put its user and password into HTTPS_PROXY, or let requests to this host pass it by with NO_PROXY.",
        ),
        _ => Some(
            "The answer has none of the service's own words: a proxy or a firewall seems to have answered in its place. See that this machine can reach the host of the URL (HTTPS_PROXY, NO_PROXY, egress rules), and that the URL is right.",
        ),
    }
}

/// Whether the same request may succeed later (RFC 9110 section 15, RFC 6585 section 4). AWS says so with
/// status 400, too.
fn is_passing(response: &HttpResponse) -> bool {
    match response.status {
        408 | 429 | 500 | 502 | 503 | 504 => true,
        400 => remote_error(response).error.is_some_and(|code| PASSING_CODES.contains(&&*code)),
        _ => false,
    }
}

/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>, and the errors of
/// `AssumeRoleWithWebIdentity`.
const PASSING_CODES: [&str; 6] = [
    "IDPCommunicationError",
    "RequestLimitExceeded",
    "RequestTimeout",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// AWS's refusal of a signature that is too old or not yet good, also where Google passes it on.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>
fn rejects_the_date(response: &HttpResponse) -> bool {
    if !(400..500).contains(&response.status) {
        return false;
    }
    let remote = remote_error(response);
    let says = |words: &str| remote.description.as_ref().is_some_and(|text| text.contains(words));
    matches!(remote.error.as_deref(), Some("RequestExpired" | "RequestTimeTooSkewed"))
        || ["Signature expired", "Signature not yet current", "RequestExpired", "RequestTimeTooSkewed"]
            .into_iter()
            .any(says)
}

/// RFC 9110 section 10.2.3: seconds, or a date.
fn retry_after(response: &HttpResponse, now: UnixTime) -> Option<u64> {
    let value = response.header("retry-after")?.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit are a long time.
        return Some(value.parse().unwrap_or(u64::MAX));
    }
    Some(now.seconds_until(UnixTime::from_http_date(value)?))
}

fn rejection(status: u16, remote: &RemoteError) -> String {
    let words: Vec<&str> =
        [&remote.error, &remote.description].into_iter().filter_map(|text| text.as_deref()).collect();
    match words.as_slice() {
        [] => format!("with HTTP {status}"),
        words => format!("with HTTP {status}: {}", words.join(": ").trim_end_matches('.')),
    }
}
