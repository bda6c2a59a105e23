//! AWS keys for the asking, where no service would give them: those of a user, of the root user, or of a role's
//! session with a lifetime of one's own.

use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    answers::{Answer, Request, google_error},
    aws_keys::{AwsKey, whole_seconds},
    aws_roles,
    settings::Settings,
    store::Store,
};

const DEFAULT_USER: &str = "sanskey";
const DEFAULT_SESSION: &str = "sanskey";
const DEFAULT_SECONDS: i64 = 3600;

/// Answers `GET /emulator/aws-key` in the form that a `credential_process` prints. The query says whose keys they
/// are: `user=NAME`, `root`, or `role=NAME` with `session` and `lifetime`, in seconds, beside it.
pub(crate) fn answer(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Answer {
    let key = if let Some(role) = request.parameter("role") {
        let arn = aws_roles::arn(&role, settings);
        let seconds = request
            .parameter("lifetime")
            .map_or(Some(DEFAULT_SECONDS), |text| text.parse::<i32>().ok().map(i64::from));
        let Some(seconds) = seconds.filter(|_| aws_roles::is_role_arn(&arn)) else {
            let message = "The role is not one, or the lifetime is not a number of seconds.";
            return google_error(400, "INVALID_ARGUMENT", message, Vec::new());
        };
        let session = request.parameter("session").unwrap_or_else(|| DEFAULT_SESSION.to_owned());
        AwsKey::of_session(&arn, &session, now + Duration::seconds(seconds))
    } else if request.parameter("root").is_some() {
        AwsKey::of_root(settings)
    } else {
        let user = request.parameter("user").unwrap_or_else(|| DEFAULT_USER.to_owned());
        AwsKey::of_user(settings, &user)
    };
    let key = store.keep_aws_key(key);
    let mut body = json!({
        "Version": 1,
        "AccessKeyId": key.access_key_id,
        "SecretAccessKey": key.secret_access_key,
    });
    if let (Some(token), Some(end)) = (&key.session_token, key.expires_at) {
        body["SessionToken"] = json!(token);
        body["Expiration"] = json!(whole_seconds(end));
    }
    Answer::json(200, &body)
}
