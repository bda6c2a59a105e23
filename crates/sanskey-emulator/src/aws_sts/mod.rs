//! AWS's Security Token Service: its query API at `/`.
//!
//! Sources: the AWS STS API Reference, one page for each action and "Common Errors"; limits, error codes and
//! statuses also as in the service description that AWS publishes with its SDKs. Messages are those that users
//! have reported; where none is known, a comment says "inferred".
//!
//! The emulator plays the endpoint of every region: whichever region the signature is scoped to is taken.

mod answers;
mod assume_role;
mod assume_role_with_web_identity;
mod authentication;
mod get_web_identity_token;
mod parameters;
mod session;

use http::Method;
use time::OffsetDateTime;

use self::{
    answers::{Element, Refusal, success},
    parameters::Parameters,
    session::session_token,
};
use crate::{
    answers::{Answer, Request},
    settings::Settings,
    store::Store,
};

const VERSION: &str = "2011-06-15";
const NO_VERSION: &str = "NO_VERSION_SPECIFIED";

/// What an answer is made from.
struct Call<'a> {
    store: &'a mut Store,
    settings: &'a Settings,
    request: &'a Request,
    parameters: Parameters,
    now: OffsetDateTime,
}

/// Whether a request is one to this service.
pub(crate) fn has(request: &Request) -> bool {
    request.path == "/"
        && (request.method == Method::POST || request.method == Method::GET && action(request).is_some())
}

/// The action that a request asks for.
pub(crate) fn action(request: &Request) -> Option<String> {
    Parameters::of(request).text("Action").map(str::to_owned)
}

/// Answers one call.
pub(crate) fn answer(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Answer {
    let mut call = Call { store, settings, request, parameters: Parameters::of(request), now };
    match result(&mut call) {
        Ok((action, elements)) => success(action, &elements),
        Err(refusal) => refusal.answer(),
    }
}

fn result(call: &mut Call<'_>) -> Result<(&'static str, Vec<Element>), Refusal> {
    let action = call.parameters.text("Action").unwrap_or_default().to_owned();
    let version = call.parameters.text("Version").unwrap_or(NO_VERSION).to_owned();
    if action.is_empty() {
        // The code is that of "Common Errors"; the text is inferred.
        return Err(Refusal::sender(400, "MissingAction", "The request is missing an action."));
    }
    Ok(match action.as_str() {
        _ if version != VERSION => return Err(unknown(&action, &version)),
        "AssumeRole" => ("AssumeRole", assume_role::result(call)?),
        "AssumeRoleWithWebIdentity" => {
            ("AssumeRoleWithWebIdentity", assume_role_with_web_identity::result(call)?)
        }
        "GetSessionToken" => ("GetSessionToken", session_token(call)?),
        "GetWebIdentityToken" => ("GetWebIdentityToken", get_web_identity_token::result(call)?),
        "GetCallerIdentity" => ("GetCallerIdentity", caller_identity(call)?),
        _ => return Err(unknown(&action, &version)),
    })
}

fn unknown(action: &str, version: &str) -> Refusal {
    let message = format!("Could not find operation {action} for version {version}");
    Refusal::sender(400, "InvalidAction", &message)
}

/// `GetCallerIdentity`: needs a signature, and no permission.
fn caller_identity(call: &mut Call<'_>) -> Result<Vec<Element>, Refusal> {
    let caller = authentication::caller(call)?;
    Ok(vec![
        Element::text("Arn", &caller.arn),
        Element::text("UserId", &caller.user_id),
        Element::text("Account", &caller.account),
    ])
}
