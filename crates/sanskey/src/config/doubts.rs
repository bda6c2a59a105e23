//! What is accepted in a configuration and hardly meant so. Silence means little; a false alarm would be worse.

use serde_json::{Map, Value};

use super::endpoints::{UNIVERSE_DOMAINS, is_google_host};
use super::finding::{Finding, Severity};
use super::{
    DEFAULT_UNIVERSE_DOMAIN, EXTERNAL_ACCOUNT, EXTERNAL_ACCOUNT_AUTHORIZED_USER,
    IMPERSONATED_SERVICE_ACCOUNT, known_fields,
};
use crate::error::on_one_line;
use crate::url::HttpUrl;
use crate::words;

/// In the order of the file's usual fields.
pub(super) fn find(root: &Map<String, Value>) -> Vec<Finding> {
    let root = Part { object: root, path: String::new() };
    let mut doubts = Doubts(Vec::new());
    match root.text("type") {
        Some(IMPERSONATED_SERVICE_ACCOUNT) => {
            doubts.key_material(&root);
            doubts.service_account(&root);
            doubts.unknown_fields(&root, known_fields::IMPERSONATED_SERVICE_ACCOUNT);
            if let Some(source) = root.part("source_credentials") {
                doubts.identity(&source);
            }
        }
        _ => doubts.identity(&root),
    }
    doubts.0
}

/// An object of the file, and the path that leads to it.
struct Part<'a> {
    object: &'a Map<String, Value>,
    path: String,
}

impl<'a> Part<'a> {
    /// A text that is not empty.
    fn text(&self, name: &str) -> Option<&'a str> {
        self.object.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    fn part(&self, name: &str) -> Option<Part<'a>> {
        Some(Part { object: self.object.get(name)?.as_object()?, path: self.path_of(name) })
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

struct Doubts(Vec<Finding>);

impl Doubts {
    /// `message` follows upon "The field …". A field is spoken of once.
    fn add(&mut self, code: &'static str, field: String, problem: &str, hint: impl Into<String>) {
        if self.0.iter().any(|each| each.field.as_ref() == Some(&field)) {
            return;
        }
        self.0.push(Finding {
            severity: Severity::Warning,
            code,
            message: format!("The field {field} {problem}.").into(),
            hint: hint.into().into(),
            field: Some(field),
        });
    }

    fn identity(&mut self, part: &Part<'_>) {
        match part.text("type") {
            // It is secret, and gcloud writes all of it.
            Some(EXTERNAL_ACCOUNT_AUTHORIZED_USER) => {
                self.unknown_fields(part, known_fields::EXTERNAL_ACCOUNT_AUTHORIZED_USER);
            }
            _ => self.external_account(part),
        }
    }

    fn external_account(&mut self, account: &Part<'_>) {
        // What is not meant to be one has been refused for its type, and that says it all.
        if account.text("type") != Some(EXTERNAL_ACCOUNT) && account.part("credential_source").is_none() {
            return;
        }
        self.key_material(account);
        self.audience(account);
        self.token_url(account);
        self.service_account(account);
        self.lifetime(account);
        if account.text("client_secret").is_some() && account.text("client_id").is_none() {
            let hint = "Add the client_id that it belongs to, or remove it.";
            self.without_effect(account.path_of("client_secret"), "there is no client_id", hint);
        }
        if let Some(source) = account.part("credential_source") {
            self.source(&source);
            if account.part("sanskey").is_some() && source.text("environment_id").is_none() {
                let hint = "Remove it: only a source of AWS makes calls to AWS.";
                self.without_effect(account.path_of("sanskey"), "the source is not AWS", hint);
            }
        }
        self.unknown_fields(account, known_fields::EXTERNAL_ACCOUNT);
    }

    /// What must not stand in a file that is copied about as if it were not secret.
    fn key_material(&mut self, part: &Part<'_>) {
        const NAMES: [&str; 11] = [
            "access_token",
            "aws_secret_access_key",
            "aws_session_token",
            "id_token",
            "password",
            "private_key",
            "private_key_id",
            "refresh_token",
            "secret_access_key",
            "session_token",
            "subject_token",
        ];
        for (name, value) in part.object {
            let is_key = value.as_str().is_some_and(|text| {
                text.contains("PRIVATE KEY-----")
                    || is_jwt(text)
                    || NAMES.contains(&&**name) && !text.is_empty()
            });
            if is_key {
                self.add(
                    "key_material",
                    part.path_of(&name_in_words(name)),
                    "holds a key or a token, which no configuration needs",
                    "Remove it. If the file was copied or committed, revoke the key or the token too.",
                );
            } else if !matches!(name.as_str(), "headers" | "source_credentials")
                && let Some(inner) = part.part(name)
            {
                self.key_material(&inner);
            }
        }
    }

