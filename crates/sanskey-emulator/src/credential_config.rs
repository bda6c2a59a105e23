//! The credential configuration with which a client finds this emulator.

use serde::Serialize;

use crate::settings::Settings;

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
}

#[derive(Serialize)]
struct CredentialSource<'a> {
    environment_id: &'a str,
    region_url: String,
    url: String,
    regional_cred_verification_url: &'a str,
    imdsv2_session_token_url: String,
}

/// The configuration as JSON text, with or without impersonation of the service account.
pub(crate) fn json(url: &str, settings: &Settings, impersonate: bool) -> String {
    let impersonation =
        || format!("{url}/v1/projects/-/serviceAccounts/{}:generateAccessToken", settings.service_account);
    let config = CredentialConfig {
        universe_domain: "googleapis.com",
        r#type: "external_account",
        audience: &settings.audience,
        subject_token_type: "urn:ietf:params:aws:token-type:aws4_request",
        token_url: format!("{url}/v1/token"),
        credential_source: CredentialSource {
            environment_id: "aws1",
            region_url: format!("{url}/latest/meta-data/placement/availability-zone"),
            url: format!("{url}/latest/meta-data/iam/security-credentials"),
            // Signed for, and never called by the client: it stays AWS's own.
            regional_cred_verification_url: "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
            imdsv2_session_token_url: format!("{url}/latest/api/token"),
        },
        service_account_impersonation_url: impersonate.then(impersonation),
    };
    serde_json::to_string_pretty(&config).expect("a configuration of texts has a JSON form")
}
