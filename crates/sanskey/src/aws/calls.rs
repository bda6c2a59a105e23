//! What AWS's Security Token Service can be asked for on the way to the proof: another role, a session,
//! a JWT. Here are the parameters, and what is certain to be wrong about them.
//!
//! Source of the ranges: <https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html>.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

/// A role to take on: `AssumeRole`, signed with the credentials that come before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct AssumeRole {
    /// `arn:aws:iam::123456789012:role/name`.
    pub role_arn: String,
    /// The last part of the ARN that the workload will have; [`AssumeRole::DEFAULT_SESSION_NAME`] if not given.
    pub role_session_name: Option<String>,
    /// Managed policies that narrow the session, at most 10.
    pub policy_arns: Vec<String>,
    /// A policy that narrows the session, as JSON text.
    pub policy: Option<String>,
    /// How long the credentials live: 900 to 43,200 s, at most 3,600 for a role taken on by a role. AWS's
    /// default is 3,600.
    pub duration_seconds: Option<u32>,
    /// What the role's trust policy may demand of somebody from another account.
    pub external_id: Option<String>,
    /// A name that stays through all further roles.
    pub source_identity: Option<String>,
}

/// A session of an IAM user: `GetSessionToken`. The credentials of a role cannot ask for one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct GetSessionToken {
    /// How long the credentials live: 900 to 129,600 s. AWS's default is 43,200.
    pub duration_seconds: Option<u32>,
}

/// A JWT that AWS signs for this workload: `GetWebIdentityToken`. It is the proof of identity for a
/// provider of the kind OIDC, in place of a signed `GetCallerIdentity` request.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html>
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct GetWebIdentityToken {
    /// The audience of the JWT. If not given, the one that Google expects by default: `https:` and the
    /// audience of the configuration.
    pub audience: Option<String>,
    /// How long the JWT lives: 60 to 3,600 s. AWS's default is 300.
    pub duration_seconds: Option<u32>,
    /// `RS256`, which is taken if not given, or `ES384`.
    pub signing_algorithm: Option<String>,
}

/// A parameter, and what is wrong with it: `is not a whole number from 900 to 43200`.
pub(crate) type Problem = (&'static str, &'static str);

impl AssumeRole {
    /// The name of sessions that are not given another one. It is always the same, so that the subject
    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/sanskey` can be granted access in Google Cloud.
    pub const DEFAULT_SESSION_NAME: &'static str = "sanskey";

    /// A role, with nothing but its ARN; set the other fields as needed.
    pub fn new(role_arn: impl Into<String>) -> Self {
        Self { role_arn: role_arn.into(), ..Self::default() }
    }

    pub(crate) fn checks(&self) -> [Result<(), Problem>; 7] {
        let is_id = |id: &String| is_of(id, 2..=1224, b"+=,.@:/-_");
        let is_policy = |policy: &String| serde_json::from_str::<Map<String, Value>>(policy).is_ok();
        let are_arns = self.policy_arns.len() <= 10 && self.policy_arns.iter().all(|arn| is_arn(arn));
        [
            check_role_arn(&self.role_arn),
            check_name("role_session_name", self.role_session_name.as_deref()),
            check_name("source_identity", self.source_identity.as_deref()),
            hold(
                self.external_id.as_ref().is_none_or(is_id),
                ("external_id", "is not 2 to 1224 letters, digits and characters of +=,.@:/-_"),
            ),
            hold(are_arns, ("policy_arns", "is not a list of at most 10 ARNs")),
            hold(self.policy.as_ref().is_none_or(is_policy), ("policy", "is not the JSON text of a policy")),
            check_duration(self.duration_seconds, 900..=43_200, "is not a whole number from 900 to 43200"),
        ]
    }

    pub(crate) fn check(&self) -> Result<(), Problem> {
        self.checks().into_iter().collect()
    }
}

impl GetSessionToken {
    pub(crate) fn check(&self) -> Result<(), Problem> {
        check_duration(self.duration_seconds, 900..=129_600, "is not a whole number from 900 to 129600")
    }
}

impl GetWebIdentityToken {
    pub(crate) fn checks(&self) -> [Result<(), Problem>; 3] {
        let is_audience = |text: &String| (1..=1000).contains(&text.chars().count());
        let is_algorithm = matches!(self.signing_algorithm.as_deref(), None | Some("RS256" | "ES384"));
        [
            hold(
                self.audience.as_ref().is_none_or(is_audience),
                ("audience", "is not a text of 1 to 1000 characters"),
            ),
            hold(is_algorithm, ("signing_algorithm", "is not RS256 or ES384")),
            check_duration(self.duration_seconds, 60..=3600, "is not a whole number from 60 to 3600"),
        ]
    }

    pub(crate) fn check(&self) -> Result<(), Problem> {
        self.checks().into_iter().collect()
    }
}

/// The calls that are wanted, in the order in which they are made.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Calls {
    pub(crate) get_session_token: Option<GetSessionToken>,
    pub(crate) assume_role: Vec<AssumeRole>,
    pub(crate) get_web_identity_token: Option<GetWebIdentityToken>,
}

impl Calls {
    pub(crate) fn is_empty(&self) -> bool {
        self.get_session_token.is_none()
            && self.assume_role.is_empty()
            && self.get_web_identity_token.is_none()
    }

    /// Those that are left once all roles have been taken on.
    pub(crate) fn after_all_roles(self) -> Self {
        Self { get_web_identity_token: self.get_web_identity_token, ..Self::default() }
    }

    pub(crate) fn check(&self) -> Result<(), Problem> {
        self.get_session_token.as_ref().map_or(Ok(()), GetSessionToken::check)?;
        self.assume_role.iter().try_for_each(AssumeRole::check)?;
        self.get_web_identity_token.as_ref().map_or(Ok(()), GetWebIdentityToken::check)
    }
}

fn hold(is_right: bool, problem: Problem) -> Result<(), Problem> {
    if is_right { Ok(()) } else { Err(problem) }
}

pub(crate) fn check_role_arn(arn: &str) -> Result<(), Problem> {
    hold(
        is_arn(arn) && arn.contains(":role/") && !arn.ends_with('/'),
        ("role_arn", "is not the ARN of a role, such as arn:aws:iam::123456789012:role/name"),
    )
}

pub(crate) fn check_name(field: &'static str, name: Option<&str>) -> Result<(), Problem> {
    hold(
        name.is_none_or(|name| is_of(name, 2..=64, b"+=,.@-_")),
        (field, "is not 2 to 64 letters, digits and characters of +=,.@-_"),
    )
}

fn check_duration(
    seconds: Option<u32>,
    range: RangeInclusive<u32>,
    problem: &'static str,
) -> Result<(), Problem> {
    hold(seconds.is_none_or(|seconds| range.contains(&seconds)), ("duration_seconds", problem))
}

fn is_arn(text: &str) -> bool {
    (20..=2048).contains(&text.len())
        && text.starts_with("arn:")
        && text.chars().all(|c| !c.is_control() && c != ' ')
}

fn is_of(text: &str, length: RangeInclusive<usize>, marks: &[u8]) -> bool {
    length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || marks.contains(&b))
}
