//! A workload that does by hand what a client library does, so that each test can do one thing wrong.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use sanskey_emulator::{AwsKey, Emulator, Running, Settings};
use serde_json::{Value, json};
use time::{OffsetDateTime, macros::format_description};

pub(crate) const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
pub(crate) const STORAGE: &str = "https://www.googleapis.com/auth/devstorage.read_only";
pub(crate) const URL: &str =
    "https://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";
pub(crate) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// An emulator that cannot outlive its test by much.
pub(crate) fn start(settings: Settings) -> Running {
    Emulator::start(Settings { lifetime: Duration::from_mins(1), ..settings }).expect("loopback is there")
}

/// An answer, fully read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}

/// Sends one request; every status is an answer.
pub(crate) fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = agent.run(request.body(body.to_owned()).expect("a valid request")).expect("an answer");
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.body_mut().read_to_string().expect("a text body"),
    }
}

pub(crate) fn get(url: &str, headers: &[(&str, &str)]) -> Answer {
    send("GET", url, headers, "")
}

/// A signed `GetCallerIdentity` request before it becomes a subject token. Change what a test wants to be
/// wrong.
#[derive(Clone)]
pub(crate) struct Envelope {
    pub(crate) url: String,
    pub(crate) method: String,
    pub(crate) headers: Vec<(String, String)>,
}

/// What is signed, and how.
pub(crate) struct Signing<'a> {
    pub(crate) url: &'a str,
    pub(crate) key: &'a AwsKey,
    pub(crate) target: &'a str,
    pub(crate) target_is_signed: bool,
    /// One more header to sign and send.
    pub(crate) extra: Option<(&'a str, &'a str)>,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    /// Seconds from the present.
    pub(crate) offset: i64,
}

impl<'a> Signing<'a> {
    /// What a good client signs.
    pub(crate) fn honest(key: &'a AwsKey, target: &'a str) -> Self {
        Self {
            url: URL,
            key,
            target,
            target_is_signed: true,
            extra: None,
            region: "us-east-1",
            service: "sts",
            offset: 0,
        }
    }

    pub(crate) fn envelope(&self) -> Envelope {
        let host = self.url.strip_prefix("https://").unwrap().split(['/', '?']).next().unwrap();
        let date = OffsetDateTime::now_utc() + time::Duration::seconds(self.offset);
        let target = ("x-goog-cloud-target-resource", self.target);
        let signed = self.target_is_signed.then_some(target).into_iter().chain(self.extra);
        let mut settings = SigningSettings::default();
        // Whatever a test wants signed is signed.
        settings.excluded_headers = None;
        let identity = Credentials::new(
            &self.key.access_key_id,
            &self.key.secret_access_key,
            self.key.session_token.clone(),
            None,
            "test",
        )
        .into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(SystemTime::from(date))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let request = SignableRequest::new("POST", self.url, signed, SignableBody::Bytes(b"")).unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        let mut headers: Vec<(String, String)> =
            instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        headers.push(("host".to_owned(), host.to_owned()));
        for (name, value) in [target].into_iter().chain(self.extra) {
            headers.push((name.to_owned(), value.to_owned()));
        }
        let stamp = date.format(format_description!("[year][month][day]T[hour][minute][second]Z")).unwrap();
        assert!(headers.contains(&("x-amz-date".to_owned(), stamp)), "the signer dates the request itself");
        Envelope { url: self.url.to_owned(), method: "POST".to_owned(), headers }
    }
}

impl Envelope {
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(key, _)| key != name);
        self
    }

    pub(crate) fn value(&self, name: &str) -> &str {
        &self.headers.iter().find(|(key, _)| key == name).expect("the header is there").1
    }

    pub(crate) fn json(&self) -> Value {
        let headers: Vec<Value> =
            self.headers.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        json!({ "url": self.url, "method": self.method, "headers": headers, "body": "" })
    }

    pub(crate) fn subject_token(&self) -> String {
        encoded(&self.json().to_string())
    }
}

/// Percent-encoding of everything that is not unreserved in RFC 3986.
pub(crate) fn encoded(text: &str) -> String {
    const SET: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, SET).to_string()
}

/// The fields of an exchange that Google accepts.
pub(crate) fn exchange_fields<'a>(
    audience: &'a str,
    scope: &'a str,
    subject_token: &'a str,
) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("audience", audience),
        ("scope", scope),
        ("requested_token_type", ACCESS_TOKEN),
        ("subject_token", subject_token),
        ("subject_token_type", "urn:ietf:params:aws:token-type:aws4_request"),
    ]
}

pub(crate) fn post_form(running: &Running, fields: &[(&str, &str)]) -> Answer {
    send(
        "POST",
        &format!("{}/v1/token", running.url),
        &[("content-type", "application/x-www-form-urlencoded")],
        &form(fields),
    )
}

fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Exchanges a subject token with everything else in order.
pub(crate) fn exchange(running: &Running, subject_token: &str) -> Answer {
    post_form(running, &exchange_fields(&running.settings().audience, CLOUD_PLATFORM, subject_token))
}

/// A good envelope for a fresh key of the instance's role.
pub(crate) fn honest_envelope(running: &Running) -> Envelope {
    let key = running.issue_role_key();
    Signing::honest(&key, &running.settings().audience).envelope()
}

/// A federated token with these scopes.
pub(crate) fn federated_token(running: &Running, scope: &str) -> String {
    let token = honest_envelope(running).subject_token();
    let answer = post_form(running, &exchange_fields(&running.settings().audience, scope, &token));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// Calls `generateAccessToken` for the emulator's own service account.
pub(crate) fn impersonate(running: &Running, token: &str, body: &Value) -> Answer {
    impersonate_account(running, &running.settings().service_account, token, body)
}

pub(crate) fn impersonate_account(running: &Running, account: &str, token: &str, body: &Value) -> Answer {
    call_account(running, account, "generateAccessToken", token, body)
}

/// Calls a method of the IAM Credentials API.
pub(crate) fn call_account(
    running: &Running,
    account: &str,
    method: &str,
    token: &str,
    body: &Value,
) -> Answer {
    send(
        "POST",
        &format!("{}/v1/projects/-/serviceAccounts/{account}:{method}", running.url),
        &[("authorization", &format!("Bearer {token}")), ("content-type", "application/json")],
        &body.to_string(),
    )
}

/// A boundary with one rule.
pub(crate) fn boundary(bucket: &str, roles: &[&str]) -> Value {
    let roles: Vec<_> = roles.iter().map(|role| format!("inRole:{role}")).collect();
    json!({
        "accessBoundaryRules": [{
            "availableResource": format!("//storage.googleapis.com/projects/_/buckets/{bucket}"),
            "availablePermissions": roles,
        }],
    })
}

/// Exchanges an access token for one with this boundary.
pub(crate) fn downscoped(running: &Running, token: &str, boundary: &Value) -> Answer {
    let form = downscoping_form(token, boundary);
    let content_type = ("content-type", "application/x-www-form-urlencoded");
    send("POST", &format!("{}/v1/token", running.url), &[content_type], &form)
}

/// The body of such an exchange.
pub(crate) fn downscoping_form(token: &str, boundary: &Value) -> String {
    let options = json!({ "accessBoundary": boundary }).to_string();
    form(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("requested_token_type", ACCESS_TOKEN),
        ("subject_token", token),
        ("subject_token_type", ACCESS_TOKEN),
        ("options", &options),
    ])
}
