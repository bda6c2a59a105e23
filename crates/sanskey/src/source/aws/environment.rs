//! What the environment says of the region and the credentials.

use crate::aws::Credentials;
use crate::desk::{Desk, Env, Flow};
use crate::error::{Error, ErrorCode, Stage};
use crate::goal::Options;

/// The environment, unless the caller has said all that it could say.
pub(super) fn read(desk: &mut Desk, options: &Options) -> Flow<Env> {
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
