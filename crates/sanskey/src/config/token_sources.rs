//! `credential_source` of workloads that have a token of their platform: in a file, behind a URL, or from a
//! program.
//!
//! Source: <https://google.aip.dev/auth/4117>, "Determining the subject token in file-sourced / URL-sourced /
//! executable-sourced credentials".

use std::time::Duration;

use super::certificate::CertificateSource;
use super::fields::{Fields, missing};
use crate::error::Error;
use crate::secret::Secret;
use crate::words;

/// A file that holds the token.
#[derive(Clone, Debug)]
pub(crate) struct FileSource {
    pub(crate) path: String,
    pub(crate) format: Format,
    pub(crate) actor: Option<ActorField>,
    /// The certificate to reach Google with over mutual TLS.
    pub(crate) certificate: Option<CertificateSource>,
}

/// A server on or near this machine that gives the token.
#[derive(Clone, Debug)]
pub(crate) struct UrlSource {
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) format: Format,
    pub(crate) actor: Option<ActorField>,
}

/// A program that writes the token.
#[derive(Clone, Debug)]
pub(crate) struct ExecutableSource {
    /// The program and its arguments.
    pub(crate) argv: Vec<String>,
    pub(crate) timeout: Duration,
    /// Where the program keeps its last answer.
    pub(crate) output_file: Option<String>,
}

/// How the token stands in a text.
#[derive(Clone, Debug)]
pub(crate) enum Format {
    /// A JSON object has it in this field.
    Json { field: String },
    /// It is the text.
    Text,
}

/// Which field of the same JSON object proves who acts for the workload, and of what type that proof is.
#[derive(Clone, Debug)]
pub(crate) struct ActorField {
    pub(crate) field: String,
    pub(crate) token_type: String,
}

impl FileSource {
    pub(super) fn read(source: &mut Fields<'_>, actor_token_type: Option<String>) -> Result<Self, Error> {
        let has_certificate = source.has("certificate");
        Ok(Self {
            path: source.required(Fields::text, "file")?,
            actor: ActorField::read(source, actor_token_type)?,
            format: Format::read(source)?,
            certificate: if has_certificate { Some(CertificateSource::read(source)?) } else { None },
        })
    }
}

impl UrlSource {
    pub(super) fn read(source: &mut Fields<'_>, actor_token_type: Option<String>) -> Result<Self, Error> {
        Ok(Self {
            url: source.required(Fields::url, "url")?,
            headers: read_headers(source)?,
            actor: ActorField::read(source, actor_token_type)?,
            format: Format::read(source)?,
        })
    }
}

/// RFC 9110 section 5: names are tokens, values have no control characters. The ones that HTTP itself writes
/// are not for a configuration to choose.
fn read_headers(source: &mut Fields<'_>) -> Result<Vec<(String, Secret)>, Error> {
    const OF_HTTP: [&str; 5] = ["connection", "content-length", "host", "te", "transfer-encoding"];
    let Some(mut headers) = source.object("headers")? else { return Ok(Vec::new()) };
    let mut list: Vec<(String, Secret)> = Vec::new();
    for name in headers.names() {
        let is_name = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        if !is_name {
            return Err(source.invalid("headers", "has a name that no header can have"));
        }
        let value = Secret::new(headers.text(&name)?.unwrap_or_default());
        let lower = name.to_ascii_lowercase();
        if OF_HTTP.contains(&&*lower) || list.iter().any(|(each, _)| *each == lower) {
            return Err(headers.invalid(&name, "is not a header that can be sent"));
        }
        if !value.expose().bytes().all(|b| b.is_ascii_graphic() || b == b' ' || b == b'\t') {
            return Err(headers.invalid(&name, "has characters that cannot stand in a header"));
        }
        list.push((lower, value));
    }
    Ok(list)
}

impl Format {
    fn read(source: &mut Fields<'_>) -> Result<Self, Error> {
        let Some(mut format) = source.object("format")? else { return Ok(Self::Text) };
        match format.text("type")?.as_deref() {
            None | Some("text") => Ok(Self::Text),
            Some("json") => {
                let field = format.text("subject_token_field_name")?.ok_or_else(|| {
                    missing(
                        "credential_source.format.subject_token_field_name",
                        "For JSON it names the field that holds the token.",
                    )
                })?;
                Ok(Self::Json { field })
            }
            Some(_) => Err(format.invalid("type", "is neither text nor json")),
        }
    }
}

impl ActorField {
    /// Not in AIP-4117 yet. `gcloud beta iam workload-identity-pools create-cred-config` writes it, with
    /// `--actor-token-field-name` and `--actor-token-type`.
    fn read(source: &mut Fields<'_>, token_type: Option<String>) -> Result<Option<Self>, Error> {
        const FIELD: &str = "actor_token_field_name";
        let Some(mut format) = source.object("format")? else {
            return Self::only_both(None, token_type);
        };
        let field = format.text(FIELD)?;
        if field.is_some() && format.peek("type") != Some("json") {
            return Err(format.invalid(FIELD, "is given, but the type of the format is not json"));
        }
        if field.is_some() && field.as_deref() == format.peek("subject_token_field_name") {
            return Err(format.invalid(FIELD, "is the subject_token_field_name"));
        }
        Self::only_both(field, token_type)
    }

    fn only_both(field: Option<String>, token_type: Option<String>) -> Result<Option<Self>, Error> {
        match (field, token_type) {
            (None, None) => Ok(None),
            (Some(field), Some(token_type)) => Ok(Some(Self { field, token_type })),
            (Some(_), None) => Err(missing(
                "actor_token_type",
                "It says of what type the token in actor_token_field_name is.",
            )),
            (None, Some(_)) => Err(missing(
                "credential_source.format.actor_token_field_name",
                "It names the field that holds the token of actor_token_type.",
            )),
        }
    }
}

impl ExecutableSource {
    pub(super) fn read(source: &mut Fields<'_>) -> Result<Self, Error> {
        let mut executable = source.object("executable")?.ok_or_else(|| {
            missing("credential_source.executable", "It says which program gives the token.")
        })?;
        let command = executable.required(Fields::text, "command")?;
        let argv = words::split(&command).ok_or_else(|| {
            executable.invalid("command", "has a quote or a backslash that nothing follows")
        })?;
        if argv.first().is_none_or(String::is_empty) {
            return Err(executable.invalid("command", "names no program"));
        }
        // The range is the one of AIP-4117. gcloud writes 30000 where nothing is said.
        let timeout = executable.integer("timeout_millis", 5000..=120_000)?.unwrap_or(30_000);
        Ok(Self {
            argv,
            timeout: Duration::from_millis(timeout.into()),
            output_file: executable.text("output_file")?,
        })
    }
}
