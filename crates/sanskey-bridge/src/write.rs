//! The core's data as JSON.

use std::time::Duration;

use sanskey::{Action, Ask, CredentialConfig, HttpRequest, Step, Token};
use serde_json::{Value, json};

/// `{"step":"pending","asks":[…]}` or `{"step":"done","outcome":{…}}`
pub fn step(step: &Step) -> Value {
    match step {
        Step::Pending(asks) => json!({ "step": "pending", "asks": asks.iter().map(ask).collect::<Vec<_>>() }),
        Step::Done(outcome) => json!({
            "step": "done",
            "outcome": { "goal": "access_token", "token": token(outcome.token()) },
        }),
    }
}

/// `{"value":…,"expires_at":…,"kind":…}`
pub fn token(token: &Token) -> Value {
    json!({
        "value": token.value.expose(),
        "expires_at": token.expires_at.as_seconds(),
        "kind": token.kind.as_str(),
    })
}

/// An `http_request`, which is an ask without an id.
pub fn request(request: &HttpRequest) -> Value {
    json!({
        "action": "http_request",
        "method": request.method.as_str(),
        "url": request.url,
        "headers": request
            .headers
            .iter()
            .map(|header| json!([header.name, header.value.expose()]))
            .collect::<Vec<_>>(),
        "body": request.body.expose(),
        "timeout_ms": milliseconds(request.timeout),
        "client_certificate": request
            .client_certificate
            .as_ref()
            .map(|certificate| json!({ "cert_path": certificate.cert_path, "key_path": certificate.key_path })),
        "bypass_proxy": request.bypass_proxy,
    })
}

/// What can be read out of a configuration.
pub fn summary(config: &CredentialConfig) -> Value {
    json!({
        "type": "external_account",
        "audience": config.audience(),
        "subject_token_type": config.subject_token_type(),
        "source": config.source_kind(),
        "token_url": config.token_url(),
        "service_account_impersonation_url": config.service_account_impersonation_url(),
        "service_account_email": config.service_account_email(),
        "token_lifetime_seconds": config.token_lifetime_seconds(),
        "quota_project_id": config.quota_project_id(),
        "universe_domain": config.universe_domain(),
        "client_id": config.client_id(),
        "project_number": config.project_number(),
    })
}

fn ask(ask: &Ask) -> Value {
    let mut value = match &ask.action {
        Action::HttpRequest(http) => request(http),
        Action::ReadEnv { names } => json!({ "action": "read_env", "names": names }),
        Action::ReadFile { path } => json!({ "action": "read_file", "path": path }),
        Action::RunCommand { argv, env, timeout } => json!({
            "action": "run_command", "argv": argv, "env": env, "timeout_ms": milliseconds(*timeout),
        }),
        Action::Wait { duration } => json!({ "action": "wait", "duration_ms": milliseconds(*duration) }),
        // A kind of action that this bridge does not know yet: hosts reply `unsupported`.
        other => json!({ "action": other.kind() }),
    };
    if let Some(object) = value.as_object_mut() {
        object.insert("id".to_owned(), json!(ask.id));
    }
    value
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
