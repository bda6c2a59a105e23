//! IAM Identity Center (SSO): somebody has logged in, and the token of that login gives the credentials of a
//! role.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html> and
//! <https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html>. The
//! token is the one in the cache of the AWS CLI. It is not renewed here: `aws sso login` does that.

use std::time::Duration;

use serde_json::Value;
use sha1::{Digest, Sha1};

use super::role_credentials;
use crate::aws::Credentials;
use crate::desk::{Desk, Flow};
use crate::error::{Error, ErrorCode, Stage, path_in_words};
use crate::http::{HttpRequest, Method};
use crate::secret::Secret;
use crate::server::Server;
use crate::source::take_text;
use crate::time::UnixTime;
use crate::url::{encode, is_visible_ascii};

const SERVER: Server = Server {
    name: "IAM Identity Center",
    stage: Stage::Source,
    timeout: Duration::from_secs(10),
    first_delay: Duration::from_secs(1),
    retry_unreachable: true,
    connection_hint: "See that sso_region of the AWS profile is right, and that this machine can reach the portal: routes, firewalls, proxies.",
    rejected: ErrorCode::AwsSsoRejected,
    unavailable: ErrorCode::AwsSsoUnavailable,
    malformed: ErrorCode::AwsSsoMalformed,
};

/// Whose credentials, and which login.
pub(super) struct Sso {
    /// The portal, with a slash at its end.
    pub(super) endpoint: String,
    pub(super) account_id: String,
    pub(super) role_name: String,
    /// The file of the login's token.
    pub(super) token_file: String,
}

const TOKEN: &str = "sso-token";
const CREDENTIALS: &str = "sso-credentials";

/// The name of the file in which the AWS CLI keeps the token of a login: `key` is the name of the session
/// or, where a profile has none, the start URL.
pub(super) fn token_file_name(key: &str) -> String {
    format!("{}.json", base16ct::lower::encode_string(&Sha1::digest(key.as_bytes())))
}

impl Sso {
    pub(super) fn credentials(&self, desk: &mut Desk) -> Flow<Credentials> {
        let token = self.token(desk)?;
        let mut url = format!("{}federation/credentials?account_id=", self.endpoint);
        url.extend(encode(&self.account_id));
        url.push_str("&role_name=");
        url.extend(encode(&self.role_name));
        let answer = desk.http(CREDENTIALS, &SERVER, &|_| {
            let request = HttpRequest::new(Method::Get, &*url, SERVER.timeout)
                .header("accept", "application/json")
                .header("x-amz-sso_bearer_token", token.clone());
            // Over http the endpoint is on this machine.
            Ok(if url.starts_with("http:") { request.bypassing_proxies() } else { request })
        })?;
        let text = SERVER.accept(&answer).map_err(explain)?;
        let malformed = |problem: &str| {
            SERVER.malformed(answer.response.status, &format!("with {problem}")).about_ask(&answer.ask_id)
        };
        let Ok(Value::Object(mut body)) = serde_json::from_str(text) else {
            return Err(malformed("something other than a JSON object").into());
        };
        let Some(Value::Object(role)) = body.get_mut("roleCredentials") else {
            return Err(malformed("no roleCredentials").into());
        };
        let credentials = role_credentials::take(role, ["accessKeyId", "secretAccessKey", "sessionToken"]);
        let milliseconds = role.get("expiration").and_then(Value::as_i64);
        let expires_at = milliseconds.map(|it| UnixTime::from_seconds(it.div_euclid(1000)));
        match credentials {
            Ok(credentials) => Ok(credentials.ending(expires_at)),
            Err(problem) => Err(malformed(&problem).into()),
        }
    }

    /// `{"accessToken": …, "expiresAt": …}`
    fn token(&self, desk: &mut Desk) -> Flow<Secret> {
        let invalid = |problem: &str| {
            let hint = "Log in with `aws sso login` and the profile's name. A service that nobody logs in to should have a role of its own instead.";
            Error::new(
                ErrorCode::AwsSsoTokenInvalid,
                format!(
                    "The token of the login to IAM Identity Center, {}, {problem}.",
                    path_in_words(&self.token_file)
                ),
                hint,
            )
            .at(Stage::Source)
            .about_ask(TOKEN)
        };
        let hint = "The file is the AWS CLI's cache of the login. Where files cannot be read, give AWS credentials to sanskey.";
        let Some(text) = desk.file(TOKEN, &self.token_file, hint)? else {
            return Err(invalid("does not exist").into());
        };
        let Ok(Value::Object(mut body)) = serde_json::from_str(text.expose()) else {
            return Err(invalid("is not a JSON object").into());
        };
        let token = take_text(&mut body, "accessToken");
        let expires_at = body.get("expiresAt").and_then(Value::as_str).and_then(from_cached_time);
        let (Some(token), Some(expires_at)) = (token, expires_at) else {
            return Err(invalid("has no accessToken and expiresAt").into());
        };
        desk.keep_secret(&token);
        if !is_visible_ascii(token.expose()) {
            return Err(invalid("has an accessToken that cannot stand in a header").into());
        }
        if expires_at <= desk.seen_at(TOKEN) {
            return Err(invalid(&format!("was good until {expires_at}")).into());
        }
        Ok(token)
    }
}

/// Old versions of the AWS CLI wrote `2026-01-02T03:04:05UTC`.
fn from_cached_time(text: &str) -> Option<UnixTime> {
    match text.strip_suffix("UTC") {
        Some(time) => UnixTime::from_rfc3339(&format!("{time}Z")),
        None => UnixTime::from_rfc3339(text),
    }
}

fn explain(error: Error) -> Error {
    let hint = match (error.code(), error.status()) {
        (ErrorCode::AwsSsoRejected, Some(401)) => {
            "The login has ended. Log in again with `aws sso login` and the profile's name."
        }
        (ErrorCode::AwsSsoRejected, Some(403)) => {
            "Check sso_account_id and sso_role_name of the profile: the person who logged in must be assigned that permission set in that account."
        }
        (ErrorCode::AwsSsoRejected, _) => {
            "Check sso_account_id, sso_role_name and sso_region of the AWS profile."
        }
        _ => return error,
    };
    error.with_hint(hint)
}
