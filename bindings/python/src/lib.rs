//! `sanskey._native`: the bridge in Python's calling convention. Nothing is decided here.

#![allow(clippy::needless_pass_by_value)] // what Python passes is taken over

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use sanskey_bridge as bridge;

create_exception!(_native, Failure, PyException, "A failure; its only argument is a JSON text.");

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::{
        Failure, NativeExchange, NativeTokenSource, caller_identity_token, certificate_config, check_config,
        config_summary, create_config, describe_subject_token, error_codes, impersonation_request,
        parse_impersonation_response, parse_sts_response, request_headers, sign_request, sts_request,
        token_freshness, version,
    };
}

fn thrown(failure: bridge::Failure) -> PyErr {
    Failure::new_err(failure.into_json())
}

#[pyclass(module = "sanskey._native")]
struct NativeExchange(bridge::Exchange);

#[pymethods]
impl NativeExchange {
    #[new]
    fn new(config: &str, goal: &str, options: &str) -> PyResult<Self> {
        bridge::Exchange::new(config, goal, options).map(Self).map_err(thrown)
    }

    fn poll(&mut self, now: f64) -> PyResult<String> {
        self.0.poll(now).map_err(thrown)
    }

    fn reply(&mut self, replies: &str) -> PyResult<()> {
        self.0.reply(replies).map_err(thrown)
    }

    fn advance(&mut self, replies: &str, now: f64) -> PyResult<String> {
        self.0.advance(replies, now).map_err(thrown)
    }
}

#[pyclass(module = "sanskey._native")]
struct NativeTokenSource(bridge::TokenSource);

#[pymethods]
impl NativeTokenSource {
    #[new]
    fn new(config: &str, goal: &str, options: &str) -> PyResult<Self> {
        bridge::TokenSource::new(config, goal, options).map(Self).map_err(thrown)
    }

    fn look(&self, now: f64, uptime: f64) -> PyResult<&'static str> {
        self.0.look(now, uptime).map_err(thrown)
    }

    fn exchange(
        &mut self,
        goal: Option<&str>,
        options: &str,
        now: f64,
        uptime: f64,
    ) -> PyResult<NativeExchange> {
        self.0.exchange(goal, options, now, uptime).map(NativeExchange).map_err(thrown)
    }

    fn settle(&mut self, exchange: &NativeExchange, now: f64, uptime: f64) -> PyResult<&'static str> {
        self.0.settle(&exchange.0, now, uptime).map_err(thrown)
    }

    fn fail(&mut self, now: f64, uptime: f64) -> PyResult<&'static str> {
        self.0.fail(now, uptime).map_err(thrown)
    }

    fn token(&self) -> Option<String> {
        self.0.token()
    }

    fn export_state(&self) -> PyResult<String> {
        self.0.export_state().map_err(thrown)
    }

    fn import_state(&mut self, state: &str, now: f64, uptime: f64) -> PyResult<bool> {
        self.0.import_state(state, now, uptime).map_err(thrown)
    }

    fn forget(&mut self) {
        self.0.forget();
    }
}

#[pyfunction]
fn config_summary(config: &str) -> PyResult<String> {
    bridge::config_summary(config).map_err(thrown)
}

#[pyfunction]
fn check_config(config: &str, options: &str) -> PyResult<String> {
    bridge::check_config(config, options).map_err(thrown)
}

#[pyfunction]
fn create_config(parameters: &str) -> PyResult<String> {
    bridge::create_config(parameters).map_err(thrown)
}

#[pyfunction]
fn certificate_config(cert_path: &str, key_path: &str) -> String {
    bridge::certificate_config(cert_path, key_path)
}

#[pyfunction]
fn caller_identity_token(
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    region: &str,
    audience: &str,
    now: f64,
) -> PyResult<String> {
    let credentials = bridge::credentials(access_key_id, secret_access_key, session_token);
    bridge::caller_identity_token(&credentials, region, audience, now).map_err(thrown)
}

#[pyfunction]
#[allow(clippy::too_many_arguments)] // one crossing, and no object to build for it
fn sign_request(
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
) -> PyResult<Vec<String>> {
    let credentials = bridge::credentials(access_key_id, secret_access_key, session_token);
    let request = bridge::RequestToSign { method, url, headers: &headers, body };
    bridge::sign_request(&request, &credentials, region, service, now).map_err(thrown)
}

#[pyfunction]
fn sts_request(parameters: &str) -> PyResult<String> {
    bridge::sts_request(parameters).map_err(thrown)
}

#[pyfunction]
fn parse_sts_response(status: u32, body: &str, now: f64) -> PyResult<String> {
    bridge::parse_sts_response(status, body, now).map_err(thrown)
}

#[pyfunction]
fn impersonation_request(parameters: &str) -> PyResult<String> {
    bridge::impersonation_request(parameters).map_err(thrown)
}

#[pyfunction]
fn parse_impersonation_response(status: u32, body: &str, now: f64) -> PyResult<String> {
    bridge::parse_impersonation_response(status, body, now).map_err(thrown)
}

#[pyfunction]
fn describe_subject_token(token: &str, token_type: &str, audience: &str) -> String {
    bridge::describe_subject_token(token, token_type, audience)
}

#[pyfunction]
fn request_headers(token: &str, quota_project_id: Option<&str>) -> String {
    bridge::request_headers(token, quota_project_id)
}

#[pyfunction]
fn token_freshness(expires_at: f64, now: f64) -> PyResult<&'static str> {
    bridge::token_freshness(expires_at, now).map_err(thrown)
}

#[pyfunction]
fn error_codes() -> String {
    bridge::error_codes()
}

#[pyfunction]
fn version() -> &'static str {
    bridge::version()
}
