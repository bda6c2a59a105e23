//! What an exchange does, in order. Every function runs from its top on every poll, over the replies that have
//! come so far.

use crate::config::{AuthorizedUser, CredentialConfig, Impersonation};
use crate::desk::{Answer, Desk, Flow};
use crate::error::Error;
use crate::goal::{CLOUD_PLATFORM_SCOPE, Goal, Options, Outcome, scopes_or_default};
use crate::http::{ClientCertificate, HttpRequest};
use crate::iam_credentials::{ID_TOKEN, SIGN};
use crate::impersonation::Who;
use crate::introspection::TokenInfo;
use crate::secret::Secret;
use crate::server::Server;
use crate::signed_url::{SignedUrl, SignedUrlRequest};
use crate::source::Proof;
use crate::sts::ClientAuthentication;
use crate::subject_token::describe_subject_token;
use crate::time::UnixTime;
use crate::token::Token;
use crate::{
    authorized_user, delegation, downscoping, iam_credentials, impersonation, introspection, source, sts,
};

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
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            delegated_token(desk, config, options, subject, &scopes, &url).map(Outcome::DelegatedAccessToken)
        }
        Goal::DownscopedAccessToken { scopes, access_boundary } => {
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            downscoped_token(desk, config, options, &scopes, access_boundary)
                .map(Outcome::DownscopedAccessToken)
        }
        Goal::IdToken { audience, include_email } => {
            let caller = caller(desk, config, options)?;
            let token = caller.ask(desk, "id-token", &ID_TOKEN, &|caller, _| {
                iam_credentials::id_token_request(
                    caller.account,
                    &caller.token.value,
                    audience,
                    *include_email,
                )
            })?;
            let token = iam_credentials::parse_id_token(&token, &caller.who)?;
            desk.keep_secret(&token.value);
            Ok(Outcome::IdToken(token))
        }
        Goal::Introspection { token } => {
            let url = config.checked_token_info_url(options.endpoints)?;
            introspection(desk, config, &url, token).map(Outcome::Introspection)
        }
        Goal::Revocation => {
            let url = config.checked_revoke_url(options.endpoints)?;
            revocation(desk, config, &url).map(|()| Outcome::Revocation)
        }
        Goal::SignBlob { payload } => {
            let caller = caller(desk, config, options)?;
            let answer = caller.ask(desk, "sign-blob", &SIGN, &|caller, _| {
                iam_credentials::sign_blob_request(caller.account, &caller.token.value, payload)
            })?;
            Ok(iam_credentials::parse_signed_blob(&answer, &caller.who).map(Outcome::SignBlob)?)
        }
        Goal::SignJwt { claims } => {
            let caller = caller(desk, config, options)?;
            let answer = caller.ask(desk, "sign-jwt", &SIGN, &|caller, _| {
                iam_credentials::sign_jwt_request(caller.account, &caller.token.value, claims)
            })?;
            Ok(iam_credentials::parse_signed_jwt(&answer, &caller.who).map(Outcome::SignJwt)?)
        }
        Goal::SignUrl(request) => signed_url(desk, config, options, request).map(Outcome::SignUrl),
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
    let Caller { mut token, certificate, account, .. } = caller(desk, config, options)?;
    let refresh_token = token.refresh_token.take();
    let certificate = certificate.as_ref();
    let token = service_account_token(desk, config, "impersonate", account, certificate, &token, scopes)?;
    Ok(Token { refresh_token, ..token })
}

/// Whoever may act as the configured service account.
struct Caller<'a> {
    who: Who<'a>,
    token: Token,
    certificate: Option<ClientCertificate>,
    account: &'a Impersonation,
}

/// A build of a request in the caller's name, for this time.
type Build<'f> = &'f dyn Fn(&Caller<'_>, UnixTime) -> Result<HttpRequest, Error>;

impl Caller<'_> {
    fn ask(&self, desk: &mut Desk, id: &str, server: &Server, build: Build<'_>) -> Flow<Answer> {
        desk.http(id, server, &|now| Ok(build(self, now)?.with_client_certificate(self.certificate.as_ref())))
    }
}

fn caller<'a>(desk: &mut Desk, config: &'a CredentialConfig, options: &Options) -> Flow<Caller<'a>> {
    config.check_endpoints(options)?;
    let (account, before) = config.last_impersonation()?;
    let (mut token, certificate) = first_token(desk, config, options, &[CLOUD_PLATFORM_SCOPE])?;
    let refresh_token = token.refresh_token.take();
    for account in before {
        let scopes = &[CLOUD_PLATFORM_SCOPE];
        let id = "impersonate-source";
        token = service_account_token(desk, config, id, account, certificate.as_ref(), &token, scopes)?;
    }
    let who = Who { audience: config.audience(), service_account: account.email() };
    Ok(Caller { who, token: Token { refresh_token, ..token }, certificate, account })
}

/// A JWT of the service account, and what it is worth at Google's OAuth 2.0 token endpoint.
fn delegated_token(
    desk: &mut Desk,
    config: &CredentialConfig,
    options: &Options,
    subject: &str,
    scopes: &[&str],
    token_url: &str,
) -> Flow<Token> {
    let caller = caller(desk, config, options)?;
    let email = config.service_account_email().unwrap_or_default();
    let answer = caller.ask(desk, "sign-jwt", &SIGN, &|caller, now| {
        let claims = delegation::claims(email, subject, scopes, token_url, now)?;
        iam_credentials::sign_jwt_request(caller.account, &caller.token.value, &claims)
    })?;
    let signed = iam_credentials::parse_signed_jwt(&answer, &caller.who)?;
    desk.keep_secret(&signed.jwt);
    let answer =
        desk.http("delegate", &delegation::SERVER, &|_| Ok(delegation::request(token_url, &signed.jwt)))?;
    let token = delegation::parse_answer(&answer)?;
    desk.keep_secret(&token.value);
    Ok(token)
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

fn signed_url(
    desk: &mut Desk,
    config: &CredentialConfig,
    options: &Options,
    request: &SignedUrlRequest,
) -> Flow<SignedUrl> {
    let caller = caller(desk, config, options)?;
    let email = config.service_account_email().unwrap_or_default();
    let prepare = |now| request.prepare(email, config.universe_domain(), now);
    let answer = caller.ask(desk, "sign-blob", &SIGN, &|caller, now| {
        let unsigned = prepare(now)?;
        iam_credentials::sign_blob_request(
            caller.account,
            &caller.token.value,
            unsigned.string_to_sign.as_bytes(),
        )
    })?;
    let signed = iam_credentials::parse_signed_blob(&answer, &caller.who)?;
    let signed_at = desk.built_for(&answer.ask_id);
    let url = prepare(signed_at)?.sign(&signed.signature);
    Ok(SignedUrl::new(url, signed_at.shifted(request.expires_in.into())))
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
    let token = sts::parse_answer(&answer).map_err(|error| {
        let now = answer.seen_at;
        let token = proof.subject_token(config, now).unwrap_or_default();
        let token = describe_subject_token(&token, proof.subject_token_type(config));
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
    // The end is told by the server's clock, and will be compared with the host's.
    let skew = desk.clock_correction().unwrap_or(0);
    token.expires_at = token.expires_at.shifted(skew.saturating_neg());
    desk.keep_secret(&token.value);
    Ok(token)
}