    fn audience(&mut self, account: &Part<'_>) {
        const FORM: &str = "The full name is //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER, or //iam.googleapis.com/locations/global/workforcePools/POOL/providers/PROVIDER.";
        let Some(audience) = account.text("audience") else { return };
        // Fleets have identity namespaces in place of providers.
        if audience.starts_with("identitynamespace:") {
            return;
        }
        let field = account.path_of("audience");
        let shown = in_words(audience);
        let mut add = |problem: &str, hint: &str| {
            self.add("audience_unlikely", field.clone(), &format!("is {shown}: {problem}"), hint);
        };
        if let Some(("http" | "https", _)) = audience.split_once(':') {
            let hint = "Remove what stands before //. With https: it is the audience of the workload's own token, which is another thing.";
            return add("that is a URL and not the name of a provider", hint);
        }
        let Some((host, name)) = audience.strip_prefix("//").and_then(|rest| rest.split_once('/')) else {
            return add("that is not the full name of a provider", FORM);
        };
        if host != "iam.googleapis.com" {
            let hint = "Write //iam.googleapis.com/: names of resources have this host in every universe, and gcloud writes it so.";
            return add("the host in it is not iam.googleapis.com", hint);
        }
        match name.split('/').collect::<Vec<_>>().as_slice() {
            [
                "projects",
                project,
                "locations",
                "global",
                "workloadIdentityPools",
                pool,
                "providers",
                provider,
            ] if !pool.is_empty() && !provider.is_empty() => {
                if project.is_empty() || !project.bytes().all(|b| b.is_ascii_digit()) {
                    let hint = "Write the number in place of the ID. `gcloud projects describe PROJECT_ID --format='value(projectNumber)'` tells it.";
                    add("it names the project by its ID and not by its number", hint);
                }
            }
            ["locations", "global", "workforcePools", pool, "providers", provider]
                if !pool.is_empty() && !provider.is_empty() =>
            {
                let has = |name| account.text(name).is_some();
                if !has("workforce_pool_user_project") && !has("client_id") {
                    self.add(
                        "workforce_project_missing",
                        account.path_of("workforce_pool_user_project"),
                        "is missing, and the audience is a workforce pool",
                        "Add it, with the project to bill: its number or its ID. Google refuses the exchange without it.",
                    );
                }
            }
            _ => add("that is not the full name of a provider", FORM),
        }
    }

    /// Where other hosts are allowed than Google's, a host that looks like Google's is meant to be right too.
    fn token_url(&mut self, account: &Part<'_>) {
        let Some(text) = account.text("token_url") else { return };
        let Ok(url) = HttpUrl::split(text) else { return };
        let host = url.host.to_ascii_lowercase();
        let Some(universe) = universe_of(&host) else { return };
        let field = account.path_of("token_url");
        let expected = account.text("universe_domain").unwrap_or(DEFAULT_UNIVERSE_DOMAIN);
        let is_certificate =
            account.part("credential_source").is_some_and(|source| source.part("certificate").is_some());
        if !universe.eq_ignore_ascii_case(expected) {
            let problem = format!("leads to {host}, and the universe domain is {}", in_words(expected));
            let hint = "Let both be of the same universe: correct the URL, or set universe_domain.";
            self.add("token_url_unlikely", field, &problem, hint);
        } else if !is_google_host(&host, "sts", universe) {
            let hint = format!("The hosts are sts.{universe}, or sts.REGION.rep.{universe} for one region.");
            self.add(
                "token_url_unlikely",
                field,
                &format!("leads to {host}, which is no host of this service"),
                hint,
            );
        } else if !matches!(url.path, "/v1/token" | "/v1beta/token") {
            let problem = format!("has the path {}", in_words(url.path));
            self.add("token_url_unlikely", field, &problem, "The path of the exchange is /v1/token.");
        } else if is_certificate != is_mtls(&host) {
            let (problem, hint) = if is_certificate {
                (
                    "leads to a host that asks for no certificate, and a certificate is the proof",
                    format!("Write https://sts.mtls.{universe}/v1/token."),
                )
            } else {
                (
                    "leads to a host of mutual TLS, and the source gives no certificate",
                    format!(
                        "Write https://sts.{universe}/v1/token, or name a certificate in credential_source."
                    ),
                )
            };
            self.add("mtls_mismatch", field, problem, hint);
        }
    }

