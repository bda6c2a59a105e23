//! The part of the command line that is about Azure and GitHub Actions.

use clap::{Args, ValueEnum};
use sanskey_emulator::{Azure, GithubActions, Identity, Settings, TokenVersion};

/// Managed identities, Microsoft Entra, and a job of GitHub Actions.
#[derive(Args)]
pub(crate) struct PlatformArguments {
    /// Id of the directory (tenant) of Microsoft Entra
    #[arg(long, value_name = "UUID", default_value_t = Azure::default().tenant)]
    azure_tenant: String,

    /// The machine or app has no identity of its own
    #[arg(long)]
    no_azure_system_identity: bool,

    /// Client id of an identity that is assigned to the machine or app (repeatable) [default: one identity]
    #[arg(long = "azure-user-identity", value_name = "UUID")]
    azure_user_identities: Vec<String>,

    /// No identity is assigned to the machine or app
    #[arg(long, conflicts_with = "azure_user_identities")]
    no_azure_user_identity: bool,

    /// Id URI of the application that tokens for Google are made out to (repeatable) [default: the provider's name]
    #[arg(long = "azure-app-id-uri", value_name = "URI")]
    azure_app_id_uris: Vec<String>,

    /// The version of access tokens that this application accepts
    #[arg(long, value_enum, value_name = "NUMBER", default_value_t = Version::V1)]
    azure_token_version: Version,

    /// The secret that App Service gives to an app as `IDENTITY_HEADER`
    #[arg(long, value_name = "TEXT", default_value_t = Azure::default().identity_header)]
    azure_identity_header: String,

    /// Client id of the application with a federated credential for pods of the cluster
    #[arg(long, value_name = "UUID", default_value_t = Azure::default().application_id)]
    azure_client_id: String,

    /// Subject of that federated credential
    #[arg(long, value_name = "SUBJECT", default_value_t = Azure::default().federated_subject)]
    azure_federated_subject: String,

    /// The token with which a job of GitHub Actions asks for its tokens
    #[arg(long, value_name = "TEXT", default_value_t = GithubActions::default().request_token)]
    github_request_token: String,

    /// The path at which a job asks; the query is api-version=2.0
    #[arg(long, value_name = "PATH", default_value_t = GithubActions::default().request_path)]
    github_request_path: String,

    /// The job has not the permission `id-token: write`
    #[arg(long)]
    no_github_permission: bool,

    /// The job's repository
    #[arg(long, value_name = "OWNER/NAME", default_value_t = GithubActions::default().repository)]
    github_repository: String,

    /// The job's branch or tag
    #[arg(long, value_name = "REF", default_value_t = GithubActions::default().git_ref)]
    github_ref: String,

    /// The job's environment, which then stands in the subject in place of the branch
    #[arg(long, value_name = "NAME")]
    github_environment: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Version {
    #[value(name = "1")]
    V1,
    #[value(name = "2")]
    V2,
}

impl PlatformArguments {
    /// Writes what was given into settings.
    pub(crate) fn apply(&self, settings: &mut Settings) {
        let azure = &mut settings.azure;
        azure.tenant.clone_from(&self.azure_tenant);
        if self.no_azure_system_identity {
            azure.system_identity = None;
        }
        if self.no_azure_user_identity || !self.azure_user_identities.is_empty() {
            azure.user_identities =
                self.azure_user_identities.iter().map(|id| Identity::assigned(id)).collect();
        }
        azure.app_id_uris.clone_from(&self.azure_app_id_uris);
        azure.token_version = match self.azure_token_version {
            Version::V1 => TokenVersion::V1,
            Version::V2 => TokenVersion::V2,
        };
        azure.identity_header.clone_from(&self.azure_identity_header);
        azure.application_id.clone_from(&self.azure_client_id);
        azure.federated_subject.clone_from(&self.azure_federated_subject);

        let job = &mut settings.github_actions;
        job.request_token.clone_from(&self.github_request_token);
        job.request_path.clone_from(&self.github_request_path);
        job.may_ask = !self.no_github_permission;
        job.repository.clone_from(&self.github_repository);
        job.git_ref.clone_from(&self.github_ref);
        job.environment.clone_from(&self.github_environment);
    }
}
