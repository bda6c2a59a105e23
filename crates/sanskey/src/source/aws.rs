//! The identity of a workload on AWS: a region, and the credentials of its role.
//!
//! Both are taken from the caller, else from the environment, else from the EC2 instance metadata
//! service (IMDS). AIP-4117, "Determining the subject token in AWS".

use std::time::Duration;

use serde_json::{Map, Value};

use crate::aws::{Credentials, VerificationUrl, region};
use crate::config::AwsSource;
use crate::desk::{Answer, Desk, Env, Flow, both};
use crate::error::{Error, ErrorCode, Stage};
use crate::goal::Options;
use crate::http::{HttpRequest, Method};
use crate::secret::Secret;
use crate::server::Server;
use crate::time::UnixTime;
use crate::url::{encode, is_visible_ascii};

/// All that it takes to sign a `GetCallerIdentity` request.
pub(crate) struct CallerIdentity {
    credentials: Credentials,
    region: String,
    verification_url: VerificationUrl,
}

/// Finds the region and the credentials. A source of them that is configured is used; if it fails,
/// nothing falls through to another.
pub(super) fn caller_identity(
    desk: &mut Desk,
    source: &AwsSource,
    options: &Options,
) -> Flow<CallerIdentity> {
    let env = environment(desk, options)?;
    let known_region = options.aws_region.clone().or_else(|| region_in(&env));
    let known_credentials = match &options.aws_credentials {
        Some(credentials) => {
            credentials.check().map_err(|error| error.at(Stage::Source))?;
            Some(credentials.clone())
        }
        None => credentials_in(&env)?,
    };
    let imds = Imds::of(source, known_region.is_none(), known_credentials.is_none())?;
    let session = imds.session(desk)?;
    let (region, credentials) = both(
        known_region.map_or_else(|| imds.region(desk, session.as_ref()), Ok),
        known_credentials.map_or_else(|| imds.credentials(desk, session.as_ref()), Ok),
    )?;

    desk.keep_secret(&credentials.secret_access_key);
    if let Some(token) = &credentials.session_token {
        desk.keep_secret(token);
    }
    check_region(&region)?;
    let verification_url = VerificationUrl::from_template(&source.verification_url_template, &region);
    Ok(CallerIdentity { credentials, region, verification_url })
}

impl CallerIdentity {
    pub(super) fn subject_token(&self, audience: &str, now: UnixTime) -> Result<Secret, Error> {
        self.verification_url
            .caller_identity_token(&self.credentials, &self.region, audience, now)
            .map_err(|error| error.at(Stage::Source))
    }
}

/// The environment, unless the caller has said all that it could say.
fn environment(desk: &mut Desk, options: &Options) -> Flow<Env> {
    const REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    const CREDENTIALS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

    let mut names = Vec::new();
    if options.aws_region.is_none() {
        names.extend(REGION);
    }
    if options.aws_credentials.is_none() {
        names.extend(CREDENTIALS);
    }
    if names.is_empty() {
        return Ok(Env::default());
    }
    desk.env("env", &names)
}

fn region_in(env: &Env) -> Option<String> {
    let region = env.get("AWS_REGION").or_else(|| env.get("AWS_DEFAULT_REGION"))?;
    Some(region.expose().to_owned())
}

fn credentials_in(env: &Env) -> Result<Option<Credentials>, Error> {
    match (env.get("AWS_ACCESS_KEY_ID"), env.get("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => {
            let credentials = Credentials {
                access_key_id: id.expose().to_owned(),
                secret_access_key: secret.clone(),
                session_token: env.get("AWS_SESSION_TOKEN").cloned(),
            };
            match credentials.check() {
                Ok(()) => Ok(Some(credentials)),
                Err(error) => Err(Error::new(
                    ErrorCode::AwsCredentialsInvalid,
                    error.message().to_owned(),
                    "Correct AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; look for spaces and line breaks.",
                )
                .at(Stage::Source)),
            }
        }
        (None, None) => Ok(None),
        (id, _) => {
            let (set, missing) = if id.is_some() {
                ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
            } else {
                ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")
            };
            Err(Error::new(
                ErrorCode::AwsCredentialsIncomplete,
                format!("The environment has {set}, but not {missing}."),
                "Set both variables, or neither to use the role of the machine.",
            )
            .at(Stage::Source))
        }
    }
}

fn check_region(name: &str) -> Result<(), Error> {
    if region::is_plausible(name) {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::AwsRegionUnknown,
        "The AWS region has characters that no region's name has.",
        "Set AWS_REGION to the name of a region, such as eu-central-1.",
    )
    .at(Stage::Source))
}

/// The EC2 instance metadata service, as far as it is needed.
/// Each URL is there if it is needed.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html>
struct Imds<'a> {
    zone: Option<&'a str>,
    roles: Option<&'a str>,
    session: Option<&'a str>,
}

const SERVER: Server = Server {
    name: "The EC2 metadata service",
    stage: Stage::Source,
    timeout: Duration::from_secs(1),
    first_delay: Duration::from_millis(100),
    retry_unreachable: false,
    connection_hint: "On EC2, see that the metadata service is enabled and, in a container, that its hop limit is 2 or more. Elsewhere, set AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    rejected: ErrorCode::ImdsRejected,
    unavailable: ErrorCode::ImdsUnavailable,
    malformed: ErrorCode::ImdsMalformed,
};

/// A session is needed for a few requests only.
const SESSION_SECONDS: &str = "300";

