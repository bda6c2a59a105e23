//! The wasm module: the bridge in the calling convention of JavaScript. Nothing is decided here.

// The documentation of these functions is the bridge's.
#![allow(clippy::missing_errors_doc, clippy::needless_pass_by_value, missing_docs)]

use sanskey_bridge as bridge;
use wasm_bindgen::prelude::wasm_bindgen;

/// A failure is thrown as a JSON text.
fn thrown(failure: bridge::Failure) -> String {
    failure.into_json()
}

#[wasm_bindgen]
pub struct NativeExchange(bridge::Exchange);

#[wasm_bindgen]
impl NativeExchange {
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str, goal: &str, options: &str) -> Result<Self, String> {
        bridge::Exchange::new(config, goal, options).map(Self).map_err(thrown)
    }

    pub fn poll(&mut self, now: f64) -> Result<String, String> {
        self.0.poll(now).map_err(thrown)
    }

    pub fn reply(&mut self, replies: &str) -> Result<(), String> {
        self.0.reply(replies).map_err(thrown)
    }

    pub fn advance(&mut self, replies: &str, now: f64) -> Result<String, String> {
        self.0.advance(replies, now).map_err(thrown)
    }
}

#[wasm_bindgen]
pub struct NativeTokenSource(bridge::TokenSource);

#[wasm_bindgen]
impl NativeTokenSource {
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str, goal: &str, options: &str) -> Result<Self, String> {
        bridge::TokenSource::new(config, goal, options).map(Self).map_err(thrown)
    }

    pub fn look(&self, now: f64, uptime: f64) -> Result<String, String> {
        self.0.look(now, uptime).map(str::to_owned).map_err(thrown)
    }

    pub fn exchange(
        &mut self,
        goal: Option<String>,
        options: &str,
        now: f64,
        uptime: f64,
    ) -> Result<NativeExchange, String> {
        self.0.exchange(goal.as_deref(), options, now, uptime).map(NativeExchange).map_err(thrown)
    }

    pub fn settle(&mut self, exchange: &NativeExchange, now: f64, uptime: f64) -> Result<String, String> {
        self.0.settle(&exchange.0, now, uptime).map(str::to_owned).map_err(thrown)
    }

    pub fn fail(&mut self, now: f64, uptime: f64) -> Result<String, String> {
        self.0.fail(now, uptime).map(str::to_owned).map_err(thrown)
    }

    pub fn token(&self) -> Option<String> {
        self.0.token()
    }

    #[wasm_bindgen(js_name = exportState)]
    pub fn export_state(&self) -> Result<String, String> {
        self.0.export_state().map_err(thrown)
    }

    #[wasm_bindgen(js_name = importState)]
    pub fn import_state(&mut self, state: &str, now: f64, uptime: f64) -> Result<bool, String> {
        self.0.import_state(state, now, uptime).map_err(thrown)
    }

    pub fn forget(&mut self) {
        self.0.forget();
    }
}

#[wasm_bindgen(js_name = configSummary)]
pub fn config_summary(config: &str) -> Result<String, String> {
    bridge::config_summary(config).map_err(thrown)
}

#[wasm_bindgen(js_name = checkConfig)]
pub fn check_config(config: &str, options: &str) -> Result<String, String> {
    bridge::check_config(config, options).map_err(thrown)
}

#[wasm_bindgen(js_name = createConfig)]
pub fn create_config(parameters: &str) -> Result<String, String> {
    bridge::create_config(parameters).map_err(thrown)
}

#[wasm_bindgen(js_name = certificateConfig)]
pub fn certificate_config(cert_path: &str, key_path: &str) -> String {
    bridge::certificate_config(cert_path, key_path)
}

#[wasm_bindgen(js_name = callerIdentityToken)]
pub fn caller_identity_token(
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    region: &str,
    audience: &str,
    now: f64,
) -> Result<String, String> {
    let credentials = bridge::credentials(access_key_id, secret_access_key, session_token);
    bridge::caller_identity_token(&credentials, region, audience, now).map_err(thrown)
}

#[wasm_bindgen(js_name = signRequest)]
#[allow(clippy::too_many_arguments)] // one crossing, and no object to build for it
pub fn sign_request(
    method: &str,
    url: &str,
    headers: Vec<String>,
    body: &[u8],
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    region: &str,
    service: &str,
    now: f64,
) -> Result<Vec<String>, String> {
    let credentials = bridge::credentials(access_key_id, secret_access_key, session_token);
    let request = bridge::RequestToSign { method, url, headers: &headers, body };
    bridge::sign_request(&request, &credentials, region, service, now).map_err(thrown)
}

#[wasm_bindgen(js_name = stsRequest)]
pub fn sts_request(parameters: &str) -> Result<String, String> {
    bridge::sts_request(parameters).map_err(thrown)
}

#[wasm_bindgen(js_name = parseStsResponse)]
pub fn parse_sts_response(status: u32, body: &str, now: f64) -> Result<String, String> {
    bridge::parse_sts_response(status, body, now).map_err(thrown)
}

#[wasm_bindgen(js_name = impersonationRequest)]
pub fn impersonation_request(parameters: &str) -> Result<String, String> {
    bridge::impersonation_request(parameters).map_err(thrown)
}

#[wasm_bindgen(js_name = parseImpersonationResponse)]
pub fn parse_impersonation_response(status: u32, body: &str, now: f64) -> Result<String, String> {
    bridge::parse_impersonation_response(status, body, now).map_err(thrown)
}

#[wasm_bindgen(js_name = describeSubjectToken)]
pub fn describe_subject_token(token: &str, token_type: &str, audience: &str) -> String {
    bridge::describe_subject_token(token, token_type, audience)
}

#[wasm_bindgen(js_name = requestHeaders)]
pub fn request_headers(token: &str, quota_project_id: Option<String>) -> String {
    bridge::request_headers(token, quota_project_id.as_deref())
}

#[wasm_bindgen(js_name = tokenFreshness)]
pub fn token_freshness(expires_at: f64, now: f64) -> Result<String, String> {
    bridge::token_freshness(expires_at, now).map(str::to_owned).map_err(thrown)
}

#[wasm_bindgen(js_name = errorCodes)]
pub fn error_codes() -> String {
    bridge::error_codes()
}

#[wasm_bindgen]
pub fn version() -> String {
    bridge::version().to_owned()
}
