//! The credential configuration file of AIP-4117 (`"type": "external_account"`), also inside of an
//! `impersonated_service_account`, and its kin for people, `external_account_authorized_user`.

mod authorized_user;
mod aws;
mod certificate;
mod check;
mod create;
mod doubts;
mod endpoints;
mod extension;
mod fields;
mod finding;
mod known_fields;
mod platform;
mod token_sources;

pub(crate) use authorized_user::AuthorizedUser;
pub(crate) use aws::AwsSource;
pub(crate) use certificate::CertificateSource;
pub use create::{ConfigParts, FormatParts, SourceParts, certificate_config};
pub use endpoints::EndpointPolicy;
pub(crate) use endpoints::is_out_of_reach_of_proxies;
pub use finding::{Finding, Severity};
pub(crate) use platform::{ClientCredentials, PlatformSource};
pub(crate) use token_sources::{ActorField, ExecutableSource, FileSource, Format, UrlSource};

use crate::aws::Calls;
use crate::error::{Error, ErrorCode};
use crate::goal::Options;
use crate::secret::Secret;
use crate::sts::ClientAuthentication;
use crate::url::check_url;
use fields::{Fields, Problems};

/// A credential configuration, parsed and checked. What may be secret in it, a client secret and the headers
/// of a URL source, is not printed.
///
/// Source of the rules: <https://google.aip.dev/auth/4117>. Unknown fields are ignored, but for those in the
/// object `sanskey`, where a misspelt name would leave the workload with another identity.
#[derive(Clone, Debug, Hash)]
pub struct CredentialConfig {
    audience: String,
    subject_token_type: String,
    token_url: String,
    token_info_url: Option<String>,
    /// The service accounts to become, one after the other; the last one's token is the outcome.
    impersonations: Vec<Impersonation>,
    client: Option<ClientAuthentication>,
    quota_project_id: Option<String>,
    workforce_pool_user_project: Option<String>,
    universe_domain: String,
    source: Source,
    aws_calls: Calls,
    /// The type of the file, and where the fields of the workload or of the person are.
    kind: &'static str,
    path: &'static str,
}

/// Where the proof of identity comes from.
#[derive(Clone, Debug, Hash)]
pub(crate) enum Source {
    AuthorizedUser(AuthorizedUser),
    Aws(AwsSource),
    Certificate(CertificateSource),
    Executable(ExecutableSource),
    File(FileSource),
    Platform(PlatformSource),
    Url(UrlSource),
}

/// Which service account to become, and for how long.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Impersonation {
    pub(crate) url: String,
    /// Service accounts in between, as `projects/-/serviceAccounts/EMAIL`.
    pub(crate) delegates: Vec<String>,
    pub(crate) lifetime_seconds: u32,
    /// Whether the configuration says so, rather than nothing.
    has_lifetime: bool,
    /// The field that it stands in.
    field: &'static str,
}

impl Impersonation {
    /// The address of the account, as it stands in the URL.
    pub(crate) fn email(&self) -> &str {
        let method = self.url.rsplit_once('/').map_or("", |(_, method)| method);
        method.strip_suffix(":generateAccessToken").unwrap_or_default()
    }
}

