//! The object `sanskey` of a configuration: what AIP-4117 has no field for. Google's own libraries ignore it.

use super::fields::Fields;
use crate::aws::calls::Problem;
use crate::aws::{AssumeRole, Calls, GetSessionToken, GetWebIdentityToken};

/// Reads `{"aws_assume_role": […], "aws_get_session_token": {…}, "aws_web_identity_token": {…}}`.
pub(super) fn read_aws_calls(root: &mut Fields<'_>) -> Calls {
    let Some(mut extension) = root.object("sanskey") else { return Calls::default() };
    // A misspelt name would leave the workload with another role than the one that was meant.
    extension.only(&["aws_assume_role", "aws_get_session_token", "aws_web_identity_token"]);
    let wants_web_identity_token = extension.has("aws_web_identity_token");
    Calls {
        assume_role: extension.objects("aws_assume_role").iter_mut().map(read_assume_role).collect(),
        get_session_token: extension.object("aws_get_session_token").as_mut().map(read_get_session_token),
        get_web_identity_token: extension
            .object("aws_web_identity_token")
            .as_mut()
            .map(read_get_web_identity_token)
            // What cannot be read says nevertheless what kind of proof is meant.
            .or_else(|| wants_web_identity_token.then(GetWebIdentityToken::default)),
    }
}

fn read_assume_role(role: &mut Fields<'_>) -> AssumeRole {
    role.only(&[
        "role_arn",
        "role_session_name",
        "policy_arns",
        "policy",
        "duration_seconds",
        "external_id",
        "source_identity",
    ]);
    let call = AssumeRole {
        role_arn: role.required(Fields::text, "role_arn"),
        role_session_name: role.text("role_session_name"),
        policy_arns: role.texts("policy_arns"),
        policy: role.text("policy"),
        duration_seconds: role.integer("duration_seconds", 0..=u32::MAX),
        external_id: role.text("external_id"),
        source_identity: role.text("source_identity"),
    };
    note(role, &call.checks());
    call
}

fn read_get_session_token(session: &mut Fields<'_>) -> GetSessionToken {
    session.only(&["duration_seconds"]);
    let call = GetSessionToken { duration_seconds: session.integer("duration_seconds", 0..=u32::MAX) };
    note(session, &[call.check()]);
    call
}

fn read_get_web_identity_token(token: &mut Fields<'_>) -> GetWebIdentityToken {
    token.only(&["audience", "duration_seconds", "signing_algorithm"]);
    let call = GetWebIdentityToken {
        audience: token.text("audience"),
        duration_seconds: token.integer("duration_seconds", 0..=u32::MAX),
        signing_algorithm: token.text("signing_algorithm"),
    };
    note(token, &call.checks());
    call
}

fn note(fields: &Fields<'_>, checks: &[Result<(), Problem>]) {
    for (name, problem) in checks.iter().filter_map(|check| check.err()) {
        fields.invalid(name, problem);
    }
}
