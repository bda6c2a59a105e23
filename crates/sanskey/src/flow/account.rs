//! What is done in the name of the configured service account: ID tokens, signatures, people.

use super::{service_account_token, token_to_ask_with};
use crate::config::{CredentialConfig, Impersonation};
use crate::delegation;
use crate::desk::{Answer, Build, Desk, Flow};
use crate::goal::{CLOUD_PLATFORM_SCOPE, Options};
use crate::http::ClientCertificate;
use crate::iam_credentials::{self, ID_TOKEN, SIGN, SignedBlob, SignedJwt};
use crate::impersonation::Who;
use crate::server::Server;
use crate::signed_url::{SignedUrl, SignedUrlRequest};
use crate::token::Token;

/// Whoever may act as the configured service account.
pub(super) struct Caller<'a> {
    pub(super) who: Who<'a>,
    pub(super) token: Token,
    pub(super) certificate: Option<ClientCertificate>,
    pub(super) account: &'a Impersonation,
}

impl Caller<'_> {
    fn ask(&self, desk: &mut Desk, id: &str, server: &Server, build: Build<'_>) -> Flow<Answer> {
        desk.http(id, server, &|now| Ok(build(now)?.with_client_certificate(self.certificate.as_ref())))
    }

    /// The same for what names the time.
    fn ask_on_time(&self, desk: &mut Desk, id: &str, server: &Server, build: Build<'_>) -> Flow<Answer> {
        desk.http_on_time(id, server, &|now| {
            Ok(build(now)?.with_client_certificate(self.certificate.as_ref()))
        })
    }
}

/// Up to the token that everything below is asked with.
pub(super) fn caller<'a>(
    desk: &mut Desk,
    config: &'a CredentialConfig,
    options: &Options,
) -> Flow<Caller<'a>> {
    config.check_endpoints(options)?;
    let (account, before) = config.last_impersonation()?;
    let (mut token, certificate) = token_to_ask_with(desk, config, options)?;
    let refresh_token = token.refresh_token.take();
    for account in before {
        let scopes = &[CLOUD_PLATFORM_SCOPE];
        let id = "impersonate-source";
        token = service_account_token(desk, config, id, account, certificate.as_ref(), &token, scopes)?;
    }
    let who = Who { audience: config.audience(), service_account: account.email() };
    Ok(Caller { who, token: Token { refresh_token, ..token }, certificate, account })
}

/// The account's ID token for this audience.
pub(super) fn id_token(
    desk: &mut Desk,
    caller: &Caller<'_>,
    audience: &str,
    include_email: bool,
) -> Flow<Token> {
    let answer = caller.ask(desk, "id-token", &ID_TOKEN, &|_| {
        iam_credentials::id_token_request(caller.account, &caller.token.value, audience, include_email)
    })?;
    let mut token = iam_credentials::parse_id_token(&answer, &caller.who)?;
    token.expires_at = answer.on_the_hosts_clock(token.expires_at, desk.clock_correction());
    desk.keep_secret(&token.value);
    Ok(token)
}

/// The account's signature of these bytes.
pub(super) fn signed_blob(desk: &mut Desk, caller: &Caller<'_>, payload: &[u8]) -> Flow<SignedBlob> {
    let answer = caller.ask(desk, "sign-blob", &SIGN, &|_| {
        iam_credentials::sign_blob_request(caller.account, &caller.token.value, payload)
    })?;
    Ok(iam_credentials::parse_signed_blob(&answer, &caller.who)?)
}

/// A JWT of the account with these claims.
pub(super) fn signed_jwt(desk: &mut Desk, caller: &Caller<'_>, claims: &str) -> Flow<SignedJwt> {
    let answer = caller.ask(desk, "sign-jwt", &SIGN, &|_| {
        iam_credentials::sign_jwt_request(caller.account, &caller.token.value, claims)
    })?;
    let signed = iam_credentials::parse_signed_jwt(&answer, &caller.who)?;
    desk.keep_secret(&signed.jwt);
    Ok(signed)
}

/// A URL of Cloud Storage with the account's signature of it.
pub(super) fn signed_url(
    desk: &mut Desk,
    caller: &Caller<'_>,
    universe_domain: &str,
    request: &SignedUrlRequest,
) -> Flow<SignedUrl> {
    let prepare = |now| request.prepare(caller.account.email(), universe_domain, now);
    let answer = caller.ask_on_time(desk, "sign-blob", &SIGN, &|now| {
        let unsigned = prepare(now)?;
        let bytes = unsigned.string_to_sign.as_bytes();
        iam_credentials::sign_blob_request(caller.account, &caller.token.value, bytes)
    })?;
    let signed = iam_credentials::parse_signed_blob(&answer, &caller.who)?;
    // The URL names the time that was signed.
    let signed_at = desk.built_for(&answer.ask_id);
    let url = prepare(signed_at)?.sign(&signed.signature);
    let end = signed_at.shifted(request.expires_in.into());
    Ok(SignedUrl::new(url, answer.on_the_hosts_clock(end, desk.clock_correction())))
}

/// A JWT of the account that claims to act for a person, and what it is worth at Google's OAuth 2.0 token
/// endpoint.
pub(super) fn token_of_person(
    desk: &mut Desk,
    caller: &Caller<'_>,
    subject: &str,
    scopes: &[&str],
    token_url: &str,
) -> Flow<Token> {
    let answer = caller.ask_on_time(desk, "sign-jwt", &SIGN, &|now| {
        let claims = delegation::claims(caller.account.email(), subject, scopes, token_url, now)?;
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
