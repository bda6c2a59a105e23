//! Tokens of platforms that say in the environment where they are.

mod azure;
mod buildkite;
mod client_credentials;
mod environment;
mod fly_io;
mod github_actions;

use core::net::Ipv4Addr;

use crate::config::{CredentialConfig, PlatformSource};
use crate::desk::{Desk, Flow};
use crate::error::{Error, ErrorCode, Stage};
use crate::secret::Secret;
use crate::url::{HttpUrl, is_visible_ascii};

/// The token of the platform.
pub(super) fn token(desk: &mut Desk, source: &PlatformSource, config: &CredentialConfig) -> Flow<Secret> {
    // What Google takes for the audience of a JWT where a provider names no other.
    let usual_audience = format!("https:{}", config.audience());
    let audience = |given: &'_ Option<String>| given.clone().unwrap_or_else(|| usual_audience.clone());
    let token = match source {
        PlatformSource::AzureAppService { resource, client_id } => {
            azure::of_app_service(desk, resource, client_id.as_deref())
        }
        PlatformSource::AzureWorkloadIdentity { resource } => {
            azure::of_workload_identity(desk, resource.as_deref())
        }
        PlatformSource::Buildkite { audience: given } => buildkite::token(desk, &audience(given)),
        PlatformSource::Caller => return Err(not_supplied().into()),
        PlatformSource::ClientCredentials(source) => client_credentials::token(desk, source),
        PlatformSource::Environment { platform, variables } => environment::token(desk, platform, variables),
        PlatformSource::FlyIo { audience: given } => fly_io::token(desk, &audience(given)),
        PlatformSource::GithubActions { audience: given } => github_actions::token(desk, &audience(given)),
    }?;
    desk.keep_secret(&token);
    Ok(token)
}

fn not_supplied() -> Error {
    Error::new(
        ErrorCode::SubjectTokenMissing,
        "The configuration leaves the subject token to the calling program, which has supplied none.",
        "Give the option subject_token (subjectToken in JavaScript).",
    )
    .at(Stage::Source)
}

fn missing(what: &str, hint: &'static str) -> Error {
    Error::new(ErrorCode::SubjectTokenMissing, what.to_owned(), hint).at(Stage::Source).about_ask("env")
}

/// The platforms set their variables themselves.
const CHANGED: &str = "The platform sets this variable itself. See what has changed it.";

/// A URL that the platform put into the environment. What is sent there proves who the workload is, so it
/// is sent over https, or no further than this machine's own link, where App Service has its endpoint.
fn checked_url(variable: &str, url: &str) -> Result<(), Error> {
    let is_link_local = |host: &str| host.parse().is_ok_and(|address: Ipv4Addr| address.is_link_local());
    let problem = match HttpUrl::split(url) {
        Err(problem) => problem,
        Ok(_) if !is_visible_ascii(url) => "has a space or a character outside ASCII",
        Ok(split) if !split.https && !split.is_loopback() && !is_link_local(split.host) => {
            "is http, and leads to another machine"
        }
        Ok(_) => return Ok(()),
    };
    Err(Error::new(ErrorCode::PlatformUrlRefused, format!("The address in {variable} {problem}."), CHANGED)
        .at(Stage::Source))
}

/// A secret of the environment that is sent in a header. It must not be able to add another one.
fn checked_header(variable: &str, value: &Secret) -> Result<(), Error> {
    if is_visible_ascii(value.expose()) {
        return Ok(());
    }
    let message = format!("The value of {variable} has a space, a line break or a character outside ASCII.");
    Err(Error::new(ErrorCode::SubjectTokenInvalid, message, CHANGED).at(Stage::Source).about_ask("env"))
}
