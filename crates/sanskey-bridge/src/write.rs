//! The core's data as JSON.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sanskey::introspection::TokenInfo;
use sanskey::{
    Action, Ask, CredentialConfig, ErrorCode, Finding, Header, HttpRequest, Outcome, Step,
    SubjectTokenDescription, Token, UnixTime,
};

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

/// `{"value":…,"expires_at":…,"kind":…}`, and `refresh_token` if there is a new one
pub fn token(token: &Token) -> String {
    token_json(token).write()
}

/// An `http_request`, which is an ask without an id.
pub fn request(request: &HttpRequest) -> String {
    Json::Object(request_members(request)).write()
}

/// `{"issuer":…,"subject":…,"audiences":[…],"issued_at":…,"expires_at":…,"access_key_id":…,"region":…,"principals":[…]}`
pub fn description(description: &SubjectTokenDescription) -> String {
    Json::Object(vec![
        ("issuer", description.issuer.as_deref().into()),
        ("subject", description.subject.as_deref().into()),
        ("audiences", description.audiences.iter().map(|it| Json::from(it.as_str())).collect()),
        ("issued_at", optional_time(description.issued_at)),
        ("expires_at", optional_time(description.expires_at)),
        ("access_key_id", description.access_key_id.as_deref().into()),
        ("region", description.region.as_deref().into()),
        ("principals", description.principals.iter().map(|it| Json::from(it.as_str())).collect()),
    ])
    .write()
}

/// `[[name, value], …]`
pub fn headers(headers: &[Header]) -> String {
    header_pairs(headers).write()
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

/// `[{"severity":…,"code":…,"field":…,"message":…,"hint":…}…]`
pub fn findings(findings: &[Finding]) -> String {
    let findings = findings.iter().map(|finding| {
        Json::Object(vec![
            ("severity", finding.severity.as_str().into()),
            ("code", finding.code.into()),
            ("field", finding.field.as_deref().into()),
            ("message", (&*finding.message).into()),
            ("hint", (&*finding.hint).into()),
        ])
    });
    findings.collect::<Json<'_>>().write()
}

/// `[{"code":…,"fault":…}…]`
pub fn error_codes() -> String {
    let codes = ErrorCode::ALL.iter().map(|code| {
        Json::Object(vec![("code", code.as_str().into()), ("fault", code.fault().as_str().into())])
    });
    codes.collect::<Json<'_>>().write()
}

fn outcome_json(outcome: &Outcome) -> Json<'_> {
    let token = |goal: &'static str, token| vec![("goal", goal.into()), ("token", token_json(token))];
    Json::Object(match outcome {
        Outcome::AccessToken(it) => token("access_token", it),
        Outcome::DelegatedAccessToken(it) => token("delegated_access_token", it),
        Outcome::DownscopedAccessToken(it) => token("downscoped_access_token", it),
        Outcome::IdToken(it) => token("id_token", it),
        Outcome::Introspection(info) => {
            vec![("goal", "introspection".into()), ("token_info", token_info_json(info))]
        }
        Outcome::Revocation => vec![("goal", "revocation".into())],
        Outcome::SignBlob(signed) => vec![
            ("goal", "sign_blob".into()),
            ("key_id", signed.key_id.as_str().into()),
            ("signature", Json::Owned(STANDARD.encode(&signed.signature))),
        ],
        Outcome::SignJwt(signed) => vec![
            ("goal", "sign_jwt".into()),
            ("key_id", signed.key_id.as_str().into()),
            ("jwt", signed.jwt.expose().into()),
        ],
        Outcome::SignUrl(signed) => vec![
            ("goal", "sign_url".into()),
            ("url", signed.url.expose().into()),
            ("expires_at", Json::Number(signed.expires_at.as_seconds())),
        ],
        // A kind of outcome that this bridge does not know yet.
        _ => return Json::Null,
    })
}

fn token_json(token: &Token) -> Json<'_> {
    let mut members = vec![
        ("value", token.value.expose().into()),
        ("expires_at", Json::Number(token.expires_at.as_seconds())),
        ("kind", token.kind.as_str().into()),
    ];
    if let Some(refresh_token) = &token.refresh_token {
        members.push(("refresh_token", refresh_token.expose().into()));
    }
    Json::Object(members)
}

fn optional_time(time: Option<UnixTime>) -> Json<'static> {
    time.map_or(Json::Null, |time| Json::Number(time.as_seconds()))
}

fn token_info_json(info: &TokenInfo) -> Json<'_> {
    Json::Object(vec![
        ("active", Json::Bool(info.active)),
        ("username", info.username.as_deref().into()),
        ("scopes", info.scopes.iter().map(|scope| Json::from(scope.as_str())).collect()),
        ("client_id", info.client_id.as_deref().into()),
        ("subject", info.subject.as_deref().into()),
        ("issuer", info.issuer.as_deref().into()),
        ("expires_at", optional_time(info.expires_at)),
        ("issued_at", optional_time(info.issued_at)),
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
    if ask.id != ask.step {
        members.push(("step", ask.step.as_str().into()));
        members.push(("attempt", Json::Number(ask.attempt.into())));
    }
    Json::Object(members)
}

fn request_members(request: &HttpRequest) -> Vec<(&str, Json<'_>)> {
    let certificate = request.client_certificate.as_ref().map_or(Json::Null, |certificate| {
        Json::Object(vec![
            ("cert_path", certificate.cert_path.as_str().into()),
            ("key_path", certificate.key_path.as_str().into()),
        ])
    });
    let mut members = vec![
        ("action", "http_request".into()),
        ("method", request.method.as_str().into()),
        ("url", request.url.as_str().into()),
        ("headers", header_pairs(&request.headers)),
        ("body", request.body.expose().into()),
        ("timeout_ms", milliseconds(request.timeout)),
        ("client_certificate", certificate),
        ("bypass_proxy", Json::Bool(request.bypass_proxy)),
    ];
    if let Some(path) = &request.unix_socket {
        members.push(("unix_socket", path.as_str().into()));
    }
    members
}

fn header_pairs(headers: &[Header]) -> Json<'_> {
    headers.iter().map(|header| pair(&header.name, header.value.expose())).collect()
}

fn pair<'a>(name: &'a str, value: &'a str) -> Json<'a> {
    Json::List(vec![name.into(), value.into()])
}

fn milliseconds(duration: Duration) -> Json<'static> {
    Json::Number(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}
