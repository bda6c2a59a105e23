//! Google's IAM Credentials API: tokens and signatures of a service account, for those who may become it.
//!
//! Source: the reference of `projects.serviceAccounts`
//! (<https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts>); error texts as users
//! and measurements report them, and "inferred" where none is known.
//!
//! Which permission a method needs, and which of the two roles that the caller can have has it, is in IAM's list of
//! roles: `roles/iam.workloadIdentityUser` has the permissions for tokens, and `roles/iam.serviceAccountTokenCreator`
//! those and the ones for signatures.

mod access_token;
mod fields;
mod id_token;
mod signatures;

use http::Method as HttpMethod;
use percent_encoding::percent_decode_str;
use serde_json::json;
use time::OffsetDateTime;

use self::fields::Fields;
use crate::{
    answers::{Answer, Request, error_info, google_error, not_found},
    certificates,
    settings::Settings,
    store::{Store, TokenHolder},
};

const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
const IAM: &str = "https://www.googleapis.com/auth/iam";

const PREFIX: &str = "/v1/projects/-/serviceAccounts/";

/// A method of the API.
#[derive(Clone, Copy)]
pub(crate) enum Method {
    AccessToken,
    IdToken,
    SignBlob,
    SignJwt,
}

impl Method {
    const ALL: [Self; 4] = [Self::AccessToken, Self::IdToken, Self::SignBlob, Self::SignJwt];

    /// How it stands in a path.
    fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "generateAccessToken",
            Self::IdToken => "generateIdToken",
            Self::SignBlob => "signBlob",
            Self::SignJwt => "signJwt",
        }
    }

    /// How it stands in the definition of the service.
    fn full_name(self) -> String {
        let name = self.name();
        format!("google.iam.credentials.v1.IAMCredentials.{}{}", name[..1].to_uppercase(), &name[1..])
    }

    fn permission(self) -> &'static str {
        match self {
            Self::AccessToken => "iam.serviceAccounts.getAccessToken",
            Self::IdToken => "iam.serviceAccounts.getOpenIdToken",
            Self::SignBlob => "iam.serviceAccounts.signBlob",
            Self::SignJwt => "iam.serviceAccounts.signJwt",
        }
    }

    /// Whether one of the caller's roles has the permission.
    fn is_granted(self, settings: &Settings) -> bool {
        match self {
            Self::AccessToken | Self::IdToken => settings.workload_identity_user || settings.token_creator,
            Self::SignBlob | Self::SignJwt => settings.token_creator,
        }
    }
}

/// The service account and the method of a path that belongs to this API.
pub(crate) fn target(path: &str) -> Option<(String, Method)> {
    // Some clients percent-encode the colon and the at sign, as a path allows.
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let (account, name) = path.strip_prefix(PREFIX)?.rsplit_once(':')?;
    let method = Method::ALL.into_iter().find(|method| method.name() == name)?;
    Some((account.to_owned(), method))
}

/// Answers a method for the service account named in the path.
pub(crate) fn answer(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    (service_account, method): (&str, Method),
    now: OffsetDateTime,
) -> Answer {
    if request.method != HttpMethod::POST {
        return not_found();
    }
    let call = Call { settings, service_account, method, now };
    call.answer(store, request).unwrap_or_else(|refusal| refusal)
}

/// What is called.
struct Call<'a> {
    settings: &'a Settings,
    service_account: &'a str,
    method: Method,
    now: OffsetDateTime,
}

impl Call<'_> {
    fn answer(&self, store: &mut Store, request: &Request) -> Result<Answer, Answer> {
        self.authenticate(store, request)?;
        let fields = Fields::of(&request.body)?;
        match self.method {
            Method::AccessToken => access_token::generate(self, store, &fields),
            Method::IdToken => id_token::generate(self, store, &fields),
            Method::SignBlob => signatures::sign_blob(self, store, &fields),
            Method::SignJwt => signatures::sign_jwt(self, store, &fields),
        }
    }

    /// The caller is a federated identity whose token is valid and covers this API.
    fn authenticate(&self, store: &Store, request: &Request) -> Result<(), Answer> {
        if !request.headers.contains_key("authorization") {
            return Err(unauthenticated(
                "Request is missing required authentication credential.",
                "CREDENTIALS_MISSING",
            ));
        }
        let token = request
            .bearer()
            .and_then(|token| store.google_token(token, self.now))
            .filter(|token| matches!(token.holder, TokenHolder::Federated(_)))
            // Boundaries are for Cloud Storage only.
            .filter(|token| token.boundary.is_none())
            // How Google words the refusal of a bound token without its certificate is not known.
            .filter(|token| certificates::is_shown_if_bound(token.bound_to.as_deref(), request))
            .ok_or_else(|| {
                unauthenticated(
                    "Request had invalid authentication credentials.",
                    "ACCESS_TOKEN_TYPE_UNSUPPORTED",
                )
            })?;
        if !token.scopes.iter().any(|scope| scope == CLOUD_PLATFORM || scope == IAM) {
            let metadata =
                json!({ "service": "iamcredentials.googleapis.com", "method": self.method.full_name() });
            return Err(google_error(
                403,
                "PERMISSION_DENIED",
                "Request had insufficient authentication scopes.",
                vec![error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", &metadata)],
            ));
        }
        Ok(())
    }

    /// The caller may do this with the service account. The emulated world has one account, and it delegates to
    /// nobody; one that does not exist gets the same answer as one that may not be used.
    fn authorize(&self, fields: &Fields) -> Result<(), Answer> {
        let has_delegates = !fields.texts("delegates")?.is_empty();
        let is_known = self.service_account == self.settings.service_account;
        if is_known && !has_delegates && self.method.is_granted(self.settings) {
            return Ok(());
        }
        let permission = self.method.permission();
        let metadata = json!({
            "permission": permission,
            "resource": format!("projects/-/serviceAccounts/{}", self.service_account),
        });
        Err(google_error(
            403,
            "PERMISSION_DENIED",
            &format!("Permission '{permission}' denied on resource (or it may not exist)."),
            vec![error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", &metadata)],
        ))
    }
}

fn unauthenticated(problem: &str, reason: &str) -> Answer {
    let message = format!(
        "{problem} Expected OAuth 2 access token, login cookie or other valid authentication credential. See \
         https://developers.google.com/identity/sign-in/web/devconsole-project."
    );
    let metadata = json!({ "service": "iamcredentials.googleapis.com" });
    google_error(401, "UNAUTHENTICATED", &message, vec![error_info(reason, "googleapis.com", &metadata)])
        .with_header("www-authenticate", "Bearer realm=\"https://accounts.google.com/\"")
}

fn invalid_argument(message: &str) -> Answer {
    google_error(400, "INVALID_ARGUMENT", message, Vec::new())
}
