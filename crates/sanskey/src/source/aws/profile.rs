//! A named profile of the AWS configuration files: where its credentials come from, and through which roles.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html> and
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html>. Where several settings of one
//! profile name credentials, botocore's order decides.

use super::container::Container;
use super::environment;
use super::place::{Origin, Place};
use super::process::Process;
use super::sso::{self, Sso};
use super::web_identity::WebIdentity;
use crate::aws::shared_config::{self, Section};
use crate::aws::{AssumeRole, Credentials, region};
use crate::desk::{Desk, Env, Flow, both};
use crate::error::{Error, ErrorCode, Stage, on_one_line, path_in_words};
use crate::secret::Secret;
use crate::words;

/// The variables that name a profile and the files.
pub(super) const VARIABLES: [&str; 6] =
    ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", CONFIG_FILE, CREDENTIALS_FILE, "HOME", "USERPROFILE"];

const CONFIG_FILE: &str = "AWS_CONFIG_FILE";
const CREDENTIALS_FILE: &str = "AWS_SHARED_CREDENTIALS_FILE";
const PLACES: [&str; 2] = [CONFIG_FILE, CREDENTIALS_FILE];

/// What the profile of this name leads to.
pub(super) fn origin(desk: &mut Desk, env: &Env, name: &str) -> Flow<Origin> {
    let files = Files::read(desk, env)?;
    Ok(resolve(&files, env, name)?)
}

/// Follows `source_profile` from profile to profile, to the one that has credentials.
fn resolve(files: &Files, env: &Env, name: &str) -> Result<Origin, Error> {
    let mut profile = files.profile(name).ok_or_else(|| missing(name, files))?;
    let region = profile.text("region");
    let mut roles = Vec::new();
    let mut visited = vec![name.to_owned()];
    let place = loop {
        let is_first = visited.len() == 1;
        // Keys end a chain; only in the profile that was named, a role goes before them.
        if !profile.takes_on_a_role() || (!is_first && profile.has_keys()) {
            break profile.place(files, env)?;
        }
        roles.push(profile.role()?);
        match (profile.text("source_profile"), profile.text("credential_source")) {
            (Some(_), Some(_)) => {
                return Err(profile.invalid("has both source_profile and credential_source"));
            }
            (None, None) => {
                return Err(profile.invalid("has role_arn, but neither source_profile nor credential_source"));
            }
            (None, Some(source)) => break profile.credential_source(env, &source)?,
            // What it has itself, which would otherwise go unused.
            (Some(next), None) if next == profile.name && profile.has_keys() => {
                break profile.place(files, env)?;
            }
            (Some(next), None) if visited.contains(&next) => {
                return Err(profile.invalid("leads back to itself by way of source_profile"));
            }
            (Some(next), None) => {
                profile = files.profile(&next).ok_or_else(|| missing(&next, files))?;
                visited.push(next);
            }
        }
    };
    roles.reverse();
    Ok(Origin { place, roles, region })
}

/// Both files, as far as they are there.
struct Files {
    config: Vec<Section>,
    credentials: Vec<Section>,
    paths: [Option<String>; 2],
    home: Option<String>,
}

impl Files {
    fn read(desk: &mut Desk, env: &Env) -> Flow<Self> {
        let home = env.get("HOME").or_else(|| env.get("USERPROFILE"));
        let home = home.map(|home| home.expose().trim_end_matches('/').to_owned());
        // Without a home directory there are no usual places.
        let path = |variable, usual: &str| {
            let named = env.get(variable).map(Secret::expose);
            if named.is_none() && home.is_none() && PLACES.iter().any(|place| env.get(place).is_some()) {
                return Ok(None);
            }
            let path = named.unwrap_or(usual);
            expand(path, home.as_deref()).map(Some).ok_or_else(|| {
                let message = format!("The path {} of an AWS configuration file begins at the home directory, which neither HOME nor USERPROFILE names.", path_in_words(path));
                let hint = "Set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE to absolute paths, or HOME. Where files cannot be read, unset AWS_PROFILE and give AWS credentials to sanskey.";
                Error::new(ErrorCode::AwsProfileFileInvalid, message, hint).at(Stage::Source)
            })
        };
        let config_path = path(CONFIG_FILE, "~/.aws/config")?;
        let credentials_path = path(CREDENTIALS_FILE, "~/.aws/credentials")?;
        let hint = "An AWS profile is in use (AWS_PROFILE, AWS_DEFAULT_PROFILE or the option aws_profile), whose files are named by AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE. Where files cannot be read, give AWS credentials to sanskey.";
        let mut read = |id, path: &Option<String>| match path {
            Some(path) => desk.file(id, path, hint),
            None => Ok(None),
        };
        let (config, credentials) =
            both(read("aws-config-file", &config_path), read("aws-credentials-file", &credentials_path))?;
        Ok(Self {
            config: parse("aws-config-file", config_path.as_deref(), config)?,
            credentials: parse("aws-credentials-file", credentials_path.as_deref(), credentials)?,
            paths: [config_path, credentials_path],
            home,
        })
    }

