//! What a subject token says, without what makes it a secret.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::error::on_one_line;
use crate::jwt;
use crate::secret::Secret;
use crate::time::UnixTime;

/// What can be told of a subject token. Nothing in it is secret, but all of it is only what the token says:
/// whether that is true, Google finds out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubjectTokenDescription {
    /// The claim `iss` of a JWT.
    pub issuer: Option<String>,
    /// The claim `sub` of a JWT. Which claim becomes the subject in Google's pool, the provider's mapping says.
    pub subject: Option<String>,
    /// The claim `aud` of a JWT; for AWS, the provider that the signed request is for.
    pub audiences: Vec<String>,
    /// The claim `iat` of a JWT; for AWS, the date of the signature.
    pub issued_at: Option<UnixTime>,
    /// The claim `exp` of a JWT; for AWS, when AWS does not take the signature any more.
    pub expires_at: Option<UnixTime>,
    /// For AWS: whose signature it is. It names a key, and is none.
    pub access_key_id: Option<String>,
    /// Whom a role would be granted to, as IAM policies write it: `principal://…/subject/SUB` if the token tells
    /// its subject and the provider maps `google.subject=assertion.sub`, and `principalSet://…/*`, which is
    /// everybody in the pool.
    pub principals: Vec<String>,
    /// For AWS: the region whose Security Token Service is to say who that is.
    pub region: Option<String>,
}

/// What a subject token of this type says: a JWT its claims, a signed AWS request its key, region and date. Of
/// other tokens nothing is said. `audience` is the provider that it is for, by its full name; without one there
/// are no principals.
pub fn describe_subject_token(token: &Secret, token_type: &str, audience: &str) -> SubjectTokenDescription {
    let mut description = match token_type {
        "urn:ietf:params:aws:token-type:aws4_request" => of_aws(token.expose()).unwrap_or_default(),
        "urn:ietf:params:oauth:token-type:jwt" | "urn:ietf:params:oauth:token-type:id_token" => {
            of_jwt(token.expose()).unwrap_or_default()
        }
        _ => SubjectTokenDescription::default(),
    };
    // <https://cloud.google.com/iam/docs/principal-identifiers>
    if let Some((pool, _)) = audience.split_once("/providers/") {
        let subject =
            description.subject.as_ref().map(|subject| format!("principal:{pool}/subject/{subject}"));
        description.principals = subject.into_iter().chain([format!("principalSet:{pool}/*")]).collect();
    }
    description
}

fn of_jwt(token: &str) -> Option<SubjectTokenDescription> {
    let claims = jwt::claims(token)?;
    let text = |name: &str| claims.get(name)?.as_str().map(on_one_line);
    let time = |name: &str| claims.get(name).and_then(jwt::time);
    let audiences = match claims.get("aud") {
        Some(Value::String(one)) => vec![on_one_line(one)],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(on_one_line).collect(),
        _ => Vec::new(),
    };
    Some(SubjectTokenDescription {
        issuer: text("iss"),
        subject: text("sub"),
        audiences,
        issued_at: time("iat"),
        expires_at: time("exp"),
        ..SubjectTokenDescription::default()
    })
}

/// AWS takes a signature for a quarter of an hour:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>.
const SIGNATURE_SECONDS: i64 = 900;

fn of_aws(token: &str) -> Option<SubjectTokenDescription> {
    let text = percent_decode_str(token).decode_utf8().ok()?;
    let request: Value = serde_json::from_str(&text).ok()?;
    let headers = request.get("headers")?.as_array()?;
    let header = |name: &str| {
        let is_it = |header: &&Value| {
            header.get("key").and_then(Value::as_str).is_some_and(|key| key.eq_ignore_ascii_case(name))
        };
        headers.iter().find(is_it)?.get("value")?.as_str()
    };
    // AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/sts/aws4_request, …
    let (_, credential) = header("authorization")?.split_once("Credential=")?;
    let mut scope = credential.split([',', '/']);
    let (key, _, region) = (scope.next()?, scope.next()?, scope.next()?);
    let issued_at = header("x-amz-date").and_then(UnixTime::from_amz_date);
    Some(SubjectTokenDescription {
        audiences: header("x-goog-cloud-target-resource").map(on_one_line).into_iter().collect(),
        issued_at,
        expires_at: issued_at.map(|time| time.shifted(SIGNATURE_SECONDS)),
        access_key_id: Some(on_one_line(key)),
        region: Some(on_one_line(region)),
        ..SubjectTokenDescription::default()
    })
}
