//! The credential configuration with which a client finds this emulator.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    aws_roles::{self, Trust},
    settings::Settings,
};

const AWS4_REQUEST: &str = "urn:ietf:params:aws:token-type:aws4_request";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const VERIFICATION_URL: &str =
    "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";

/// An `external_account` file in the order in which gcloud writes it.
#[derive(Serialize)]
struct CredentialConfig<'a> {
    universe_domain: &'a str,
    r#type: &'a str,
    audience: &'a str,
    subject_token_type: &'a str,
    token_url: String,
    credential_source: CredentialSource<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_account_impersonation_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sanskey: Option<Value>,
}

/// Which way a client is to take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// A signed request, from the workload's own role.
    Direct,
    /// A signed request, from the last of the settings' roles that trust each other.
    RoleChain,
    /// A web identity token of AWS.
    WebIdentity,
}

#[derive(Serialize)]
struct CredentialSource<'a> {
    environment_id: &'a str,
    region_url: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    regional_cred_verification_url: Option<&'a str>,
    imdsv2_session_token_url: String,
}

/// The configuration as JSON text, with or without impersonation of the service account.
pub(crate) fn json(url: &str, settings: &Settings, way: Way, impersonate: bool) -> String {
    let impersonation =
        || format!("{url}/v1/projects/-/serviceAccounts/{}:generateAccessToken", settings.service_account);
    let signs = way != Way::WebIdentity;
    let config = CredentialConfig {
        universe_domain: "googleapis.com",
        r#type: "external_account",
        audience: if signs { &settings.audience } else { &settings.oidc_audience },
        subject_token_type: if signs { AWS4_REQUEST } else { JWT },
        token_url: format!("{url}/v1/token"),
        credential_source: CredentialSource {
            environment_id: "aws1",
            region_url: format!("{url}/latest/meta-data/placement/availability-zone"),
            url: format!("{url}/latest/meta-data/iam/security-credentials"),
            // Signed for, and never called by the client: it stays AWS's own.
            regional_cred_verification_url: signs.then_some(VERIFICATION_URL),
            imdsv2_session_token_url: format!("{url}/latest/api/token"),
        },
        service_account_impersonation_url: impersonate.then(impersonation),
        sanskey: match way {
            Way::Direct => None,
            Way::RoleChain => Some(json!({ "aws_assume_role": hops(settings) })),
            Way::WebIdentity => Some(json!({ "aws_web_identity_token": {} })),
        },
    };
    serde_json::to_string_pretty(&config).expect("a configuration of texts has a JSON form")
}

/// The first role that everybody may assume, and then from each the first that trusts it.
fn hops(settings: &Settings) -> Vec<Value> {
    let mut hops = Vec::new();
    let mut next = settings.roles.iter().find(|role| role.trust == Trust::Account);
    // A role that is reached again ends the chain.
    while let Some(role) = next.filter(|_| hops.len() < settings.roles.len()) {
        let arn = aws_roles::arn(&role.name, settings);
        let mut hop = json!({ "role_arn": arn });
        if let Some(external_id) = &role.external_id {
            hop["external_id"] = json!(external_id);
        }
        hops.push(hop);
        let trusts =
            |trust: &Trust| matches!(trust, Trust::Role(name) if aws_roles::arn(name, settings) == arn);
        next = settings.roles.iter().find(|role| trusts(&role.trust));
    }
    hops
}