    /// The profile of this name, if either file has it.
    fn profile(&self, name: &str) -> Option<Profile<'_>> {
        let plain = |section: &&Section| section.name == name;
        let credentials = self.credentials.iter().find(plain);
        let config = self.named("profile", name).or_else(|| {
            // `[profile default]` may be written `[default]`.
            self.config.iter().find(|section| name == "default" && section.name == name)
        });
        if credentials.is_none() && config.is_none() {
            return None;
        }
        Some(Profile { name: name.to_owned(), credentials, config })
    }

    /// `[kind name]` of the file `config`.
    fn named(&self, kind: &str, name: &str) -> Option<&Section> {
        // Of sections which differ in nothing but quotes, the last one counts.
        self.config.iter().rev().find(|section| section.words() == [kind, name])
    }
}

fn parse(ask_id: &str, path: Option<&str>, text: Option<Secret>) -> Result<Vec<Section>, Error> {
    let (Some(path), Some(text)) = (path, text) else { return Ok(Vec::new()) };
    shared_config::parse(text.expose()).map_err(|problem| {
        let message = format!("Line {} of {} {}.", problem.line, path_in_words(path), problem.what);
        Error::new(
            ErrorCode::AwsProfileFileInvalid,
            message,
            "Correct the file, or name another with AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE.",
        )
        .at(Stage::Source)
        .about_ask(ask_id)
    })
}

/// `~/` at the beginning is the home directory.
fn expand(path: &str, home: Option<&str>) -> Option<String> {
    match path.strip_prefix("~/") {
        Some(rest) => Some(format!("{}/{rest}", home?)),
        None => Some(path.to_owned()),
    }
}

fn missing(name: &str, files: &Files) -> Error {
    let paths: Vec<String> = files.paths.iter().flatten().map(|path| path_in_words(path)).collect();
    Error::new(
        ErrorCode::AwsProfileMissing,
        format!("There is no AWS profile {} in {}.", on_one_line(name), paths.join(" and ")),
        "Add it to ~/.aws/config (as [profile NAME]) or ~/.aws/credentials (as [NAME]), correct AWS_PROFILE or source_profile, or say with AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE where the files are.",
    )
    .at(Stage::Source)
}

/// What the two files say of one profile. Where both have a setting, that of `credentials` counts.
struct Profile<'a> {
    name: String,
    credentials: Option<&'a Section>,
    config: Option<&'a Section>,
}

