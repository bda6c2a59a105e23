//! The identity of a workload on AWS: a region, the credentials of its role, and what is made of them.
//!
//! 1. Where the credentials are: [`place`]. The first place that is configured is used; if it fails, nothing
//!    falls through to another, which would be another identity.
//! 2. What AWS is to be asked for with them: a session, other roles ([`calls`]).
//! 3. The proof: a signed `GetCallerIdentity` request, or a JWT that AWS signs.
//!
//! AIP-4117, "Determining the subject token in AWS", knows environment keys and EC2 only. An unmodified
//! `aws1` configuration works in the other places all the same.

mod calls;
mod container;
mod environment;
mod imds;
mod place;
mod process;
mod profile;
mod role_credentials;
mod sso;
mod web_identity;

use super::Subject;
use crate::aws::{Credentials, VerificationUrl, region};
use crate::config::{AwsSource, CredentialConfig};
use crate::desk::{Desk, Env, Flow, both};
use crate::error::{Error, ErrorCode, Stage};
use crate::goal::Options;
use crate::memory::{AWS_MARGIN_SECONDS, Kept, REGION_SECONDS};
use crate::secret::Secret;
use crate::time::UnixTime;
use imds::Imds;
use place::{Found, Origin, Place};

/// Finds the region and the credentials, and makes the proof.
pub(super) fn proof(
    desk: &mut Desk,
    source: &AwsSource,
    config: &CredentialConfig,
    options: &Options,
) -> Flow<Subject> {
    let calls = options.aws_calls(config.aws_calls());
    calls.check().map_err(|(parameter, problem)| {
        Error::invalid_argument(format!("The parameter {parameter} of a call to AWS {problem}."))
    })?;
    let env = environment::read(desk, options, &calls)?;
    let origin = Origin::find(desk, &env, options)?;
    let circumstances = desk.circumstances();
    let circumstances = circumstances.as_deref();
    let remembered = desk.recall(circumstances, |memory| memory.aws_credentials.as_ref());
    let is_remembered = remembered.is_some();
    let (origin, calls) = match remembered {
        Some(credentials) => (origin.after_all_roles(credentials), calls.after_all_roles()),
        None => (origin, calls),
    };
    let known_region = known_region(&env, options, origin.region.as_deref())?
        .or_else(|| desk.recall(circumstances, |memory| memory.aws_region.as_ref()));
    let needs_metadata = (known_region.is_none(), matches!(origin.place, Place::Instance));
    let imds = Imds::of(source, &env, needs_metadata)?;

    let session = imds.session(desk)?;
    let (region, found) = both(
        known_region.map_or_else(|| imds.region(desk, session.as_ref()), Ok),
        origin.place.look(desk, &imds, session.as_ref()),
    )?;
    // What is wrong with an endpoint that is not needed is nobody's business.
    let is_called = matches!(found, Found::WebIdentity(..)) || !origin.roles.is_empty() || !calls.is_empty();
    let sts = calls::endpoint(is_called.then_some(&env), &region)?;
    let credentials = calls::credentials(desk, &sts, found)?;
    let credentials = calls::take_on(desk, &sts, credentials, &origin.roles, &calls)?;
    if !is_remembered {
        remember(desk, circumstances, &region, &credentials);
    }
    if let Some(call) = &calls.get_web_identity_token {
        return calls::web_identity_token(desk, &sts, call, config.audience(), &credentials)
            .map(Subject::AwsJwt);
    }
    let verification_url = VerificationUrl::from_template(&source.verification_url_template, &region);
    Ok(Subject::SignedRequest(CallerIdentity { credentials, region, verification_url }))
}

/// Keeps for the next exchange what has an end. What has none is in the environment or in a file, which are read
/// each time.
fn remember(desk: &mut Desk, circumstances: Option<&str>, region: &str, credentials: &Credentials) {
    let Some(circumstances) = circumstances else { return };
    if let Some(seen_at) = desk.first_seen_at("aws-region") {
        desk.learned.aws_region = Some(Kept {
            circumstances: circumstances.to_owned(),
            until: seen_at.shifted(REGION_SECONDS),
            value: region.to_owned(),
        });
    }
    desk.learned.aws_credentials = credentials.expires_at.map(|end| Kept {
        circumstances: circumstances.to_owned(),
        until: end.shifted(-AWS_MARGIN_SECONDS),
        value: credentials.clone(),
    });
}

/// All that it takes to sign a `GetCallerIdentity` request.
pub(crate) struct CallerIdentity {
    credentials: Credentials,
    region: String,
    verification_url: VerificationUrl,
}

impl CallerIdentity {
    pub(super) fn subject_token(&self, audience: &str, now: UnixTime) -> Result<Secret, Error> {
        self.verification_url
            .caller_identity_token(&self.credentials, &self.region, audience, now)
            .map_err(|error| error.at(Stage::Source))
    }
}

/// The region as the caller, the environment or the profile names it.
fn known_region(env: &Env, options: &Options, of_profile: Option<&str>) -> Result<Option<String>, Error> {
    if let Some(region) = options.aws_region.as_ref().filter(|region| !region.is_empty()) {
        if region::is_plausible(region) {
            return Ok(Some(region.clone()));
        }
        let error =
            Error::invalid_argument("The AWS region that was given has characters that no region has.");
        return Err(error.at(Stage::Source));
    }
    let of_environment = environment::region_in(env);
    let place = if of_environment.is_some() { "environment" } else { "AWS profile" };
    match of_environment.or_else(|| of_profile.map(str::to_owned)) {
        Some(region) if !region::is_plausible(&region) => Err(Error::new(
            ErrorCode::AwsRegionUnknown,
            format!("The AWS region in the {place} has characters that no region has."),
            "Set AWS_REGION to the name of a region, such as eu-central-1.",
        )
        .at(Stage::Source)),
        region => Ok(region),
    }
}
