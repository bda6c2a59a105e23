//! What can go wrong, said so that a person or a program can act on it: [`Error`].

use std::borrow::Cow;
use std::fmt;

/// Who can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The credential configuration or the environment: correct the file or the variable.
    Config,
    /// The host's own I/O did not succeed: network, files, permissions.
    Host,
    /// The calling program used the library in a way that cannot work.
    Misuse,
    /// A server answered, and said no or said something unintelligible.
    Remote,
}

impl Fault {
    /// The stable name: `config`, `host`, `misuse`, `remote`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Host => "host",
            Self::Misuse => "misuse",
            Self::Remote => "remote",
        }
    }
}

/// How far the exchange had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Getting credentials, or a JWT, from AWS's Security Token Service.
    AwsSts,
    /// Reading the credential configuration.
    Config,
    /// Getting a token for a person of a Google Workspace domain.
    Delegation,
    /// Getting a service account's ID token (IAM Credentials API).
    IdToken,
    /// Getting a Google access token for the service account (IAM Credentials API).
    Impersonation,
    /// Having a service account sign (IAM Credentials API).
    Sign,
    /// Getting the proof of identity from the platform that the workload runs on.
    Source,
    /// Exchanging the proof at Google's Security Token Service.
    Sts,
}

impl Stage {
    /// The stable name: `aws_sts`, `config`, `delegation`, `id_token`, `impersonation`, `sign`, `source`, `sts`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwsSts => "aws_sts",
            Self::Config => "config",
            Self::Delegation => "delegation",
            Self::IdToken => "id_token",
            Self::Impersonation => "impersonation",
            Self::Sign => "sign",
            Self::Source => "source",
            Self::Sts => "sts",
        }
    }
}

/// Declares the codes once: variant, stable text, fault, meaning.
macro_rules! error_codes {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $text:literal, $fault:ident;)+) => {
        /// The stable name of one kind of failure. A code, once published, keeps its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[doc = $meaning])+ $variant,)+
        }

        impl ErrorCode {
            /// All codes, in the order of their texts.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable text, such as `sts_rejected`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// Who can mend a failure of this kind.
            pub fn fault(self) -> Fault {
                match self {
                    $(Self::$variant => Fault::$fault,)+
                }
            }
        }
    };
}

