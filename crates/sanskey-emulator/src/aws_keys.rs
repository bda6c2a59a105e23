//! AWS access keys that the emulator issued, with the identity behind each.

use std::fmt;

use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{aws_roles, random, settings::Settings};

/// How long temporary keys of a role live: EC2, ECS and EKS hand out keys for about six hours.
const ROLE_KEY_LIFETIME: Duration = Duration::hours(6);

/// Session names are what tells one task, or one pod, of a role from another.
const TASK_SESSION: &str = "0f6c1d2e3b4a59687f8e9d0c1b2a3948";
const POD_SESSION: &str = "eks-sanskey-app-7d9f-3f2b8c1e-6a0d-4b53-9c7e-5d1f3a7b9e24";

/// An access key and whom it stands for. Debug output shows neither the secret nor the session token.
#[derive(Clone)]
pub struct AwsKey {
    /// `ASIA...` for temporary keys, `AKIA...` for the keys of a user.
    pub access_key_id: String,
    /// The secret that requests are signed with.
    pub secret_access_key: String,
    /// Only temporary keys have one; it must be sent with each request.
    pub session_token: Option<String>,
    /// When the key stops working; keys of a user do not.
    pub expires_at: Option<OffsetDateTime>,
    /// Twelve digits.
    pub account: String,
    /// What `GetCallerIdentity` answers as `Arn`.
    pub arn: String,
    /// What `GetCallerIdentity` answers as `UserId`.
    pub user_id: String,
}

impl AwsKey {
    /// Temporary keys of an instance role, as the metadata service hands them out.
    pub(crate) fn of_instance_role(settings: &Settings, now: OffsetDateTime) -> Self {
        Self::of_role(settings, &settings.role, &settings.instance_id, now)
    }

    /// Temporary keys of a task's role, as the ECS agent hands them out.
    pub(crate) fn of_task_role(settings: &Settings, now: OffsetDateTime) -> Self {
        Self::of_role(settings, &settings.task_role, TASK_SESSION, now)
    }

    /// Temporary keys of a pod's role, as the EKS Pod Identity agent hands them out.
    pub(crate) fn of_pod_role(settings: &Settings, now: OffsetDateTime) -> Self {
        Self::of_role(settings, &settings.pod_role, POD_SESSION, now)
    }

    fn of_role(settings: &Settings, role: &str, session: &str, now: OffsetDateTime) -> Self {
        Self::of_session(&aws_roles::arn(role, settings), session, now + ROLE_KEY_LIFETIME)
    }

    /// Temporary keys of a role's session.
    pub(crate) fn of_session(role_arn: &str, session: &str, expires_at: OffsetDateTime) -> Self {
        let arn = format!("{}/{session}", aws_roles::sessions(role_arn));
        let user_id = format!("AROA{}:{session}", random::capitals(17));
        Self::temporary(aws_roles::account(role_arn), arn, user_id, expires_at)
    }

    /// Temporary keys of somebody who has others.
    pub(crate) fn of_the_same(other: &Self, expires_at: OffsetDateTime) -> Self {
        Self::temporary(&other.account, other.arn.clone(), other.user_id.clone(), expires_at)
    }

    fn temporary(account: &str, arn: String, user_id: String, expires_at: OffsetDateTime) -> Self {
        Self {
            access_key_id: format!("ASIA{}", random::capitals(16)),
            secret_access_key: random::base64(30),
            // Real session tokens hold `+`, `/` and `=` nearly always; these hold them always, so that a
            // client which forgets one of the two encodings of the subject token fails at the first try and
            // not once in a while.
            session_token: Some(format!("IQoJb3JpZ2luX2Vj/+{}", random::base64(200))),
            expires_at: Some(expires_at),
            account: account.to_owned(),
            arn,
            user_id,
        }
    }

    /// Long-lived keys of an IAM user: no session token, no expiry.
    pub(crate) fn of_user(settings: &Settings, name: &str) -> Self {
        let account = &settings.account;
        Self {
            access_key_id: format!("AKIA{}", random::capitals(16)),
            secret_access_key: random::base64(30),
            session_token: None,
            expires_at: None,
            account: account.clone(),
            arn: format!("arn:aws:iam::{account}:user/{name}"),
            user_id: format!("AIDA{}", random::capitals(17)),
        }
    }

    /// Long-lived keys of the account's root user.
    pub(crate) fn of_root(settings: &Settings) -> Self {
        let account = &settings.account;
        let arn = format!("arn:aws:iam::{account}:root");
        Self { arn, user_id: account.clone(), ..Self::of_user(settings, "root") }
    }
}

impl fmt::Debug for AwsKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AwsKey")
            .field("access_key_id", &self.access_key_id)
            .field("arn", &self.arn)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A time as AWS's services for machines and containers write it.
pub(crate) fn whole_seconds(time: OffsetDateTime) -> String {
    time.replace_nanosecond(0)
        .unwrap_or(time)
        .format(&Rfc3339)
        .expect("dates of this century have an RFC 3339 form")
}
