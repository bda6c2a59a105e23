//! The files of a workload that proves itself by its X.509 certificate.

use std::{fs, io, path::Path};

use serde_json::json;
use time::OffsetDateTime;

use crate::{
    certificates::{Wanted, pem},
    settings::Settings,
    store::Store,
};

const MTLS: &str = "urn:ietf:params:oauth:token-type:mtls";

/// Writes them; see `Running::write_mtls_files`. Files that are there are replaced.
pub(crate) fn write(
    folder: &Path,
    url: &str,
    settings: &Settings,
    store: &Store,
    now: OffsetDateTime,
) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let folder = std::path::absolute(folder)?;
    let path = |name: &str| folder.join(name).display().to_string();
    let put = |name: &str, text: String| fs::write(folder.join(name), text);

    let leaf = store.authority().leaf(&Wanted::ordinary(now));
    put("ca.pem", pem([store.authority().root().der()]))?;
    put("client.pem", pem([leaf.certificate.der()]))?;
    put("client-key.pem", leaf.key.serialize_pem())?;
    put("chain.pem", pem(&leaf.chain))?;
    let workload = json!({ "cert_path": path("client.pem"), "key_path": path("client-key.pem") });
    put("certificate_config.json", format!("{:#}\n", json!({ "cert_configs": { "workload": workload } })))?;

    let mut config = json!({
        "universe_domain": "googleapis.com",
        "type": "external_account",
        "audience": settings.x509_audience,
        "subject_token_type": MTLS,
        "token_url": format!("{url}/v1/token"),
        "credential_source": {
            "certificate": {
                "certificate_config_location": path("certificate_config.json"),
                "trust_chain_path": path("chain.pem"),
            },
        },
        "token_info_url": format!("{url}/v1/introspect"),
    });
    put("credentials-federated.json", format!("{config:#}\n"))?;
    config["service_account_impersonation_url"] = json!(format!(
        "{url}/v1/projects/-/serviceAccounts/{}:generateAccessToken",
        settings.service_account
    ));
    put("credentials.json", format!("{config:#}\n"))
}
