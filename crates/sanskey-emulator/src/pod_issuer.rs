//! The issuer of a Kubernetes cluster, as Amazon EKS has one for each ("IAM roles for service accounts").
//!
//! Sources: "IAM roles for service accounts" in the Amazon EKS User Guide, "Managing Service Accounts" in the
//! Kubernetes documentation, and the discovery document of OIDC.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::{
    answers::{Answer, Request, google_error},
    random,
    settings::Settings,
    signing_keys::key_set,
    store::Store,
};

/// Whom the tokens of pods are for.
pub(crate) const AUDIENCE: &str = "sts.amazonaws.com";

/// EKS gives pods tokens for a day.
const DEFAULT_SECONDS: i64 = 86_400;
const ISSUED_BEFORE: Duration = Duration::hours(1);

/// A fresh token, as EKS mounts it into a pod. The query may set `sub`, `aud`, `iss` and `lifetime`: seconds
/// until it is over, which may be less than none.
pub(crate) fn token(store: &Store, settings: &Settings, request: &Request, now: OffsetDateTime) -> Answer {
    let subject = request.parameter("sub").unwrap_or_else(|| settings.pod_subject().to_owned());
    let audience = request.parameter("aud").unwrap_or_else(|| AUDIENCE.to_owned());
    let issuer = request.parameter("iss").unwrap_or_else(|| settings.pod_issuer.clone());
    let Ok(seconds) =
        request.parameter("lifetime").map_or(Ok(DEFAULT_SECONDS), |text| text.parse::<i32>().map(i64::from))
    else {
        return google_error(400, "INVALID_ARGUMENT", "The lifetime is not a number of seconds.", Vec::new());
    };
    let expires_at = now + Duration::seconds(seconds);
    let issued_at = if seconds > 0 { now } else { expires_at - ISSUED_BEFORE };
    let claims = claims(&issuer, &subject, &audience, issued_at, expires_at);
    Answer::text(200, store.signing_keys.of_pods().sign(&claims))
}

fn claims(
    issuer: &str,
    subject: &str,
    audience: &str,
    issued_at: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> Value {
    let mut account = subject.split(':').skip(2);
    let (namespace, name) = (account.next().unwrap_or_default(), account.next().unwrap_or_default());
    json!({
        "iss": issuer,
        "sub": subject,
        "aud": [audience],
        "iat": issued_at.unix_timestamp(),
        "nbf": issued_at.unix_timestamp(),
        "exp": expires_at.unix_timestamp(),
        "jti": random::uuid(),
        "kubernetes.io": {
            "namespace": namespace,
            "node": { "name": "ip-10-0-0-1.ec2.internal", "uid": random::uuid() },
            "pod": { "name": "sanskey-app-7d9f", "uid": random::uuid() },
            "serviceaccount": { "name": name, "uid": random::uuid() },
        },
    })
}

/// What the issuer publishes about itself, if this is one of its two documents. They are served at the path of
/// the issuer's URL.
pub(crate) fn document(store: &Store, settings: &Settings, path: &str) -> Option<Answer> {
    let issuer = &settings.pod_issuer;
    match path.strip_prefix(issuer_path(issuer)).filter(|_| !issuer_path(issuer).is_empty())? {
        "/.well-known/openid-configuration" => Some(Answer::json(
            200,
            &json!({
                "issuer": issuer,
                "jwks_uri": format!("{issuer}/keys"),
                "authorization_endpoint": "urn:kubernetes:programmatic_authorization",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "claims_supported": ["sub", "iss"],
                "id_token_signing_alg_values_supported": ["ES256"],
            }),
        )),
        "/keys" => Some(Answer::json(200, &key_set(&[store.signing_keys.of_pods()]))),
        _ => None,
    }
}

/// The path of an issuer's URL, without a slash at its end.
fn issuer_path(issuer: &str) -> &str {
    let rest = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    rest.find('/').map_or("", |start| rest[start..].trim_end_matches('/'))
}
