//! `credential_source.certificate`: a workload that proves itself by its X.509 certificate.
//!
//! Source: <https://google.aip.dev/auth/4117>, "Determining the subject token in X.509-sourced credentials".

use super::fields::Fields;

/// Where the certificate is.
#[derive(Clone, Debug, Hash)]
pub(crate) struct CertificateSource {
    /// The file that names certificate and key; `None` for the usual place.
    pub(crate) config_location: Option<String>,
    /// The certificates between the workload's and the root, PEM.
    pub(crate) trust_chain_path: Option<String>,
}

impl CertificateSource {
    pub(super) fn read(source: &mut Fields<'_>) -> Option<Self> {
        let mut certificate = source.object("certificate")?;
        let config_location = certificate.text("certificate_config_location");
        let is_default = certificate.boolean("use_default_certificate_config").unwrap_or(false);
        if is_default == config_location.is_some() {
            certificate.invalid(
                "use_default_certificate_config",
                "must be true, or certificate_config_location be given; one of them and not both",
            );
        }
        Some(Self { config_location, trust_chain_path: certificate.text("trust_chain_path") })
    }
}
