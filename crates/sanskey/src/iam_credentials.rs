//! What the IAM Credentials API does in the name of a service account, beside giving its access token: ID
//! tokens and signatures.
//!
//! The caller is whoever may become the service account; the account needs no right over itself.
//! Source: <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::config::Impersonation;
use crate::desk::Answer;
use crate::error::{Error, ErrorCode, Stage};
use crate::http::{HttpRequest, Method};
use crate::impersonation::{self, Who};
use crate::json;
use crate::jwt;
use crate::secret::Secret;
use crate::server::Server;
use crate::source::take_text;
use crate::token::{Token, TokenKind};

pub(crate) const ID_TOKEN: Server = Server {
    stage: Stage::IdToken,
    rejected: ErrorCode::IdTokenRejected,
    unavailable: ErrorCode::IdTokenUnavailable,
    malformed: ErrorCode::IdTokenMalformed,
    ..impersonation::SERVER
};

pub(crate) const SIGN: Server = Server {
    stage: Stage::Sign,
    rejected: ErrorCode::SignRejected,
    unavailable: ErrorCode::SignUnavailable,
    malformed: ErrorCode::SignMalformed,
    ..impersonation::SERVER
};

/// `generateIdToken`: an `OpenID` Connect token of the service account for this audience.
pub(crate) fn id_token_request(
    account: &Impersonation,
    token: &Secret,
    audience: &str,
    include_email: bool,
) -> Result<HttpRequest, Error> {
    if audience.is_empty() {
        return Err(Error::invalid_argument("The audience of the ID token is empty."));
    }
    let fields = format!("\"audience\":{},\"includeEmail\":{include_email}", *json::text(audience)?);
    request(account, "generateIdToken", token, &fields)
}

/// The ID token in the answer; its end is the one that it names itself.
pub(crate) fn parse_id_token(answer: &Answer, who: &Who<'_>) -> Result<Token, Error> {
    let mut body = accept(&ID_TOKEN, answer, who)?;
    let value = ID_TOKEN
        .token_in(&mut body, "token", answer.response.status)
        .map_err(|error| error.about_ask(&answer.ask_id))?;
    // Without one it counts as expired at once, as every token of unknown end does.
    let expires_at = jwt::expiry(value.expose()).unwrap_or(answer.seen_at);
    Ok(Token { value, expires_at, kind: TokenKind::IdToken, refresh_token: None })
}

/// `signBlob`: a signature of these bytes by one of the service account's keys, which Google keeps.
pub(crate) fn sign_blob_request(
    account: &Impersonation,
    token: &Secret,
    payload: &[u8],
) -> Result<HttpRequest, Error> {
    request(account, "signBlob", token, &format!("\"payload\":\"{}\"", STANDARD.encode(payload)))
}

/// A signature, and which key it was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedBlob {
    /// The name of the key; `https://www.googleapis.com/service_accounts/v1/metadata/x509/EMAIL` has its certificate.
    pub key_id: String,
    /// RSA with SHA-256, PKCS #1 version 1.5 (RFC 8017 section 8.2).
    pub signature: Vec<u8>,
}

/// The signature in the answer.
pub(crate) fn parse_signed_blob(answer: &Answer, who: &Who<'_>) -> Result<SignedBlob, Error> {
    let mut body = accept(&SIGN, answer, who)?;
    let key_id = key_id(&mut body, answer)?;
    let signature = take_text(&mut body, "signedBlob").and_then(|text| STANDARD.decode(text.expose()).ok());
    match signature {
        Some(signature) => Ok(SignedBlob { key_id, signature }),
        None => Err(malformed(answer, "without a signedBlob in base64")),
    }
}

/// `signJwt`: a JWT with these claims, which are the text of a JSON object.
pub(crate) fn sign_jwt_request(
    account: &Impersonation,
    token: &Secret,
    claims: &str,
) -> Result<HttpRequest, Error> {
    if !matches!(serde_json::from_str(claims), Ok(Value::Object(_))) {
        return Err(Error::invalid_argument("The claims of the JWT are not a JSON object."));
    }
    request(account, "signJwt", token, &format!("\"payload\":{}", *json::text(claims)?))
}

/// A JWT, and which key it was signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedJwt {
    /// The name of the key, which is also in the JWT's header.
    pub key_id: String,
    /// The JWT.
    pub jwt: Secret,
}

/// The JWT in the answer.
pub(crate) fn parse_signed_jwt(answer: &Answer, who: &Who<'_>) -> Result<SignedJwt, Error> {
    let mut body = accept(&SIGN, answer, who)?;
    let key_id = key_id(&mut body, answer)?;
    match take_text(&mut body, "signedJwt") {
        Some(jwt) => Ok(SignedJwt { key_id, jwt }),
        None => Err(malformed(answer, "without a signedJwt")),
    }
}

fn request(
    account: &Impersonation,
    method: &str,
    token: &Secret,
    fields: &str,
) -> Result<HttpRequest, Error> {
    let delegates = match account.delegates.as_slice() {
        [] => String::new(),
        delegates => format!("\"delegates\":{},", json::texts(delegates)?),
    };
    // The configuration names one method of the account, and the others are beside it.
    let name = account.url.rsplit_once(':').map_or(&*account.url, |(name, _)| name);
    Ok(HttpRequest::new(Method::Post, format!("{name}:{method}"), impersonation::SERVER.timeout)
        .header("accept", "application/json")
        .header("authorization", format!("Bearer {}", token.expose()))
        .header("content-type", "application/json")
        .body(format!("{{{delegates}{fields}}}")))
}

fn key_id(body: &mut Map<String, Value>, answer: &Answer) -> Result<String, Error> {
    match body.get_mut("keyId").map(Value::take) {
        Some(Value::String(key_id)) => Ok(key_id),
        _ => Err(malformed(answer, "without a keyId")),
    }
}

fn malformed(answer: &Answer, problem: &str) -> Error {
    SIGN.malformed(answer.response.status, problem).about_ask(&answer.ask_id)
}

fn accept(server: &Server, answer: &Answer, who: &Who<'_>) -> Result<Map<String, Value>, Error> {
    server.accept_object(&answer.response).map_err(|error| explain(error, who).about_ask(&answer.ask_id))
}

fn explain(error: Error, who: &Who<'_>) -> Error {
    let (hint, role) = match (error.code(), error.status()) {
        (ErrorCode::IdTokenRejected | ErrorCode::SignRejected, Some(404)) => {
            ("Check the address of the service account in service_account_impersonation_url.", "")
        }
        (ErrorCode::IdTokenRejected, _) => (OWN_WORDS, "roles/iam.workloadIdentityUser"),
        // To be the account's user does not include to sign as it.
        (ErrorCode::SignRejected, _) => (OWN_WORDS, "roles/iam.serviceAccountTokenCreator"),
        _ => return error,
    };
    who.explain(error.with_hint(hint), role)
}

const OWN_WORDS: &str = "The message is the IAM Credentials API's own. Check what was asked for, and service_account_impersonation_url.";
