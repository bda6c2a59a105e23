//! A web identity: a token in a file, for which AWS gives the credentials of a role. EKS calls it IAM roles
//! for service accounts (IRSA).
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html>

use crate::aws::calls::{check_name, check_role_arn};
use crate::desk::{Desk, Env, Flow};
use crate::error::{Error, ErrorCode, Stage, path_in_words};
use crate::secret::Secret;
use crate::url::is_visible_ascii;

/// The variables that name one.
pub(super) const VARIABLES: [&str; 3] = [TOKEN_FILE, ROLE_ARN, "AWS_ROLE_SESSION_NAME"];

const TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
const ROLE_ARN: &str = "AWS_ROLE_ARN";

/// Which token, and whose credentials it is to give. The file is read anew on every exchange, since its
/// content is replaced about once an hour.
pub(super) struct WebIdentity {
    pub(super) token_file: String,
    pub(super) role_arn: String,
    pub(super) role_session_name: Option<String>,
}

impl WebIdentity {
    /// The one that the environment names. A role alone is none: CI systems set it for other ends.
    pub(super) fn in_environment(env: &Env) -> Result<Option<Self>, Error> {
        let Some(token_file) = env.get(TOKEN_FILE) else { return Ok(None) };
        let Some(role_arn) = env.get(ROLE_ARN) else {
            return Err(Error::new(
                ErrorCode::AwsCredentialsIncomplete,
                format!("The environment has {TOKEN_FILE}, but not {ROLE_ARN}."),
                "Set both variables; EKS does so for pods whose service account has a role. Or set neither.",
            )
            .at(Stage::Source));
        };
        let text = |secret: &Secret| secret.expose().to_owned();
        let identity = Self {
            token_file: text(token_file),
            role_arn: text(role_arn),
            role_session_name: env.get("AWS_ROLE_SESSION_NAME").map(text),
        };
        match identity.check() {
            Ok(()) => Ok(Some(identity)),
            Err((field, problem)) => {
                let variable = if field == "role_arn" { ROLE_ARN } else { "AWS_ROLE_SESSION_NAME" };
                Err(Error::new(
                    ErrorCode::AwsCredentialsInvalid,
                    format!("The value of {variable} {problem}."),
                    "Correct the variable; EKS sets it from the annotation eks.amazonaws.com/role-arn of the service account.",
                )
                .at(Stage::Source))
            }
        }
    }

    pub(super) fn check(&self) -> Result<(), crate::aws::calls::Problem> {
        check_role_arn(&self.role_arn)?;
        check_name("role_session_name", self.role_session_name.as_deref())
    }

    /// The token in the file, without the line break at its end.
    pub(super) fn token(&self, desk: &mut Desk) -> Flow<Secret> {
        const ID: &str = "web-identity-token";
        let hint = "The file is the one that AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file names. Where files cannot be read, give AWS credentials to sanskey.";
        let invalid = |problem: &str| {
            Error::new(
                ErrorCode::AwsWebIdentityTokenInvalid,
                format!(
                    "The file of the web identity token, {}, {problem}.",
                    path_in_words(&self.token_file)
                ),
                "See that the path in AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file is right, and that the token is mounted there. On EKS, the service account needs the annotation eks.amazonaws.com/role-arn before the pod starts.",
            )
            .at(Stage::Source)
            .about_ask(ID)
        };
        let Some(text) = desk.file(ID, &self.token_file, hint)? else {
            return Err(invalid("does not exist").into());
        };
        let token = Secret::new(text.expose().trim());
        desk.keep_secret(&token);
        if token.is_empty() {
            return Err(invalid("is empty").into());
        }
        if !is_visible_ascii(token.expose()) {
            return Err(invalid("holds something other than a token").into());
        }
        Ok(token)
    }
}
