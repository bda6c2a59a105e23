//! Roles that can be assumed, and whom they trust.
//!
//! Source: "IAM roles" and "How to use an external ID" in the IAM User Guide.

use std::time::Duration;

use crate::{aws_keys::AwsKey, settings::Settings};

/// A role that AWS STS gives keys for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name, for a role of [`Settings::account`], or its full ARN.
    pub name: String,
    /// Who may assume it.
    pub trust: Trust,
    /// `sts:ExternalId` of its trust policy: whoever assumes the role has to say it. `None` asks for none.
    pub external_id: Option<String>,
    /// Its `MaxSessionDuration`: one hour to twelve.
    pub longest_session: Duration,
}

/// The principal of a role's trust policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Everybody in [`Settings::account`].
    Account,
    /// One role, by its name or its ARN.
    Role(String),
    /// Tokens of the cluster's issuer ([`Settings::pod_issuer`]) for `sts.amazonaws.com` with this subject,
    /// which is `system:serviceaccount:NAMESPACE:NAME`.
    Pod(String),
}

impl Role {
    /// A role with sessions of up to twelve hours and without an external id.
    pub fn new(name: &str, trust: Trust) -> Self {
        Self { name: name.to_owned(), trust, external_id: None, longest_session: Duration::from_hours(12) }
    }

    /// The same with an external id.
    #[must_use]
    pub fn with_external_id(self, external_id: &str) -> Self {
        Self { external_id: Some(external_id.to_owned()), ..self }
    }

    /// Whether somebody who has shown this key may assume the role.
    pub(crate) fn trusts(&self, caller: &AwsKey, external_id: Option<&str>, settings: &Settings) -> bool {
        let principal = match &self.trust {
            Trust::Account => caller.account == settings.account,
            Trust::Role(role) => caller.arn.starts_with(&format!("{}/", sessions(&arn(role, settings)))),
            Trust::Pod(_) => false,
        };
        // A trust policy that does not ask for an external id does not mind one.
        principal && self.external_id.as_deref().is_none_or(|required| external_id == Some(required))
    }

    /// Whether the holder of a pod's token with this subject may assume the role.
    pub(crate) fn trusts_pod(&self, subject: &str) -> bool {
        matches!(&self.trust, Trust::Pod(trusted) if trusted == subject)
    }

    /// Whether this is the name of a role, or the ARN of one.
    pub(crate) fn is_valid(&self, settings: &Settings) -> bool {
        is_role_arn(&arn(&self.name, settings))
            && match &self.trust {
                Trust::Role(role) => is_role_arn(&arn(role, settings)),
                Trust::Account | Trust::Pod(_) => true,
            }
    }
}

/// The ARN of a role that is given by its name or its ARN.
pub(crate) fn arn(role: &str, settings: &Settings) -> String {
    if role.starts_with("arn:") {
        role.to_owned()
    } else {
        format!("arn:aws:iam::{}:role/{role}", settings.account)
    }
}

/// The role that has this ARN.
pub(crate) fn find<'s>(settings: &'s Settings, role_arn: &str) -> Option<&'s Role> {
    settings.roles.iter().find(|role| arn(&role.name, settings) == role_arn)
}

/// Whether a text has the form `arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME`.
pub(crate) fn is_role_arn(text: &str) -> bool {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else { return false };
    let name = resource.strip_prefix("role/");
    !partition.is_empty()
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && name.is_some_and(|name| {
            !name.ends_with('/') && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
        })
}

/// What the ARNs of a role's sessions begin with: `arn:aws:sts::ACCOUNT:assumed-role/NAME`. The role's path is
/// not in them.
pub(crate) fn sessions(role_arn: &str) -> String {
    let name = role_arn.rsplit('/').next().unwrap_or_default();
    let before = role_arn.split(":role/").next().unwrap_or_default().replacen(":iam:", ":sts:", 1);
    format!("{before}:assumed-role/{name}")
}

/// The account of an ARN.
pub(crate) fn account(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// The role behind the ARN of a session, or the ARN as it is if it is not a session's.
pub(crate) fn role_of_session(session_arn: &str, settings: &Settings) -> String {
    let Some((before, rest)) = session_arn.split_once(":assumed-role/") else {
        return session_arn.to_owned();
    };
    let known = settings.roles.iter().map(|role| arn(&role.name, settings));
    let mut known = known.filter(|role| session_arn.starts_with(&format!("{}/", sessions(role))));
    known.next().unwrap_or_else(|| {
        let name = rest.split('/').next().unwrap_or_default();
        format!("{}:role/{name}", before.replacen(":sts:", ":iam:", 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_and_its_sessions_lead_to_each_other() {
        let settings = Settings {
            roles: vec![Role::new("arn:aws-cn:iam::210987654321:role/a/b/app", Trust::Account)],
            ..Settings::default()
        };
        for (role, prefix) in [
            ("arn:aws-cn:iam::210987654321:role/a/b/app", "arn:aws-cn:sts::210987654321:assumed-role/app"),
            ("arn:aws:iam::123456789012:role/other", "arn:aws:sts::123456789012:assumed-role/other"),
        ] {
            assert!(is_role_arn(role));
            assert_eq!(sessions(role), prefix);
            assert_eq!(role_of_session(&format!("{prefix}/session"), &settings), role);
        }
        let user = "arn:aws:iam::123456789012:user/ana";
        assert_eq!(role_of_session(user, &settings), user);
        for text in [user, "role", "arn:aws:iam::1:role/a", "arn:aws:iam::123456789012:role/", ""] {
            assert!(!is_role_arn(text), "{text}");
        }
    }
}
