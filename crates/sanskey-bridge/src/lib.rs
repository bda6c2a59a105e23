//! What the bindings share: the core with plain data in and out.
//!
//! Texts cross a language border cheaply and mean the same on both sides, so everything with a shape
//! crosses as JSON: the same JSON that the test vectors are written in (`tests/vectors/README.md`).
//! The two functions that programs call often, [`caller_identity_token`] and [`sign_request`], take
//! their arguments as they are.
//!
//! A binding adds nothing but its language's calling convention: it turns [`Failure`] into whatever
//! its language throws, with the JSON text in it.

mod failure;
mod json;
pub mod read;
mod token_source;
pub mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};

use sanskey::{Freshness, HttpResponse, Options, Secret, UnixTime, aws, impersonation, sigv4, sts};

pub use failure::Failure;
pub use token_source::TokenSource;

/// A [`sanskey::Exchange`] that is spoken to in JSON.
#[derive(Debug)]
pub struct Exchange(sanskey::Exchange);

impl Exchange {
    /// From the texts of the configuration file, the goal and the options.
    ///
    /// # Errors
    /// The configuration's own, or `invalid_argument`.
    pub fn new(config: &str, goal: &str, options: &str) -> Result<Self, Failure> {
        guarded(|| {
            let config = sanskey::CredentialConfig::from_json(config)?;
            let options = read::options(options)?;
            let options = if options.entropy_is_given { options.core } else { with_entropy(options.core) };
            Ok(Self(sanskey::Exchange::new(config, read::goal(goal)?, options)))
        })
    }

    /// The next step at the time `now`, in seconds since the epoch.
    ///
    /// # Errors
    /// Whatever ended the exchange.
    pub fn poll(&mut self, now: f64) -> Result<String, Failure> {
        guarded(|| {
            let step = self.0.poll(time(now)?)?;
            Ok(write::step(&step, self.0.clock_skew_seconds()))
        })
    }

    /// The host's replies, a JSON list. Those before a wrong one are taken.
    ///
    /// # Errors
    /// `unknown_ask`, `already_answered`, `wrong_reply`, `invalid_argument`.
    pub fn reply(&mut self, replies: &str) -> Result<(), Failure> {
        guarded(|| {
            for (id, reply) in read::replies(replies)? {
                self.0.reply(&id, reply)?;
            }
            Ok(())
        })
    }

    /// [`Exchange::reply`] and [`Exchange::poll`] in one crossing.
    ///
    /// # Errors
    /// Those of both.
    pub fn advance(&mut self, replies: &str, now: f64) -> Result<String, Failure> {
        self.reply(replies)?;
        self.poll(now)
    }
}

/// What a configuration says, as a JSON object.
///
/// # Errors
/// Those of [`sanskey::CredentialConfig::from_json`].
pub fn config_summary(config: &str) -> Result<String, Failure> {
    guarded(|| Ok(write::summary(&sanskey::CredentialConfig::from_json(config)?)))
}

/// What a check finds in the text of a configuration, as a JSON list. The options are those of an exchange.
///
/// # Errors
/// `invalid_argument`, about the options.
pub fn check_config(config: &str, options: &str) -> Result<String, Failure> {
    guarded(|| Ok(write::findings(&sanskey::CredentialConfig::check(config, &read::options(options)?.core))))
}

/// The text of a new configuration; its parts as JSON.
///
/// # Errors
/// Those of [`sanskey::ConfigParts::to_json`], or `invalid_argument`.
pub fn create_config(parameters: &str) -> Result<String, Failure> {
    guarded(|| Ok(read::config_parts(parameters)?.to_json()?))
}

/// The text of the file that names a certificate and its key.
pub fn certificate_config(cert_path: &str, key_path: &str) -> String {
    sanskey::certificate_config(cert_path, key_path)
}

/// AWS credentials from their parts.
pub fn credentials(
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
) -> aws::Credentials {
    let mut credentials = aws::Credentials::new(access_key_id, secret_access_key);
    credentials.session_token = session_token.map(Secret::new);
    credentials
}

/// [`aws::caller_identity_token`].
///
/// # Errors
/// `invalid_argument`.
pub fn caller_identity_token(
    credentials: &aws::Credentials,
    region: &str,
    audience: &str,
    now: f64,
) -> Result<String, Failure> {
    guarded(|| Ok(aws::caller_identity_token(credentials, region, audience, time(now)?)?.expose().to_owned()))
}

/// The request of [`sign_request`]; the headers are names and values in turn.
#[derive(Debug)]
pub struct RequestToSign<'a> {
    /// Upper case.
    pub method: &'a str,
    /// Absolute.
    pub url: &'a str,
    /// `[name, value, name, value, …]`
    pub headers: &'a [String],
    /// Empty for none.
    pub body: &'a [u8],
}

