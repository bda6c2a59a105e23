//! What a check of a configuration finds: [`Finding`].

use std::borrow::Cow;

use crate::error::Error;

/// One thing that is wrong with a configuration, or that is hardly meant so. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// Whether the configuration is refused for it.
    pub severity: Severity,
    /// Stable: of an error the text of its [`ErrorCode`](crate::ErrorCode), of a warning one of
    /// [`Finding::WARNING_CODES`].
    pub code: &'static str,
    /// The field that it is about, such as `credential_source.url`; `None` if the text is no JSON object.
    pub field: Option<String>,
    /// What is found, in one sentence.
    pub message: Cow<'static, str>,
    /// What to do about it, in one or two sentences.
    pub hint: Cow<'static, str>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// The configuration is accepted, and this is hardly what was meant.
    Warning,
}

impl Severity {
    /// The stable name: `error`, `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Finding {
    /// The codes of all warnings, sorted.
    pub const WARNING_CODES: &'static [&'static str] = &[
        "audience_unlikely",
        "command_unlikely",
        "field_unknown",
        "field_without_effect",
        "imds_v1",
        "key_material",
        "lifetime_extended",
        "mtls_mismatch",
        "path_relative",
        "service_account_unlikely",
        "token_url_unlikely",
        "url_refused_later",
        "workforce_project_missing",
    ];

    pub(super) fn error(error: &Error) -> Self {
        Self {
            severity: Severity::Error,
            code: error.code().as_str(),
            field: error.field().map(str::to_owned),
            message: error.message().to_owned().into(),
            hint: error.hint().to_owned().into(),
        }
    }
}
