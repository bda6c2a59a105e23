//! Everything that is wrong with a configuration, at once: [`CredentialConfig::check`].

use super::fields::{self, Fields, Problems};
use super::finding::{Finding, Severity};
use super::{CredentialConfig, doubts};
use crate::error::ErrorCode;
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
        let mut refused_later = Vec::new();
        if let Some(config) = Self::read(&mut Fields::root(&mut root, &problems)) {
            config.note_endpoints(options, &problems);
            refused_later = config.refused_later(options);
        }
        let mut findings: Vec<Finding> = problems.into_list().iter().map(Finding::error).collect();
        for doubt in doubts.into_iter().chain(refused_later) {
            match findings.iter_mut().find(|finding| finding.field == doubt.field) {
                None => findings.push(doubt),
                // Of a URL that looks like Google's, it knows better what is wrong.
                Some(finding) if finding.code == ErrorCode::ConfigUrlRefused.as_str() => {
                    finding.hint = doubt.hint;
                }
                Some(_) => {}
            }
        }
        findings
    }

    /// The URLs that no access token is got from, but that introspection and revocation would refuse.
    fn refused_later(&self, options: &Options) -> Vec<Finding> {
        let revoke_url = self.authorized_user().and_then(|(user, _)| user.revoke_url.as_ref());
        [("token_info_url", self.token_info_url.as_ref()), ("revoke_url", revoke_url)]
            .into_iter()
            .filter_map(|(name, url)| self.check_sts_url(name, url?, options.endpoints).err())
            .map(|error| Finding {
                severity: Severity::Warning,
                code: "url_refused_later",
                ..Finding::error(&error)
            })
            .collect()
    }
}