    fn service_account(&mut self, part: &Part<'_>) {
        const CODE: &str = "service_account_unlikely";
        const EXAMPLE: &str = "The end of it is /v1/projects/-/serviceAccounts/NAME@PROJECT.iam.gserviceaccount.com:generateAccessToken.";
        let Some(text) = part.text("service_account_impersonation_url") else { return };
        let Ok(url) = HttpUrl::split(text) else { return };
        let field = part.path_of("service_account_impersonation_url");
        let Some(name) = url.path.strip_suffix(":generateAccessToken") else { return };
        let Some((project, account)) =
            name.strip_prefix("/v1/projects/").and_then(|name| name.split_once("/serviceAccounts/"))
        else {
            return self.add(CODE, field, "names no service account", EXAMPLE);
        };
        let address = account.replace("%40", "@");
        // The unique ID of a service account is a number.
        let is_id = !address.is_empty() && address.bytes().all(|b| b.is_ascii_digit());
        let is_address = address.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty() && !domain.contains(['@', '/']) && domain.ends_with(".gserviceaccount.com")
        });
        if !is_id && !is_address {
            let problem =
                format!("names {}, which is not the address of a service account", in_words(&address));
            return self.add(CODE, field, &problem, EXAMPLE);
        }
        if project != "-" {
            let problem = format!("names the project {}", in_words(project));
            return self.add(
                CODE,
                field,
                &problem,
                "Write - in its place: the service takes nothing else there.",
            );
        }
        let host = url.host.to_ascii_lowercase();
        if let Some(universe) = universe_of(&host)
            && !is_google_host(&host, "iamcredentials", universe)
        {
            let problem = format!("leads to {host}, which is no host of this service");
            self.add(CODE, field, &problem, format!("The host is iamcredentials.{universe}."));
        }
    }

    fn lifetime(&mut self, account: &Part<'_>) {
        const NAME: &str = "token_lifetime_seconds";
        let Some(options) = account.part("service_account_impersonation") else { return };
        let Some(seconds) = options.object.get(NAME).and_then(Value::as_u64) else { return };
        let field = options.path_of(NAME);
        if account.text("service_account_impersonation_url").is_none() {
            let hint =
                "Add the service account with service_account_impersonation_url, or remove the lifetime.";
            self.without_effect(field, "there is no service account", hint);
        } else if seconds > 3600 {
            self.add(
                "lifetime_extended",
                field,
                &format!("is {seconds}, and more than 3600 needs a permission"),
                "The constraint iam.allowServiceAccountCredentialLifetimeExtension of the organization has to list the service account. Otherwise write 3600 or less.",
            );
        }
    }

    fn source(&mut self, source: &Part<'_>) {
        if source.text("environment_id").is_some() {
            let asks_metadata = source.text("url").is_some() || source.text("region_url").is_some();
            if asks_metadata && source.text("imdsv2_session_token_url").is_none() {
                self.add(
                    "imds_v1",
                    source.path_of("imdsv2_session_token_url"),
                    "is missing, so that version 1 of the metadata service is used, which many instances refuse",
                    "Add it with the value http://169.254.169.254/latest/api/token, or create the configuration again with --enable-imdsv2.",
                );
            }
        }
        self.path(source, "file");
        if let Some(certificate) = source.part("certificate") {
            self.path(&certificate, "certificate_config_location");
            self.path(&certificate, "trust_chain_path");
        }
        if let Some(executable) = source.part("executable") {
            self.command(&executable);
        }
        if let Some(format) = source.part("format")
            && format.text("subject_token_field_name").is_some()
            && !matches!(format.text("type"), Some("json"))
        {
            let field = format.path_of("subject_token_field_name");
            let hint = "Add \"type\": \"json\" to the format, or remove the name.";
            self.without_effect(field, "the format is not json", hint);
        }
    }

    fn path(&mut self, part: &Part<'_>, name: &str) {
        let Some(path) = part.text(name) else { return };
        let is_of_windows = path.as_bytes().get(1) == Some(&b':') || path.starts_with('\\');
        if path.starts_with('/') || is_of_windows {
            return;
        }
        let problem = if path.starts_with(['~', '$', '%']) {
            "begins with a folder that only a shell would put in"
        } else {
            "is a path that depends on where the program is started"
        };
        self.add("path_relative", part.path_of(name), problem, "Write the whole path.");
    }

    /// Of the command nothing is shown but its signs: people put passwords into arguments.
    fn command(&mut self, executable: &Part<'_>) {
        const SHELLS: [&str; 8] = ["bash", "busybox", "cmd", "dash", "ksh", "powershell", "pwsh", "sh"];
        let Some(command) = executable.text("command") else { return };
        let Some(program) = words::split(command).and_then(|words| words.into_iter().next()) else { return };
        let field = executable.path_of("command");
        let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
        if program.starts_with(['~', '$', '%']) {
            let problem = "begins with a folder that only a shell would put in, and no shell takes part";
            self.add("command_unlikely", field, problem, "Write the whole path of the program.");
        } else if program.contains('/')
            && !program.starts_with('/')
            && program.as_bytes().get(1) != Some(&b':')
        {
            let problem = "names the program by a path that depends on where this program is started";
            self.add("command_unlikely", field, problem, "Write the whole path of the program.");
        } else if !SHELLS.contains(&name.trim_end_matches(".exe"))
            && let Some(sign) = sign_of_shell(command)
        {
            let problem = format!("has {sign}, which only a shell understands, and no shell takes part");
            let hint = "Put the commands into a script and name that, or name a shell: sh -c '…'.";
            self.add("command_unlikely", field, &problem, hint);
        }
    }

    fn without_effect(&mut self, field: String, reason: &str, hint: &str) {
        self.add("field_without_effect", field, &format!("has no effect, since {reason}"), hint);
    }

    /// Names that nobody reads. A name that begins with a sign is a remark.
    fn unknown_fields(&mut self, part: &Part<'_>, levels: &[(&str, &[&str])]) {
        for (place, known) in levels {
            let mut inner = Part { object: part.object, path: part.path.clone() };
            let mut names = place.split('.').filter(|name| !name.is_empty());
            if !names.all(|name| inner.part(name).map(|next| inner = next).is_some()) {
                continue;
            }
            for name in inner.object.keys() {
                let is_remark = !name.starts_with(|c: char| c.is_ascii_alphanumeric());
                if is_remark || known.contains(&&**name) {
                    continue;
                }
                let hint = match known_fields::probable(levels, place, name) {
                    Some(probable) => format!("Write {probable}, if that is meant."),
                    None => "Remove it, or correct its name.".to_owned(),
                };
                let field = inner.path_of(&name_in_words(name));
                self.add("field_unknown", field, "is unknown and has no effect", hint);
            }
        }
    }
}