impl<'a> Imds<'a> {
    /// What is needed must be configured; that is checked before the first request.
    fn of(source: &'a AwsSource, needs_region: bool, needs_credentials: bool) -> Result<Self, Error> {
        if needs_region && source.region_url.is_none() {
            return Err(Error::new(
                ErrorCode::AwsRegionUnavailable,
                "The AWS region is not in the environment, and the configuration has no region_url.",
                "Set AWS_REGION, or add credential_source.region_url to the configuration.",
            )
            .at(Stage::Source));
        }
        if needs_credentials && source.credentials_url.is_none() {
            return Err(Error::new(
                ErrorCode::AwsCredentialsUnavailable,
                "There are no AWS credentials in the environment, and the configuration has no url to ask for them.",
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or add credential_source.url to the configuration.",
            )
            .at(Stage::Source));
        }
        let is_needed = needs_region || needs_credentials;
        Ok(Self {
            zone: source.region_url.as_deref(),
            roles: source.credentials_url.as_deref(),
            session: source.session_token_url.as_deref().filter(|_| is_needed),
        })
    }

    /// Begins a session of version 2: one for the whole exchange. `None` means version 1.
    fn session(&self, desk: &mut Desk) -> Flow<Option<Secret>> {
        let Some(url) = self.session else { return Ok(None) };
        let answer = desk.http("imds-session", &SERVER, &|_| {
            Ok(imds_request(Method::Put, url).header("x-aws-ec2-metadata-token-ttl-seconds", SESSION_SECONDS))
        })?;
        let token = accept(
            &answer,
            "The session was refused: see that credential_source.imdsv2_session_token_url is right, and that the metadata service is enabled for this instance.",
        )?;
        if !is_visible_ascii(token) {
            return Err(malformed(&answer, "with a session token that cannot stand in a header").into());
        }
        let token = Secret::new(token);
        desk.keep_secret(&token);
        Ok(Some(token))
    }

    fn region(&self, desk: &mut Desk, session: Option<&Secret>) -> Flow<String> {
        let url = self.zone.unwrap_or_default();
        let answer = desk.http("aws-region", &SERVER, &|_| Ok(get(url, session)))?;
        let zone = accept(&answer, session_hint(session))?.trim();
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

    fn credentials(&self, desk: &mut Desk, session: Option<&Secret>) -> Flow<Credentials> {
        let url = self.roles.unwrap_or_default().trim_end_matches('/');
        let answer = desk.http("aws-role", &SERVER, &|_| Ok(get(url, session)))?;
        let role = first_role(&answer, session)?;
        let role_url: String = [url, "/"].into_iter().chain(encode(&role)).collect();
        let answer = desk.http("aws-credentials", &SERVER, &|_| Ok(get(&role_url, session)))?;
        let credentials = parse_credentials(accept(&answer, session_hint(session))?)
            .map_err(|problem| malformed(&answer, &problem))?;
        credentials
            .check()
            .map_err(|_| malformed(&answer, "with credentials that cannot be sent in a header"))?;
        Ok(credentials)
    }
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
    let hint = "Attach an instance profile with an IAM role to this instance, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.";
    let what = "The EC2 metadata service names no IAM role for this instance.";
    if answer.response.status == 404 {
        return Err(missing(Error::new(ErrorCode::AwsRoleMissing, what, hint)));
    }
    let text = accept(answer, session_hint(session))?;
    match text.lines().map(str::trim).find(|line| !line.is_empty()) {
        Some(role) => Ok(role.to_owned()),
        None => Err(missing(Error::new(ErrorCode::AwsRoleMissing, what, hint))),
    }
}

/// The JSON form in which the service hands out a role's credentials. A problem continues the
/// sentence "The EC2 metadata service answered …".
fn parse_credentials(text: &str) -> Result<Credentials, String> {
    let Ok(Value::Object(mut body)) = serde_json::from_str(text) else {
        return Err("with something other than a JSON object where credentials belong".to_owned());
    };
    if let Some(code) = body.get("Code").filter(|code| *code != "Success") {
        let code = code.as_str().filter(|code| code.bytes().all(|b| b.is_ascii_alphanumeric()));
        return Err(format!("with the code {} in place of credentials", code.unwrap_or("(unreadable)")));
    }
    Ok(Credentials {
        access_key_id: take_text(&mut body, "AccessKeyId")?,
        secret_access_key: Secret::new(take_text(&mut body, "SecretAccessKey")?),
        session_token: take_text(&mut body, "Token").ok().map(Secret::new),
    })
}

fn take_text(body: &mut Map<String, Value>, name: &str) -> Result<String, String> {
    match body.get_mut(name).map(Value::take) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        _ => Err(format!("with credentials that have no {name}")),
    }
}

/// The text of a successful answer; `hint` is for a refusal.
fn accept<'a>(answer: &'a Answer, hint: &'static str) -> Result<&'a str, Error> {
    SERVER.accept(answer).map_err(|error| match error.code() {
        ErrorCode::ImdsRejected => error.with_hint(hint),
        _ => error,
    })
}

fn session_hint(session: Option<&Secret>) -> &'static str {
    match session {
        None => {
            "This instance probably demands IMDSv2: add credential_source.imdsv2_session_token_url to the configuration (gcloud writes it with --enable-imdsv2)."
        }
        Some(_) => {
            "See that the URLs of credential_source are those of the metadata service of this instance."
        }
    }
}

fn malformed(answer: &Answer, problem: &str) -> Error {
    SERVER.malformed(answer.response.status, problem).about_ask(&answer.ask_id)
}
