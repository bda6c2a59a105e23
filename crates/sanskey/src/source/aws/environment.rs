//! What the environment says of the region and the credentials.

use super::{container, profile, web_identity};
use crate::aws::{Calls, Credentials, sts};
use crate::desk::{Desk, Env, Flow};
use crate::error::{Error, ErrorCode, Stage};
use crate::goal::Options;

/// What is read of the environment in one go: all that it could say, but for what the caller has said.
pub(super) fn read(desk: &mut Desk, options: &Options, calls: &Calls) -> Flow<Env> {
    const REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    const KEY: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    const METADATA: [&str; 2] = [METADATA_DISABLED, METADATA_MODE];
    const STS: [&str; 5] = [
        "AWS_ENDPOINT_URL_STS",
        ENDPOINT_URL,
        IGNORE_ENDPOINT_URLS,
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT",
    ];

    let needs_region = options.aws_region.as_deref().is_none_or(str::is_empty);
    let needs_credentials = options.aws_credentials.is_none();
    let mut names = Vec::new();
    if needs_region {
        names.extend(REGION);
    }
    if needs_credentials {
        names.extend(KEY);
        names.extend(web_identity::VARIABLES);
        names.extend(profile::VARIABLES);
        names.extend(container::VARIABLES);
    }
    if needs_region || needs_credentials {
        names.extend(METADATA);
    }
    if needs_credentials || !calls.is_empty() {
        names.extend(STS);
    }
    if needs_credentials {
        names.push("AWS_ENDPOINT_URL_SSO");
    }
    if names.is_empty() {
        return Ok(Env::default());
    }
    desk.env("env", &names)
}

const METADATA_DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
const METADATA_MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
const IGNORE_ENDPOINT_URLS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";

/// Whether the EC2 instance metadata service must be left alone.
pub(super) fn is_metadata_disabled(env: &Env) -> bool {
    is_true(env, METADATA_DISABLED)
}

/// Whether the metadata service is to be reached by its IPv6 address.
pub(super) fn wants_metadata_over_ipv6(env: &Env) -> bool {
    env.get(METADATA_MODE).is_some_and(|mode| mode.expose().eq_ignore_ascii_case("ipv6"))
}

pub(super) fn is_true(env: &Env, variable: &str) -> bool {
    env.get(variable).is_some_and(|value| value.expose().eq_ignore_ascii_case("true"))
}

/// The endpoint of one service or of all, with a path:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>.
pub(super) fn endpoint(env: &Env, of_service: &'static str) -> Result<Option<String>, Error> {
    if is_true(env, IGNORE_ENDPOINT_URLS) {
        return Ok(None);
    }
    let named = [of_service, ENDPOINT_URL].into_iter().find_map(|name| Some((name, env.get(name)?)));
    let Some((name, url)) = named else { return Ok(None) };
    sts::custom_endpoint(name, url.expose()).map(Some)
}

/// The region; the first of the two variables wins.
pub(super) fn region_in(env: &Env) -> Option<String> {
    let region = env.get("AWS_REGION").or_else(|| env.get("AWS_DEFAULT_REGION"))?;
    Some(region.expose().to_owned())
}

/// The access key, if there is one.
pub(super) fn credentials_in(env: &Env) -> Result<Option<Credentials>, Error> {
    match (env.get("AWS_ACCESS_KEY_ID"), env.get("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => {
            let credentials = Credentials {
                expires_at: None,
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
