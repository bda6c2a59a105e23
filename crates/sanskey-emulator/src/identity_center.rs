//! The portal of IAM Identity Center: the keys of a permission set's role, for somebody who has signed in.
//!
//! Sources: `GetRoleCredentials` in the IAM Identity Center Portal API Reference; for the cached token, the
//! AWS SDKs and Tools Reference Guide ("IAM Identity Center authentication") and what the AWS command line
//! writes. Messages are those that users have reported, or else "inferred".

use http::Method;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    answers::{Answer, Request, google_error, not_found},
    aws_keys::{AwsKey, whole_seconds},
    random,
    settings::Settings,
    store::Store,
};

/// The path of `GetRoleCredentials`.
pub(crate) const PATH: &str = "/federation/credentials";

const TOKEN_HEADER: &str = "x-amz-sso_bearer_token";
const KEY_LIFETIME: Duration = Duration::hours(1);
const DEFAULT_SECONDS: i64 = 8 * 3600;
/// The end of the role's name, which Identity Center draws once for each account.
const ROLE_SUFFIX: &str = "5a45ce1c0ffee4a6";
const USER: &str = "ana@example.com";

/// Answers `GET /federation/credentials`.
pub(crate) fn answer(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Answer {
    if request.method != Method::GET {
        return not_found();
    }
    role_credentials(store, settings, request, now).unwrap_or_else(|refusal| refusal)
}

fn role_credentials(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Result<Answer, Answer> {
    let parameter = |name: &str| request.parameter(name).filter(|value| !value.is_empty());
    let (Some(account), Some(role)) = (parameter("account_id"), parameter("role_name")) else {
        // Inferred.
        return Err(refusal(400, "InvalidRequestException", "The request is missing a parameter."));
    };
    let token = request.header(TOKEN_HEADER).filter(|token| !token.is_empty());
    if !token.is_some_and(|token| store.has_sso_token(token, now)) {
        return Err(refusal(401, "UnauthorizedException", "Session token not found or invalid"));
    }
    if account != settings.account {
        // The code is that of the reference, its use for accounts is inferred.
        return Err(refusal(404, "ResourceNotFoundException", "The specified account doesn't exist."));
    }
    if role != settings.sso_role {
        return Err(refusal(403, "ForbiddenException", "No access"));
    }

    let role_arn = format!("arn:aws:iam::{account}:role/AWSReservedSSO_{role}_{ROLE_SUFFIX}");
    let expires_at = now + KEY_LIFETIME;
    let key = store.keep_aws_key(AwsKey::of_session(&role_arn, USER, expires_at));
    Ok(Answer::json(
        200,
        &json!({
            "roleCredentials": {
                "accessKeyId": key.access_key_id,
                "secretAccessKey": key.secret_access_key,
                "sessionToken": key.session_token,
                // Milliseconds.
                "expiration": expires_at.unix_timestamp() * 1000,
            },
        }),
    ))
}

fn refusal(status: u16, code: &'static str, message: &str) -> Answer {
    let kind = format!("com.amazonaws.switchboard.portal#{code}");
    Answer::json(status, &json!({ "message": message, "__type": kind })).with_header("x-amzn-errortype", code)
}

/// Signs somebody in: the text of the file that `aws sso login` writes to its cache. The query may set
/// `lifetime`: seconds until the token is over, which may be less than none.
pub(crate) fn token(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Answer {
    let Some(seconds) = request
        .parameter("lifetime")
        .map_or(Some(DEFAULT_SECONDS), |text| text.parse::<i32>().ok().map(i64::from))
    else {
        return google_error(400, "INVALID_ARGUMENT", "The lifetime is not a number of seconds.", Vec::new());
    };
    let expires_at = now + Duration::seconds(seconds);
    let token = format!("aoaAAAAAG{}", random::base64(60));
    store.keep_sso_token(token.clone(), expires_at);
    Answer::json(
        200,
        &json!({
            "startUrl": settings.sso_start_url,
            "region": settings.region(),
            "accessToken": token,
            "expiresAt": whole_seconds(expires_at),
        }),
    )
}
