//! Making configurations: [`ConfigParts`].
//!
//! What comes out is, byte for byte, what `gcloud iam workload-identity-pools create-cred-config` and
//! `gcloud iam workforce-pools create-cred-config` write for the same parts (gcloud 528); regional hosts and
//! platforms go beyond it.

use std::fmt::Write as _;

use super::CredentialConfig;
use crate::error::{Error, ErrorCode};
use crate::secret::Secret;
use crate::url::is_visible_ascii;

/// What a configuration says, before it is one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConfigParts {
    /// `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`, or
    /// `locations/global/workforcePools/POOL/providers/PROVIDER`.
    pub provider: String,
    /// Where the proof of identity comes from.
    pub source: SourceParts,
    /// The service account to become. None: the workload acts as itself.
    pub service_account: Option<String>,
    /// How long the service account's tokens live: 600 to 43,200 s.
    pub token_lifetime_seconds: Option<u32>,
    /// The kind of a token from a file, a URL or a program; by default `…:jwt`, for workforces `…:id_token`.
    pub subject_token_type: Option<String>,
    /// `googleapis.com`, unless another is given.
    pub universe_domain: Option<String>,
    /// The region of the Security Token Service, such as `europe-west3`; the global one if none is given.
    pub sts_region: Option<String>,
    /// For workforce pools, where it is required: the project to bill.
    pub workforce_pool_user_project: Option<String>,
}

/// A source of the proof, as parts.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[allow(clippy::exhaustive_enums, missing_docs)] // the fields have the names of gcloud's flags
pub enum SourceParts {
    /// AWS, wherever it runs code. `imdsv2`: sessions of the metadata service, which is wise.
    Aws { imdsv2: bool },
    /// A virtual machine of Azure. By default the provider's own URI is the application's.
    Azure { app_id_uri: Option<String> },
    /// A token in a file.
    File { path: String, format: Option<FormatParts> },
    /// A projected token of a Kubernetes pod, in this file; by default where Google's guide mounts it.
    Kubernetes { path: Option<String> },
    /// A token behind a URL.
    Url { url: String, headers: Vec<(String, Secret)>, format: Option<FormatParts> },
    /// A token from a program; the timeout is 30,000 ms unless another is given.
    Executable {
        command: String,
        timeout_millis: Option<u32>,
        output_file: Option<String>,
        interactive_timeout_millis: Option<u32>,
    },
    /// A certificate, with the file that names it; without one it is in the usual place.
    Certificate { config_location: Option<String>, trust_chain_path: Option<String> },
    /// A platform that sanskey knows, such as `github_actions`, and what is to be said about it.
    Platform { platform: String, settings: Vec<(String, String)> },
}

/// How the token stands in a file or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatParts {
    /// It is the text.
    Text,
    /// A JSON object has it in the field of this name.
    Json(String),
}

impl ConfigParts {
    /// A provider and a source; set the other fields as needed.
    pub fn new(provider: impl Into<String>, source: SourceParts) -> Self {
        Self {
            provider: provider.into(),
            source,
            service_account: None,
            token_lifetime_seconds: None,
            subject_token_type: None,
            universe_domain: None,
            sts_region: None,
            workforce_pool_user_project: None,
        }
    }

    /// The provider of a workload identity pool by its parts: the project's number (not its ID), the pool, the
    /// provider.
    pub fn provider_name(project_number: &str, pool: &str, provider: &str) -> String {
        format!(
            "projects/{project_number}/locations/global/workloadIdentityPools/{pool}/providers/{provider}"
        )
    }

    /// The text of the configuration's file. It is a sound configuration:
    /// [`CredentialConfig::from_json`] has read it.
    ///
    /// # Errors
    /// `config_field_invalid` and whatever [`CredentialConfig::from_json`] finds, with the field.
    ///
    /// ```
    /// use sanskey::{ConfigParts, SourceParts};
    ///
    /// let provider = ConfigParts::provider_name("123456789012", "pool", "aws");
    /// let text = ConfigParts::new(provider, SourceParts::Aws { imdsv2: true }).to_json()?;
    /// assert!(text.contains("\"environment_id\": \"aws1\""));
    /// # Ok::<(), sanskey::Error>(())
    /// ```
    pub fn to_json(&self) -> Result<String, Error> {
        self.check()?;
        let mut text = String::new();
        self.tree().write(&mut text, 0);
        CredentialConfig::from_json(&text)?;
        Ok(text)
    }