error_codes! {
    /// An ask was answered twice.
    AlreadyAnswered = "already_answered", Misuse;
    /// The answer of the container's credential endpoint is not what its protocol says.
    AwsContainerMalformed = "aws_container_malformed", Remote;
    /// The container's credential endpoint refused the request.
    AwsContainerRejected = "aws_container_rejected", Remote;
    /// The authorization token for the container's credential endpoint is missing or cannot be sent.
    AwsContainerTokenInvalid = "aws_container_token_invalid", Config;
    /// The container's credential endpoint had no answer, after every try.
    AwsContainerUnavailable = "aws_container_unavailable", Remote;
    /// The address of the container's credential endpoint leads where credentials must not come from.
    AwsContainerUrlRefused = "aws_container_url_refused", Config;
    /// The environment holds one half of an AWS access key.
    AwsCredentialsIncomplete = "aws_credentials_incomplete", Config;
    /// The environment holds AWS credentials that cannot be sent in a header.
    AwsCredentialsInvalid = "aws_credentials_invalid", Config;
    /// No AWS credentials are in the environment, and the configuration names no place to ask for them.
    AwsCredentialsUnavailable = "aws_credentials_unavailable", Config;
    /// An endpoint of AWS that the environment names leads where credentials must not come from.
    AwsEndpointRefused = "aws_endpoint_refused", Config;
    /// The `credential_process` of an AWS profile ended with an error.
    AwsProcessFailed = "aws_process_failed", Host;
    /// What the `credential_process` of an AWS profile wrote is not what its protocol says.
    AwsProcessMalformed = "aws_process_malformed", Host;
    /// An AWS configuration file cannot be read.
    AwsProfileFileInvalid = "aws_profile_file_invalid", Config;
    /// An AWS profile has settings that cannot work.
    AwsProfileInvalid = "aws_profile_invalid", Config;
    /// There is no AWS profile of that name.
    AwsProfileMissing = "aws_profile_missing", Config;
    /// No AWS region is in the environment, and the configuration names no place to ask for it.
    AwsRegionUnavailable = "aws_region_unavailable", Config;
    /// What the environment or the metadata service gave is not the name of an AWS region or zone.
    AwsRegionUnknown = "aws_region_unknown", Config;
    /// The metadata service knows no IAM role for this instance.
    AwsRoleMissing = "aws_role_missing", Remote;
    /// An AWS profile names a source of credentials that is not supported.
    AwsSourceUnsupported = "aws_source_unsupported", Config;
    /// The answer of IAM Identity Center is not what its protocol says.
    AwsSsoMalformed = "aws_sso_malformed", Remote;
    /// IAM Identity Center refused to give credentials.
    AwsSsoRejected = "aws_sso_rejected", Remote;
    /// The token of the login to IAM Identity Center is missing, out of date or unreadable.
    AwsSsoTokenInvalid = "aws_sso_token_invalid", Config;
    /// IAM Identity Center had no answer, after every try.
    AwsSsoUnavailable = "aws_sso_unavailable", Remote;
    /// The answer of AWS's Security Token Service is not what its protocol says.
    AwsStsMalformed = "aws_sts_malformed", Remote;
    /// AWS's Security Token Service refused the request.
    AwsStsRejected = "aws_sts_rejected", Remote;
    /// AWS's Security Token Service had no answer, after every try.
    AwsStsUnavailable = "aws_sts_unavailable", Remote;
    /// The web identity token of this workload is missing or cannot be sent.
    AwsWebIdentityTokenInvalid = "aws_web_identity_token_invalid", Config;
    /// A state that should be impossible: a defect of this library.
    Bug = "bug", Misuse;
    /// The workload's certificate, its chain or the file that names them is missing or cannot be used.
    CertificateInvalid = "certificate_invalid", Config;
    /// A field of the configuration has a value that is not allowed.
    ConfigFieldInvalid = "config_field_invalid", Config;
    /// A required field of the configuration is missing.
    ConfigFieldMissing = "config_field_missing", Config;
    /// The host found no configuration where it was told to look.
    ConfigNotFound = "config_not_found", Config;
    /// The configuration is not a JSON object.
    ConfigNotJson = "config_not_json", Config;
    /// The configuration names more than one source of the proof.
    ConfigSourceAmbiguous = "config_source_ambiguous", Config;
    /// The configuration names a source of the proof that is not supported.
    ConfigSourceUnsupported = "config_source_unsupported", Config;
    /// The configuration is of another type than `external_account`.
    ConfigTypeUnsupported = "config_type_unsupported", Config;
    /// A URL of the configuration leads to a host that it must not lead to.
    ConfigUrlRefused = "config_url_refused", Config;
    /// The answer of Google's OAuth 2.0 token endpoint is not what its protocol says.
    DelegationMalformed = "delegation_malformed", Remote;
    /// Google's OAuth 2.0 token endpoint refused to give a token for the person.
    DelegationRejected = "delegation_rejected", Remote;
    /// Google's OAuth 2.0 token endpoint had no answer, after every try.
    DelegationUnavailable = "delegation_unavailable", Remote;
    /// The program that gives the token ended with an error.
    ExecutableFailed = "executable_failed", Host;
    /// What the program that gives the token wrote is not what its protocol says.
    ExecutableMalformed = "executable_malformed", Host;
    /// The configuration names a program, and the environment does not allow to run it.
    ExecutableNotAllowed = "executable_not_allowed", Config;
    /// The program that gives the token said that it has none.
    ExecutableRejected = "executable_rejected", Host;
    /// The host was not allowed to do what was asked.
    HostDenied = "host_denied", Host;
    /// The host could not do what was asked.
    HostFailed = "host_failed", Host;
    /// The host got no answer in time.
    HostTimeout = "host_timeout", Host;
    /// The host could not reach the server.
    HostUnreachable = "host_unreachable", Host;
    /// The host has no means to do what was asked.
    HostUnsupported = "host_unsupported", Host;
    /// The answer of the IAM Credentials API to a request for an ID token is not what its protocol says.
    IdTokenMalformed = "id_token_malformed", Remote;
    /// The IAM Credentials API refused to give an ID token.
    IdTokenRejected = "id_token_rejected", Remote;
    /// The IAM Credentials API had no ID token, after every try.
    IdTokenUnavailable = "id_token_unavailable", Remote;
    /// The metadata service's answer is not what its protocol says.
    ImdsMalformed = "imds_malformed", Remote;
    /// The metadata service refused the request.
    ImdsRejected = "imds_rejected", Remote;
    /// The metadata service had no answer, after every try.
    ImdsUnavailable = "imds_unavailable", Remote;
    /// The answer of the IAM Credentials API is not what its protocol says.
    ImpersonationMalformed = "impersonation_malformed", Remote;
    /// The IAM Credentials API refused to give a token for the service account.
    ImpersonationRejected = "impersonation_rejected", Remote;
    /// The IAM Credentials API had no answer, after every try.
    ImpersonationUnavailable = "impersonation_unavailable", Remote;
    /// An argument has a value that cannot work.
    InvalidArgument = "invalid_argument", Misuse;
    /// An address that the platform names leads where a proof of identity must not be sent.
    PlatformUrlRefused = "platform_url_refused", Config;
    /// A server redirected the request. Redirects are never followed.
    RedirectRefused = "redirect_refused", Remote;
    /// A server's answer is larger than 1 MiB.
    ResponseTooLarge = "response_too_large", Remote;
    /// The answer of the IAM Credentials API to a request for a signature is not what its protocol says.
    SignMalformed = "sign_malformed", Remote;
    /// The IAM Credentials API refused to sign.
    SignRejected = "sign_rejected", Remote;
    /// The IAM Credentials API had no signature, after every try.
    SignUnavailable = "sign_unavailable", Remote;
    /// The answer of Google's Security Token Service is not what its protocol says.
    StsMalformed = "sts_malformed", Remote;
    /// Google's Security Token Service refused the proof.
    StsRejected = "sts_rejected", Remote;
    /// Google's Security Token Service had no answer, after every try.
    StsUnavailable = "sts_unavailable", Remote;
    /// The token of the workload is out of date.
    SubjectTokenExpired = "subject_token_expired", Config;
    /// What should hold the token of the workload holds something else.
    SubjectTokenInvalid = "subject_token_invalid", Config;
    /// The answer of the server that gives the token is not what the configuration says.
    SubjectTokenMalformed = "subject_token_malformed", Remote;
    /// There is no token of the workload where it should be.
    SubjectTokenMissing = "subject_token_missing", Config;
    /// The server that gives the token refused the request.
    SubjectTokenRejected = "subject_token_rejected", Remote;
    /// The server that gives the token had no answer, after every try.
    SubjectTokenUnavailable = "subject_token_unavailable", Remote;
    /// An answer was given to a question that was not asked.
    UnknownAsk = "unknown_ask", Misuse;
    /// An answer is of another kind than the question.
    WrongReply = "wrong_reply", Misuse;
}