impl Profile<'_> {
    fn get(&self, setting: &str) -> Option<&Secret> {
        self.credentials
            .and_then(|section| section.get(setting))
            .or_else(|| self.config.and_then(|section| section.get(setting)))
    }

    fn text(&self, setting: &str) -> Option<String> {
        self.get(setting).map(|value| value.expose().to_owned())
    }

    fn required(&self, setting: &str, what_for: &str) -> Result<String, Error> {
        self.text(setting).ok_or_else(|| self.invalid(&format!("has {what_for}, but no {setting}")))
    }

    fn takes_on_a_role(&self) -> bool {
        self.get("role_arn").is_some() && self.get("web_identity_token_file").is_none()
    }

    fn has_keys(&self) -> bool {
        ["aws_access_key_id", "aws_secret_access_key"].iter().any(|setting| self.get(setting).is_some())
    }

    fn role(&self) -> Result<AssumeRole, Error> {
        if self.get("mfa_serial").is_some() {
            return Err(self.unsupported("mfa_serial", "a code that a person reads off a device"));
        }
        let mut role = AssumeRole::new(self.text("role_arn").unwrap_or_default());
        role.role_session_name = self.text("role_session_name");
        role.external_id = self.text("external_id");
        if let Some(seconds) = self.text("duration_seconds") {
            let number =
                seconds.parse().map_err(|_| self.invalid("has a duration_seconds that is not a number"))?;
            role.duration_seconds = Some(number);
        }
        role.check()
            .map_err(|(setting, problem)| self.invalid(&format!("has a {setting} that {problem}")))?;
        Ok(role)
    }

    /// The credentials that this profile has itself.
    fn place(&self, files: &Files, env: &Env) -> Result<Place, Error> {
        if let Some(token_file) = self.text("web_identity_token_file") {
            let identity = WebIdentity {
                token_file: self.in_home(files, &token_file)?,
                role_arn: self.required("role_arn", "web_identity_token_file")?,
                role_session_name: self.text("role_session_name"),
            };
            identity
                .check()
                .map_err(|(setting, problem)| self.invalid(&format!("has a {setting} that {problem}")))?;
            return Ok(Place::WebIdentity(identity));
        }
        if self.get("sso_account_id").is_some() || self.get("sso_role_name").is_some() {
            return self.sso(files, env).map(Place::Sso);
        }
        if self.credentials.is_some_and(|section| section.get("aws_access_key_id").is_some()) {
            return self.keys();
        }
        if self.get("login_session").is_some() {
            return Err(self.unsupported("login_session", "a login of `aws login`"));
        }
        if let Some(command) = self.text("credential_process") {
            let argv = words::split(&command).filter(|argv| !argv.is_empty()).ok_or_else(|| {
                self.invalid("has a credential_process with a quote or a backslash that nothing follows")
            })?;
            return Ok(Place::Process(Process { argv }));
        }
        if self.has_keys() {
            return self.keys();
        }
        Err(self.invalid("has no credentials, and no setting that says where to get them"))
    }

    /// The access key of one of the files: parts of two keys would be none.
    fn keys(&self) -> Result<Place, Error> {
        const ID: &str = "aws_access_key_id";
        const SECRET: &str = "aws_secret_access_key";
        let of_credentials = self.credentials.filter(|section| section.get(ID).is_some());
        let part = |setting: &str| of_credentials.or(self.config).and_then(|section| section.get(setting));
        let (id, secret) = match (part(ID), part(SECRET)) {
            (Some(id), Some(secret)) => (id, secret),
            (id, _) => {
                let missing = if id.is_none() { ID } else { SECRET };
                return Err(
                    self.invalid(&format!("has one half of an access key in a file, but no {missing} there"))
                );
            }
        };
        let mut credentials = Credentials::new(id.expose(), secret.clone());
        credentials.session_token = part("aws_session_token").or_else(|| part("aws_security_token")).cloned();
        match credentials.check() {
            Ok(()) => Ok(Place::Known(credentials)),
            Err(_) => Err(self.invalid("has an access key with characters that it cannot have")),
        }
    }

    fn credential_source(&self, env: &Env, source: &str) -> Result<Place, Error> {
        let place = match source {
            "Ec2InstanceMetadata" => Some(Place::Instance),
            "EcsContainer" => Container::in_environment(env)?.map(Place::Container),
            "Environment" => environment::credentials_in(env)?.map(Place::Known),
            _ => {
                return Err(self.invalid(
                    "has a credential_source other than Environment, Ec2InstanceMetadata and EcsContainer",
                ));
            }
        };
        place.ok_or_else(|| {
            self.invalid(&format!(
                "has the credential_source {source}, of which the environment says nothing"
            ))
        })
    }

    fn sso(&self, files: &Files, env: &Env) -> Result<Sso, Error> {
        let session = match self.text("sso_session") {
            Some(name) => Some(files.named("sso-session", &name).ok_or_else(|| {
                self.invalid(
                    "has an sso_session, but the file config has no section [sso-session] of that name",
                )
            })?),
            None => None,
        };
        let text = |setting: &str| {
            let of_session = session.and_then(|session| session.get(setting)).map(Secret::expose);
            let of_profile = self.get(setting).map(Secret::expose);
            if of_session.is_some() && of_profile.is_some() && of_session != of_profile {
                return Err(self.invalid(&format!("has another {setting} than its sso_session")));
            }
            of_profile
                .or(of_session)
                .map(str::to_owned)
                .ok_or_else(|| self.invalid(&format!("uses IAM Identity Center, but has no {setting}")))
        };
        let start_url = text("sso_start_url")?;
        let region = text("sso_region")?;
        if !region::is_plausible(&region) {
            return Err(self.invalid("has an sso_region with characters that no region has"));
        }
        let key = self.text("sso_session").unwrap_or(start_url);
        let endpoint = match environment::endpoint(env, "AWS_ENDPOINT_URL_SSO")? {
            Some(url) => format!("{}/", url.trim_end_matches('/')),
            None => format!("https://portal.sso.{region}.{}/", region::dns_suffix(&region)),
        };
        Ok(Sso {
            endpoint,
            account_id: text("sso_account_id")?,
            role_name: text("sso_role_name")?,
            token_file: self.in_home(files, &format!("~/.aws/sso/cache/{}", sso::token_file_name(&key)))?,
        })
    }

    fn in_home(&self, files: &Files, path: &str) -> Result<String, Error> {
        expand(path, files.home.as_deref()).ok_or_else(|| {
            self.invalid("names a file in the home directory, which neither HOME nor USERPROFILE names")
        })
    }

    /// `problem` continues "The AWS profile …".
    fn invalid(&self, problem: &str) -> Error {
        Error::new(
            ErrorCode::AwsProfileInvalid,
            format!("The AWS profile {} {problem}.", on_one_line(&self.name)),
            "Correct the profile in ~/.aws/config or ~/.aws/credentials, or in the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name.",
        )
        .at(Stage::Source)
    }

    fn unsupported(&self, setting: &str, what: &str) -> Error {
        Error::new(
            ErrorCode::AwsSourceUnsupported,
            format!("The AWS profile {} has {setting}: {what}.", on_one_line(&self.name)),
            "Give credentials to sanskey that an AWS SDK or the AWS CLI got (aws configure export-credentials), or use a profile without that setting.",
        )
        .at(Stage::Source)
    }
}
