//! The part of the command line that is about AWS STS, the issuers of web identity tokens, and IAM Identity Center.

use std::time::Duration;

use clap::Args;
use sanskey_emulator::{Role, Settings, Trust};

/// Roles that can be assumed, issuers of web identity tokens and who trusts them, and signing in.
#[derive(Args)]
pub(crate) struct StsArguments {
    /// Name or ARN of the role that pods may assume with their web identity token
    #[arg(long, value_name = "ROLE", default_value = "sanskey-irsa-role")]
    irsa_role: String,

    /// The pod's service account, as it stands in its web identity token
    #[arg(long, value_name = "SUBJECT", default_value = "system:serviceaccount:default:sanskey")]
    irsa_subject: String,

    /// URL of the cluster's issuer of web identity tokens
    #[arg(long, value_name = "URL", default_value_t = Settings::default().pod_issuer)]
    pod_issuer: String,

    /// Name or ARN of the role that everybody in the account may assume
    #[arg(long, value_name = "ROLE", default_value = "sanskey-hub-role")]
    hub_role: String,

    /// Name or ARN of the role that only the former may assume
    #[arg(long, value_name = "ROLE", default_value = "sanskey-spoke-role")]
    spoke_role: String,

    /// The external id that the latter demands; empty for none
    #[arg(long, value_name = "TEXT", default_value = "sanskey-external-id")]
    external_id: String,

    /// One more role that can be assumed: by everybody in the account, or by another role (repeatable)
    #[arg(
        long = "chain-role",
        value_name = "ROLE[,trusts=ROLE][,external-id=TEXT][,longest-session=SECONDS]",
        value_parser = chain_role
    )]
    chain_roles: Vec<Role>,

    /// URL of AWS's own issuer of web identity tokens (`GetWebIdentityToken`)
    #[arg(long, value_name = "URL", default_value_t = Settings::default().outbound_issuer)]
    outbound_issuer: String,

    /// Refuse `GetWebIdentityToken`, as in an account that has not enabled outbound web identity federation
    #[arg(long)]
    no_outbound_federation: bool,

    /// Full resource name of a second provider, which takes the tokens of AWS's own issuer
    #[arg(long, value_name = "NAME", default_value_t = Settings::default().oidc_audience)]
    oidc_audience: String,

    /// The issuer that the second provider trusts [default: AWS's own]
    #[arg(long, value_name = "URL")]
    oidc_issuer: Option<String>,

    /// An audience that the second provider allows (repeatable) [default: the provider's name]
    #[arg(long = "oidc-allowed-audience", value_name = "TEXT")]
    oidc_allowed_audiences: Vec<String>,

    /// Name of the permission set of IAM Identity Center
    #[arg(long, value_name = "NAME", default_value_t = Settings::default().sso_role)]
    sso_role: String,

    /// Start URL of IAM Identity Center
    #[arg(long, value_name = "URL", default_value_t = Settings::default().sso_start_url)]
    sso_start_url: String,
}

impl StsArguments {
    /// Writes what was given into settings.
    pub(crate) fn apply(&self, settings: &mut Settings) {
        let spoke = Role::new(&self.spoke_role, Trust::Role(self.hub_role.clone()));
        let external_id = Some(self.external_id.clone()).filter(|text| !text.is_empty());
        settings.roles = vec![
            Role::new(&self.irsa_role, Trust::Pod(self.irsa_subject.clone())),
            Role::new(&self.hub_role, Trust::Account),
            Role { external_id, ..spoke },
        ];
        settings.roles.extend(self.chain_roles.iter().cloned());
        settings.pod_issuer.clone_from(&self.pod_issuer);
        settings.outbound_issuer.clone_from(&self.outbound_issuer);
        settings.outbound_federation = !self.no_outbound_federation;
        settings.oidc_audience.clone_from(&self.oidc_audience);
        settings.oidc_issuer.clone_from(&self.oidc_issuer);
        settings.oidc_allowed_audiences.clone_from(&self.oidc_allowed_audiences);
        settings.sso_role.clone_from(&self.sso_role);
        settings.sso_start_url.clone_from(&self.sso_start_url);
    }
}

fn chain_role(text: &str) -> Result<Role, String> {
    let mut parts = text.split(',');
    let mut role = Role::new(parts.next().unwrap_or_default(), Trust::Account);
    for part in parts {
        match part.split_once('=') {
            Some(("trusts", name)) => role.trust = Trust::Role(name.to_owned()),
            Some(("external-id", text)) => role.external_id = Some(text.to_owned()),
            Some(("longest-session", seconds)) => {
                let seconds = seconds.parse().map_err(|_| format!("{seconds} is not a number of seconds"))?;
                role.longest_session = Duration::from_secs(seconds);
            }
            _ => return Err(format!("{part} is none of trusts=, external-id=, longest-session=")),
        }
    }
    Ok(role)
}
