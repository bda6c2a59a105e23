//! `credential_source.sanskey`: platforms that say in the environment where the workload's token is, so that
//! no path and no URL has to be configured. AIP-4117 has no field for them.

use super::fields::Fields;

/// A platform, and what may be said about its token.
#[derive(Clone, Debug, Hash)]
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
#[derive(Clone, Debug, Hash)]
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
    pub(super) fn read(source: &mut Fields<'_>) -> Option<Self> {
        let mut fields = source.object("sanskey")?;
        let platform = fields.required(Fields::text, "platform");
        let environment = |platform, variables: &[&str]| Self::Environment {
            platform,
            variables: variables.iter().map(|name| (*name).to_owned()).collect(),
        };
        Some(match platform.as_str() {
            "azure_app_service" => Self::AzureAppService {
                resource: fields.required(Fields::visible_text, "resource"),
                client_id: fields.visible_text("client_id"),
            },
            "azure_workload_identity" => {
                Self::AzureWorkloadIdentity { resource: fields.visible_text("resource") }
            }
            "bitbucket" => environment("Bitbucket Pipelines", &["BITBUCKET_STEP_OIDC_TOKEN"]),
            "buildkite" => Self::Buildkite { audience: fields.visible_text("audience") },
            "caller" => Self::Caller,
            "circleci" => environment("CircleCI", &["CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN"]),
            "environment" => {
                let variable = fields.required(Fields::visible_text, "variable");
                environment("The environment", &[&variable])
            }
            "fly_io" => Self::FlyIo { audience: fields.visible_text("audience") },
            "github_actions" => Self::GithubActions { audience: fields.visible_text("audience") },
            "gitlab" => {
                let variable = fields.visible_text("variable");
                environment("GitLab CI/CD", &[variable.as_deref().unwrap_or("GITLAB_OIDC_TOKEN")])
            }
            "oauth2_client_credentials" => Self::ClientCredentials(ClientCredentials::read(&mut fields)),
            "terraform_cloud" => environment("HCP Terraform", &["TFC_WORKLOAD_IDENTITY_TOKEN"]),
            "vercel" => environment("Vercel", &["VERCEL_OIDC_TOKEN"]),
            _ => {
                fields.invalid(
                    "platform",
                    "is none of azure_app_service, azure_workload_identity, bitbucket, buildkite, caller, circleci, environment, fly_io, github_actions, gitlab, oauth2_client_credentials, terraform_cloud and vercel",
                );
                return None;
            }
        })
    }
}

impl ClientCredentials {
    fn read(fields: &mut Fields<'_>) -> Self {
        let client_id = fields.required(Fields::text, "client_id");
        if client_id.contains(':') {
            // RFC 7617 section 2: the first colon ends the name.
            fields.invalid("client_id", "has a colon");
        }
        Self {
            token_url: fields.required(Fields::url, "token_url"),
            client_id,
            client_secret_variable: fields.required(Fields::visible_text, "client_secret_variable"),
            scope: fields.text("scope"),
            resource: fields.text("resource"),
            audience: fields.text("audience"),
        }
    }
}
