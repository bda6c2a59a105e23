//! What AWS's Security Token Service is asked for on the way to the proof.

use super::environment;
use super::place::Found;
use crate::aws::sts::{self, Endpoint, SERVER, Variant};
use crate::aws::{AssumeRole, Calls, Credentials, GetWebIdentityToken};
use crate::desk::{Desk, Env, Flow};
use crate::error::Error;
use crate::secret::Secret;

/// The endpoint of the region, unless the environment names one.
pub(super) fn endpoint(env: Option<&Env>, region: &str) -> Result<Endpoint, Error> {
    let Some(env) = env else { return Ok(Endpoint::of_region(region, Variant::default())) };
    if let Some(url) = environment::endpoint(env, "AWS_ENDPOINT_URL_STS")? {
        return Ok(Endpoint { url, region: region.to_owned() });
    }
    let variant = Variant {
        fips: environment::is_true(env, "AWS_USE_FIPS_ENDPOINT"),
        dual_stack: environment::is_true(env, "AWS_USE_DUALSTACK_ENDPOINT"),
    };
    Ok(Endpoint::of_region(region, variant))
}

/// The credentials themselves, or those that AWS gives for a token.
pub(super) fn credentials(desk: &mut Desk, sts: &Endpoint, found: Found) -> Flow<Credentials> {
    match found {
        Found::Credentials(credentials) => Ok(kept(desk, credentials)),
        Found::WebIdentity(identity, token) => {
            let answer = desk.http("assume-role-with-web-identity", &SERVER, &|_| {
                let session_name = identity.role_session_name.as_deref();
                Ok(sts.assume_role_with_web_identity(&identity.role_arn, session_name, &token))
            })?;
            let credentials = sts::credentials(&answer, "AssumeRoleWithWebIdentity")
                .map_err(|error| about_role(error, &identity.role_arn))?;
            Ok(kept(desk, credentials))
        }
    }
}

/// The credentials at the end of the chain: the roles of the place where the first ones were found, then
/// what was asked for besides.
pub(super) fn take_on(
    desk: &mut Desk,
    sts: &Endpoint,
    first: Credentials,
    roles: &[AssumeRole],
    calls: &Calls,
) -> Flow<Credentials> {
    let mut credentials = first;
    for (position, role) in roles.iter().enumerate() {
        credentials = assume_role(desk, sts, position, role, &credentials)?;
    }
    if let Some(call) = &calls.get_session_token {
        let answer =
            desk.http("get-session-token", &SERVER, &|now| sts.get_session_token(call, &credentials, now))?;
        credentials = sts::credentials(&answer, "GetSessionToken")?;
        credentials = kept(desk, credentials);
    }
    for (position, role) in calls.assume_role.iter().enumerate() {
        credentials = assume_role(desk, sts, roles.len().saturating_add(position), role, &credentials)?;
    }
    Ok(credentials)
}

fn assume_role(
    desk: &mut Desk,
    sts: &Endpoint,
    position: usize,
    role: &AssumeRole,
    credentials: &Credentials,
) -> Flow<Credentials> {
    let id = format!("assume-role-{}", position.saturating_add(1));
    let answer = desk.http(&id, &SERVER, &|now| sts.assume_role(role, credentials, now))?;
    let credentials =
        sts::credentials(&answer, "AssumeRole").map_err(|error| about_role(error, &role.role_arn))?;
    Ok(kept(desk, credentials))
}

/// A JWT for Google, signed by AWS.
pub(super) fn web_identity_token(
    desk: &mut Desk,
    sts: &Endpoint,
    call: &GetWebIdentityToken,
    audience: &str,
    credentials: &Credentials,
) -> Flow<Secret> {
    let answer = desk.http("get-web-identity-token", &SERVER, &|now| {
        sts.get_web_identity_token(call, audience, credentials, now)
    })?;
    let token = sts::web_identity_token(&answer)?;
    desk.keep_secret(&token);
    Ok(token)
}

/// AWS does not always say which role it was.
fn about_role(error: Error, role_arn: &str) -> Error {
    if error.message().contains(role_arn) { error } else { error.adding(&format!("The role is {role_arn}.")) }
}

/// The same; from now on no error shows them.
fn kept(desk: &mut Desk, credentials: Credentials) -> Credentials {
    desk.keep_secret(&credentials.secret_access_key);
    if let Some(token) = &credentials.session_token {
        desk.keep_secret(token);
    }
    credentials
}
