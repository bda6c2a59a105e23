//! The one thing that a binding throws.

use sanskey::{Error, ErrorCode, Stage};

use crate::json::Json;

/// A failure as a JSON text, with every property of [`sanskey::Error`].
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// The JSON text. It holds no secrets.
    pub fn into_json(self) -> String {
        self.0
    }

    /// Something in the arguments that the core never gets to see.
    pub fn invalid_argument(message: &str) -> Self {
        Self::of(None, ErrorCode::InvalidArgument, message, "Correct the argument that the message names.")
    }

    pub(crate) fn bug() -> Self {
        Self::of(
            None,
            ErrorCode::Bug,
            "The library came into a state that should be impossible.",
            "This is a defect of sanskey. Please report it with the steps that led to it and the version.",
        )
    }

    fn of(error: Option<&Error>, code: ErrorCode, message: &str, hint: &str) -> Self {
        let text = |read: fn(&Error) -> Option<&str>| Json::from(error.and_then(read));
        let failure = Json::Object(vec![
            ("code", code.as_str().into()),
            ("fault", code.fault().as_str().into()),
            ("stage", error.and_then(Error::stage).map(Stage::as_str).into()),
            ("message", message.into()),
            ("hint", hint.into()),
            ("field", text(Error::field)),
            ("ask_id", text(Error::ask_id)),
            (
                "status",
                error.and_then(Error::status).map_or(Json::Null, |status| Json::Number(status.into())),
            ),
            ("retryable", Json::Bool(error.is_some_and(Error::retryable))),
            ("error", text(Error::remote_error)),
            ("error_description", text(Error::remote_error_description)),
        ]);
        Self(failure.write())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::of(Some(&error), error.code(), error.message(), error.hint())
    }
}