    fn check(&self) -> Result<(), Error> {
        let labels: Vec<&str> = self.provider.split('/').collect();
        let is_label = |label: &str| is_visible_ascii(label);
        let is_workforce = self.is_workforce();
        match labels.as_slice() {
            [
                "projects",
                number,
                "locations",
                "global",
                "workloadIdentityPools",
                pool,
                "providers",
                provider,
            ] => {
                if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(invalid(
                        "audience",
                        "The audience must hold the number of the project, not its ID.",
                        "`gcloud projects describe PROJECT_ID --format='value(projectNumber)'` tells the number.",
                    ));
                }
                if !is_label(pool) || !is_label(provider) {
                    return Err(provider_invalid());
                }
            }
            ["locations", "global", "workforcePools", pool, "providers", provider]
                if is_label(pool) && is_label(provider) => {}
            _ => return Err(provider_invalid()),
        }
        if is_workforce && self.workforce_pool_user_project.is_none() {
            return Err(invalid(
                "workforce_pool_user_project",
                "A workforce pool needs a project to bill.",
                "Give workforce_pool_user_project: the number or the ID of a project.",
            ));
        }
        if self.token_lifetime_seconds.is_some() && self.service_account.is_none() {
            return Err(invalid(
                "service_account_impersonation.token_lifetime_seconds",
                "A lifetime of tokens is given, but no service account.",
                "Give service_account too: the lifetime is that of its tokens.",
            ));
        }
        let is_email = |account: &String| {
            account.contains('@') && is_visible_ascii(account) && !account.contains(['/', ':', '?', '#', '%'])
        };
        if !self.service_account.as_ref().is_none_or(is_email) {
            return Err(invalid(
                "service_account_impersonation_url",
                "The service account is not an e-mail address.",
                "Give the address of the service account, such as name@project.iam.gserviceaccount.com.",
            ));
        }
        if let Some(region) = &self.sts_region
            && !region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            return Err(invalid(
                "token_url",
                "The region of the Security Token Service has characters that no region has.",
                "Give a region of Google Cloud, such as europe-west3, or none for the global service.",
            ));
        }
        if let SourceParts::Url { headers, .. } = &self.source {
            let times = |name: &str| headers.iter().filter(|(each, _)| each == name).count();
            if headers.iter().any(|(name, _)| times(name) > 1) {
                return Err(invalid(
                    "credential_source.headers",
                    "A header is given twice, which a JSON object cannot say.",
                    "Give each header once, with its values separated by commas.",
                ));
            }
        }
        if let SourceParts::Executable { output_file, interactive_timeout_millis: Some(millis), .. } =
            &self.source
        {
            if !is_workforce || output_file.is_none() {
                return Err(interactive("is for workforce pools, and needs an output_file"));
            }
            if !(30_000..=1_800_000).contains(millis) {
                return Err(interactive("is not a whole number from 30000 to 1800000"));
            }
        }
        Ok(())
    }

    fn is_workforce(&self) -> bool {
        self.provider.starts_with("locations/")
    }

    fn tree(&self) -> Tree<'_> {
        let universe = self.universe_domain.as_deref().unwrap_or("googleapis.com");
        let mtls = if matches!(self.source, SourceParts::Certificate { .. }) { ".mtls" } else { "" };
        let sts = match &self.sts_region {
            Some(region) => format!("https://sts.{region}.rep{mtls}.{universe}"),
            None => format!("https://sts{mtls}.{universe}"),
        };
        let mut members = vec![
            ("universe_domain", text(universe)),
            ("type", text("external_account")),
            ("audience", text(format!("//iam.googleapis.com/{}", self.provider))),
            ("subject_token_type", text(self.token_type())),
            ("token_url", text(format!("{sts}/v1/token"))),
            ("credential_source", self.source.tree(&self.provider)),
        ];
        if let Some(project) = &self.workforce_pool_user_project {
            members.push(("workforce_pool_user_project", text(project)));
        }
        if let Some(account) = &self.service_account {
            let url = format!(
                "https://iamcredentials{mtls}.{universe}/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
            );
            members.push(("service_account_impersonation_url", text(url)));
            if let Some(seconds) = self.token_lifetime_seconds {
                let lifetime = vec![("token_lifetime_seconds", Tree::Number(seconds))];
                members.push(("service_account_impersonation", object(lifetime)));
            }
        } else {
            members.push(("token_info_url", text(format!("{sts}/v1/introspect"))));
        }
        object(members)
    }

    fn token_type(&self) -> String {
        let usual = if self.is_workforce() { "id_token" } else { "jwt" };
        let of_oauth = |kind: &str| format!("urn:ietf:params:oauth:token-type:{kind}");
        match &self.source {
            SourceParts::Aws { .. } => "urn:ietf:params:aws:token-type:aws4_request".to_owned(),
            SourceParts::Azure { .. } => of_oauth("jwt"),
            SourceParts::Certificate { .. } => of_oauth("mtls"),
            _ => self.subject_token_type.clone().unwrap_or_else(|| of_oauth(usual)),
        }
    }
}

