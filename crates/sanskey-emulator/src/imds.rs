//! The EC2 instance metadata service, versions 1 and 2.
//!
//! Source: "Use the Instance Metadata Service to access instance metadata" in the Amazon EC2 User Guide.

use http::Method;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    answers::{Answer, Request},
    aws_keys::{AwsKey, whole_seconds},
    settings::Settings,
    store::Store,
};

const TTL_HEADER: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN_HEADER: &str = "x-aws-ec2-metadata-token";

/// Answers a request below `/latest/`.
pub(crate) fn answer(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Answer {
    match request.path.strip_prefix("/latest/").unwrap_or_default() {
        "api/token" => open_session(store, request, now),
        path if path.starts_with("meta-data/") => metadata(store, settings, request, path, now),
        _ => page(404, "Not Found"),
    }
}

/// Version 2 begins here: a session token for 1 second to 6 hours.
fn open_session(store: &mut Store, request: &Request, now: OffsetDateTime) -> Answer {
    if request.method != Method::PUT {
        return page(405, "Method Not Allowed");
    }
    // A proxy that forwards requests from outside adds this header; the service refuses to open sessions for
    // it.
    if request.headers.contains_key("x-forwarded-for") {
        return page(403, "Forbidden");
    }
    let seconds = request.header(TTL_HEADER).and_then(|text| text.trim().parse::<i64>().ok());
    match seconds {
        Some(seconds @ 1..=21_600) => {
            let token = store.open_imds_session(Duration::seconds(seconds), now);
            Answer::text(200, token).with_header(TTL_HEADER, seconds.to_string())
        }
        _ => page(400, "Bad Request"),
    }
}

fn metadata(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    path: &str,
    now: OffsetDateTime,
) -> Answer {
    if request.method != Method::GET {
        return page(405, "Method Not Allowed");
    }
    if !may_read(store, settings, request, now) {
        return page(401, "Unauthorized");
    }
    match path.strip_prefix("meta-data/").unwrap_or_default() {
        "placement/availability-zone" => Answer::text(200, settings.availability_zone.clone()),
        "iam/security-credentials" | "iam/security-credentials/" => Answer::text(200, settings.role.clone()),
        path if path.strip_prefix("iam/security-credentials/") == Some(settings.role.as_str()) => {
            role_credentials(&store.keep_aws_key(AwsKey::of_instance_role(settings, now)), now)
        }
        _ => page(404, "Not Found"),
    }
}

/// A request that carries a token needs a valid one, even where version 1 is on; one without needs version 1.
fn may_read(store: &Store, settings: &Settings, request: &Request, now: OffsetDateTime) -> bool {
    if !request.headers.contains_key(TOKEN_HEADER) {
        return settings.imds_v1;
    }
    request.header(TOKEN_HEADER).is_some_and(|token| store.imds_session(token, now).is_some())
}

fn role_credentials(key: &AwsKey, now: OffsetDateTime) -> Answer {
    let mut answer = Answer::json(
        200,
        &json!({
            "Code": "Success",
            "LastUpdated": whole_seconds(now),
            "Type": "AWS-HMAC",
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
            "Token": key.session_token,
            "Expiration": key.expires_at.map(whole_seconds),
        }),
    );
    // The real service declares its JSON as text.
    answer.content_type = "text/plain".into();
    answer
}

/// Errors of the metadata service are small web pages.
fn page(status: u16, title: &str) -> Answer {
    let body = format!(
        "<html><head><title>{status} - {title}</title></head><body><h1>{status} - {title}</h1></body></html>\n"
    );
    Answer { content_type: "text/html".into(), ..Answer::text(status, body) }
}
