//! What to get ([`Goal`]), under which conditions ([`Options`]), and what was got ([`Outcome`]).

use crate::aws;
use crate::config::EndpointPolicy;
use crate::error::{Error, ErrorCode};
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
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Goal {
    /// An access token for Google Cloud APIs.
    AccessToken {
        /// OAuth 2.0 scopes; none means [`CLOUD_PLATFORM_SCOPE`].
        scopes: Vec<String>,
    },
}

/// What an exchange has got.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// For [`Goal::AccessToken`].
    AccessToken(Token),
}

impl Outcome {
    /// The token, if it is one that was got.
    pub fn token(&self) -> Option<&Token> {
        match self {
            Self::AccessToken(token) => Some(token),
        }
    }
}

/// What the caller knows better than the configuration. `Options::default()` is right for production.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
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
    /// Which hosts the configuration may lead to.
    pub endpoints: EndpointPolicy,
    /// Random bytes, at least 8, which spread the retries of many workloads over time. With none,
    /// waiting times are not varied.
    pub entropy: Vec<u8>,
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

    /// The defaults, to be changed by the methods below.
    pub fn new() -> Self {
        Self::default()
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
}