/// [`sigv4::sign`]; gives the headers to send, names and values in turn.
///
/// # Errors
/// `invalid_argument`.
pub fn sign_request(
    request: &RequestToSign<'_>,
    credentials: &aws::Credentials,
    region: &str,
    service: &str,
    now: f64,
) -> Result<Vec<String>, Failure> {
    guarded(|| {
        let headers: Vec<(&str, &str)> = request
            .headers
            .chunks(2)
            .map(|pair| match pair {
                [name, value] => Ok((name.as_str(), value.as_str())),
                _ => Err(Failure::invalid_argument("A header has a name but no value.")),
            })
            .collect::<Result<_, _>>()?;
        let request = sigv4::Request {
            method: request.method,
            url: request.url,
            headers: &headers,
            body: request.body,
        };
        let signed = sigv4::sign(&request, credentials, region, service, time(now)?)?;
        Ok(signed
            .headers
            .into_iter()
            .flat_map(|header| [header.name, header.value.expose().to_owned()])
            .collect())
    })
}

/// [`sts::request`]; parameters and request as JSON.
///
/// # Errors
/// `invalid_argument`.
pub fn sts_request(parameters: &str) -> Result<String, Failure> {
    guarded(|| {
        let parameters = read::StsParameters::read(parameters)?;
        let scopes: Vec<&str> = parameters.scopes.iter().map(String::as_str).collect();
        let mut exchange = sts::Exchange::new(
            &parameters.token_url,
            &parameters.audience,
            &parameters.subject_token,
            &parameters.subject_token_type,
        );
        exchange.scopes = &scopes;
        exchange.client = parameters.client.as_ref();
        exchange.user_project = parameters.user_project.as_deref();
        exchange.actor = parameters.actor.as_ref().map(|(token, kind)| (token, kind.as_str()));
        exchange.access_boundary = parameters.access_boundary.as_deref();
        exchange.bind_cert_fingerprint = parameters.bind_cert_fingerprint.as_deref();
        exchange.api_client = parameters.api_client.as_deref();
        exchange.body_format = parameters.body_format;
        let request = sts::request(&exchange)?;
        Ok(write::request(&request))
    })
}

/// [`sts::parse_response`]; the token as JSON.
///
/// # Errors
/// Those of [`sts::parse_response`].
pub fn parse_sts_response(status: u32, body: &str, now: f64) -> Result<String, Failure> {
    guarded(|| {
        let response = HttpResponse::new(read::status(status.into())?, Vec::new(), body);
        Ok(write::token(&sts::parse_response(&response, time(now)?)?))
    })
}

/// [`impersonation::request`]; parameters and request as JSON.
///
/// # Errors
/// `invalid_argument`.
pub fn impersonation_request(parameters: &str) -> Result<String, Failure> {
    guarded(|| {
        let parameters = read::ImpersonationParameters::read(parameters)?;
        let scopes: Vec<&str> = parameters.scopes.iter().map(String::as_str).collect();
        let delegates: Vec<&str> = parameters.delegates.iter().map(String::as_str).collect();
        let mut impersonation = impersonation::Impersonation::new(&parameters.url, &parameters.token);
        impersonation.scopes = &scopes;
        impersonation.lifetime_seconds = parameters.lifetime_seconds;
        impersonation.delegates = &delegates;
        let request = impersonation::request(&impersonation)?;
        Ok(write::request(&request))
    })
}

/// [`impersonation::parse_response`]; the token as JSON.
///
/// # Errors
/// Those of [`impersonation::parse_response`].
pub fn parse_impersonation_response(status: u32, body: &str, now: f64) -> Result<String, Failure> {
    guarded(|| {
        let response = HttpResponse::new(read::status(status.into())?, Vec::new(), body);
        Ok(write::token(&impersonation::parse_response(&response, time(now)?)?))
    })
}

/// [`Freshness::of`]: `fresh`, `stale` or `expired`.
///
/// # Errors
/// `invalid_argument` if a time is not a number.
pub fn token_freshness(expires_at: f64, now: f64) -> Result<&'static str, Failure> {
    Ok(Freshness::of(time(expires_at)?, time(now)?).as_str())
}

/// [`sanskey::describe_subject_token`] as a JSON object.
pub fn describe_subject_token(token: &str, token_type: &str, audience: &str) -> String {
    write::description(&sanskey::describe_subject_token(&token.into(), token_type, audience))
}

/// [`sanskey::request_headers`]; pairs of name and value as a JSON list.
pub fn request_headers(token: &str, quota_project_id: Option<&str>) -> String {
    write::headers(&sanskey::request_headers(&token.into(), quota_project_id))
}

/// All error codes and whose fault each is, a JSON list in the order of the codes.
pub fn error_codes() -> String {
    write::error_codes()
}

/// The version of the library.
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Whole seconds, earlier rather than later.
fn time(seconds: f64) -> Result<UnixTime, Failure> {
    if seconds.is_finite() {
        // The conversion saturates, and the range of UnixTime is much smaller.
        #[allow(clippy::cast_possible_truncation)]
        return Ok(UnixTime::from_seconds(seconds.floor() as i64));
    }
    Err(Failure::invalid_argument("A time must be a finite number."))
}

/// Without random bytes retries are not spread, which is better than no token.
fn with_entropy(options: Options) -> Options {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => options.entropy(bytes),
        Err(_) => options,
    }
}

/// A panic would take the host's process, or its exception handling, by surprise.
fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Failure::bug()))
}
