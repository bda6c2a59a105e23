//! Gets a token with the configuration that `GOOGLE_APPLICATION_CREDENTIALS` names, and prints how.
//!
//! ```sh
//! GOOGLE_APPLICATION_CREDENTIALS=credentials.json cargo run --release -p sanskey --example token
//! ```
//!
//! `SANSKEY_ENDPOINTS=loopback` allows a configuration that leads to this machine, for an emulator.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)] // a host, not the core

use std::error::Error;
use std::io::ErrorKind;
use std::io::Read as _;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sanskey::{
    Action, CredentialConfig, EndpointPolicy, Exchange, Goal, HostFailure, HostFailureKind, HttpRequest,
    HttpResponse, MAX_BODY_BYTES, Method, Options, Outcome, Reply, Secret, Step, UnixTime,
};

fn main() {
    if let Err(error) = run() {
        match error.downcast_ref::<sanskey::Error>() {
            Some(error) => eprintln!(
                "failed: {}\n  {}\n  hint: {}",
                error.code().as_str(),
                error.message(),
                error.hint()
            ),
            None => eprintln!("failed: {error}"),
        }
        std::process::exit(1);
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let path = std::env::var("GOOGLE_APPLICATION_CREDENTIALS")
        .map_err(|_| "set GOOGLE_APPLICATION_CREDENTIALS to the path of a credential configuration")?;
    let config = CredentialConfig::from_json(&std::fs::read_to_string(path)?)?;
    let options = match std::env::var("SANSKEY_ENDPOINTS").as_deref() {
        Ok("loopback") => Options::new().endpoints(EndpointPolicy::Loopback),
        _ => Options::new(),
    };
    let mut host = Host::new();
    let outcome = host.fetch_token(config, options)?;
    let token = outcome.token().ok_or("the exchange gave no token")?;
    println!("requests: {}", host.requests);
    println!("token expires at {} (in {} s)", token.expires_at, now().seconds_until(token.expires_at));
    Ok(())
}

/// Does what the exchange asks.
struct Host {
    agent: ureq::Agent,
    requests: usize,
}

impl Host {
    fn new() -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        Self { agent: config.build().into(), requests: 0 }
    }

    fn fetch_token(&mut self, config: CredentialConfig, options: Options) -> Result<Outcome, sanskey::Error> {
        let mut exchange = Exchange::new(config, Goal::AccessToken { scopes: vec![] }, options);
        loop {
            match exchange.poll(now())? {
                Step::Pending(asks) => {
                    for ask in asks {
                        let reply = self.answer(&ask.id, ask.action);
                        exchange.reply(&ask.id, reply)?;
                    }
                }
                Step::Done(outcome) => return Ok(outcome),
            }
        }
    }

    fn answer(&mut self, id: &str, action: Action) -> Reply {
        match action {
            Action::HttpRequest(request) => self.send(id, &request),
            Action::ReadEnv { names, .. } => Reply::Env(environment(&names)),
            Action::ReadFile { path, .. } => file(&path),
            Action::Wait { duration, .. } => {
                println!("  {id:15} {} ms", duration.as_millis());
                std::thread::sleep(duration);
                Reply::Waited
            }
            _ => {
                Reply::Failed(HostFailure::new(HostFailureKind::Unsupported, "this example runs no programs"))
            }
        }
    }

    fn send(&mut self, id: &str, request: &HttpRequest) -> Reply {
        if request.client_certificate.is_some() || request.unix_socket.is_some() {
            // Sent in another way than it says, it would reach somebody else, or come from nobody.
            let message = "this example knows neither client certificates nor Unix domain sockets";
            return Reply::Failed(HostFailure::new(HostFailureKind::Unsupported, message));
        }
        self.requests += 1;
        let begin = Instant::now();
        let result = self.exchange_http(request);
        let milliseconds = begin.elapsed().as_millis();
        let method = request.method.as_str();
        match result {
            Ok(response) => {
                println!("  {id:15} {method} {} {milliseconds} ms", response.status);
                Reply::HttpResponse(response)
            }
            Err(error) => {
                println!("  {id:15} {method} {error} {milliseconds} ms");
                Reply::Failed(HostFailure::new(kind(&error), error.to_string()))
            }
        }
    }

    fn exchange_http(&self, request: &HttpRequest) -> Result<HttpResponse, ureq::Error> {
        let mut builder = ureq::http::Request::builder().method(request.method.as_str()).uri(&request.url);
        for header in &request.headers {
            builder = builder.header(&header.name, header.value.expose());
        }
        let mut response = match request.method {
            Method::Get => self.agent.run(self.configured(builder.body(())?, request))?,
            _ => self.agent.run(self.configured(builder.body(request.body.expose().to_owned())?, request))?,
        };
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let headers = headers.collect();
        // One byte more than the core takes, so that it is the core which refuses.
        let limit = u64::try_from(MAX_BODY_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        let mut body = Vec::new();
        response.body_mut().as_reader().take(limit).read_to_end(&mut body)?;
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(HttpResponse::new(response.status().as_u16(), headers, body))
    }

    /// The deadline, and no proxy where the address is link-local.
    fn configured<B: ureq::AsSendBody>(
        &self,
        http: ureq::http::Request<B>,
        request: &HttpRequest,
    ) -> ureq::http::Request<B> {
        let builder = self.agent.configure_request(http).timeout_global(Some(request.timeout));
        if request.bypass_proxy { builder.proxy(None).build() } else { builder.build() }
    }
}

fn kind(error: &ureq::Error) -> HostFailureKind {
    match error {
        ureq::Error::Timeout(_) => HostFailureKind::Timeout,
        ureq::Error::Io(_) | ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => {
            HostFailureKind::Unreachable
        }
        _ => HostFailureKind::Other,
    }
}

fn file(path: &str) -> Reply {
    let kind = match std::fs::read_to_string(path) {
        Ok(text) => return Reply::File(Some(Secret::new(text))),
        Err(error) => error.kind(),
    };
    match kind {
        ErrorKind::NotFound => Reply::File(None),
        ErrorKind::PermissionDenied => {
            Reply::Failed(HostFailure::new(HostFailureKind::Denied, kind.to_string()))
        }
        _ => Reply::Failed(HostFailure::new(HostFailureKind::Other, kind.to_string())),
    }
}

fn environment(names: &[String]) -> Vec<(String, Secret)> {
    names
        .iter()
        .filter_map(|name| Some((name.clone(), Secret::new(std::env::var_os(name)?.to_string_lossy()))))
        .collect()
}

fn now() -> UnixTime {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_seconds(i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX))
}