impl CredentialConfig {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// `config_not_json`, `config_type_unsupported`, `config_field_missing`, `config_field_invalid`,
    /// `config_source_ambiguous`, `config_source_unsupported`; each but the first names the field.
    ///
    /// ```
    /// let config = sanskey::CredentialConfig::from_json(r#"{
    ///     "type": "external_account",
    ///     "audience": "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/aws",
    ///     "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
    ///     "token_url": "https://sts.googleapis.com/v1/token",
    ///     "credential_source": {
    ///         "environment_id": "aws1",
    ///         "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
    ///     }
    /// }"#)?;
    /// assert_eq!(config.project_number(), Some("123"));
    /// # Ok::<(), sanskey::Error>(())
    /// ```
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let mut root = fields::parse_object(text)?;
        let problems = Problems::default();
        let config = Self::read(&mut Fields::root(&mut root, &problems));
        match (problems.into_first(), config) {
            (Some(problem), _) => Err(problem),
            (None, Some(config)) => Ok(config),
            (None, None) => Err(Error::bug("A configuration cannot be read, and nothing is wrong with it.")),
        }
    }

    /// What is wrong is noted by the fields. After such a note the value is no configuration: it is there as far
    /// as it could be read, and the rest is empty.
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        match fields.peek("type") {
            Some(IMPERSONATED_SERVICE_ACCOUNT) => Self::read_impersonated(fields),
            _ => Self::read_identity(fields, ""),
        }
    }

    /// A person or a workload, at this path in the file.
    fn read_identity(fields: &mut Fields<'_>, path: &'static str) -> Option<Self> {
        match fields.peek("type") {
            Some(EXTERNAL_ACCOUNT_AUTHORIZED_USER) => Some(Self::read_authorized_user(fields, path)),
            _ => Self::read_external(fields, path),
        }
    }

    fn read_authorized_user(fields: &mut Fields<'_>, path: &'static str) -> Self {
        // First, so that nothing leaves a secret in what was parsed.
        let client = read_client(fields);
        let user = AuthorizedUser::read(fields, client.as_ref());
        let universe_domain = read_universe_domain(fields);
        let token_url = fields.url("token_url");
        Self {
            audience: fields.visible_text("audience").unwrap_or_default(),
            subject_token_type: String::new(),
            token_url: token_url.unwrap_or_else(|| format!("https://sts.{universe_domain}/v1/oauthtoken")),
            token_info_url: fields.url("token_info_url"),
            impersonations: Vec::new(),
            client,
            quota_project_id: fields.visible_text("quota_project_id"),
            workforce_pool_user_project: None,
            universe_domain,
            source: Source::AuthorizedUser(user),
            aws_calls: Calls::default(),
            kind: EXTERNAL_ACCOUNT_AUTHORIZED_USER,
            path,
        }
    }

    /// An `external_account`.
    fn read_external(fields: &mut Fields<'_>, path: &'static str) -> Option<Self> {
        // First, so that nothing leaves the secret in what was parsed.
        let client = read_client(fields);
        if !check_type(fields) {
            return None;
        }
        let universe_domain = read_universe_domain(fields);
        let token_url = fields.url("token_url");
        let token_info_url = fields.url("token_info_url");
        let aws_calls = extension::read_aws_calls(fields);
        let audience = fields.required(Fields::visible_text, "audience");
        let subject_token_type = fields.required(Fields::text, "subject_token_type");
        let impersonation = read_impersonation(fields);
        let quota_project_id = fields.visible_text("quota_project_id");
        let workforce_pool_user_project = fields.text("workforce_pool_user_project");
        let source = read_source(fields, &aws_calls);
        if let Some(source) = &source {
            check_subject_token_type(fields, &subject_token_type, source, &aws_calls);
        }
        if workforce_pool_user_project.is_some() {
            check_workforce(fields, &audience);
        }
        let is_mutual = source.as_ref().is_some_and(Source::is_of_use_over_mutual_tls);
        let service = if is_mutual { "sts.mtls" } else { "sts" };
        Some(Self {
            audience,
            subject_token_type,
            token_url: token_url.unwrap_or_else(|| format!("https://{service}.{universe_domain}/v1/token")),
            token_info_url,
            impersonations: impersonation.into_iter().collect(),
            client,
            quota_project_id,
            workforce_pool_user_project,
            universe_domain,
            source: source.unwrap_or_default(),
            aws_calls,
            kind: EXTERNAL_ACCOUNT,
            path,
        })
    }

    /// An `impersonated_service_account`: a service account, reached from an `external_account`. gcloud writes
    /// it with `gcloud auth application-default login --impersonate-service-account`.
    fn read_impersonated(fields: &mut Fields<'_>) -> Option<Self> {
        const URL: &str = "service_account_impersonation_url";
        let url = fields.required(Fields::url, URL);
        check_impersonation_url(fields, &url);
        let delegates = fields.texts("delegates").into_iter().map(full_name).collect();
        let quota_project_id = fields.visible_text("quota_project_id");
        let outer = Impersonation {
            url,
            delegates,
            lifetime_seconds: DEFAULT_LIFETIME_SECONDS,
            has_lifetime: false,
            field: URL,
        };
        let Some(mut source) = fields.object("source_credentials") else {
            fields.missing(
                "source_credentials",
                "It is the configuration of the workload that becomes the service account.",
            );
            return None;
        };
        let mut config = Self::read_identity(&mut source, "source_credentials.")?;
        config.impersonations.push(outer);
        config.quota_project_id = quota_project_id.or(config.quota_project_id);
        config.kind = IMPERSONATED_SERVICE_ACCOUNT;
        Some(config)
    }

    /// `external_account`, `external_account_authorized_user` or `impersonated_service_account`.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The full resource name of the provider, as configured. That of a person may be empty.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// What kind of proof the source gives, as an RFC 8693 token type identifier; empty for a person.
    pub fn subject_token_type(&self) -> &str {
        &self.subject_token_type
    }

    /// The endpoint of Google's Security Token Service; the universe's own where none is configured.
    pub fn token_url(&self) -> &str {
        &self.token_url
    }

    /// The `generateAccessToken` URL of the service account to impersonate, if any.
    pub fn service_account_impersonation_url(&self) -> Option<&str> {
        Some(&self.impersonations.last()?.url)
    }

    /// The e-mail address of that service account, as it stands in the URL.
    pub fn service_account_email(&self) -> Option<&str> {
        Some(self.impersonations.last()?.email()).filter(|email| !email.is_empty())
    }

    /// How long an impersonated token is asked to live, in seconds: 600 to 43,200, by default 3,600.
    pub fn token_lifetime_seconds(&self) -> Option<u32> {
        Some(self.impersonations.last()?.lifetime_seconds)
    }

    /// The project that is billed and whose quota is used, for the header `x-goog-user-project`.
    pub fn quota_project_id(&self) -> Option<&str> {
        self.quota_project_id.as_deref()
    }

    /// The domain under which the Google Cloud APIs are reached, by default `googleapis.com`.
    pub fn universe_domain(&self) -> &str {
        &self.universe_domain
    }

    /// The OAuth client ID that is sent with the exchange, if one is configured.
    pub fn client_id(&self) -> Option<&str> {
        Some(&self.client()?.client_id)
    }

    /// The number (not the ID) of the project that the workload identity pool belongs to, read from
    /// the audience.
    pub fn project_number(&self) -> Option<&str> {
        let (_, rest) = self.audience.split_once("/projects/")?;
        let (number, _) = rest.split_once('/')?;
        Some(number)
    }

    /// The kind of the source: `authorized_user`, `aws`, `certificate`, `executable`, `file`, `platform` or
    /// `url`.
    pub fn source_kind(&self) -> &'static str {
        self.source.kind()
    }

    /// The person whose login this is, and the client that it was made with.
    pub(crate) fn authorized_user(&self) -> Option<(&AuthorizedUser, &ClientAuthentication)> {
        match &self.source {
            Source::AuthorizedUser(user) => Some((user, self.client.as_ref()?)),
            _ => None,
        }
    }

    pub(crate) fn impersonations(&self) -> &[Impersonation] {
        &self.impersonations
    }

    /// The service account that is to be become, and those on the way to it.
    pub(crate) fn last_impersonation(&self) -> Result<(&Impersonation, &[Impersonation]), Error> {
        self.impersonations.split_last().ok_or_else(|| {
            Error::config(
                ErrorCode::ConfigFieldMissing,
                "service_account_impersonation_url",
                "The credential configuration names no service account, and only a service account has ID tokens and signatures.",
                "Create the configuration with `gcloud iam workload-identity-pools create-cred-config --service-account=ADDRESS`.",
            )
        })
    }

    /// The endpoint that exchanges tokens. That of a person's login is another one beside it.
    pub(crate) fn token_exchange_url(&self) -> String {
        match self.token_url.strip_suffix("/oauthtoken") {
            Some(base) => format!("{base}/token"),
            None => self.token_url.clone(),
        }
    }

    /// Where a service account that acts for a person gets the token: the given URL, if it may be used, or
    /// the universe's own.
    pub(crate) fn checked_oauth2_url(
        &self,
        given: Option<&str>,
        policy: EndpointPolicy,
    ) -> Result<String, Error> {
        let domain = &self.universe_domain;
        let url = given.map_or_else(|| format!("https://oauth2.{domain}/token"), str::to_owned);
        check_url("token_url", &url)?;
        let problems = Problems::default();
        policy.check_google("token_url", "oauth2", domain, &url, &problems);
        problems.into_first().map_or(Ok(url), Err)
    }

    pub(crate) fn client(&self) -> Option<&ClientAuthentication> {
        self.client.as_ref()
    }

    /// The project to name in the exchange itself. With client authentication the client's is used.
    pub(crate) fn sts_user_project(&self) -> Option<&str> {
        if self.client.is_some() {
            return None;
        }
        self.workforce_pool_user_project.as_deref()
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// What AWS is to be asked for before the exchange.
    pub(crate) fn aws_calls(&self) -> &Calls {
        &self.aws_calls
    }

    /// Whether the configuration says how long an impersonated token is to live.
    pub(crate) fn has_token_lifetime(&self) -> bool {
        self.impersonations.last().is_some_and(|account| account.has_lifetime)
    }

    /// Refuses URLs that lead elsewhere than the caller allows.
    pub(crate) fn check_endpoints(&self, options: &Options) -> Result<(), Error> {
        let problems = Problems::default();
        self.note_endpoints(options, &problems);
        problems.into_first().map_or(Ok(()), Err)
    }

    fn note_endpoints(&self, options: &Options, problems: &Problems) {
        let Self { path, universe_domain: domain, .. } = self;
        let (policy, token_servers) = (options.endpoints, &options.token_servers);
        policy.check_google(&format!("{path}token_url"), "sts", domain, &self.token_url, problems);
        for account in &self.impersonations {
            policy.check_google(account.field, "iamcredentials", domain, &account.url, problems);
        }
        let path = format!("{path}credential_source");
        match &self.source {
            Source::Aws(source) => source.check_endpoints(policy, &path, problems),
            Source::Platform(PlatformSource::ClientCredentials(source)) => {
                let field = format!("{path}.sanskey.token_url");
                policy.check_token_server(&field, &source.token_url, token_servers, problems);
            }
            Source::Url(source) => {
                policy.check_token_server(&format!("{path}.url"), &source.url, token_servers, problems);
            }
            Source::AuthorizedUser(_)
            | Source::Certificate(_)
            | Source::Executable(_)
            | Source::File(_)
            | Source::Platform(_) => {}
        }
    }

    /// Where to ask what a token is worth: the configured URL, if it may be used, or the universe's own.
    pub(crate) fn checked_token_info_url(&self, policy: EndpointPolicy) -> Result<String, Error> {
        let url = self.token_info_url.clone();
        let url = url.unwrap_or_else(|| format!("https://sts.{}/v1/introspect", self.universe_domain));
        self.check_sts_url("token_info_url", &url, policy)?;
        Ok(url)
    }

    /// Where to revoke the login of a person.
    pub(crate) fn checked_revoke_url(&self, policy: EndpointPolicy) -> Result<String, Error> {
        let Some((user, _)) = self.authorized_user() else {
            return Err(Error::config(
                ErrorCode::ConfigTypeUnsupported,
                &format!("{}type", self.path),
                "The configuration is that of a workload, which has no refresh token to revoke.",
                "Only an external_account_authorized_user has one. The tokens of a workload end by themselves.",
            ));
        };
        let Some(url) = &user.revoke_url else {
            return Err(Error::config(
                ErrorCode::ConfigFieldMissing,
                &format!("{}revoke_url", self.path),
                "The credential configuration has no field revoke_url.",
                "It is the endpoint that revokes the refresh token, such as https://sts.googleapis.com/v1/revoke.",
            ));
        };
        self.check_sts_url("revoke_url", url, policy)?;
        Ok(url.clone())
    }

    fn check_sts_url(&self, field: &str, url: &str, policy: EndpointPolicy) -> Result<(), Error> {
        let problems = Problems::default();
        let field = format!("{}{field}", self.path);
        policy.check_google(&field, "sts", &self.universe_domain, url, &problems);
        problems.into_first().map_or(Ok(()), Err)
    }
}

