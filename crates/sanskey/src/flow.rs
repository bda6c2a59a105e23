//! What an exchange does, in order. Every function runs from its top on every poll, over the replies that have
//! come so far.

use crate::config::{AuthorizedUser, CredentialConfig, Impersonation};
use crate::desk::{Desk, Flow};
use crate::error::Error;
use crate::goal::{CLOUD_PLATFORM_SCOPE, Goal, Options, Outcome, scopes_or_default};
use crate::http::ClientCertificate;
use crate::introspection::TokenInfo;
use crate::secret::Secret;
use crate::source::Proof;
use crate::sts::ClientAuthentication;
use crate::token::Token;
use crate::{authorized_user, impersonation, introspection, source, sts};

/// From the beginning to the outcome, or to the first thing that is missing.
pub(crate) fn run(
    desk: &mut Desk,
    config: &CredentialConfig,
    goal: &Goal,
    options: &Options,
) -> Flow<Outcome> {
    match goal {
        Goal::AccessToken { scopes } => {
            config.check_endpoints(options)?;
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            let scopes = scopes_or_default(&scopes)?;
            access_token(desk, config, options, scopes).map(Outcome::AccessToken)
        }
        Goal::Introspection { token } => {
            let url = config.checked_token_info_url(options.endpoints)?;
            introspection(desk, config, &url, token).map(Outcome::Introspection)
        }
        Goal::Revocation => {
            let url = config.checked_revoke_url(options.endpoints)?;
            revocation(desk, config, &url).map(|()| Outcome::Revocation)
        }
    }
}

/// The first token itself or, where a service account is configured, that account's.
fn access_token(
    desk: &mut Desk,
    config: &CredentialConfig,
    options: &Options,
    scopes: &[&str],
) -> Flow<Token> {
    let Some((last, before)) = config.impersonations().split_last() else {
        return first_token(desk, config, options, scopes).map(|(token, _)| token);
    };
    let (mut token, certificate) = first_token(desk, config, options, &[CLOUD_PLATFORM_SCOPE])?;
    let refresh_token = token.refresh_token.take();
    let certificate = certificate.as_ref();
    for account in before {
        let scopes = &[CLOUD_PLATFORM_SCOPE];
        token = service_account_token(desk, "impersonate-source", account, certificate, &token, scopes)?;
    }
    let token = service_account_token(desk, "impersonate", last, certificate, &token, scopes)?;
    Ok(Token { refresh_token, ..token })
}

/// The token that the Security Token Service gives: to a workload for its proof, to a person for a refresh
/// token. With it comes the certificate that whoever uses the token has to present.
fn first_token(
    desk: &mut Desk,
    config: &CredentialConfig,
    options: &Options,
    scopes: &[&str],
) -> Flow<(Token, Option<ClientCertificate>)> {
    if let Some(client) = config.client() {
        desk.keep_secret(&client.client_secret);
    }
    if let Some((user, client)) = config.authorized_user() {
        if options.has_proof() {
            return Err(Error::invalid_argument(
                "A proof of identity, or what goes with one, is given beside the login of a person, which needs none.",
            )
            .into());
        }
        return refreshed_token(desk, config, user, client).map(|token| (token, None));
    }
    let proof = source::proof(desk, config, options)?;
    let token = federated_token(desk, config, options, &proof, scopes)?;
    Ok((token, proof.client_certificate().cloned()))
}

