//! What an exchange does, in order. Every function runs from its top on every poll, over the replies that have
//! come so far.

mod account;
mod login;

use crate::config::{CredentialConfig, Impersonation};
use crate::desk::{Desk, Flow};
use crate::error::Error;
use crate::goal::{CLOUD_PLATFORM_SCOPE, Goal, Options, Outcome, scopes_or_default};
use crate::http::ClientCertificate;
use crate::impersonation::Who;
use crate::memory::{Kept, TOKEN_MARGIN_SECONDS};
use crate::source::Proof;
use crate::subject_token::describe_subject_token;
use crate::token::Token;
use crate::{downscoping, impersonation, source, sts};
use account::Caller;

/// From the beginning to the outcome, or to the first thing that is missing.
pub(crate) fn run(
    desk: &mut Desk,
    config: &CredentialConfig,
    goal: &Goal,
    options: &Options,
) -> Flow<Outcome> {
    match goal {
        Goal::AccessToken { scopes } => {
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            access_token(desk, config, options, &scopes).map(Outcome::AccessToken)
        }
        Goal::DelegatedAccessToken { subject, scopes, token_url } => {
            let url = config.checked_oauth2_url(token_url.as_deref(), options.endpoints)?;
            let caller = account::caller(desk, config, options)?;
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            account::token_of_person(desk, &caller, subject, &scopes, &url).map(Outcome::DelegatedAccessToken)
        }
        Goal::DownscopedAccessToken { scopes, access_boundary } => {
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            downscoped_token(desk, config, options, &scopes, access_boundary)
                .map(Outcome::DownscopedAccessToken)
        }
        Goal::IdToken { audience, include_email } => {
            let caller = account::caller(desk, config, options)?;
            account::id_token(desk, &caller, audience, *include_email).map(Outcome::IdToken)
        }
        Goal::Introspection { token } => {
            let url = config.checked_token_info_url(options.endpoints)?;
            login::introspection(desk, config, &url, token).map(Outcome::Introspection)
        }
        Goal::Revocation => {
            let url = config.checked_revoke_url(options.endpoints)?;
            login::revocation(desk, config, &url).map(|()| Outcome::Revocation)
        }
        Goal::SignBlob { payload } => {
            let caller = account::caller(desk, config, options)?;
            account::signed_blob(desk, &caller, payload).map(Outcome::SignBlob)
        }
        Goal::SignJwt { claims } => {
            let caller = account::caller(desk, config, options)?;
            account::signed_jwt(desk, &caller, claims).map(Outcome::SignJwt)
        }
        Goal::SignUrl(request) => {
            let caller = account::caller(desk, config, options)?;
            account::signed_url(desk, &caller, config.universe_domain(), request).map(Outcome::SignUrl)
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
    config.check_endpoints(options)?;
    let scopes = scopes_or_default(scopes)?;
    if config.impersonations().is_empty() {
        return first_token(desk, config, options, scopes).map(|(token, _)| token);
    }
    let Caller { mut token, certificate, account, .. } = account::caller(desk, config, options)?;
    let refresh_token = token.refresh_token.take();
    let certificate = certificate.as_ref();
    let token = service_account_token(desk, config, "impersonate", account, certificate, &token, scopes)?;
    Ok(Token { refresh_token, ..token })
}

/// An access token, and then a weaker one in its place.
fn downscoped_token(
    desk: &mut Desk,
    config: &CredentialConfig,
    options: &Options,
    scopes: &[&str],
    access_boundary: &str,
) -> Flow<Token> {
    downscoping::check(access_boundary)?;
    let whole = access_token(desk, config, options, scopes)?;
    let answer = desk.http("downscope", &sts::SERVER, &|_| {
        Ok(downscoping::request(&config.token_exchange_url(), &whole, access_boundary))
    })?;
    let mut token = downscoping::parse_answer(&answer, &whole)?;
    token.refresh_token = whole.refresh_token;
    desk.keep_secret(&token.value);
    Ok(token)
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
        return login::refreshed_token(desk, config, user, client).map(|token| (token, None));
    }
    let proof = source::proof(desk, config, options)?;
    let token = federated_token(desk, config, options, &proof, scopes)?;
    Ok((token, proof.client_certificate().cloned()))
}

/// The token that a service account is asked with, which may be one from before.
fn token_to_ask_with(
    desk: &mut Desk,
    config: &CredentialConfig,
    options: &Options,
) -> Flow<(Token, Option<ClientCertificate>)> {
    // It depends on nothing but the configuration: whoever got it is who asks.
    const CIRCUMSTANCES: &str = "";
    if let Some(token) = desk.recall(Some(CIRCUMSTANCES), |memory| memory.federated_token.as_ref()) {
        desk.keep_secret(&token.value);
        return Ok((token, None));
    }
    let (token, certificate) = first_token(desk, config, options, &[CLOUD_PLATFORM_SCOPE])?;
    // One that is good with a certificate only is got anew with the certificate.
    desk.learned.federated_token = certificate.is_none().then(|| Kept {
        circumstances: CIRCUMSTANCES.to_owned(),
        until: token.expires_at.shifted(-TOKEN_MARGIN_SECONDS),
        value: Token { refresh_token: None, ..token.clone() },
    });
    Ok((token, certificate))
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
    let token = sts::parse_answer(&answer).map_err(|error| {
        let now = answer.seen_at;
        let token = proof.subject_token(config, now).unwrap_or_default();
        let token = describe_subject_token(&token, proof.subject_token_type(config), config.audience());
        sts::explain(error, &sts::Sent { audience: config.audience(), token, now })
    })?;
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

fn service_account_token(
    desk: &mut Desk,
    config: &CredentialConfig,
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
    let who = Who { audience: config.audience(), service_account: account.email() };
    let mut token = impersonation::parse_answer(&answer, &who)?;
    token.expires_at = answer.on_the_hosts_clock(token.expires_at, desk.clock_correction());
    desk.keep_secret(&token.value);
    Ok(token)
}
