//! Lets pages of one origin call the emulator, if the settings name one (the Fetch standard's CORS protocol).

use http::Method;

use crate::{
    answers::{Answer, Request},
    settings::Settings,
};

/// The answer to a browser's question whether a page may send a request.
pub(crate) fn preflight(settings: &Settings, request: &Request) -> Option<Answer> {
    let asks =
        request.method == Method::OPTIONS && request.headers.contains_key("access-control-request-method");
    (asks && settings.allow_origin.is_some()).then(|| {
        let headers = request.header("access-control-request-headers").unwrap_or_default();
        Answer::text(204, "")
            .with_header("access-control-allow-methods", "GET, PUT, POST, DELETE")
            .with_header("access-control-allow-headers", headers)
    })
}

/// Marks an answer as readable by the allowed origin.
pub(crate) fn mark(settings: &Settings, answer: Answer) -> Answer {
    match &settings.allow_origin {
        Some(origin) => {
            answer.with_header("access-control-allow-origin", origin.as_str()).with_header("vary", "Origin")
        }
        None => answer,
    }
}
