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
    /// The token is in a variable; the first one that is set.
    Environment {
        platform: &'static str,
        variables: Vec<String>,
    },
    GithubActions {
        audience: Option<String>,
    },
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
            "circleci" => environment("CircleCI", &["CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN"]),
            "environment" => {
                let variable = fields.required(Fields::visible_text, "variable")?;
                Ok(Self::Environment { platform: "The environment", variables: vec![variable] })
            }
            "github_actions" => Ok(Self::GithubActions { audience: fields.visible_text("audience")? }),
            "gitlab" => {
                let variable = fields.visible_text("variable")?;
                let variable = variable.unwrap_or_else(|| "GITLAB_OIDC_TOKEN".to_owned());
                Ok(Self::Environment { platform: "GitLab CI/CD", variables: vec![variable] })
            }
            "terraform_cloud" => environment("HCP Terraform", &["TFC_WORKLOAD_IDENTITY_TOKEN"]),
            "vercel" => environment("Vercel", &["VERCEL_OIDC_TOKEN"]),
            _ => Err(fields.invalid(
                "platform",
                "is none of azure_app_service, azure_workload_identity, bitbucket, buildkite, circleci, environment, github_actions, gitlab, terraform_cloud and vercel",
            )),
        }
    }
}
