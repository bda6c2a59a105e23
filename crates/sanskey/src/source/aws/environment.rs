//! What the environment says of the region and the credentials.

use super::container;
use crate::aws::Credentials;
use crate::desk::{Desk, Env, Flow};
use crate::error::{Error, ErrorCode, Stage};
use crate::goal::Options;

/// The environment, unless the caller has said all that it could say.
pub(super) fn read(desk: &mut Desk, options: &Options) -> Flow<Env> {
    const REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    const KEY: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

    let mut names = Vec::new();
    if options.aws_region.as_deref().is_none_or(str::is_empty) {
        names.extend(REGION);
    }
    if options.aws_credentials.is_none() {
        names.extend(KEY);
        names.extend(container::VARIABLES);
        names.extend(UNSUPPORTED.map(|(name, _)| name));
    }
    if names.is_empty() {
        return Ok(Env::default());
    }
    desk.env("env", &names)
}

/// Sources that the AWS SDKs look at between the access key and the container. Whoever sets them
/// expects that identity, so passing over them would give the workload another one.
const UNSUPPORTED: [(&str, &str); 3] = [
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "a web identity (IRSA)"),
    ("AWS_PROFILE", "a named profile"),
    ("AWS_DEFAULT_PROFILE", "a named profile"),
];

/// Refuses to pass over a source that is configured and not supported.
pub(super) fn refuse_unsupported(env: &Env) -> Result<(), Error> {
    let Some((name, what)) = UNSUPPORTED.iter().find(|(name, _)| env.get(name).is_some()) else {
        return Ok(());
    };
    Err(Error::new(
        ErrorCode::AwsSourceUnsupported,
        format!("{name} names {what} as the source of AWS credentials, which this version cannot use."),
        "Give the credentials of that source to sanskey (from an AWS SDK, for example), set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or unset the variable to use the role of the container or the instance.",
    )
    .at(Stage::Source))
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