impl Source {
    fn kind(&self) -> &'static str {
        match self {
            Self::AuthorizedUser(_) => "authorized_user",
            Self::Aws(_) => "aws",
            Self::Certificate(_) => "certificate",
            Self::Executable(_) => "executable",
            Self::File(_) => "file",
            Self::Platform(_) => "platform",
            Self::Url(_) => "url",
        }
    }

    /// Whether Google is to be reached over mutual TLS.
    fn is_of_use_over_mutual_tls(&self) -> bool {
        match self {
            Self::Certificate(_) => true,
            Self::File(source) => source.certificate.is_some(),
            _ => false,
        }
    }
}

/// In place of one that could not be read.
impl Default for Source {
    fn default() -> Self {
        Self::File(FileSource::default())
    }
}

const DEFAULT_UNIVERSE_DOMAIN: &str = "googleapis.com";
const AWS_TOKEN_TYPE: &str = "urn:ietf:params:aws:token-type:aws4_request";
const ID_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:id_token";
const JWT_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:jwt";
const MTLS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:mtls";
const SAML_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:saml2";
const DEFAULT_LIFETIME_SECONDS: u32 = 3600;

const EXTERNAL_ACCOUNT: &str = "external_account";
const EXTERNAL_ACCOUNT_AUTHORIZED_USER: &str = "external_account_authorized_user";
const IMPERSONATED_SERVICE_ACCOUNT: &str = "impersonated_service_account";

