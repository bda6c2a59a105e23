//! The host's JSON as the core's data.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sanskey::sts::{BodyFormat, ClientAuthentication};
use sanskey::{
    ActorToken, CommandOutput, ConfigParts, EndpointPolicy, FormatParts, Goal, HostFailure, HostFailureKind,
    HttpResponse, Options, Reply, Secret, SignedUrlRequest, SourceParts, UrlStyle, aws,
};
use serde_json::{Map, Value};

use crate::Failure;

/// Options, and whether they say what entropy to use.
pub struct ReadOptions {
    /// For the core.
    pub core: Options,
    /// Whether the caller has chosen the entropy, if only to have none.
    pub entropy_is_given: bool,
}

/// `{"goal":"access_token","scopes":[…]}`, or one of its siblings, each with the members of its variant of
/// [`Goal`]; a `payload` is in base64.
///
/// # Errors
/// `invalid_argument`.
pub fn goal(text: &str) -> Result<Goal, Failure> {
    let mut goal = Object::parse(text, "goal")?;
    Ok(match goal.required_text("goal")?.as_str() {
        "access_token" => Goal::AccessToken { scopes: goal.texts("scopes")? },
        "delegated_access_token" => Goal::DelegatedAccessToken {
            subject: goal.required_text("subject")?,
            scopes: goal.texts("scopes")?,
            token_url: goal.text("token_url")?,
        },
        "downscoped_access_token" => Goal::DownscopedAccessToken {
            scopes: goal.texts("scopes")?,
            access_boundary: goal.required_text("access_boundary")?,
        },
        "id_token" => Goal::IdToken {
            audience: goal.required_text("audience")?,
            include_email: goal.boolean("include_email")?.unwrap_or(true),
        },
        "introspection" => Goal::Introspection { token: goal.required_text("token")?.into() },
        "revocation" => Goal::Revocation,
        "sign_blob" => Goal::SignBlob {
            payload: STANDARD
                .decode(goal.required_text("payload")?)
                .map_err(|_| goal.wrong("payload", "base64"))?,
        },
        "sign_jwt" => Goal::SignJwt { claims: goal.required_text("claims")? },
        "sign_url" => Goal::SignUrl(signed_url(&mut goal)?),
        _ => {
            return Err(goal.wrong(
                "goal",
                "access_token, delegated_access_token, downscoped_access_token, id_token, introspection, revocation, sign_blob, sign_jwt or sign_url",
            ));
        }
    })
}

fn signed_url(object: &mut Object) -> Result<SignedUrlRequest, Failure> {
    let (bucket, name) = (object.required_text("bucket")?, object.required_text("object")?);
    let expires_in =
        object.whole("expires_in")?.ok_or_else(|| object.wrong("expires_in", "a whole number"))?;
    let mut request = SignedUrlRequest::new(bucket, name, expires_in);
    request.method = object.text("method")?.unwrap_or(request.method);
    request.headers = object.pairs("headers")?;
    request.query = object.pairs("query")?;
    request.style =
        match (object.boolean("virtual_hosted")?.unwrap_or(false), object.text("bucket_bound_host")?) {
            (false, None) => UrlStyle::Path,
            (true, None) => UrlStyle::VirtualHosted,
            (false, Some(host)) => UrlStyle::BucketBound(host),
            (true, Some(_)) => {
                return Err(object.wrong("bucket_bound_host", "left out where virtual_hosted is given"));
            }
        };
    Ok(request)
}

