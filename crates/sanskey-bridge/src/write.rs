//! The core's data as JSON.

use std::time::Duration;

use sanskey::{Action, Ask, CredentialConfig, ErrorCode, HttpRequest, Outcome, Step, Token};

use crate::json::Json;

/// `{"step":"pending","asks":[…]}` or `{"step":"done","outcome":{…},"clock_skew_seconds":…}`
pub fn step(step: &Step, clock_skew_seconds: Option<i64>) -> String {
    let members = match step {
        Step::Pending(asks) => vec![("step", "pending".into()), ("asks", asks.iter().map(ask).collect())],
        Step::Done(outcome) => vec![
            ("step", "done".into()),
            ("outcome", outcome_json(outcome)),
            ("clock_skew_seconds", clock_skew_seconds.map_or(Json::Null, Json::Number)),
        ],
    };
    Json::Object(members).write()
}

/// `{"value":…,"expires_at":…,"kind":…}`
pub fn token(token: &Token) -> String {
    token_json(token).write()
}

/// An `http_request`, which is an ask without an id.
pub fn request(request: &HttpRequest) -> String {
    Json::Object(request_members(request)).write()
}

/// What can be read out of a configuration.
pub fn summary(config: &CredentialConfig) -> String {
    Json::Object(vec![
        ("type", config.kind().into()),
        ("audience", config.audience().into()),
        ("subject_token_type", config.subject_token_type().into()),
        ("source", config.source_kind().into()),
        ("token_url", config.token_url().into()),
        ("service_account_impersonation_url", config.service_account_impersonation_url().into()),
        ("service_account_email", config.service_account_email().into()),
        (
            "token_lifetime_seconds",
            config.token_lifetime_seconds().map_or(Json::Null, |seconds| Json::Number(seconds.into())),
        ),
        ("quota_project_id", config.quota_project_id().into()),
        ("universe_domain", config.universe_domain().into()),
        ("client_id", config.client_id().into()),
        ("project_number", config.project_number().into()),
    ])
    .write()
}

/// `[{"code":…,"fault":…}…]`
pub fn error_codes() -> String {
    let codes = ErrorCode::ALL.iter().map(|code| {
        Json::Object(vec![("code", code.as_str().into()), ("fault", code.fault().as_str().into())])
    });
    codes.collect::<Json<'_>>().write()
}

fn outcome_json(outcome: &Outcome) -> Json<'_> {
    match outcome {
        Outcome::AccessToken(token) => {
            Json::Object(vec![("goal", "access_token".into()), ("token", token_json(token))])
        }
        // A kind of outcome that this bridge does not know yet.
        _ => Json::Null,
    }
}

fn token_json(token: &Token) -> Json<'_> {
    Json::Object(vec![
        ("value", token.value.expose().into()),
        ("expires_at", Json::Number(token.expires_at.as_seconds())),
        ("kind", token.kind.as_str().into()),
    ])
}

fn ask(ask: &Ask) -> Json<'_> {
    let mut members = match &ask.action {
        Action::HttpRequest(request) => request_members(request),
        Action::ReadEnv { names, .. } => {
            vec![("names", names.iter().map(|name| Json::from(name.as_str())).collect())]
        }
        Action::ReadFile { path, .. } => vec![("path", path.as_str().into())],
        Action::RunCommand { argv, env, timeout, .. } => vec![
            ("argv", argv.iter().map(|word| Json::from(word.as_str())).collect()),
            (
                "env",
                Json::Object(
                    env.iter().map(|(name, value)| (name.as_str(), value.as_str().into())).collect(),
                ),
            ),
            ("timeout_ms", milliseconds(*timeout)),
        ],
        Action::Wait { duration, .. } => vec![("duration_ms", milliseconds(*duration))],
        // A kind of action that this bridge does not know yet: hosts reply `unsupported`.
        _ => vec![],
    };
    if !matches!(ask.action, Action::HttpRequest(_)) {
        members.push(("action", ask.action.kind().into()));
    }
    members.push(("id", ask.id.as_str().into()));
    Json::Object(members)
}

fn request_members(request: &HttpRequest) -> Vec<(&str, Json<'_>)> {
    let certificate = request.client_certificate.as_ref().map_or(Json::Null, |certificate| {
        Json::Object(vec![
            ("cert_path", certificate.cert_path.as_str().into()),
            ("key_path", certificate.key_path.as_str().into()),
        ])
    });
    vec![
        ("action", "http_request".into()),
        ("method", request.method.as_str().into()),
        ("url", request.url.as_str().into()),
        ("headers", request.headers.iter().map(|header| pair(&header.name, header.value.expose())).collect()),
        ("body", request.body.expose().into()),
        ("timeout_ms", milliseconds(request.timeout)),
        ("client_certificate", certificate),
        ("bypass_proxy", Json::Bool(request.bypass_proxy)),
    ]
}

fn pair<'a>(name: &'a str, value: &'a str) -> Json<'a> {
    Json::List(vec![name.into(), value.into()])
}

fn milliseconds(duration: Duration) -> Json<'static> {
    Json::Number(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}