/// A failure: what happened, where, whose it is to mend, and what to do next.
///
/// Nothing in it is secret; it may be logged as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Details>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    code: ErrorCode,
    stage: Option<Stage>,
    message: Cow<'static, str>,
    hint: Cow<'static, str>,
    field: Option<String>,
    ask_id: Option<String>,
    status: Option<u16>,
    retryable: bool,
    remote: Option<RemoteError>,
}

/// What the server itself said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RemoteError {
    pub(crate) error: Option<String>,
    pub(crate) description: Option<String>,
}

impl RemoteError {
    pub(crate) fn new(error: Option<&str>, description: Option<&str>) -> Self {
        Self { error: error.map(on_one_line), description: description.map(on_one_line) }
    }
}

/// A text from elsewhere, unable to begin a line of its own in a log.
pub(crate) fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A path as it may stand in a message. People put a token where its path belongs, and that is not shown.
pub(crate) fn path_in_words(path: &str) -> String {
    let is_path = path.len() <= 512 && path.contains(['/', '\\', '.', '~']) && !path.starts_with("eyJ");
    if is_path { on_one_line(path) } else { "(not shown, since it does not look like a path)".to_owned() }
}

impl Error {
    /// The stable name of this kind of failure.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// Who can mend it.
    pub fn fault(&self) -> Fault {
        self.0.code.fault()
    }

    /// How far the exchange had come; `None` for a misuse of the library.
    pub fn stage(&self) -> Option<Stage> {
        self.0.stage
    }

    /// What happened, in one sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do next, in one or two sentences.
    pub fn hint(&self) -> &str {
        &self.0.hint
    }

    /// The field of the configuration that it is about, such as `credential_source.url`.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The ask that it is about, such as `sts` or, on the second try, `sts-2`.
    pub fn ask_id(&self) -> Option<&str> {
        self.0.ask_id.as_deref()
    }