/// The IAM Credentials API wants the name of a service account in full, and people write its address.
fn full_name(account: String) -> String {
    if account.starts_with("projects/") { account } else { format!("projects/-/serviceAccounts/{account}") }
}

/// Whether the other fields are to be read too: those of a key, or of a person's credentials, are other ones.
fn check_type(fields: &mut Fields<'_>) -> bool {
    let kind = fields.required(Fields::text, "type");
    let hint = match &*kind {
        EXTERNAL_ACCOUNT => return true,
        "service_account" => {
            "This is a service-account key, which sanskey makes unnecessary. Create a configuration with `gcloud iam workload-identity-pools create-cred-config`."
        }
        "authorized_user" => {
            "These are a person's own credentials. A workload needs a configuration made with `gcloud iam workload-identity-pools create-cred-config`."
        }
        _ => "Create a configuration with `gcloud iam workload-identity-pools create-cred-config`.",
    };
    let message = if fields.is_root() {
        "The type of the credential configuration is none of external_account, external_account_authorized_user and impersonated_service_account."
    } else {
        "The source_credentials are neither of the type external_account nor external_account_authorized_user."
    };
    fields.refuse(ErrorCode::ConfigTypeUnsupported, "type", message, hint);
    kind.is_empty() || fields.has("credential_source")
}

