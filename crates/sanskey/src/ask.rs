//! The conversation with the host: what the core asks ([`Ask`]), and what the host replies ([`Reply`]).

use std::time::Duration;

use crate::http::{HttpRequest, HttpResponse};
use crate::secret::Secret;

/// One thing that the exchange must be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ask {
    /// Short, stable, readable, unique within the exchange: `env`, `imds-session`, `sts`, `sts-2`.
    pub id: String,
    /// What it is about, whichever try this is: `sts` for `sts-2`, for `sts-clock` and for `sts-2-wait`.
    pub step: String,
    /// Which try of the step this is, or which one it comes before; from 1 on.
    pub attempt: u32,
    /// What the host is to do.
    pub action: Action,
}

/// What the host is to do. Each kind has its [`Reply`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Send a request and give back the response, whatever its status: [`Reply::HttpResponse`].
    HttpRequest(HttpRequest),
    /// Give the variables of the environment that are set: [`Reply::Env`].
    #[non_exhaustive]
    ReadEnv {
        /// Which ones.
        names: Vec<String>,
    },
    /// Give the text of a file, or say that there is none: [`Reply::File`].
    #[non_exhaustive]
    ReadFile {
        /// Absolute, or relative to the working directory.
        path: String,
    },
    /// Run a program without a shell and give its output: [`Reply::CommandOutput`].
    #[non_exhaustive]
    RunCommand {
        /// The program and its arguments, already split.
        argv: Vec<String>,
        /// Variables to set, beside those that the host has.
        env: Vec<(String, String)>,
        /// After which the program and its children are killed.
        timeout: Duration,
    },
    /// Let time pass: [`Reply::Waited`].
    #[non_exhaustive]
    Wait {
        /// How much.
        duration: Duration,
    },
}

/// What the host found out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// To [`Action::RunCommand`].
    CommandOutput(CommandOutput),
    /// To [`Action::ReadEnv`]: those that are set, and their values.
    Env(Vec<(String, Secret)>),
    /// To any action: it could not be done.
    Failed(HostFailure),
    /// To [`Action::ReadFile`]: the text, or `None` if there is no such file.
    File(Option<Secret>),
    /// To [`Action::HttpRequest`].
    HttpResponse(HttpResponse),
    /// To [`Action::Wait`].
    Waited,
}

/// What a program left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandOutput {
    /// `None` if it was killed by a signal.
    pub exit_code: Option<i32>,
    /// What it wrote to its standard output.
    pub stdout: Secret,
    /// What it wrote to its standard error.
    pub stderr: Secret,
}

impl CommandOutput {
    /// What a program left behind, from its parts.
    pub fn new(exit_code: Option<i32>, stdout: impl Into<Secret>, stderr: impl Into<Secret>) -> Self {
        Self { exit_code, stdout: stdout.into(), stderr: stderr.into() }
    }
}

/// Why the host could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostFailure {
    /// The kind decides whether it is tried again, and the error's code.
    pub kind: HostFailureKind,
    /// What the host has to say about it. It ends up in an error's message: no secrets.
    pub message: String,
}

impl HostFailure {
    /// A failure with its explanation.
    pub fn new(kind: HostFailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// The kinds of [`HostFailure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HostFailureKind {
    /// The operating system or a policy forbids it.
    Denied,
    /// Anything else.
    Other,
    /// No answer in time.
    Timeout,
    /// No connection: name not found, refused, no route, reset.
    Unreachable,
    /// This host has no means for it, as a browser has none to read files.
    Unsupported,
}

impl Action {
    /// Whether `reply` is of the kind that this action calls for.
    pub(crate) fn takes(&self, reply: &Reply) -> bool {
        matches!(
            (self, reply),
            (_, Reply::Failed(_))
                | (Self::HttpRequest(_), Reply::HttpResponse(_))
                | (Self::ReadEnv { .. }, Reply::Env(_))
                | (Self::ReadFile { .. }, Reply::File(_))
                | (Self::RunCommand { .. }, Reply::CommandOutput(_))
                | (Self::Wait { .. }, Reply::Waited)
        )
    }

    /// The stable name: `http_request`, `read_env`, `read_file`, `run_command`, `wait`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::HttpRequest(_) => "http_request",
            Self::ReadEnv { .. } => "read_env",
            Self::ReadFile { .. } => "read_file",
            Self::RunCommand { .. } => "run_command",
            Self::Wait { .. } => "wait",
        }
    }
}
