//! A workload's X.509 certificate. The proof is the certificate itself; that the workload has its key is
//! shown by mutual TLS, with which Google's Security Token Service and whatever follows is reached.
//!
//! Source: <https://google.aip.dev/auth/4117>, "Determining the subject token in X.509-sourced credentials",
//! and <https://cloud.google.com/iam/docs/workload-identity-federation-with-x509-certificates>.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Proof, Subject};
use crate::config::CertificateSource;
use crate::desk::{Desk, Env, Flow, both};
use crate::error::{Error, ErrorCode, Stage, path_in_words};
use crate::http::ClientCertificate;
use crate::secret::Secret;

/// What the exchange is made with: the workload's certificate and then those between it and the root, each in
/// base64 of its DER form.
pub(super) struct Certificate {
    leaf: String,
    chain: Vec<String>,
}

const LOCATION: &str = "GOOGLE_API_CERTIFICATE_CONFIG";
const CONFIG: &str = "certificate-config";
const LEAF: &str = "certificate";
const CHAIN: &str = "trust-chain";
const HINT: &str =
    "X.509 needs files, and a host that speaks mutual TLS. Use another source where there is neither.";

/// Reads the file that names the certificate, the certificate, and its chain.
pub(super) fn proof(desk: &mut Desk, source: &CertificateSource) -> Flow<Proof> {
    let client_certificate = client_certificate(desk, source)?;
    let (leaf, chain) = both(
        desk.file(LEAF, &client_certificate.cert_path, HINT),
        match &source.trust_chain_path {
            Some(path) => desk.file(CHAIN, path, HINT),
            None => Ok(Some(Secret::default())),
        },
    )?;
    let leaf_path = &client_certificate.cert_path;
    let missing = |id, path: &str| invalid(id, &format!("There is no file {}.", path_in_words(path)));
    let leaf = leaf.ok_or_else(|| missing(LEAF, leaf_path))?;
    let chain_path = source.trust_chain_path.as_deref().unwrap_or_default();
    let chain = chain.ok_or_else(|| missing(CHAIN, chain_path))?;
    let leaf = certificates(leaf.expose())
        .map_err(|problem| invalid(LEAF, &format!("The file {} {problem}.", path_in_words(leaf_path))))?
        .into_iter()
        .next()
        .ok_or_else(|| {
            invalid(LEAF, &format!("The file {} holds no certificate.", path_in_words(leaf_path)))
        })?;
    let chain = certificates(chain.expose())
        .and_then(|list| match list.as_slice() {
            [] if !chain.expose().trim().is_empty() => Err("holds no certificate"),
            _ => after_leaf(&leaf, list),
        })
        .map_err(|problem| invalid(CHAIN, &format!("The file {} {problem}.", path_in_words(chain_path))))?;
    let subject = Subject::Certificate(Certificate { leaf, chain });
    Ok(Proof { subject, actor: None, client_certificate: Some(client_certificate) })
}

/// What the file that names certificate and key says.
pub(super) fn client_certificate(desk: &mut Desk, source: &CertificateSource) -> Flow<ClientCertificate> {
    let config_path = match &source.config_location {
        Some(path) => path.clone(),
        None => usual_location(&desk.env("env", &[LOCATION, "CLOUDSDK_CONFIG", "APPDATA", "HOME"])?)?,
    };
    let Some(text) = desk.file(CONFIG, &config_path, HINT)? else {
        return Err(invalid(CONFIG, &format!("There is no file {}.", path_in_words(&config_path))).into());
    };
    Ok(paths(text.expose()).map_err(|problem| {
        invalid(CONFIG, &format!("The file {} {problem}.", path_in_words(&config_path)))
    })?)
}

impl Certificate {
    /// A JSON list of the certificates.
    pub(super) fn subject_token(&self) -> Secret {
        let list: Vec<&str> = std::iter::once(&self.leaf).chain(&self.chain).map(String::as_str).collect();
        Secret::new(format!("[\"{}\"]", list.join("\",\"")))
    }

    /// The SHA-256 of the workload's certificate, as STS takes it for `bindCertFingerprint`: in base64url
    /// without padding.
    pub(super) fn fingerprint(&self) -> Result<String, Error> {
        let der = STANDARD.decode(&self.leaf).map_err(|_| Error::bug("A certificate was not checked."))?;
        Ok(URL_SAFE_NO_PAD.encode(Sha256::digest(der)))
    }
}

/// `GOOGLE_API_CERTIFICATE_CONFIG`, else `certificate_config.json` of gcloud's folder.
fn usual_location(env: &Env) -> Result<String, Error> {
    let text = |name: &str| env.get(name).map(Secret::expose);
    if let Some(path) = text(LOCATION) {
        return Ok(path.to_owned());
    }
    let folder = text("CLOUDSDK_CONFIG")
        .map(str::to_owned)
        .or_else(|| text("APPDATA").map(|folder| format!("{folder}/gcloud")))
        .or_else(|| text("HOME").map(|home| format!("{}/.config/gcloud", home.trim_end_matches('/'))));
    match folder {
        Some(folder) => Ok(format!("{}/certificate_config.json", folder.trim_end_matches('/'))),
        None => Err(invalid("env", &format!("Neither {LOCATION} nor HOME says where the certificate is."))),
    }
}

/// `{"cert_configs": {"workload": {"cert_path": …, "key_path": …}}}`
fn paths(text: &str) -> Result<ClientCertificate, &'static str> {
    let body: Value = serde_json::from_str(text).map_err(|_| "is not JSON")?;
    let workload = body.get("cert_configs").and_then(|configs| configs.get("workload"));
    let path = |name| workload.and_then(|workload| workload.get(name)).and_then(Value::as_str);
    match (path("cert_path"), path("key_path")) {
        (Some(cert), Some(key)) if !cert.is_empty() && !key.is_empty() => {
            Ok(ClientCertificate { cert_path: cert.to_owned(), key_path: key.to_owned() })
        }
        _ => Err("has no cert_configs.workload with cert_path and key_path"),
    }
}

/// The certificates of a PEM text (RFC 7468), as base64 in one line each. Other blocks and what stands
/// between them are passed over.
fn certificates(text: &str) -> Result<Vec<String>, &'static str> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let mut list = Vec::new();
    for block in text.split(BEGIN).skip(1) {
        let (body, _) = block.split_once(END).ok_or("has a certificate without an end")?;
        let base64: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        let der = STANDARD.decode(&base64).map_err(|_| "has a certificate that is not base64")?;
        if der.is_empty() {
            return Err("has a certificate without content");
        }
        list.push(base64);
    }
    Ok(list)
}

/// The chain without the workload's own certificate, which may only stand at its beginning.
fn after_leaf(leaf: &str, chain: Vec<String>) -> Result<Vec<String>, &'static str> {
    let rest: Vec<String> = if chain.first().is_some_and(|first| first == leaf) {
        chain.into_iter().skip(1).collect()
    } else {
        chain
    };
    if rest.iter().any(|each| each == leaf) {
        return Err("has the workload's certificate at another place than the first");
    }
    Ok(rest)
}

fn invalid(ask_id: &str, message: &str) -> Error {
    Error::new(
        ErrorCode::CertificateInvalid,
        message.to_owned(),
        "See that `gcloud iam workload-identity-pools create-cred-config --credential-cert-path …` wrote the file that names the certificate, and that certificate, key and trust chain are PEM files of this workload.",
    )
    .at(Stage::Source)
    .about_ask(ask_id)
}
