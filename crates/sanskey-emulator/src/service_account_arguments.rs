//! The part of the command line that is about the service account: who may become it, and whom it acts for.

use clap::Args;
use sanskey_emulator::Settings;

use crate::Switch;

/// The service account.
#[derive(Args)]
pub(crate) struct ServiceAccountArguments {
    /// The service account that may be impersonated
    #[arg(long, value_name = "EMAIL", default_value_t = Settings::default().service_account)]
    service_account: String,

    /// The number by which Google knows it: `sub` of its ID tokens
    #[arg(long, value_name = "DIGITS", default_value_t = Settings::default().service_account_id)]
    service_account_id: String,

    /// Whether workloads have `roles/iam.workloadIdentityUser` on it: access tokens and ID tokens
    #[arg(long, value_enum, value_name = "SWITCH", default_value_t = Switch::On)]
    workload_identity_user: Switch,

    /// Whether workloads have `roles/iam.serviceAccountTokenCreator` on it: the same, and signatures
    #[arg(long, value_enum, value_name = "SWITCH", default_value_t = Switch::On)]
    token_creator: Switch,

    /// A person of a Google Workspace domain for whom it may act (repeatable) [default: ana@example.com]
    #[arg(long = "person", value_name = "EMAIL")]
    people: Vec<String>,

    /// A scope for which it may do so (repeatable; an empty one for none) [default: calendar.readonly and
    /// drive.readonly]
    #[arg(long = "delegated-scope", value_name = "SCOPE")]
    delegated_scopes: Vec<String>,

    /// A bucket of Cloud Storage (repeatable); the first one is the one that the emulator's own address leads to
    /// [default: sanskey-demo-bucket, sanskey-other-bucket]
    #[arg(long = "bucket", value_name = "NAME")]
    buckets: Vec<String>,

    /// Let service account tokens live for up to 12 hours instead of one
    #[arg(long)]
    lifetime_extension: bool,
}

impl ServiceAccountArguments {
    /// Writes what was given into settings.
    pub(crate) fn apply(&self, settings: &mut Settings) {
        settings.service_account.clone_from(&self.service_account);
        settings.service_account_id.clone_from(&self.service_account_id);
        settings.workload_identity_user = self.workload_identity_user == Switch::On;
        settings.token_creator = self.token_creator == Switch::On;
        for (given, setting) in [
            (&self.people, &mut settings.people),
            (&self.delegated_scopes, &mut settings.delegated_scopes),
            (&self.buckets, &mut settings.buckets),
        ] {
            if !given.is_empty() {
                *setting = given.iter().filter(|text| !text.is_empty()).cloned().collect();
            }
        }
        settings.lifetime_extension = self.lifetime_extension;
    }
}