/// The file that names a workload's certificate and its key, as gcloud writes it beside the configuration.
pub fn certificate_config(cert_path: &str, key_path: &str) -> String {
    let paths = object(vec![("cert_path", text(cert_path)), ("key_path", text(key_path))]);
    let mut written = String::new();
    object(vec![("cert_configs", object(vec![("workload", paths)]))]).write(&mut written, 0);
    written
}

impl SourceParts {
    fn tree(&self, provider: &str) -> Tree<'_> {
        match self {
            Self::Aws { imdsv2 } => {
                let mut members = vec![
                    ("environment_id", text("aws1")),
                    (
                        "region_url",
                        text("http://169.254.169.254/latest/meta-data/placement/availability-zone"),
                    ),
                    ("url", text("http://169.254.169.254/latest/meta-data/iam/security-credentials")),
                    ("regional_cred_verification_url", text(super::aws::USUAL_VERIFICATION_URL)),
                ];
                if *imdsv2 {
                    members
                        .push(("imdsv2_session_token_url", text("http://169.254.169.254/latest/api/token")));
                }
                object(members)
            }
            Self::Azure { app_id_uri } => {
                let usual = format!("https://iam.googleapis.com/{provider}");
                let resource = app_id_uri.as_ref().unwrap_or(&usual);
                let url = format!(
                    "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource={resource}"
                );
                object(vec![
                    ("url", text(url)),
                    ("headers", object(vec![("Metadata", text("True"))])),
                    ("format", json_format("access_token")),
                ])
            }
            Self::File { path, format } => with_format(vec![("file", text(path))], format.as_ref()),
            Self::Kubernetes { path } => {
                let path = path.as_deref().unwrap_or(USUAL_KUBERNETES_TOKEN);
                with_format(vec![("file", text(path))], Some(&FormatParts::Text))
            }
            Self::Url { url, headers, format } => {
                let mut members = vec![("url", text(url))];
                if !headers.is_empty() {
                    let list = headers.iter().map(|(name, value)| (name.as_str(), text(value.expose())));
                    members.push(("headers", object(list.collect())));
                }
                with_format(members, format.as_ref())
            }
            Self::Executable { command, timeout_millis, output_file, interactive_timeout_millis } => {
                let mut members = vec![
                    ("command", text(command)),
                    ("timeout_millis", Tree::Number(timeout_millis.unwrap_or(30_000))),
                ];
                members.extend(output_file.as_ref().map(|path| ("output_file", text(path))));
                members.extend(
                    interactive_timeout_millis
                        .map(|millis| ("interactive_timeout_millis", Tree::Number(millis))),
                );
                object(vec![("executable", object(members))])
            }
            Self::Certificate { config_location, trust_chain_path } => {
                let mut members = vec![match config_location {
                    Some(path) => ("certificate_config_location", text(path)),
                    None => ("use_default_certificate_config", Tree::True),
                }];
                members.extend(trust_chain_path.as_ref().map(|path| ("trust_chain_path", text(path))));
                object(vec![("certificate", object(members))])
            }
            Self::Platform { platform, settings } => {
                let mut members = vec![("platform", text(platform))];
                members.extend(settings.iter().map(|(name, value)| (name.as_str(), text(value))));
                object(vec![("sanskey", object(members))])
            }
        }
    }
}