/// `{"endpoints":…,"entropy":…,"aws_credentials":…,"aws_profile":…,"aws_region":…}`, the calls to AWS
/// `aws_assume_role` (a list), `aws_get_session_token` and `aws_web_identity_token`, and `subject_token`,
/// `actor_token` with `actor_token_type`, `bind_to_certificate`, `api_client` and `token_servers`, each of them
/// optional.
///
/// # Errors
/// `invalid_argument`.
pub fn options(text: &str) -> Result<ReadOptions, Failure> {
    let mut options = Object::parse(text, "options")?;
    let mut core = Options::new();
    core = match options.text("endpoints")?.as_deref() {
        None | Some("google") => core,
        Some("loopback") => core.endpoints(EndpointPolicy::Loopback),
        Some("any") => core.endpoints(EndpointPolicy::Any),
        Some(_) => return Err(options.wrong("endpoints", "google, loopback or any")),
    };
    if let Some(mut credentials) = options.object("aws_credentials")? {
        core.aws_credentials = Some(crate::credentials(
            credentials.required_text("access_key_id")?,
            credentials.required_text("secret_access_key")?,
            credentials.text("session_token")?,
        ));
    }
    core.aws_region = options.text("aws_region")?;
    core.aws_profile = options.text("aws_profile")?;
    if options.fields.get("aws_assume_role").is_some_and(|roles| !roles.is_null()) {
        let roles = options.list("aws_assume_role")?.into_iter();
        let roles = roles.map(|role| assume_role(&mut Object::of(role, "aws_assume_role")?));
        core.aws_assume_role = Some(roles.collect::<Result<_, _>>()?);
    }
    if let Some(mut session) = options.object("aws_get_session_token")? {
        let mut call = aws::GetSessionToken::default();
        call.duration_seconds = session.whole("duration_seconds")?;
        core.aws_get_session_token = Some(call);
    }
    if let Some(mut token) = options.object("aws_web_identity_token")? {
        let mut call = aws::GetWebIdentityToken::default();
        call.audience = token.text("audience")?;
        call.duration_seconds = token.whole("duration_seconds")?;
        call.signing_algorithm = token.text("signing_algorithm")?;
        core.aws_web_identity_token = Some(call);
    }
    core.subject_token = options.text("subject_token")?.map(Secret::new);
    if let Some(token) = options.text("actor_token")? {
        core.actor_token = Some(ActorToken::new(token, options.required_text("actor_token_type")?));
    }
    core.bind_to_certificate = options.boolean("bind_to_certificate")?.unwrap_or(false);
    core.api_client = options.text("api_client")?;
    core.token_servers = options.texts("token_servers")?;
    let entropy = options.text("entropy")?;
    if let Some(hexadecimal) = &entropy {
        core.entropy = base16ct::mixed::decode_vec(hexadecimal)
            .map_err(|_| options.wrong("entropy", "hexadecimal digits, two for each byte"))?;
    }
    Ok(ReadOptions { core, entropy_is_given: entropy.is_some() })
}

fn assume_role(object: &mut Object) -> Result<aws::AssumeRole, Failure> {
    let mut role = aws::AssumeRole::new(object.required_text("role_arn")?);
    role.role_session_name = object.text("role_session_name")?;
    role.policy_arns = object.texts("policy_arns")?;
    role.policy = object.text("policy")?;
    role.duration_seconds = object.whole("duration_seconds")?;
    role.external_id = object.text("external_id")?;
    role.source_identity = object.text("source_identity")?;
    Ok(role)
}

/// A list of `{"id":…,"reply":…, …}`.
///
/// # Errors
/// `invalid_argument`.
pub fn replies(text: &str) -> Result<Vec<(String, Reply)>, Failure> {
    let Ok(Value::Array(replies)) = serde_json::from_str(text) else {
        return Err(Failure::invalid_argument(
            "The replies are not a JSON list, or hold a text that is not Unicode (a lone surrogate).",
        ));
    };
    replies.into_iter().map(|value| reply(Object::of(value, "reply")?)).collect()
}

fn reply(mut object: Object) -> Result<(String, Reply), Failure> {
    let id = object.required_text("id")?;
    let reply = match object.required_text("reply")?.as_str() {
        "http_response" => Reply::HttpResponse(http_response(&mut object)?),
        "env" => Reply::Env(env(&mut object)?),
        "file" => Reply::File(object.text("content")?.map(Secret::new)),
        "command_output" => Reply::CommandOutput(CommandOutput::new(
            object.integer("exit_code")?.and_then(|code| i32::try_from(code).ok()),
            object.text("stdout")?.unwrap_or_default(),
            object.text("stderr")?.unwrap_or_default(),
        )),
        "waited" => Reply::Waited,
        "failed" => Reply::Failed(HostFailure::new(
            failure_kind(&mut object)?,
            object.text("message")?.unwrap_or_default(),
        )),
        _ => return Err(object.wrong("reply", "http_response, env, file, command_output, waited or failed")),
    };
    Ok((id, reply))
}

/// An HTTP status.
pub(crate) fn status(number: i64) -> Result<u16, Failure> {
    u16::try_from(number)
        .ok()
        .filter(|status| (100..600).contains(status))
        .ok_or_else(|| Failure::invalid_argument("The status must be a whole number from 100 to 599."))
}

fn http_response(object: &mut Object) -> Result<HttpResponse, Failure> {
    let status = status(object.integer("status")?.unwrap_or(0))?;
    let headers = object.pairs("headers")?;
    Ok(HttpResponse::new(status, headers, object.required_text("body")?))
}

fn env(object: &mut Object) -> Result<Vec<(String, Secret)>, Failure> {
    let values = object.object("values")?.ok_or_else(|| object.wrong("values", "an object"))?;
    let mut env = Vec::new();
    for (name, value) in values.fields {
        let Value::String(text) = value else { return Err(object.wrong("values", "texts")) };
        env.push((name, Secret::new(text)));
    }
    Ok(env)
}

