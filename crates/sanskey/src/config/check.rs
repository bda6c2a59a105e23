//! Everything that is wrong with a configuration, at once: [`CredentialConfig::check`].

use super::fields::{self, Fields, Problems};
use super::finding::Finding;
use super::{CredentialConfig, doubts};
use crate::goal::Options;

impl CredentialConfig {
    /// Everything that is wrong with the text of a configuration file, and then what is hardly meant so; empty
    /// if there is nothing to say. A field is spoken of once.
    ///
    /// There is an error among it if, and only if, [`CredentialConfig::from_json`] or an exchange with these
    /// `options` would refuse the configuration before the first question. Whether Google or the platform
    /// would accept it, only they can say.
    ///
    /// ```
    /// use sanskey::{CredentialConfig, Options};
    ///
    /// let findings = CredentialConfig::check(r#"{
    ///     "type": "external_account",
    ///     "audience": "//iam.googleapis.com/projects/my-project/locations/global/workloadIdentityPools/a/providers/b",
    ///     "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    ///     "token_url": "https://sts.example.com/v1/token",
    ///     "credential_source": { "file": "/var/run/token" }
    /// }"#, &Options::new());
    /// let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
    /// assert_eq!(codes, ["config_url_refused", "audience_unlikely"]);
    /// ```
    pub fn check(text: &str, options: &Options) -> Vec<Finding> {
        let mut root = match fields::parse_object(text) {
            Ok(root) => root,
            Err(error) => return vec![Finding::error(&error)],
        };
        // First, since reading takes the texts away.
        let doubts = doubts::find(&root);
        let problems = Problems::default();
        if let Some(config) = Self::read(&mut Fields::root(&mut root, &problems)) {
            config.note_endpoints(options, &problems);
        }
        let mut findings: Vec<Finding> = problems.into_list().iter().map(Finding::error).collect();
        for doubt in doubts {
            if findings.iter().all(|finding| finding.field != doubt.field) {
                findings.push(doubt);
            }
        }
        findings
    }
}
