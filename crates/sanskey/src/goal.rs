//! What to get ([`Goal`]), under which conditions ([`Options`]), and what was got ([`Outcome`]).

use crate::aws;
use crate::config::EndpointPolicy;
use crate::error::{Error, ErrorCode};
use crate::iam_credentials::{SignedBlob, SignedJwt};
use crate::introspection::TokenInfo;
use crate::secret::Secret;
use crate::signed_url::{SignedUrl, SignedUrlRequest};
use crate::token::Token;
use crate::url::is_visible_ascii;

/// The scope that lets IAM alone decide: <https://cloud.google.com/docs/authentication/token-types>.
pub const CLOUD_PLATFORM_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The scopes to ask for: those given, or else [`CLOUD_PLATFORM_SCOPE`].
pub(crate) fn scopes_or_default<'a>(scopes: &'a [&'a str]) -> Result<&'a [&'a str], Error> {
    if scopes.is_empty() {
        return Ok(&[CLOUD_PLATFORM_SCOPE]);
    }
    // RFC 6749 section 3.3: a scope is visible ASCII without quotes and backslashes.
    if scopes.iter().all(|scope| is_visible_ascii(scope) && !scope.contains(['"', '\\'])) {
        return Ok(scopes);
    }
    Err(Error::new(
        ErrorCode::InvalidArgument,
        "A scope is empty, or has a character that a scope cannot have.",
        "Give each scope as a text of its own, such as https://www.googleapis.com/auth/cloud-platform.",
    ))
}

/// What an exchange is to get.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Goal {
    /// An access token for Google Cloud APIs.
    AccessToken {
        /// OAuth 2.0 scopes; none means [`CLOUD_PLATFORM_SCOPE`].
        scopes: Vec<String>,
    },
    /// An access token for a person of a Google Workspace domain, for whom the service account acts
    /// (domain-wide delegation).
    DelegatedAccessToken {
        /// The person's address.
        subject: String,
        /// What an administrator has allowed the service account to do for people; at least one.
        scopes: Vec<String>,
        /// The token endpoint, by default `https://oauth2.googleapis.com/token`.
        token_url: Option<String>,
    },
    /// An access token that is good for less than the configuration allows.
    DownscopedAccessToken {
        /// OAuth 2.0 scopes; none means [`CLOUD_PLATFORM_SCOPE`].
        scopes: Vec<String>,
        /// A Credential Access Boundary as JSON, `{"accessBoundaryRules": […]}`.
        access_boundary: String,
    },
    /// An `OpenID` Connect token of the service account, for services that want to know who calls.
    IdToken {
        /// Whom it is for, such as the URL of a Cloud Run service.
        audience: String,
        /// Whether the account's address is in it.
        include_email: bool,
    },
    /// What Google's Security Token Service knows of a federated token: whose it is, and whether it is good.
    Introspection {
        /// A token of this configuration without a service account.
        token: Secret,
    },
    /// The end of the refresh token of an `external_account_authorized_user`.
    Revocation,
    /// A signature of the service account.
    SignBlob {
        /// What is signed.
        payload: Vec<u8>,
    },
    /// A JWT that the service account signs.
    SignJwt {
        /// Its claims, the text of a JSON object.
        claims: String,
    },
    /// A URL of Cloud Storage that carries the service account's permission.
    SignUrl(SignedUrlRequest),
}

/// What an exchange has got.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// For [`Goal::AccessToken`].
    AccessToken(Token),
    /// For [`Goal::DelegatedAccessToken`].
    DelegatedAccessToken(Token),
    /// For [`Goal::DownscopedAccessToken`].
    DownscopedAccessToken(Token),
    /// For [`Goal::IdToken`].
    IdToken(Token),
    /// For [`Goal::Introspection`].
    Introspection(TokenInfo),
    /// For [`Goal::Revocation`]: it is done.
    Revocation,
    /// For [`Goal::SignBlob`].
    SignBlob(SignedBlob),
    /// For [`Goal::SignJwt`].
    SignJwt(SignedJwt),
    /// For [`Goal::SignUrl`].
    SignUrl(SignedUrl),
}

impl Outcome {
    /// The token, if it is one that was got.
    pub fn token(&self) -> Option<&Token> {
        match self {
            Self::AccessToken(token)
            | Self::DelegatedAccessToken(token)
            | Self::DownscopedAccessToken(token)
            | Self::IdToken(token) => Some(token),
            Self::Introspection(_)
            | Self::Revocation
            | Self::SignBlob(_)
            | Self::SignJwt(_)
            | Self::SignUrl(_) => None,
        }
    }
}

/// A proof of who acts for the workload (RFC 8693 section 2.1), in place of that of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ActorToken {
    /// The proof.
    pub token: Secret,
    /// Its kind: `urn:ietf:params:oauth:token-type:jwt` or `…:id_token`.
    pub token_type: String,
}

impl ActorToken {
    /// An actor token from its parts.
    pub fn new(token: impl Into<Secret>, token_type: impl Into<String>) -> Self {
        Self { token: token.into(), token_type: token_type.into() }
    }
}

