//! The one thing that a binding throws.

use sanskey::{Error, ErrorCode};
use serde_json::json;

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
        Self::misuse(ErrorCode::InvalidArgument, message, "Correct the argument that the message names.")
    }

    pub(crate) fn bug() -> Self {
        Self::misuse(
            ErrorCode::Bug,
            "The library came into a state that should be impossible.",
            "This is a defect of sanskey. Please report it with the steps that led to it and the version.",
        )
    }

    fn misuse(code: ErrorCode, message: &str, hint: &str) -> Self {
        Self(
            json!({
                "code": code.as_str(), "fault": code.fault().as_str(), "stage": null, "message": message,
                "hint": hint, "field": null, "ask_id": null, "status": null, "retryable": false,
                "error": null, "error_description": null,
            })
            .to_string(),
        )
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(
            json!({
                "code": error.code().as_str(),
                "fault": error.fault().as_str(),
                "stage": error.stage().map(sanskey::Stage::as_str),
                "message": error.message(),
                "hint": error.hint(),
                "field": error.field(),
                "ask_id": error.ask_id(),
                "status": error.status(),
                "retryable": error.retryable(),
                "error": error.remote_error(),
                "error_description": error.remote_error_description(),
            })
            .to_string(),
        )
    }
}