fn with_format<'a>(mut members: Vec<(&'a str, Tree<'a>)>, format: Option<&'a FormatParts>) -> Tree<'a> {
    members.extend(format.map(|format| match format {
        FormatParts::Text => ("format", object(vec![("type", text("text"))])),
        FormatParts::Json(field) => ("format", json_format(field)),
    }));
    object(members)
}

fn json_format(field: &str) -> Tree<'_> {
    object(vec![("type", text("json")), ("subject_token_field_name", text(field))])
}

/// <https://cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes>, "Deploy a Kubernetes workload"
const USUAL_KUBERNETES_TOKEN: &str = "/var/run/service-account/token";

/// JSON whose members stay in their order.
enum Tree<'a> {
    Number(u32),
    Object(Vec<(&'a str, Tree<'a>)>),
    Text(String),
    True,
}

fn text<'a>(text: impl Into<String>) -> Tree<'a> {
    Tree::Text(text.into())
}

fn object<'a>(members: Vec<(&'a str, Tree<'a>)>) -> Tree<'a> {
    Tree::Object(members)
}

impl Tree<'_> {
    /// As Python's `json.dumps(…, indent=2)` writes it, which gcloud uses.
    fn write(&self, target: &mut String, depth: usize) {
        match self {
            Self::Number(number) => target.push_str(&number.to_string()),
            Self::True => target.push_str("true"),
            Self::Text(text) => write_text(target, text),
            Self::Object(members) => {
                let inner = depth.saturating_add(1);
                target.push('{');
                for (position, (name, value)) in members.iter().enumerate() {
                    target.push_str(if position == 0 { "\n" } else { ",\n" });
                    target.push_str(&"  ".repeat(inner));
                    write_text(target, name);
                    target.push_str(": ");
                    value.write(target, inner);
                }
                target.push('\n');
                target.push_str(&"  ".repeat(depth));
                target.push('}');
            }
        }
    }
}

/// ASCII only, everything else as `\uXXXX`.
fn write_text(target: &mut String, text: &str) {
    target.push('"');
    for c in text.chars() {
        match c {
            '"' => target.push_str("\\\""),
            '\\' => target.push_str("\\\\"),
            '\n' => target.push_str("\\n"),
            '\r' => target.push_str("\\r"),
            '\t' => target.push_str("\\t"),
            '\u{8}' => target.push_str("\\b"),
            '\u{c}' => target.push_str("\\f"),
            ' '..='~' => target.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a text cannot fail.
                    let _ = write!(target, "\\u{unit:04x}");
                }
            }
        }
    }
    target.push('"');
}

fn provider_invalid() -> Error {
    invalid(
        "audience",
        "The provider is not named in full.",
        "Name it as projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER or locations/global/workforcePools/POOL/providers/PROVIDER.",
    )
}

fn interactive(problem: &str) -> Error {
    let field = "credential_source.executable.interactive_timeout_millis";
    Error::config(
        ErrorCode::ConfigFieldInvalid,
        field,
        format!("The field {field} {problem}."),
        "Leave it out for a workload: a program that asks a person is for workforces.",
    )
}

fn invalid(field: &str, message: &'static str, hint: &'static str) -> Error {
    Error::config(ErrorCode::ConfigFieldInvalid, field, message, hint)
}