fn federated_token(
    desk: &mut Desk,
    config: &CredentialConfig,
    options: &Options,
    proof: &Proof,
    scopes: &[&str],
) -> Flow<Token> {
    let api_client = options.api_client.as_ref().map(|name| api_client(name, config));
    let fingerprint = if options.bind_to_certificate { Some(proof.certificate_fingerprint()?) } else { None };
    let answer = desk.http("sts", &sts::SERVER, &|now| {
        let subject_token = proof.subject_token(config, now)?;
        let mut exchange = sts::Exchange::new(
            config.token_url(),
            config.audience(),
            &subject_token,
            proof.subject_token_type(config),
        );
        exchange.scopes = scopes;
        exchange.actor = proof.actor(now)?;
        exchange.client = config.client();
        exchange.user_project = config.sts_user_project();
        exchange.bind_cert_fingerprint = fingerprint.as_deref();
        exchange.api_client = api_client.as_deref();
        Ok(sts::request(&exchange)?.with_client_certificate(proof.client_certificate()))
    })?;
    let token = sts::parse_answer(&answer)?;
    desk.keep_secret(&token.value);
    Ok(token)
}

/// Who asks and how, in the form that Google's own libraries give it.
fn api_client(name: &str, config: &CredentialConfig) -> String {
    let source = match config.source_kind() {
        "certificate" => "x509",
        "platform" => "programmatic",
        kind => kind,
    };
    format!(
        "{name} sanskey/{} google-byoid-sdk source/{source} sa-impersonation/{} config-lifetime/{}",
        env!("CARGO_PKG_VERSION"),
        !config.impersonations().is_empty(),
        config.has_token_lifetime(),
    )
}

fn refreshed_token(
    desk: &mut Desk,
    config: &CredentialConfig,
    user: &AuthorizedUser,
    client: &ClientAuthentication,
) -> Flow<Token> {
    desk.keep_secret(&user.refresh_token);
    let answer = desk.http("refresh", &sts::SERVER, &|_| {
        authorized_user::refresh_request(config.token_url(), &user.refresh_token, client)
    })?;
    let token = authorized_user::parse_refresh_answer(&answer)?;
    for secret in [Some(&token.value), token.refresh_token.as_ref()].into_iter().flatten() {
        desk.keep_secret(secret);
    }
    Ok(token)
}

fn introspection(desk: &mut Desk, config: &CredentialConfig, url: &str, token: &Secret) -> Flow<TokenInfo> {
    if token.is_empty() {
        return Err(Error::invalid_argument("The token that is asked about is empty.").into());
    }
    desk.keep_secret(token);
    if let Some(client) = config.client() {
        desk.keep_secret(&client.client_secret);
    }
    let answer =
        desk.http("introspect", &sts::SERVER, &|_| introspection::request(url, token, config.client()))?;
    Ok(introspection::parse_answer(&answer)?)
}

fn revocation(desk: &mut Desk, config: &CredentialConfig, url: &str) -> Flow<()> {
    let Some((user, client)) = config.authorized_user() else {
        return Err(Error::bug("Only an authorized user has a URL for revocation.").into());
    };
    desk.keep_secret(&user.refresh_token);
    desk.keep_secret(&client.client_secret);
    let answer = desk.http("revoke", &sts::SERVER, &|_| {
        authorized_user::revoke_request(url, &user.refresh_token, client)
    })?;
    Ok(authorized_user::check_revocation(&answer)?)
}

fn service_account_token(
    desk: &mut Desk,
    id: &str,
    account: &Impersonation,
    certificate: Option<&ClientCertificate>,
    token: &Token,
    scopes: &[&str],
) -> Flow<Token> {
    let delegates: Vec<&str> = account.delegates.iter().map(String::as_str).collect();
    let answer = desk.http(id, &impersonation::SERVER, &|_| {
        let request = impersonation::request(&impersonation::Impersonation {
            url: &account.url,
            token: &token.value,
            scopes,
            lifetime_seconds: account.lifetime_seconds,
            delegates: &delegates,
        })?;
        Ok(request.with_client_certificate(certificate))
    })?;
    let mut token = impersonation::parse_answer(&answer)?;
    // The end is told by the server's clock, and will be compared with the host's.
    let skew = desk.clock_correction().unwrap_or(0);
    token.expires_at = token.expires_at.shifted(skew.saturating_neg());
    desk.keep_secret(&token.value);
    Ok(token)
}