fn failure_kind(object: &mut Object) -> Result<HostFailureKind, Failure> {
    Ok(match object.required_text("kind")?.as_str() {
        "timeout" => HostFailureKind::Timeout,
        "unreachable" => HostFailureKind::Unreachable,
        "denied" => HostFailureKind::Denied,
        "unsupported" => HostFailureKind::Unsupported,
        "other" => HostFailureKind::Other,
        _ => return Err(object.wrong("kind", "timeout, unreachable, denied, unsupported or other")),
    })
}

/// The parameters of `sts_request`.
pub(crate) struct StsParameters {
    pub token_url: String,
    pub audience: String,
    pub scopes: Vec<String>,
    pub subject_token: Secret,
    pub subject_token_type: String,
    pub client: Option<ClientAuthentication>,
    pub user_project: Option<String>,
    pub actor: Option<(Secret, String)>,
    pub access_boundary: Option<String>,
    pub bind_cert_fingerprint: Option<String>,
    pub api_client: Option<String>,
    pub body_format: BodyFormat,
}

impl StsParameters {
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let mut object = Object::parse(text, "parameters")?;
        let client_secret = Secret::new(object.text("client_secret")?.unwrap_or_default());
        Ok(Self {
            token_url: object.required_text("token_url")?,
            audience: object.required_text("audience")?,
            scopes: object.texts("scopes")?,
            subject_token: object.required_text("subject_token")?.into(),
            subject_token_type: object.required_text("subject_token_type")?,
            client: object.text("client_id")?.map(|id| ClientAuthentication::new(id, client_secret)),
            user_project: object.text("user_project")?,
            actor: match object.text("actor_token")? {
                Some(token) => Some((token.into(), object.required_text("actor_token_type")?)),
                None => None,
            },
            access_boundary: object.text("access_boundary")?,
            bind_cert_fingerprint: object.text("bind_cert_fingerprint")?,
            api_client: object.text("api_client")?,
            body_format: match object.text("body_format")?.as_deref() {
                None | Some("form") => BodyFormat::Form,
                Some("json") => BodyFormat::Json,
                Some(_) => return Err(object.wrong("body_format", "form or json")),
            },
        })
    }
}

/// The parameters of `impersonation_request`.
pub(crate) struct ImpersonationParameters {
    pub url: String,
    pub token: Secret,
    pub scopes: Vec<String>,
    pub lifetime_seconds: u32,
    pub delegates: Vec<String>,
}

impl ImpersonationParameters {
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let mut object = Object::parse(text, "parameters")?;
        Ok(Self {
            url: object.required_text("url")?,
            token: object.required_text("token")?.into(),
            scopes: object.texts("scopes")?,
            lifetime_seconds: object
                .integer("lifetime_seconds")?
                .and_then(|seconds| u32::try_from(seconds).ok())
                .ok_or_else(|| object.wrong("lifetime_seconds", "a whole number"))?,
            delegates: object.texts("delegates")?,
        })
    }
}

/// The parameters of `create_config`: `provider` in full, or `project_number`, `pool` and `provider`; `source` with its
/// `kind`; and what else there is to say.
pub(crate) fn config_parts(text: &str) -> Result<ConfigParts, Failure> {
    let mut object = Object::parse(text, "parameters")?;
    let mut source = object.object("source")?.ok_or_else(|| object.wrong("source", "an object"))?;
    let provider = provider_name(&mut object)?;
    let mut parts = ConfigParts::new(provider, source_parts(&mut source)?);
    parts.service_account = object.text("service_account")?;
    parts.token_lifetime_seconds = object.whole("token_lifetime_seconds")?;
    parts.subject_token_type = object.text("subject_token_type")?;
    parts.universe_domain = object.text("universe_domain")?;
    parts.sts_region = object.text("sts_region")?;
    parts.workforce_pool_user_project = object.text("workforce_pool_user_project")?;
    Ok(parts)
}

fn provider_name(object: &mut Object) -> Result<String, Failure> {
    let provider = object.required_text("provider")?;
    if object.fields.contains_key("project_number") || object.fields.contains_key("pool") {
        let (number, pool) = (object.required_text("project_number")?, object.required_text("pool")?);
        return Ok(ConfigParts::provider_name(&number, &pool, &provider));
    }
    Ok(provider)
}

