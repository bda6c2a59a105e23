//! What to do about a refusal of Google's Security Token Service, by its own words and by what was sent.
//!
//! The words are not documented. They were collected from users' reports and from measurements.

use crate::error::{Error, ErrorCode};
use crate::subject_token::SubjectTokenDescription;
use crate::time::UnixTime;

/// What the refused exchange was about.
pub(crate) struct Sent<'a> {
    pub(crate) audience: &'a str,
    pub(crate) token: SubjectTokenDescription,
    pub(crate) now: UnixTime,
}

/// The same error with a hint of its own, if its words are known.
pub(crate) fn explain(error: Error, sent: &Sent<'_>) -> Error {
    if error.code() != ErrorCode::StsRejected {
        return error;
    }
    let words = error.remote_error_description().unwrap_or_default();
    let has = |part: &str| words.contains(part);
    let hint = match error.remote_error() {
        Some("invalid_target") => Some(of_target(sent.audience)),
        Some("invalid_request") if has("Invalid value for \"audience\"") => Some(of_audience(sent.audience)),
        Some("invalid_request") if has("exceeds the 127 bytes limit") => Some(format!(
            "Map something shorter than 127 bytes to google.subject, such as a part of the claim with extract(). {}",
            who(sent)
        )),
        Some("unauthorized_client") if has("attribute condition") => Some(format!(
            "The provider's attribute condition is false for this workload. {} Compare that with the condition.",
            who(sent)
        )),
        Some("unauthorized_client") if has("google.subject") => Some(format!(
            "The provider maps to google.subject a claim that this token does not have. {}",
            who(sent)
        )),
        Some("invalid_grant") if has("stale") => Some(of_times(sent)),
        Some("invalid_grant") if has("Error connecting to the given credential's issuer") => {
            Some(of_issuer(sent))
        }
        Some("invalid_grant") if has("The audience in ID Token") => Some(format!(
            "The token is for {}, and the provider does not allow that. Allow it there, or ask the platform for a token for https:{}.",
            list(&sent.token.audiences),
            sent.audience
        )),
        Some("invalid_grant") if has("The issuer in ID Token") => Some(format!(
            "The token's issuer is {}. The provider's issuer must be exactly that, also at its end: a slash counts.",
            quoted(sent.token.issuer.as_deref())
        )),
        Some("invalid_grant") if has("Unable to verify the ID Token signature") => Some(format!(
            "The issuer has a key of that name, and it did not sign this token. If the provider has an uploaded JWKS, renew it; else see whether {} really issued the token.",
            quoted(sent.token.issuer.as_deref())
        )),
        _ if has("InvalidClientTokenId") => Some(format!(
            "AWS does not know the key {}. It has been deleted, or is of a partition (China, GovCloud) whose Security Token Service Google does not ask.",
            quoted(sent.token.access_key_id.as_deref())
        )),
        _ if has("AWS request has invalid format") => Some(
            "Check credential_source.regional_cred_verification_url: it must be that of an AWS region's Security Token Service, as gcloud writes it.".to_owned(),
        ),
        _ => None,
    };
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

fn of_target(audience: &str) -> String {
    match project_of(audience) {
        Some(project) if !is_number(project) => format!(
            "The audience names the project \"{project}\", which is an ID. Write the project's number (`gcloud projects describe {project} --format='value(projectNumber)'`)."
        ),
        _ => format!(
            "See that the provider {audience} exists and that it and its pool are enabled: `gcloud iam workload-identity-pools providers describe`. A new one takes some minutes."
        ),
    }
}

fn of_audience(audience: &str) -> String {
    format!(
        "The audience {audience} is not the full name of a provider: //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER, without https: and in every universe with googleapis.com."
    )
}

fn of_times(sent: &Sent<'_>) -> String {
    let SubjectTokenDescription { issued_at, expires_at, .. } = &sent.token;
    match (issued_at, expires_at) {
        (None, _) => "The token has no claim iat, which Google demands.".to_owned(),
        (_, None) => "The token has no claim exp, which Google demands.".to_owned(),
        (Some(issued), Some(_)) if *issued > sent.now => format!(
            "The token was issued at {issued}, and it is {} here: the clock of its issuer is ahead, or this one is behind.",
            sent.now
        ),
        (Some(issued), Some(end)) => format!(
            "The token was issued at {issued} and was good until {end}; it is {} here. See that whatever provides the token renews it, and that the clock is right.",
            sent.now
        ),
    }
}

fn of_issuer(sent: &Sent<'_>) -> String {
    match &sent.token.issuer {
        Some(issuer) => format!(
            "Google could not read the keys of {issuer}: see that {}/.well-known/openid-configuration and the keys that it names are there for everybody, or upload the keys to the provider. The same is said where the token's key is not among them.",
            issuer.trim_end_matches('/')
        ),
        None => "Google could not read the keys of the token's issuer, or the token's key is not among them. The token names no issuer.".to_owned(),
    }
}

/// What the token says of the workload.
fn who(sent: &Sent<'_>) -> String {
    let token = &sent.token;
    match (&token.subject, &token.access_key_id) {
        (Some(subject), _) => {
            format!(
                "The token says: iss {}, sub \"{subject}\", aud {}.",
                quoted(token.issuer.as_deref()),
                list(&token.audiences)
            )
        }
        (None, Some(key)) => format!(
            "It is whoever `aws sts get-caller-identity` names with the key {key}; assertion.arn is that ARN."
        ),
        (None, None) => "What is in the token, only its issuer can say.".to_owned(),
    }
}

fn list(texts: &[String]) -> String {
    match texts {
        [] => "nobody".to_owned(),
        texts => texts.join(" and "),
    }
}

fn quoted(text: Option<&str>) -> String {
    text.map_or_else(|| "not named".to_owned(), |text| format!("\"{text}\""))
}

fn project_of(audience: &str) -> Option<&str> {
    audience.split_once("/projects/")?.1.split('/').next()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
