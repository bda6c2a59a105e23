//! An identity provider of one's own that gives a JWT to an OAuth 2.0 client: AD FS, Keycloak, Okta.
//!
//! Sources: RFC 6749 section 4.4 and, for the parameter `resource`,
//! <https://learn.microsoft.com/windows-server/identity/ad-fs/overview/ad-fs-openid-connect-oauth-flows-scenarios>,
//! "Client credentials grant flow".

use std::time::Duration;

use super::missing;
use crate::config::{ClientCredentials, Format};
use crate::desk::{Desk, Flow};
use crate::error::{ErrorCode, Stage};
use crate::secret::Secret;
use crate::server::Server;
use crate::source::subject_token;
use crate::sts::{ClientAuthentication, form_request};
use crate::url::push_form_field;

const SERVER: Server = Server {
    name: "The token endpoint of the identity provider",
    stage: Stage::Source,
    timeout: Duration::from_secs(10),
    first_delay: Duration::from_secs(1),
    retry_unreachable: true,
    connection_hint: "",
    rejected: ErrorCode::SubjectTokenRejected,
    unavailable: ErrorCode::SubjectTokenUnavailable,
    malformed: ErrorCode::SubjectTokenMalformed,
};

pub(super) fn token(desk: &mut Desk, source: &ClientCredentials) -> Flow<Secret> {
    let variable = &*source.client_secret_variable;
    let env = desk.env("env", &[variable])?;
    let Some(secret) = env.get(variable) else {
        let hint = "Put the client's password into the variable that credential_source.sanskey.client_secret_variable names.";
        return Err(missing(&format!("The variable {variable} is not set."), hint).into());
    };
    desk.keep_secret(secret);
    let client = ClientAuthentication::new(&*source.client_id, secret.clone());
    let answer = desk.http("subject-token", &SERVER, &|_| {
        let mut form = String::new();
        push_form_field(&mut form, "grant_type", "client_credentials");
        for (name, value) in
            [("scope", &source.scope), ("resource", &source.resource), ("audience", &source.audience)]
        {
            if let Some(value) = value {
                push_form_field(&mut form, name, value);
            }
        }
        Ok(form_request(&source.token_url, Some(&client), form))
    })?;
    let text = SERVER.accept(&answer).map_err(|error| match error.code() {
        ErrorCode::SubjectTokenRejected => error.with_hint(
            "Check the client, its password, and its resource, audience or scope; the message is the identity provider's own.",
        ),
        _ => error,
    })?;
    let format = Format::Json { field: "access_token".to_owned() };
    Ok(subject_token::read(&format, &Secret::new(text)).map_err(|problem| {
        SERVER
            .malformed(answer.response.status, &format!("with a text that {problem}"))
            .about_ask(&answer.ask_id)
    })?)
}
