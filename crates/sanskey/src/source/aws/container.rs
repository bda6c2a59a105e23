//! Container credentials: ECS, Fargate, EKS Pod Identity, `CodeBuild`, `CloudShell` and whoever else sets
//! the same variables.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>

use std::time::Duration;

use super::role_credentials;
use crate::aws::Credentials;
use crate::desk::{Desk, Env, Flow};
use crate::error::{Error, ErrorCode, Stage};
use crate::http::{HttpRequest, Method};
use crate::secret::Secret;
use crate::server::Server;
use crate::url::{HttpUrl, is_visible_ascii};

/// The variables that say where to ask, and with which authorization.
pub(super) const VARIABLES: [&str; 4] = [RELATIVE_URI, FULL_URI, TOKEN_FILE, TOKEN];

const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

/// Where the relative form leads.
const ECS_AGENT: &str = "http://169.254.170.2";

/// Hosts that may be asked without TLS, besides those of this machine: the ECS agent, and the EKS Pod
/// Identity agent.
const PLAIN_HTTP_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

const SERVER: Server = Server {
    name: "The container's credential endpoint",
    stage: Stage::Source,
    timeout: Duration::from_secs(2),
    first_delay: Duration::from_millis(100),
    retry_unreachable: true,
    connection_hint: "See that the task or pod has a role, that its agent (ECS, EKS Pod Identity) runs, and that nothing blocks the way to it.",
    rejected: ErrorCode::AwsContainerRejected,
    unavailable: ErrorCode::AwsContainerUnavailable,
    malformed: ErrorCode::AwsContainerMalformed,
};

/// The endpoint that this container was given.
pub(super) struct Container {
    url: String,
    is_plain_http: bool,
    authorization: Authorization,
}

/// A file, if one is named, is read anew on every exchange: its content is replaced while the
/// container runs.
enum Authorization {
    File(String),
    None,
    Token(Secret),
}

impl Container {
    /// The endpoint, if the environment names one. The relative form wins over the full one.
    pub(super) fn in_environment(env: &Env) -> Result<Option<Self>, Error> {
        let (variable, url) = match (env.get(RELATIVE_URI), env.get(FULL_URI)) {
            (Some(path), _) => (RELATIVE_URI, format!("{ECS_AGENT}{}", path.expose())),
            (None, Some(url)) => (FULL_URI, url.expose().to_owned()),
            (None, None) => return Ok(None),
        };
        let refused = |problem: &str| {
            let hint = "ECS and EKS set this variable themselves. Over http it may lead to this machine, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23] only; over https to any host.";
            Error::new(
                ErrorCode::AwsContainerUrlRefused,
                format!("The address in {variable} {problem}."),
                hint,
            )
            .at(Stage::Source)
        };
        if variable == RELATIVE_URI && !url.starts_with("http://169.254.170.2/") {
            return Err(refused("does not begin with a slash"));
        }
        let split = HttpUrl::split(&url).map_err(refused)?;
        if !is_visible_ascii(&url) {
            return Err(refused("has a space or a character outside ASCII"));
        }
        let host = split.host.to_ascii_lowercase();
        if !split.https && !PLAIN_HTTP_HOSTS.contains(&host.as_str()) && !split.is_loopback() {
            return Err(refused("is http, and leads to another machine"));
        }
        let authorization = match (env.get(TOKEN_FILE), env.get(TOKEN)) {
            (Some(path), _) => Authorization::File(path.expose().to_owned()),
            (None, Some(token)) => Authorization::Token(token.clone()),
            (None, None) => Authorization::None,
        };
        let is_plain_http = !split.https;
        Ok(Some(Self { url, is_plain_http, authorization }))
    }

    /// Asks for the credentials of the container's role.
    pub(super) fn credentials(&self, desk: &mut Desk) -> Flow<Credentials> {
        let token = self.authorization.token(desk)?;
        let answer = desk.http("container-credentials", &SERVER, &|_| {
            let mut request = HttpRequest::new(Method::Get, &*self.url, SERVER.timeout)
                .header("accept", "application/json");
            if let Some(token) = &token {
                request = request.header("authorization", token.clone());
            }
            // The agents are on this machine or on a link-local address, where no proxy can reach them.
            Ok(if self.is_plain_http { request.bypassing_proxies() } else { request })
        })?;
        let text = SERVER.accept(&answer).map_err(|error| match error.code() {
            ErrorCode::AwsContainerRejected => error.with_hint(
                "See that the task or pod still has its role, and that the authorization token is the one that its agent gave.",
            ),
            _ => error,
        })?;
        Ok(role_credentials::read(&SERVER, &answer, text)?)
    }
}

impl Authorization {
    fn token(&self, desk: &mut Desk) -> Flow<Option<Secret>> {
        let (variable, token) = match self {
            Self::None => return Ok(None),
            Self::Token(token) => (TOKEN, token.clone()),
            Self::File(path) => {
                let hint = "The file is the one that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names. Where files cannot be read, give AWS credentials to sanskey.";
                let Some(token) = desk.file(TOKEN_ASK, path, hint)? else {
                    let message = format!("There is no file at the path in {TOKEN_FILE}.");
                    return Err(invalid_token(message).about_ask(TOKEN_ASK).into());
                };
                (TOKEN_FILE, token)
            }
        };
        desk.keep_secret(&token);
        if token.expose().trim().is_empty()
            || token.expose().contains(|c: char| c.is_control() || !c.is_ascii())
        {
            let message = format!(
                "The token of {variable} is empty, or has a line break or another character that cannot stand in a header."
            );
            let error = invalid_token(message);
            let is_of_file = matches!(self, Self::File(_));
            return Err(if is_of_file { error.about_ask(TOKEN_ASK) } else { error }.into());
        }
        Ok(Some(token))
    }
}

const TOKEN_ASK: &str = "container-token";

fn invalid_token(message: String) -> Error {
    let hint = "ECS and EKS set the variable and write the file themselves. If you set it, give the token alone, without a line break.";
    Error::new(ErrorCode::AwsContainerTokenInvalid, message, hint).at(Stage::Source)
}
