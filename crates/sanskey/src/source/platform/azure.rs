//! Azure, beside its virtual machines, whose metadata service is an ordinary URL source.

use std::time::Duration;

use super::{checked_header, checked_url, missing};
use crate::config::Format;
use crate::desk::{Answer, Desk, Flow};
use crate::error::{Error, ErrorCode, Stage, path_in_words};
use crate::http::{HttpRequest, Method};
use crate::secret::Secret;
use crate::server::Server;
use crate::source::subject_token;
use crate::url::{encode, push_form_field};

const MANAGED_IDENTITY: Server = Server {
    name: "Azure's managed identity endpoint",
    stage: Stage::Source,
    timeout: Duration::from_secs(10),
    first_delay: Duration::from_millis(500),
    retry_unreachable: true,
    connection_hint: "",
    rejected: ErrorCode::SubjectTokenRejected,
    unavailable: ErrorCode::SubjectTokenUnavailable,
    malformed: ErrorCode::SubjectTokenMalformed,
};

const ENTRA: Server =
    Server { name: "Microsoft Entra", first_delay: Duration::from_secs(1), ..MANAGED_IDENTITY };

/// A managed identity of App Service, Functions or Container Apps:
/// <https://learn.microsoft.com/azure/app-service/overview-managed-identity>, "REST endpoint reference".
pub(super) fn of_app_service(desk: &mut Desk, resource: &str, client_id: Option<&str>) -> Flow<Secret> {
    const ENDPOINT: &str = "IDENTITY_ENDPOINT";
    const HEADER: &str = "IDENTITY_HEADER";
    let env = desk.env("env", &[ENDPOINT, HEADER])?;
    let (Some(endpoint), Some(header)) = (env.get(ENDPOINT), env.get(HEADER)) else {
        let hint = "Turn on a managed identity for the app. On a virtual machine use a configuration that gcloud wrote with --azure; in AKS the platform azure_workload_identity.";
        return Err(
            missing(&format!("Azure gives no token: {ENDPOINT} or {HEADER} is not set."), hint).into()
        );
    };
    desk.keep_secret(header);
    checked_url(ENDPOINT, endpoint.expose())?;
    checked_header(HEADER, header)?;
    let mut url = format!("{}?api-version=2019-08-01&resource=", endpoint.expose());
    url.extend(encode(resource));
    if let Some(client_id) = client_id {
        url.push_str("&client_id=");
        url.extend(encode(client_id));
    }
    let answer = desk.http("subject-token", &MANAGED_IDENTITY, &|_| {
        Ok(HttpRequest::new(Method::Get, &*url, MANAGED_IDENTITY.timeout)
            .header("accept", "application/json")
            .header("x-identity-header", header.clone())
            .bypassing_proxies())
    })?;
    let hint =
        "Check the resource, and that this identity is assigned to the app; the message is Azure's own.";
    access_token(&MANAGED_IDENTITY, &answer, hint)
}

/// A pod of AKS: <https://azure.github.io/azure-workload-identity/docs/>. The file is read anew on every
/// exchange. With a resource its token is exchanged at Entra, as
/// <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>, "Third case",
/// says; without one, the provider trusts the cluster's issuer itself.
pub(super) fn of_workload_identity(desk: &mut Desk, resource: Option<&str>) -> Flow<Secret> {
    const FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
    const CLIENT: &str = "AZURE_CLIENT_ID";
    const TENANT: &str = "AZURE_TENANT_ID";
    const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";
    const TOKEN: &str = "federated-token";
    const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
    let env = desk.env("env", &[FILE, CLIENT, TENANT, AUTHORITY])?;
    let unset = "Label the pod azure.workload.identity/use: \"true\" and give its service account the annotation azure.workload.identity/client-id; the webhook of AKS then sets the variables.";
    let Some(path) = env.get(FILE) else {
        return Err(missing(&format!("Azure gives no token: {FILE} is not set."), unset).into());
    };
    let hint = "The file is the one that AZURE_FEDERATED_TOKEN_FILE names. Where files cannot be read, use another source.";
    let text = desk.file(TOKEN, path.expose(), hint)?;
    let text = text.ok_or_else(|| {
        missing(&format!("There is no file {}.", path_in_words(path.expose())), unset).about_ask(TOKEN)
    })?;
    let token = subject_token::read(&Format::Text, &text).map_err(|problem| {
        let error = subject_token::invalid(&format!("The file {} {problem}.", path_in_words(path.expose())));
        error.about_ask(TOKEN).with_hint(unset)
    })?;
    let Some(resource) = resource else { return Ok(token) };

    desk.keep_secret(&token);
    let (Some(client), Some(tenant)) = (env.get(CLIENT), env.get(TENANT)) else {
        return Err(missing(
            &format!("Microsoft Entra cannot be asked: {CLIENT} or {TENANT} is not set."),
            unset,
        )
        .into());
    };
    let authority = env.get(AUTHORITY).map_or("https://login.microsoftonline.com/", Secret::expose);
    checked_url(AUTHORITY, authority)?;
    let mut url = format!("{}/", authority.trim_end_matches('/'));
    url.extend(encode(tenant.expose()));
    url.push_str("/oauth2/v2.0/token");
    let answer = desk.http("entra", &ENTRA, &|now| {
        subject_token::check_expiry(JWT, &token, now)?;
        let capacity = token.expose().len().saturating_mul(3).saturating_add(2048);
        let mut form = String::with_capacity(capacity);
        push_form_field(&mut form, "grant_type", "client_credentials");
        push_form_field(&mut form, "client_id", client.expose());
        // A slash at the end of the resource stays. Entra takes `/.default` away, and what is left is the
        // audience: <https://learn.microsoft.com/entra/identity-platform/scopes-oidc>, "Trailing slash".
        push_form_field(&mut form, "scope", &format!("{resource}/.default"));
        push_form_field(
            &mut form,
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        );
        push_form_field(&mut form, "client_assertion", token.expose());
        Ok(HttpRequest::new(Method::Post, &*url, ENTRA.timeout)
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form))
    })?;
    let hint = "Check the federated identity credential of the application (issuer, subject and audience of the pod), the tenant, and the resource; the message is Entra's own.";
    access_token(&ENTRA, &answer, hint)
}

fn access_token(server: &Server, answer: &Answer, hint: &'static str) -> Flow<Secret> {
    let text = server.accept(answer).map_err(|error: Error| match error.code() {
        ErrorCode::SubjectTokenRejected => error.with_hint(hint),
        _ => error,
    })?;
    let format = Format::Json { field: "access_token".to_owned() };
    Ok(subject_token::read(&format, &Secret::new(text)).map_err(|problem| {
        server
            .malformed(answer.response.status, &format!("with a text that {problem}"))
            .about_ask(&answer.ask_id)
    })?)
}
