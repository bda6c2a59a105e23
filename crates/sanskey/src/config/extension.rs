//! The object `sanskey` of a configuration: what AIP-4117 has no field for. Google's own libraries ignore it.

use super::fields::Fields;
use crate::aws::{AssumeRole, Calls, GetSessionToken, GetWebIdentityToken};
use crate::error::Error;

/// Reads `{"aws_assume_role": […], "aws_get_session_token": {…}, "aws_web_identity_token": {…}}`.
pub(super) fn read_aws_calls(root: &mut Fields<'_>) -> Result<Calls, Error> {
    let Some(mut extension) = root.object("sanskey")? else { return Ok(Calls::default()) };
    // A misspelt name would leave the workload with another role than the one that was meant.
    extension.only(&["aws_assume_role", "aws_get_session_token", "aws_web_identity_token"])?;
    let mut calls = Calls::default();
    for mut role in extension.objects("aws_assume_role")? {
        calls.assume_role.push(read_assume_role(&mut role)?);
    }
    if let Some(mut session) = extension.object("aws_get_session_token")? {
        session.only(&["duration_seconds"])?;
        let call = GetSessionToken { duration_seconds: session.integer("duration_seconds", 0..=u32::MAX)? };
        call.check().map_err(|(field, problem)| session.invalid(field, problem))?;
        calls.get_session_token = Some(call);
    }
    if let Some(mut token) = extension.object("aws_web_identity_token")? {
        token.only(&["audience", "duration_seconds", "signing_algorithm"])?;
        let call = GetWebIdentityToken {
            audience: token.text("audience")?,
            duration_seconds: token.integer("duration_seconds", 0..=u32::MAX)?,
            signing_algorithm: token.text("signing_algorithm")?,
        };
        call.check().map_err(|(field, problem)| token.invalid(field, problem))?;
        calls.get_web_identity_token = Some(call);
    }
    Ok(calls)
}

fn read_assume_role(role: &mut Fields<'_>) -> Result<AssumeRole, Error> {
    role.only(&[
        "role_arn",
        "role_session_name",
        "policy_arns",
        "policy",
        "duration_seconds",
        "external_id",
        "source_identity",
    ])?;
    let call = AssumeRole {
        role_arn: role.required(Fields::text, "role_arn")?,
        role_session_name: role.text("role_session_name")?,
        policy_arns: role.texts("policy_arns")?,
        policy: role.text("policy")?,
        duration_seconds: role.integer("duration_seconds", 0..=u32::MAX)?,
        external_id: role.text("external_id")?,
        source_identity: role.text("source_identity")?,
    };
    call.check().map_err(|(field, problem)| role.invalid(field, problem))?;
    Ok(call)
}
