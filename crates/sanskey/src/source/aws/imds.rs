//! The EC2 instance metadata service (IMDS).
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html>

use std::time::Duration;

use super::{environment, role_credentials};
use crate::aws::{Credentials, region};
use crate::config::AwsSource;
use crate::desk::{Answer, Desk, Env, Flow};
use crate::error::{Error, ErrorCode, Stage};
use crate::http::{HttpRequest, Method};
use crate::secret::Secret;
use crate::server::Server;
use crate::url::{encode, is_visible_ascii};

/// The service, as far as it is needed: each URL is there if it is.
pub(super) struct Imds {
    zone: Option<String>,
    roles: Option<String>,
    session: Option<String>,
}

const SERVER: Server = Server {
    name: "The EC2 metadata service",
    stage: Stage::Source,
    timeout: Duration::from_secs(1),
    first_delay: Duration::from_millis(100),
    retry_unreachable: false,
    connection_hint: "On EC2, see that the metadata service is enabled and, in a container, that its hop limit is 2 or more. Elsewhere, set AWS_REGION and a source of AWS credentials, such as AWS_PROFILE.",
    rejected: ErrorCode::ImdsRejected,
    unavailable: ErrorCode::ImdsUnavailable,
    malformed: ErrorCode::ImdsMalformed,
};

/// A session is needed for a few requests only.
const SESSION_SECONDS: &str = "300";

impl Imds {
    /// What is needed must be configured and enabled; that is checked before the first request.
    pub(super) fn of(
        source: &AwsSource,
        env: &Env,
        (needs_region, needs_credentials): (bool, bool),
    ) -> Result<Self, Error> {
        let is_disabled = environment::is_metadata_disabled(env);
        if needs_region && (source.region_url.is_none() || is_disabled) {
            return Err(unavailable(
                ErrorCode::AwsRegionUnavailable,
                "The AWS region is not in the environment",
                "Set AWS_REGION, or add credential_source.region_url to the configuration.",
                is_disabled,
            ));
        }
        if needs_credentials && (source.credentials_url.is_none() || is_disabled) {
            return Err(unavailable(
                ErrorCode::AwsCredentialsUnavailable,
                "The environment names no AWS credentials",
                "Set a source of AWS credentials, such as AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or add credential_source.url to the configuration.",
                is_disabled,
            ));
        }
        let is_needed = needs_region || needs_credentials;
        let address = |url: &Option<String>| {
            let url = url.as_deref()?;
            if environment::wants_metadata_over_ipv6(env) {
                return Some(url.replacen("://169.254.169.254", "://[fd00:ec2::254]", 1));
            }
            Some(url.to_owned())
        };
        Ok(Self {
            zone: address(&source.region_url),
            roles: address(&source.credentials_url),
            session: address(&source.session_token_url).filter(|_| is_needed),
        })
    }

    /// Begins a session of version 2: one for the whole exchange. `None` means version 1.
    pub(super) fn session(&self, desk: &mut Desk) -> Flow<Option<Secret>> {
        let Some(url) = self.session.as_deref() else { return Ok(None) };
        let answer = desk.http("imds-session", &SERVER, &|_| {
            Ok(imds_request(Method::Put, url).header("x-aws-ec2-metadata-token-ttl-seconds", SESSION_SECONDS))
        })?;
        let token = accept(&answer, None)?;
        if !is_visible_ascii(token) {
            return Err(malformed(&answer, "with a session token that cannot stand in a header").into());
        }
        let token = Secret::new(token);
        desk.keep_secret(&token);
        Ok(Some(token))
    }

