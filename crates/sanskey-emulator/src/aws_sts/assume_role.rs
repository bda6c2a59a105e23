//! `AssumeRole`: keys of a role for somebody who has keys already.

use time::Duration;

use super::{
    Call,
    answers::{Element, Refusal},
    authentication,
    parameters::{ARN, Check, EXTERNAL_ID, NAME, POLICY, check_policies, validation},
    session::{assumed_role_user, credentials, is_role_session, is_root, role_key, role_lifetime},
};
use crate::{aws_keys::AwsKey, aws_roles};

/// The longest session of a role that another role assumes.
const CHAINED: Duration = Duration::hours(1);

/// Performs the action.
pub(super) fn result(call: &mut Call<'_>) -> Result<Vec<Element>, Refusal> {
    let caller = authentication::caller(call)?;
    let mut check = Check::new(&call.parameters);
    let role_arn = check.required("RoleArn", &ARN).to_owned();
    let session = check.required("RoleSessionName", &NAME).to_owned();
    check.optional("Policy", &POLICY);
    let seconds = check.number("DurationSeconds", 900, 43_200)?;
    let external_id = check.optional("ExternalId", &EXTERNAL_ID);
    let source_identity = check.optional("SourceIdentity", &NAME).map(str::to_owned);
    check.finish()?;
    check_policies(&call.parameters)?;
    if is_root(&caller) {
        return Err(Refusal::sender(403, "AccessDenied", "Roles may not be assumed by root accounts."));
    }
    if !aws_roles::is_role_arn(&role_arn) {
        return Err(validation("Request ARN is invalid"));
    }

    let denied = || not_authorized(&caller, "sts:AssumeRole", &role_arn);
    let role = aws_roles::find(call.settings, &role_arn)
        .filter(|role| role.trusts(&caller, external_id, call.settings))
        .ok_or_else(denied)?;
    let lifetime = role_lifetime(role, seconds)?;
    if is_role_session(&caller) && lifetime > CHAINED {
        return Err(validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    let source_identity = source_identity_of_session(call, &caller, source_identity, &role_arn)?;

    let key = role_key(call, &role_arn, &session, lifetime);
    let mut elements = Vec::new();
    if let Some(source_identity) = source_identity {
        elements.push(Element::text("SourceIdentity", &source_identity));
        call.store.keep_source_identity(&key, source_identity);
    }
    elements.extend([assumed_role_user(&key), credentials(&key)]);
    if call.parameters.text("Policy").is_some() || call.parameters.text("PolicyArns.member.1.arn").is_some() {
        // How AWS packs policies is not known; the number only has to be there, and to be below 100.
        elements.push(Element::text("PackedPolicySize", "6"));
    }
    Ok(elements)
}

/// Once a session has a source identity, the sessions that come after it have the same.
fn source_identity_of_session(
    call: &Call<'_>,
    caller: &AwsKey,
    wanted: Option<String>,
    role_arn: &str,
) -> Result<Option<String>, Refusal> {
    match (call.store.source_identity(caller), wanted) {
        // The text is inferred from that for AssumeRole.
        (Some(present), Some(wanted)) if present != wanted => {
            Err(not_authorized(caller, "sts:SetSourceIdentity", role_arn))
        }
        (Some(present), _) => Ok(Some(present.to_owned())),
        (None, wanted) => Ok(wanted),
    }
}

/// The same for a role that does not exist as for one that does not trust the caller.
fn not_authorized(caller: &AwsKey, action: &str, role_arn: &str) -> Refusal {
    let message =
        format!("User: {} is not authorized to perform: {action} on resource: {role_arn}", caller.arn);
    Refusal::sender(403, "AccessDenied", &message)
}