/// What the caller knows better than the configuration. `Options::default()` is right for production.
#[derive(Clone, Debug, Default, Hash)]
#[non_exhaustive]
pub struct Options {
    /// A proof of who acts for the workload, to be sent along with the workload's own.
    pub actor_token: Option<ActorToken>,
    /// What asks, such as `gl-python/3.14.0`: Google's Security Token Service is told, with this crate's version and the
    /// kind of source, in the header `x-goog-api-client`. Without it that header is not sent.
    pub api_client: Option<String>,
    /// Roles to take on in AWS, one after the other. They replace those of the configuration, also if there
    /// are none in the list.
    pub aws_assume_role: Option<Vec<aws::AssumeRole>>,
    /// AWS credentials to use in place of those of the environment.
    pub aws_credentials: Option<aws::Credentials>,
    /// Makes a session of an IAM user's credentials before anything else is done with them.
    pub aws_get_session_token: Option<aws::GetSessionToken>,
    /// A profile of the AWS configuration files to use in place of the environment. An empty one counts as
    /// none; together with `aws_credentials` it is `invalid_argument`.
    pub aws_profile: Option<String>,
    /// The AWS region to use in place of that of the environment. An empty one counts as none.
    pub aws_region: Option<String>,
    /// Proves the identity by a JWT that AWS signs, in place of a signed `GetCallerIdentity` request.
    pub aws_web_identity_token: Option<aws::GetWebIdentityToken>,
    /// Binds the federated token to the certificate of an X.509 source: whoever has the token cannot use it
    /// without the key of that certificate.
    pub bind_to_certificate: bool,
    /// Which hosts the configuration may lead to.
    pub endpoints: EndpointPolicy,
    /// Random bytes, at least 8, which spread the retries of many workloads over time. With none,
    /// waiting times are not varied.
    pub entropy: Vec<u8>,
    /// The proof of identity itself, of the configuration's `subject_token_type`; nothing is asked of the
    /// source then.
    pub subject_token: Option<Secret>,
    /// Hosts, such as `idp.example.com`, that may give the workload its token over https, beside those that
    /// `endpoints` allows. The configuration alone cannot choose a host that is not known.
    pub token_servers: Vec<String>,
}

impl Options {
    /// What AWS is to be asked for before the exchange: what the caller says, else the configuration.
    pub(crate) fn aws_calls(&self, configured: &aws::Calls) -> aws::Calls {
        let configured = configured.clone();
        aws::Calls {
            get_session_token: self.aws_get_session_token.clone().or(configured.get_session_token),
            assume_role: self.aws_assume_role.clone().unwrap_or(configured.assume_role),
            get_web_identity_token: self.aws_web_identity_token.clone().or(configured.get_web_identity_token),
        }
    }

    /// Whether the caller supplies a proof of identity, or says how one is to be got or used.
    pub(crate) fn has_proof(&self) -> bool {
        self.subject_token.is_some()
            || self.actor_token.is_some()
            || self.bind_to_certificate
            || self.aws_credentials.is_some()
            || self.aws_assume_role.is_some()
            || self.aws_get_session_token.is_some()
            || self.aws_profile.is_some()
            || self.aws_web_identity_token.is_some()
    }

    /// The defaults, to be changed by the methods below.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends this proof of who acts for the workload.
    #[must_use]
    pub fn actor_token(mut self, actor: ActorToken) -> Self {
        self.actor_token = Some(actor);
        self
    }

    /// Tells Google what asks.
    #[must_use]
    pub fn api_client(mut self, name: impl Into<String>) -> Self {
        self.api_client = Some(name.into());
        self
    }

    /// Takes on this role in AWS, with the credentials of the role before it.
    #[must_use]
    pub fn aws_assume_role(mut self, role: aws::AssumeRole) -> Self {
        self.aws_assume_role.get_or_insert_default().push(role);
        self
    }

    /// Uses these credentials instead of looking for some.
    #[must_use]
    pub fn aws_credentials(mut self, credentials: aws::Credentials) -> Self {
        self.aws_credentials = Some(credentials);
        self
    }

    /// Asks for a session of the IAM user whose credentials are found.
    #[must_use]
    pub fn aws_get_session_token(mut self, call: aws::GetSessionToken) -> Self {
        self.aws_get_session_token = Some(call);
        self
    }

    /// Uses this profile of the AWS configuration files.
    #[must_use]
    pub fn aws_profile(mut self, name: impl Into<String>) -> Self {
        self.aws_profile = Some(name.into());
        self
    }

    /// Uses this region instead of looking for it.
    #[must_use]
    pub fn aws_region(mut self, region: impl Into<String>) -> Self {
        self.aws_region = Some(region.into());
        self
    }

    /// Proves the identity by a JWT that AWS signs.
    #[must_use]
    pub fn aws_web_identity_token(mut self, call: aws::GetWebIdentityToken) -> Self {
        self.aws_web_identity_token = Some(call);
        self
    }

    /// Binds the federated token to the certificate of an X.509 source.
    #[must_use]
    pub fn bind_to_certificate(mut self) -> Self {
        self.bind_to_certificate = true;
        self
    }

    /// Loosens which hosts the configuration may lead to.
    #[must_use]
    pub fn endpoints(mut self, policy: EndpointPolicy) -> Self {
        self.endpoints = policy;
        self
    }

    /// Gives the random bytes that waiting times are varied with.
    #[must_use]
    pub fn entropy(mut self, entropy: impl Into<Vec<u8>>) -> Self {
        self.entropy = entropy.into();
        self
    }

    /// Proves the identity by this.
    #[must_use]
    pub fn subject_token(mut self, token: impl Into<Secret>) -> Self {
        self.subject_token = Some(token.into());
        self
    }

    /// Lets this host give the workload its token.
    #[must_use]
    pub fn token_server(mut self, host: impl Into<String>) -> Self {
        self.token_servers.push(host.into());
        self
    }
}