    pub(super) fn region(&self, desk: &mut Desk, session: Option<&Secret>) -> Flow<String> {
        let url = self.zone.as_deref().unwrap_or_default();
        let answer = desk.http("aws-region", &SERVER, &|_| Ok(get(url, session)))?;
        let zone = accept(&answer, session)?.trim();
        match region::of_zone(zone) {
            Some(region) => Ok(region.to_owned()),
            None => Err(Error::new(
                ErrorCode::AwsRegionUnknown,
                "The metadata service's answer is not the name of an AWS availability zone.",
                "See that credential_source.region_url is right, or set AWS_REGION.",
            )
            .at(Stage::Source)
            .about_ask(&answer.ask_id)
            .with_status(answer.response.status)
            .into()),
        }
    }

    pub(super) fn credentials(&self, desk: &mut Desk, session: Option<&Secret>) -> Flow<Credentials> {
        let url = self.roles.as_deref().unwrap_or_default().trim_end_matches('/');
        let answer = desk.http("aws-role", &SERVER, &|_| Ok(get(url, session)))?;
        let role = first_role(&answer, session)?;
        let role_url: String = [url, "/"].into_iter().chain(encode(&role)).collect();
        let answer = desk.http("aws-credentials", &SERVER, &|_| Ok(get(&role_url, session)))?;
        Ok(role_credentials::read(&SERVER, &answer, accept(&answer, session)?)?)
    }
}

fn unavailable(code: ErrorCode, what: &str, hint: &'static str, is_disabled: bool) -> Error {
    if is_disabled {
        let hint = "Unset AWS_EC2_METADATA_DISABLED to let sanskey ask the instance, or set AWS_REGION and a source of AWS credentials.";
        return Error::new(code, format!("{what}, and AWS_EC2_METADATA_DISABLED is true."), hint)
            .at(Stage::Source);
    }
    Error::new(code, format!("{what}, and the configuration has no url to ask for it."), hint)
        .at(Stage::Source)
}

fn get(url: &str, session: Option<&Secret>) -> HttpRequest {
    let request = imds_request(Method::Get, url);
    match session {
        Some(token) => request.header("x-aws-ec2-metadata-token", token.clone()),
        None => request,
    }
}

/// The address is link-local: a proxy would answer for another machine.
fn imds_request(method: Method, url: &str) -> HttpRequest {
    HttpRequest::new(method, url, SERVER.timeout).bypassing_proxies()
}

/// The service lists the roles, a line each; an instance has one at most.
fn first_role(answer: &Answer, session: Option<&Secret>) -> Result<String, Error> {
    let missing =
        |error: Error| error.about_ask(&answer.ask_id).with_status(answer.response.status).at(Stage::Source);
    let hint = "Attach an instance profile with an IAM role to this instance, or set a source of AWS credentials, such as AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.";
    let what = "The EC2 metadata service names no IAM role for this instance.";
    if answer.response.status == 404 {
        return Err(missing(Error::new(ErrorCode::AwsRoleMissing, what, hint)));
    }
    let text = accept(answer, session)?;
    match text.lines().map(str::trim).find(|line| !line.is_empty()) {
        Some(role) if is_role_name(role) => Ok(role.to_owned()),
        Some(_) => Err(malformed(answer, "with something other than the name of a role")),
        None => Err(missing(Error::new(ErrorCode::AwsRoleMissing, what, hint))),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>, "names of … roles".
fn is_role_name(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@-_".contains(&b))
}

/// The text of a successful answer to a request in this session.
fn accept<'a>(answer: &'a Answer, session: Option<&Secret>) -> Result<&'a str, Error> {
    SERVER.accept(answer).map_err(|error| match (error.code(), answer.response.status, session) {
        (ErrorCode::ImdsRejected, 401, None) => error.with_hint(
            "This instance demands IMDSv2: add credential_source.imdsv2_session_token_url to the configuration (gcloud writes it with --enable-imdsv2).",
        ),
        (ErrorCode::ImdsRejected, _, _) => error.with_hint(
            "See that the URLs of credential_source are those of the metadata service, and that the service is enabled for this instance.",
        ),
        _ => error,
    })
}

fn malformed(answer: &Answer, problem: &str) -> Error {
    SERVER.malformed(answer.response.status, problem).about_ask(&answer.ask_id)
}
