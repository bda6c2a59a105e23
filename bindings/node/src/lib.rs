//! The native addon: the bridge in Node's calling convention. Nothing is decided here.

// The functions that JavaScript calls take owned values. Their documentation is the bridge's.
#![allow(clippy::missing_errors_doc, clippy::needless_pass_by_value, missing_docs)]

use napi::bindgen_prelude::{Error, Result, Status, Uint8Array};
use napi_derive::napi;
use sanskey_bridge as bridge;

/// A failure; its message is a JSON text.
fn thrown(failure: bridge::Failure) -> Error {
    Error::new(Status::GenericFailure, failure.into_json())
}

#[napi]
pub struct NativeExchange(bridge::Exchange);

#[napi]
impl NativeExchange {
    #[napi(constructor)]
    pub fn new(config: String, goal: String, options: String) -> Result<Self> {
        bridge::Exchange::new(&config, &goal, &options).map(Self).map_err(thrown)
    }

    #[napi]
    pub fn poll(&mut self, now: f64) -> Result<String> {
        self.0.poll(now).map_err(thrown)
    }

    #[napi]
    pub fn reply(&mut self, replies: String) -> Result<()> {
        self.0.reply(&replies).map_err(thrown)
    }

    #[napi]
    pub fn advance(&mut self, replies: String, now: f64) -> Result<String> {
        self.0.advance(&replies, now).map_err(thrown)
    }
}

#[napi]
pub struct NativeTokenSource(bridge::TokenSource);

#[napi]
impl NativeTokenSource {
    #[napi(constructor)]
    pub fn new(config: String, goal: String, options: String) -> Result<Self> {
        bridge::TokenSource::new(&config, &goal, &options).map(Self).map_err(thrown)
    }

    #[napi]
    pub fn look(&self, now: f64, uptime: f64) -> Result<&'static str> {
        self.0.look(now, uptime).map_err(thrown)
    }

    #[napi]
    pub fn exchange(
        &mut self,
        goal: Option<String>,
        options: String,
        now: f64,
        uptime: f64,
    ) -> Result<NativeExchange> {
        self.0.exchange(goal.as_deref(), &options, now, uptime).map(NativeExchange).map_err(thrown)
    }

    #[napi]
    pub fn settle(&mut self, exchange: &NativeExchange, now: f64, uptime: f64) -> Result<&'static str> {
        self.0.settle(&exchange.0, now, uptime).map_err(thrown)
    }

    #[napi]
    pub fn fail(&mut self, now: f64, uptime: f64) -> Result<&'static str> {
        self.0.fail(now, uptime).map_err(thrown)
    }

    #[napi]
    pub fn token(&self) -> Option<String> {
        self.0.token()
    }

    #[napi]
    pub fn export_state(&self) -> Result<String> {
        self.0.export_state().map_err(thrown)
    }

    #[napi]
    pub fn import_state(&mut self, state: String, now: f64, uptime: f64) -> Result<bool> {
        self.0.import_state(&state, now, uptime).map_err(thrown)
    }

    #[napi]
    pub fn forget(&mut self) {
        self.0.forget();
    }
}

#[napi]
pub fn config_summary(config: String) -> Result<String> {
    bridge::config_summary(&config).map_err(thrown)
}

#[napi]
pub fn check_config(config: String, options: String) -> Result<String> {
    bridge::check_config(&config, &options).map_err(thrown)
}

#[napi]
pub fn create_config(parameters: String) -> Result<String> {
    bridge::create_config(&parameters).map_err(thrown)
}

#[napi]
pub fn certificate_config(cert_path: String, key_path: String) -> String {
    bridge::certificate_config(&cert_path, &key_path)
}

#[napi]
pub fn caller_identity_token(
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    region: String,
    audience: String,
    now: f64,
) -> Result<String> {
    let credentials = bridge::credentials(access_key_id, secret_access_key, session_token);
    bridge::caller_identity_token(&credentials, &region, &audience, now).map_err(thrown)
}

#[napi]
#[allow(clippy::too_many_arguments)] // one crossing, and no object to build for it
pub fn sign_request(
    method: String,
    url: String,
    headers: Vec<String>,
    body: Uint8Array,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    region: String,
    service: String,
    now: f64,
) -> Result<Vec<String>> {
    let credentials = bridge::credentials(access_key_id, secret_access_key, session_token);
    let request = bridge::RequestToSign { method: &method, url: &url, headers: &headers, body: &body };
    bridge::sign_request(&request, &credentials, &region, &service, now).map_err(thrown)
}

#[napi]
pub fn sts_request(parameters: String) -> Result<String> {
    bridge::sts_request(&parameters).map_err(thrown)
}

#[napi]
pub fn parse_sts_response(status: u32, body: String, now: f64) -> Result<String> {
    bridge::parse_sts_response(status, &body, now).map_err(thrown)
}

#[napi]
pub fn impersonation_request(parameters: String) -> Result<String> {
    bridge::impersonation_request(&parameters).map_err(thrown)
}

#[napi]
pub fn parse_impersonation_response(status: u32, body: String, now: f64) -> Result<String> {
    bridge::parse_impersonation_response(status, &body, now).map_err(thrown)
}

#[napi]
pub fn describe_subject_token(token: String, token_type: String, audience: String) -> String {
    bridge::describe_subject_token(&token, &token_type, &audience)
}

#[napi]
pub fn request_headers(token: String, quota_project_id: Option<String>) -> String {
    bridge::request_headers(&token, quota_project_id.as_deref())
}

#[napi]
pub fn token_freshness(expires_at: f64, now: f64) -> Result<&'static str> {
    bridge::token_freshness(expires_at, now).map_err(thrown)
}

#[napi]
pub fn error_codes() -> String {
    bridge::error_codes()
}

#[napi]
pub fn version() -> &'static str {
    bridge::version()
}
