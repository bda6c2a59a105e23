//! Attribute mapping and condition of a provider: the default mapping for AWS, the usual one for OIDC, and a
//! condition on the role.
//!
//! Source: "Workload Identity Federation", section "Attribute mapping", in Google's IAM documentation.

use crate::{
    answers::{Answer, oauth_error},
    aws_identity::CallerIdentity,
    aws_roles,
    settings::Settings,
};

/// The most that `google.subject` may hold.
const SUBJECT_LIMIT: usize = 127;

/// The attributes that the default mapping makes of an assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attributes {
    /// `google.subject`: the ARN as it is.
    pub(crate) subject: String,
    /// `attribute.aws_role`: the ARN without the session name, or the ARN as it is if no role was assumed.
    pub(crate) aws_role: String,
}

impl Attributes {
    /// Maps an assertion, checks the size limit and the condition.
    pub(crate) fn of(identity: &CallerIdentity, settings: &Settings) -> Result<Self, Answer> {
        let attributes = Self { subject: identity.arn.clone(), aws_role: aws_role(&identity.arn) };
        check_size(&attributes.subject)?;
        let allowed = settings.allowed_role.as_ref().is_none_or(|role| {
            attributes.aws_role == format!("arn:aws:sts::{}:assumed-role/{role}", identity.account)
        });
        check_condition(allowed)?;
        Ok(attributes)
    }
}

/// `google.subject` of a web identity token of AWS, by the mapping `assertion.sub`: the ARN of the role.
pub(crate) fn of_web_identity(subject: String, settings: &Settings) -> Result<String, Answer> {
    check_size(&subject)?;
    check_condition(
        settings.allowed_role.as_ref().is_none_or(|role| subject == aws_roles::arn(role, settings)),
    )?;
    Ok(subject)
}

/// `google.subject` has 127 bytes at most.
pub(crate) fn check_size(subject: &str) -> Result<(), Answer> {
    if subject.len() <= SUBJECT_LIMIT {
        return Ok(());
    }
    Err(oauth_error(
        "invalid_request",
        "The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute \
         mapping or the incoming assertion to produce a mapped attribute that is less than 127 bytes.",
    ))
}

fn check_condition(holds: bool) -> Result<(), Answer> {
    let description = "The given credential is rejected by the attribute condition.";
    if holds { Ok(()) } else { Err(oauth_error("unauthorized_client", description)) }
}

/// `arn:aws:sts::1:assumed-role/ROLE/SESSION` becomes `arn:aws:sts::1:assumed-role/ROLE`.
fn aws_role(arn: &str) -> String {
    let Some((account_arn, role_and_session)) = arn.split_once("assumed-role/") else {
        return arn.to_owned();
    };
    let role = role_and_session.split_once('/').map_or("", |(role, _)| role);
    format!("{account_arn}assumed-role/{role}")
}

#[cfg(test)]
mod tests {
    use super::aws_role;

    #[test]
    fn the_session_is_cut_from_an_assumed_role_only() {
        assert_eq!(
            aws_role("arn:aws:sts::123456789012:assumed-role/prod-x/i-0abc"),
            "arn:aws:sts::123456789012:assumed-role/prod-x"
        );
        assert_eq!(aws_role("arn:aws:iam::123456789012:user/ana"), "arn:aws:iam::123456789012:user/ana");
    }
}