fn check_subject_token_type(fields: &Fields<'_>, given: &str, source: &Source, aws_calls: &Calls) {
    let is_jwt = matches!(given, ID_TOKEN_TYPE | JWT_TOKEN_TYPE);
    let (is_right, expected) = match source {
        Source::Aws(_) if aws_calls.get_web_identity_token.is_some() => (is_jwt, JWT_TOKEN_TYPE),
        Source::Aws(_) => (given == AWS_TOKEN_TYPE, AWS_TOKEN_TYPE),
        Source::Certificate(_) => (given == MTLS_TOKEN_TYPE, MTLS_TOKEN_TYPE),
        // What the caller supplies may be anything that Google takes.
        Source::AuthorizedUser(_) | Source::Platform(PlatformSource::Caller) => return,
        Source::Platform(_) => (is_jwt, JWT_TOKEN_TYPE),
        Source::Executable(_) | Source::File(_) | Source::Url(_) => {
            (is_jwt || given == SAML_TOKEN_TYPE, JWT_TOKEN_TYPE)
        }
    };
    if is_right {
        return;
    }
    fields.refuse(
        ErrorCode::ConfigFieldInvalid,
        "subject_token_type",
        format!("The subject_token_type is not one of the source {}.", source.kind()),
        format!("Set subject_token_type to {expected}, or name another credential_source."),
    );
}