    /// The HTTP status that the server answered with.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Whether the same exchange, begun again later, may succeed without any change.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// The server's own error code: `error` of RFC 6749 section 5.2, or `error.status` of a Google API.
    pub fn remote_error(&self) -> Option<&str> {
        self.0.remote.as_ref()?.error.as_deref()
    }

    /// The server's own words: `error_description` of RFC 6749 section 5.2, or `error.message` of a Google API.
    pub fn remote_error_description(&self) -> Option<&str> {
        self.0.remote.as_ref()?.description.as_deref()
    }

    /// The texts of most failures are known when this is compiled, and cost nothing until they are read.
    pub(crate) fn new(
        code: ErrorCode,
        message: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::with_texts(code, message.into(), hint.into())
    }

    /// A failure about one field of the configuration.
    pub(crate) fn config(
        code: ErrorCode,
        field: &str,
        message: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut error = Self::new(code, message, hint).at(Stage::Config);
        error.0.field = Some(field.to_owned());
        error
    }

    #[cold]
    #[inline(never)] // or else a copy of it would stand wherever something can go wrong
    fn with_texts(code: ErrorCode, message: Cow<'static, str>, hint: Cow<'static, str>) -> Self {
        Self(Box::new(Details {
            code,
            stage: None,
            message,
            hint,
            field: None,
            ask_id: None,
            status: None,
            retryable: false,
            remote: None,
        }))
    }

    pub(crate) fn invalid_argument(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidArgument, message, "Correct the argument that the message names.")
    }

    pub(crate) fn bug(message: &'static str) -> Self {
        Self::new(
            ErrorCode::Bug,
            message,
            "This is a defect of sanskey. Please report it with this message and the version.",
        )
    }

    #[must_use]
    pub(crate) fn at(mut self, stage: Stage) -> Self {
        self.0.stage = Some(stage);
        self
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = hint.into();
        self
    }

    /// The same with one more sentence in its message.
    #[must_use]
    pub(crate) fn adding(mut self, sentence: &str) -> Self {
        let message = self.0.message.to_mut();
        message.push(' ');
        message.push_str(sentence);
        self
    }

    #[must_use]
    pub(crate) fn about_ask(mut self, id: &str) -> Self {
        self.0.ask_id = Some(id.to_owned());
        self
    }

    #[must_use]
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    #[must_use]
    pub(crate) fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    #[must_use]
    pub(crate) fn with_remote(mut self, remote: RemoteError) -> Self {
        self.0.remote = Some(remote);
        self
    }

    /// Replaces every occurrence of `secret` in the texts that come from elsewhere, also where it was
    /// cut short after 16 characters or more.
    pub(crate) fn redact(&mut self, secret: &str) {
        const LEAST: usize = 16;
        let start =
            secret.char_indices().nth(LEAST).map_or(secret, |(end, _)| secret.get(..end).unwrap_or(secret));
        if start.is_empty() {
            return;
        }
        for text in self.foreign_texts() {
            let mut rest = text.as_str();
            let mut redacted = String::new();
            while let Some((before, from)) = rest.find(start).and_then(|at| rest.split_at_checked(at)) {
                let length =
                    from.chars().zip(secret.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8());
                redacted.push_str(before);
                redacted.push_str("[redacted]");
                rest = from.get(length.sum()..).unwrap_or_default();
            }
            if !redacted.is_empty() {
                redacted.push_str(rest);
                *text = redacted;
            }
        }
    }

    /// Cuts the texts that come from elsewhere to a length fit for a log line. Whatever is secret in
    /// them must have been taken out before: half a secret is not recognized any more.
    #[must_use]
    pub(crate) fn shortened(mut self) -> Self {
        const LONGEST: usize = 1000; // characters
        for text in self.foreign_texts() {
            if let Some((end, _)) = text.char_indices().nth(LONGEST) {
                text.truncate(end);
                text.push('…');
            }
        }
        self
    }

    fn foreign_texts(&mut self) -> impl Iterator<Item = &mut String> {
        let details = &mut *self.0;
        let remote = details
            .remote
            .iter_mut()
            .flat_map(|remote| [remote.error.as_mut(), remote.description.as_mut()].into_iter().flatten());
        remote.chain([details.message.to_mut()])
    }
}

/// `code: message. hint`
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.0.code.as_str(), self.0.message, self.0.hint)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {}
