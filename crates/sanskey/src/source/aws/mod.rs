//! The identity of a workload on AWS: a region, and the credentials of its role.
//!
//! Both are taken from the caller, else from the environment, else from the EC2 instance metadata
//! service (IMDS). AIP-4117, "Determining the subject token in AWS".

mod environment;
mod imds;
mod role_credentials;

use crate::aws::{Credentials, VerificationUrl, region};
use crate::config::AwsSource;
use crate::desk::{Desk, Flow, both};
use crate::error::{Error, ErrorCode, Stage};
use crate::goal::Options;
use crate::secret::Secret;
use crate::time::UnixTime;
use imds::Imds;

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
    let env = environment::read(desk, options)?;
    let known_region = options.aws_region.clone().or_else(|| environment::region_in(&env));
    let known_credentials = match &options.aws_credentials {
        Some(credentials) => {
            credentials.check().map_err(|error| error.at(Stage::Source))?;
            Some(credentials.clone())
        }
        None => environment::credentials_in(&env)?,
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