fn check_workforce(fields: &Fields<'_>, audience: &str) {
    if audience.is_empty() || audience.contains("/workforcePools/") {
        return;
    }
    fields.refuse(
        ErrorCode::ConfigFieldInvalid,
        "workforce_pool_user_project",
        "A workforce_pool_user_project is given, but the audience is not a workforce pool.",
        "Remove the field, or name a provider of a workforce pool in audience.",
    );
}

fn check_impersonation_url(fields: &Fields<'_>, url: &str) {
    if !url.ends_with(":generateAccessToken") {
        fields.invalid("service_account_impersonation_url", "does not end in :generateAccessToken");
    }
}

fn read_impersonation(fields: &mut Fields<'_>) -> Option<Impersonation> {
    const URL: &str = "service_account_impersonation_url";
    let url = fields.url(URL);
    if let Some(url) = &url {
        check_impersonation_url(fields, url);
    }
    let lifetime = fields
        .object("service_account_impersonation")
        .and_then(|mut inner| inner.integer("token_lifetime_seconds", 600..=43_200));
    let (lifetime_seconds, has_lifetime) = (lifetime.unwrap_or(DEFAULT_LIFETIME_SECONDS), lifetime.is_some());
    let field = if fields.is_root() { URL } else { "source_credentials.service_account_impersonation_url" };
    Some(Impersonation { url: url?, delegates: Vec::new(), lifetime_seconds, has_lifetime, field })
}

fn read_universe_domain(fields: &mut Fields<'_>) -> String {
    fields.domain("universe_domain").unwrap_or_else(|| DEFAULT_UNIVERSE_DOMAIN.to_owned())
}

fn read_client(fields: &mut Fields<'_>) -> Option<ClientAuthentication> {
    let client_secret = fields.text("client_secret").map(Secret::new).unwrap_or_default();
    let client_id = fields.text("client_id")?;
    if client_id.contains(':') {
        // RFC 7617 section 2: the first colon ends the name.
        fields.invalid("client_id", "has a colon");
    }
    Some(ClientAuthentication { client_id, client_secret })
}

fn read_source(fields: &mut Fields<'_>, aws_calls: &Calls) -> Option<Source> {
    const NAME: &str = "credential_source";
    let actor = ActorField::read(fields);
    let Some(mut source) = fields.object(NAME) else {
        fields.missing(NAME, "It says where the proof of identity comes from.");
        return None;
    };
    let kinds: Vec<&str> = ["environment_id", "file", "url", "executable", "certificate", "sanskey"]
        .into_iter()
        // In an AWS source `url` is the metadata service's.
        .filter(|kind| source.has(kind) && !(*kind == "url" && source.has("environment_id")))
        // With a file, a certificate is for the connection.
        .filter(|kind| !(*kind == "certificate" && source.has("file")))
        .collect();
    match kinds.as_slice() {
        ["environment_id"] => {
            let is_signed_request = aws_calls.get_web_identity_token.is_none();
            Some(Source::Aws(AwsSource::read(&mut source, is_signed_request)))
        }
        ["certificate"] => CertificateSource::read(&mut source).map(Source::Certificate),
        ["executable"] => ExecutableSource::read(&mut source).map(Source::Executable),
        ["file"] => Some(Source::File(FileSource::read(&mut source, actor))),
        ["sanskey"] => PlatformSource::read(&mut source).map(Source::Platform),
        ["url"] => Some(Source::Url(UrlSource::read(&mut source, actor))),
        [first, second, ..] => {
            source.refuse(
                ErrorCode::ConfigSourceAmbiguous,
                second,
                format!("The credential source has both {first} and {second}."),
                "Keep the one that the workload is to use and remove the other.",
            );
            None
        }
        _ => {
            fields.refuse(
                ErrorCode::ConfigSourceUnsupported,
                NAME,
                "The credential source has none of environment_id, file, url, executable and certificate.",
                "Create the configuration with `gcloud iam workload-identity-pools create-cred-config`, which writes one of them.",
            );
            None
        }
    }
}
