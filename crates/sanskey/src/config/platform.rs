//! `credential_source.sanskey`: platforms that say in the environment where the workload's token is, so that
//! no path and no URL has to be configured. AIP-4117 has no field for them.

use super::fields::{Fields, missing};
use crate::error::Error;

/// A platform, and what may be said about its token.
#[derive(Clone, Debug)]
pub(crate) enum PlatformSource {
    /// A managed identity of App Service, Functions or Container Apps.
    AzureAppService {
        resource: String,
        client_id: Option<String>,
    },
    /// A pod of AKS with workload identity. With a resource the pod's token is exchanged at Microsoft Entra
    /// first; without one it is the proof itself.
    AzureWorkloadIdentity {
        resource: Option<String>,
    },
    Buildkite {
        audience: Option<String>,
    },
    /// The calling program supplies the token.
    Caller,
    ClientCredentials(ClientCredentials),
    /// The token is in a variable; the first one that is set.
    Environment {
        platform: &'static str,
        variables: Vec<String>,
    },
    FlyIo {
        audience: Option<String>,
    },
    GithubActions {
        audience: Option<String>,
    },
}

/// An OAuth 2.0 client of an identity provider of one's own, such as AD FS, which gives it a JWT.
#[derive(Clone, Debug)]
pub(crate) struct ClientCredentials {
    pub(crate) token_url: String,
    pub(crate) client_id: String,
    /// The environment variable that holds the client's password.
    pub(crate) client_secret_variable: String,
    pub(crate) scope: Option<String>,
    /// What AD FS calls the audience.
    pub(crate) resource: Option<String>,
    /// What most other providers call it.
    pub(crate) audience: Option<String>,
}

impl PlatformSource {
    pub(super) fn read(source: &mut Fields<'_>) -> Result<Self, Error> {
        let mut fields = source
            .object("sanskey")?
            .ok_or_else(|| missing("credential_source.sanskey", "It names the platform."))?;
        let platform = fields.required(Fields::text, "platform")?;
        let variables = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let environment = |platform, names| Ok(Self::Environment { platform, variables: variables(names) });
        match platform.as_str() {
            "azure_app_service" => Ok(Self::AzureAppService {
                resource: fields.required(Fields::visible_text, "resource")?,
                client_id: fields.visible_text("client_id")?,
            }),
            "azure_workload_identity" => {
                Ok(Self::AzureWorkloadIdentity { resource: fields.visible_text("resource")? })
            }
            "bitbucket" => environment("Bitbucket Pipelines", &["BITBUCKET_STEP_OIDC_TOKEN"]),
            "buildkite" => Ok(Self::Buildkite { audience: fields.visible_text("audience")? }),
            "caller" => Ok(Self::Caller),
            "circleci" => environment("CircleCI", &["CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN"]),
            "environment" => {
                let variable = fields.required(Fields::visible_text, "variable")?;
                Ok(Self::Environment { platform: "The environment", variables: vec![variable] })
            }
            "fly_io" => Ok(Self::FlyIo { audience: fields.visible_text("audience")? }),
            "github_actions" => Ok(Self::GithubActions { audience: fields.visible_text("audience")? }),
            "gitlab" => {
                let variable = fields.visible_text("variable")?;
                let variable = variable.unwrap_or_else(|| "GITLAB_OIDC_TOKEN".to_owned());
                Ok(Self::Environment { platform: "GitLab CI/CD", variables: vec![variable] })
            }
            "oauth2_client_credentials" => ClientCredentials::read(&mut fields).map(Self::ClientCredentials),
            "terraform_cloud" => environment("HCP Terraform", &["TFC_WORKLOAD_IDENTITY_TOKEN"]),
            "vercel" => environment("Vercel", &["VERCEL_OIDC_TOKEN"]),
            _ => Err(fields.invalid(
                "platform",
                "is none of azure_app_service, azure_workload_identity, bitbucket, buildkite, caller, circleci, environment, fly_io, github_actions, gitlab, oauth2_client_credentials, terraform_cloud and vercel",
            )),
        }
    }
}

impl ClientCredentials {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Error> {
        let client_id = fields.required(Fields::text, "client_id")?;
        if client_id.contains(':') {
            // RFC 7617 section 2: the first colon ends the name.
            return Err(fields.invalid("client_id", "has a colon"));
        }
        Ok(Self {
            token_url: fields.required(Fields::url, "token_url")?,
            client_id,
            client_secret_variable: fields.required(Fields::visible_text, "client_secret_variable")?,
            scope: fields.text("scope")?,
            resource: fields.text("resource")?,
            audience: fields.text("audience")?,
        })
    }
}
