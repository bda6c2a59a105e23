//! `credential_source` of workloads that have a token of their platform: in a file, behind a URL, or from a
//! program.
//!
//! Source: <https://google.aip.dev/auth/4117>, "Determining the subject token in file-sourced / URL-sourced /
//! executable-sourced credentials".

use std::time::Duration;

use super::certificate::CertificateSource;
use super::fields::Fields;
use crate::secret::Secret;
use crate::words;

/// A file that holds the token.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct FileSource {
    pub(crate) path: String,
    pub(crate) format: Format,
    pub(crate) actor: Option<ActorField>,
    /// The certificate to reach Google with over mutual TLS.
    pub(crate) certificate: Option<CertificateSource>,
}

/// A server on or near this machine that gives the token.
#[derive(Clone, Debug, Hash)]
pub(crate) struct UrlSource {
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) format: Format,
    pub(crate) actor: Option<ActorField>,
}

/// A program that writes the token.
#[derive(Clone, Debug, Hash)]
pub(crate) struct ExecutableSource {
    /// The program and its arguments.
    pub(crate) argv: Vec<String>,
    pub(crate) timeout: Duration,
    /// Where the program keeps its last answer.
    pub(crate) output_file: Option<String>,
}

/// How the token stands in a text.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) enum Format {
    /// A JSON object has it in this field.
    Json { field: String },
    /// It is the text.
    #[default]
    Text,
}

/// Which field of the same JSON object proves who acts for the workload, and of what type that proof is.
#[derive(Clone, Debug, Hash)]
pub(crate) struct ActorField {
    pub(crate) field: String,
    pub(crate) token_type: String,
}

impl FileSource {
    pub(super) fn read(source: &mut Fields<'_>, actor: Option<ActorField>) -> Self {
        let has_certificate = source.has("certificate");
        Self {
            path: source.required(Fields::text, "file"),
            format: Format::read(source),
            actor,
            certificate: if has_certificate { CertificateSource::read(source) } else { None },
        }
    }
}

impl UrlSource {
    pub(super) fn read(source: &mut Fields<'_>, actor: Option<ActorField>) -> Self {
        Self {
            url: source.required(Fields::url, "url"),
            headers: read_headers(source),
            format: Format::read(source),
            actor,
        }
    }
}

/// RFC 9110 section 5: names are tokens, values have no control characters. The ones that HTTP itself writes
/// are not for a configuration to choose.
fn read_headers(source: &mut Fields<'_>) -> Vec<(String, Secret)> {
    const OF_HTTP: [&str; 5] = ["connection", "content-length", "host", "te", "transfer-encoding"];
    let Some(mut headers) = source.object("headers") else { return Vec::new() };
    let mut list: Vec<(String, Secret)> = Vec::new();
    for name in headers.names() {
        let is_name = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        if !is_name {
            headers.all_invalid("has a name that no header can have");
            continue;
        }
        let value = Secret::new(headers.text(&name).unwrap_or_default());
        let lower = name.to_ascii_lowercase();
        if OF_HTTP.contains(&&*lower) || list.iter().any(|(each, _)| *each == lower) {
            headers.invalid(&name, "is not a header that can be sent");
        }
        if !value.expose().bytes().all(|b| b.is_ascii_graphic() || b == b' ' || b == b'\t') {
            headers.invalid(&name, "has characters that cannot stand in a header");
        }
        list.push((lower, value));
    }
    list
}

impl Format {
    fn read(source: &mut Fields<'_>) -> Self {
        let Some(mut format) = source.object("format") else { return Self::Text };
        match format.text("type").as_deref() {
            None | Some("text") => {}
            Some("json") => {
                let field = format.text("subject_token_field_name").unwrap_or_else(|| {
                    format.missing(
                        "subject_token_field_name",
                        "For JSON it names the field that holds the token.",
                    );
                    String::new()
                });
                return Self::Json { field };
            }
            Some(_) => format.invalid("type", "is neither text nor json"),
        }
        Self::Text
    }
}

impl ActorField {
    /// Not in AIP-4117 yet. `gcloud beta iam workload-identity-pools create-cred-config` writes it, with
    /// `--actor-token-field-name` and `--actor-token-type`.
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        const TYPE: &str = "actor_token_type";
        let token_type = fields.text(TYPE);
        if !fields.has("credential_source") {
            // That is said already, and is the cause.
            return None;
        }
        let field = fields.object("credential_source").and_then(|mut source| Self::read_name(&mut source));
        match (field, token_type) {
            (Some(field), Some(token_type)) => {
                let usual =
                    ["urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"];
                if !usual.contains(&&*token_type) {
                    fields.invalid(TYPE, "is neither the type of a JWT nor of an ID token");
                }
                Some(Self { field, token_type })
            }
            (Some(_), None) => {
                fields.missing(TYPE, "It says of what type the token in actor_token_field_name is.");
                None
            }
            (None, Some(_)) => {
                fields.invalid(
                    TYPE,
                    "is given, but credential_source is no file and no URL whose format has an actor_token_field_name",
                );
                None
            }
            (None, None) => None,
        }
    }

    fn read_name(source: &mut Fields<'_>) -> Option<String> {
        const FIELD: &str = "actor_token_field_name";
        if !source.has("file") && !source.has("url") {
            return None;
        }
        let mut format = source.object("format")?;
        let field = format.text(FIELD)?;
        if format.peek("type") != Some("json") {
            format.invalid(FIELD, "is given, but the type of the format is not json");
        }
        if format.peek("subject_token_field_name") == Some(&field) {
            format.invalid(FIELD, "is the subject_token_field_name");
        }
        Some(field)
    }
}

impl ExecutableSource {
    pub(super) fn read(source: &mut Fields<'_>) -> Option<Self> {
        let mut executable = source.object("executable")?;
        let command = executable.required(Fields::text, "command");
        let argv = words::split(&command).unwrap_or_else(|| {
            executable.invalid("command", "has a quote or a backslash that nothing follows");
            Vec::new()
        });
        if argv.first().is_none_or(String::is_empty) {
            executable.invalid("command", "names no program");
        }
        // The range is the one of AIP-4117. gcloud writes 30000 where nothing is said.
        let timeout = executable.integer("timeout_millis", 5000..=120_000).unwrap_or(30_000);
        Some(Self {
            argv,
            timeout: Duration::from_millis(timeout.into()),
            output_file: executable.text("output_file"),
        })
    }
}