fn source_parts(source: &mut Object) -> Result<SourceParts, Failure> {
    let kind = source.required_text("kind")?;
    Ok(match kind.as_str() {
        "aws" => SourceParts::Aws { imdsv2: source.boolean("imdsv2")?.unwrap_or(true) },
        "azure" => SourceParts::Azure { app_id_uri: source.text("app_id_uri")? },
        "certificate" => SourceParts::Certificate {
            config_location: source.text("config_location")?,
            trust_chain_path: source.text("trust_chain_path")?,
        },
        "executable" => SourceParts::Executable {
            command: source.required_text("command")?,
            timeout_millis: source.whole("timeout_millis")?,
            output_file: source.text("output_file")?,
            interactive_timeout_millis: source.whole("interactive_timeout_millis")?,
        },
        "file" => SourceParts::File { path: source.required_text("path")?, format: format_parts(source)? },
        "kubernetes" => SourceParts::Kubernetes { path: source.text("path")? },
        "url" => {
            let headers = source.pairs("headers")?.into_iter();
            SourceParts::Url {
                url: source.required_text("url")?,
                headers: headers.map(|(name, value)| (name, Secret::new(value))).collect(),
                format: format_parts(source)?,
            }
        }
        // Everything else is a platform, which the core knows or refuses.
        _ => {
            let fields = std::mem::take(&mut source.fields);
            let settings = Object { what: source.what, fields }.texts_by_name()?;
            SourceParts::Platform { platform: kind, settings }
        }
    })
}

/// `format` is `text` or `json`, with `json_field`; without it nothing is said of the format.
fn format_parts(source: &mut Object) -> Result<Option<FormatParts>, Failure> {
    Ok(match (source.text("format")?.as_deref(), source.text("json_field")?) {
        (None, None) => None,
        (Some("text"), None) => Some(FormatParts::Text),
        (None | Some("json"), Some(field)) => Some(FormatParts::Json(field)),
        _ => return Err(source.wrong("format", "text, or json with the name of the field")),
    })
}

/// A JSON object whose texts are moved out, so that a secret is not left in the tree.
struct Object {
    what: &'static str,
    fields: Map<String, Value>,
}

impl Object {
    fn parse(text: &str, what: &'static str) -> Result<Self, Failure> {
        Self::of(serde_json::from_str(text).unwrap_or(Value::Null), what)
    }

    fn of(value: Value, what: &'static str) -> Result<Self, Failure> {
        match value {
            Value::Object(fields) => Ok(Self { what, fields }),
            _ => Err(Failure::invalid_argument(&format!("The {what} must be a JSON object."))),
        }
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, Failure> {
        match self.fields.get_mut(name).map(Value::take) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a text")),
        }
    }

    fn required_text(&mut self, name: &str) -> Result<String, Failure> {
        self.text(name)?.ok_or_else(|| self.wrong(name, "a text"))
    }

    fn integer(&mut self, name: &str) -> Result<Option<i64>, Failure> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| self.wrong(name, "a whole number")),
        }
    }

    /// Whether the number makes sense is the core's business.
    fn whole(&mut self, name: &str) -> Result<Option<u32>, Failure> {
        let Some(number) = self.integer(name)? else { return Ok(None) };
        u32::try_from(number).map(Some).map_err(|_| self.wrong(name, "a whole number that is not negative"))
    }

    fn boolean(&mut self, name: &str) -> Result<Option<bool>, Failure> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    /// All members, which must be texts or null; null counts as absent.
    fn texts_by_name(mut self) -> Result<Vec<(String, String)>, Failure> {
        let names: Vec<String> = self.fields.keys().cloned().collect();
        let mut texts = Vec::new();
        for name in names {
            if let Some(text) = self.text(&name)? {
                texts.push((name, text));
            }
        }
        Ok(texts)
    }

    fn list(&mut self, name: &str) -> Result<Vec<Value>, Failure> {
        match self.fields.get_mut(name).map(Value::take) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(values)) => Ok(values),
            Some(_) => Err(self.wrong(name, "a list")),
        }
    }

    /// A list of names and values, whose order counts.
    fn pairs(&mut self, name: &str) -> Result<Vec<(String, String)>, Failure> {
        let mut pairs = Vec::new();
        for pair in self.list(name)? {
            match pair.as_array().map(Vec::as_slice) {
                Some([Value::String(name), Value::String(value)]) => {
                    pairs.push((name.clone(), value.clone()));
                }
                _ => return Err(self.wrong(name, "pairs of texts")),
            }
        }
        Ok(pairs)
    }

    fn texts(&mut self, name: &str) -> Result<Vec<String>, Failure> {
        self.list(name)?
            .into_iter()
            .map(|value| match value {
                Value::String(text) => Ok(text),
                _ => Err(self.wrong(name, "a list of texts")),
            })
            .collect()
    }

    fn object(&mut self, name: &str) -> Result<Option<Self>, Failure> {
        match self.fields.get_mut(name).map(Value::take) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Self { what: self.what, fields })),
            Some(_) => Err(self.wrong(name, "an object")),
        }
    }

    fn wrong(&self, name: &str, expected: &str) -> Failure {
        Failure::invalid_argument(&format!("In the {}, {name} must be {expected}.", self.what))
    }
}
