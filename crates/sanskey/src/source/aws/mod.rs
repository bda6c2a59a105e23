//! The identity of a workload on AWS: a region, and the credentials of its role.
//!
//! The region is taken from the caller, else from the environment, else from the EC2 instance metadata
//! service (IMDS); the credentials likewise, with the container's endpoint before IMDS. AIP-4117,
//! "Determining the subject token in AWS", knows no container; an unmodified `aws1` configuration works
//! in one all the same.

mod container;
mod environment;
mod imds;
mod role_credentials;

use crate::aws::{Credentials, VerificationUrl, region};
use crate::config::AwsSource;
use crate::desk::{Desk, Env, Flow, both};
use crate::error::{Error, ErrorCode, Stage};
use crate::goal::Options;
use crate::secret::Secret;
use crate::time::UnixTime;
use container::Container;
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
    let known_region = known_region(&env, options)?;
    let place = Place::find(&env, options)?;
    let imds = Imds::of(source, known_region.is_none(), matches!(place, Place::Instance))?;
    let session = imds.session(desk)?;
    let (region, credentials) = both(
        known_region.map_or_else(|| imds.region(desk, session.as_ref()), Ok),
        match place {
            Place::Known(credentials) => Ok(credentials),
            Place::Container(container) => container.credentials(desk),
            Place::Instance => imds.credentials(desk, session.as_ref()),
        },
    )?;

    desk.keep_secret(&credentials.secret_access_key);
    if let Some(token) = &credentials.session_token {
        desk.keep_secret(token);
    }
    let verification_url = VerificationUrl::from_template(&source.verification_url_template, &region);
    Ok(CallerIdentity { credentials, region, verification_url })
}

/// Where the credentials are.
enum Place {
    Known(Credentials),
    Container(Container),
    Instance,
}

impl Place {
    /// The first place that is configured.
    fn find(env: &Env, options: &Options) -> Result<Self, Error> {
        if let Some(credentials) = &options.aws_credentials {
            credentials.check().map_err(|error| error.at(Stage::Source))?;
            return Ok(Self::Known(credentials.clone()));
        }
        if let Some(credentials) = environment::credentials_in(env)? {
            return Ok(Self::Known(credentials));
        }
        environment::refuse_unsupported(env)?;
        if let Some(container) = Container::in_environment(env)? {
            return Ok(Self::Container(container));
        }
        Ok(Self::Instance)
    }
}

impl CallerIdentity {
    pub(super) fn subject_token(&self, audience: &str, now: UnixTime) -> Result<Secret, Error> {
        self.verification_url
            .caller_identity_token(&self.credentials, &self.region, audience, now)
            .map_err(|error| error.at(Stage::Source))
    }
}

/// The region as the caller or the environment names it.
fn known_region(env: &Env, options: &Options) -> Result<Option<String>, Error> {
    if let Some(region) = options.aws_region.as_ref().filter(|region| !region.is_empty()) {
        if region::is_plausible(region) {
            return Ok(Some(region.clone()));
        }
        let error =
            Error::invalid_argument("The AWS region that was given has characters that no region has.");
        return Err(error.at(Stage::Source));
    }
    match environment::region_in(env) {
        Some(region) if !region::is_plausible(&region) => Err(Error::new(
            ErrorCode::AwsRegionUnknown,
            "The AWS region in the environment has characters that no region has.",
            "Set AWS_REGION to the name of a region, such as eu-central-1.",
        )
        .at(Stage::Source)),
        region => Ok(region),
    }
}