fn universe_of(host: &str) -> Option<&'static str> {
    UNIVERSE_DOMAINS
        .into_iter()
        .find(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

fn is_mtls(host: &str) -> bool {
    host.split('.').any(|label| label == "mtls")
}

fn is_jwt(text: &str) -> bool {
    text.starts_with("eyJ") && text.bytes().filter(|b| *b == b'.').count() == 2
}

/// A value as it may stand in a message. People put tokens into the wrong field, and those are not shown.
fn in_words(value: &str) -> String {
    let is_shown = value.len() <= 300 && !value.contains("eyJ") && !value.contains("PRIVATE KEY");
    if is_shown { on_one_line(value) } else { "(not shown)".to_owned() }
}

fn name_in_words(name: &str) -> String {
    if name.len() <= 64 { in_words(name) } else { "(not shown)".to_owned() }
}

/// A sign outside of quotes that a shell would not have passed on.
fn sign_of_shell(command: &str) -> Option<&'static str> {
    let mut quote = None;
    let mut is_escaped = false;
    // What is quoted becomes a letter, but for what a shell would replace within double quotes.
    let bare: String = command
        .chars()
        .map(|c| {
            let is_bare = !is_escaped && (quote.is_none() || quote == Some('"') && matches!(c, '$' | '`'));
            let was_escaped = is_escaped;
            is_escaped = c == '\\' && !is_escaped && quote != Some('\'');
            if !was_escaped && matches!(c, '\'' | '"') && quote.is_none_or(|quote| quote == c) {
                quote = if quote.is_none() { Some(c) } else { None };
                return 'x';
            }
            if is_bare { c } else { 'x' }
        })
        .collect();
    if bare.contains('`') {
        return Some("`");
    }
    let is_variable = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || "_{(".contains(c));
    if bare.split('$').skip(1).any(is_variable) {
        return Some("$");
    }
    bare.split_whitespace().find_map(|word| match word {
        "|" | "||" => Some("|"),
        "&" | "&&" => Some("&"),
        _ if word.ends_with(';') => Some(";"),
        _ if word.starts_with('>') || word.starts_with("1>") || word.starts_with("2>") => Some(">"),
        _ if word.starts_with('<') => Some("<"),
        _ => None,
    })
}
