//! Faults on request: `PUT /emulator/faults` says which of the next requests are answered badly, and how.

use std::collections::BTreeMap;

use http::{
    HeaderName, HeaderValue, Method,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    answers::{Answer, Request, google_error, not_found},
    aws_sts,
    store::Store,
};

const LONGEST_DELAY: u64 = 30_000;
/// More than any client should be willing to read.
const OVERSIZE: usize = 1024 * 1024 + 1024;

/// Which requests a fault is for.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlannedFault {
    /// The path as it is, or how it begins if this ends in `*`.
    path: String,
    /// Only calls of AWS STS with this action.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    /// How many requests are still to be spoilt.
    #[serde(default = "once")]
    times: u32,
    fault: Fault,
}

fn once() -> u32 {
    1
}

/// What goes wrong. Several things can go wrong at once, as far as that makes sense.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Fault {
    /// This status in place of the service's answer, with an empty body unless `body` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// This body in place of the service's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// Headers in place of those of the same name, or beside the others.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    /// Another content type than the answer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    /// Milliseconds before the answer begins.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) delay_milliseconds: u64,
    /// The connection is closed without an answer.
    #[serde(skip_serializing_if = "is_off")]
    pub(crate) reset: bool,
    /// Half of the body is sent, and then the connection is closed.
    #[serde(skip_serializing_if = "is_off")]
    pub(crate) truncate: bool,
    /// Spaces are added to the body until it is larger than 1 MiB.
    #[serde(skip_serializing_if = "is_off")]
    oversize: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_off(switch: &bool) -> bool {
    !switch
}

impl Fault {
    /// Why this is not a fault, if it is none.
    fn problem(&self) -> Option<&'static str> {
        let is_header = |(name, value): (&String, &String)| {
            // The length is the emulator's affair; `truncate` makes it wrong.
            name.parse::<HeaderName>().is_ok_and(|name| name != CONTENT_LENGTH && name != TRANSFER_ENCODING)
                && HeaderValue::from_str(value).is_ok()
        };
        let is_status = |status| (200..=599).contains(&status);
        let answers = self.status.is_some()
            || self.body.is_some()
            || self.content_type.is_some()
            || !self.headers.is_empty()
            || self.truncate
            || self.oversize;
        [
            (!answers && !self.reset && self.delay_milliseconds == 0, "A fault is missing."),
            (answers && self.reset, "A connection without an answer has nothing else to it."),
            (self.delay_milliseconds > LONGEST_DELAY, "The delay is longer than 30000 milliseconds."),
            (!self.status.is_none_or(is_status), "The status is not one of 200 to 599."),
            (!self.headers.iter().all(is_header), "A header cannot be one."),
            (
                self.content_type.as_deref().is_some_and(|text| HeaderValue::from_str(text).is_err()),
                "The content type cannot be a header.",
            ),
        ]
        .into_iter()
        .find_map(|(wrong, problem)| wrong.then_some(problem))
    }

    /// The answer that stands in place of the service's, if the service is not asked at all.
    pub(crate) fn replacement(&self) -> Option<Answer> {
        if self.reset {
            return Some(Answer::text(0, ""));
        }
        let replaces = self.status.is_some() || self.body.is_some();
        replaces.then(|| Answer::text(self.status.unwrap_or(200), self.body.clone().unwrap_or_default()))
    }

    /// What becomes of an answer, apart from what happens on the wire.
    pub(crate) fn spoil(&self, mut answer: Answer) -> Answer {
        if let Some(content_type) = &self.content_type {
            answer.content_type = content_type.clone().into();
        }
        if self.oversize {
            let missing = OVERSIZE.saturating_sub(answer.body.len());
            answer.body.extend(std::iter::repeat_n(b' ', missing));
        }
        answer
    }
}

/// Answers a request to `/emulator/faults`.
pub(crate) fn answer(store: &mut Store, request: &Request) -> Answer {
    match request.method {
        Method::GET => Answer::json(200, &json!(store.faults)),
        Method::PUT => replace(store, &request.body).unwrap_or_else(|refusal| refusal),
        Method::DELETE => {
            store.faults.clear();
            Answer::text(204, "")
        }
        _ => not_found(),
    }
}

fn replace(store: &mut Store, body: &[u8]) -> Result<Answer, Answer> {
    let refusal = |message: &str| google_error(400, "INVALID_ARGUMENT", message, Vec::new());
    let faults: Vec<PlannedFault> = serde_json::from_slice(body)
        .map_err(|error| refusal(&format!("The body is not a list of faults: {error}.")))?;
    if let Some(problem) = faults.iter().find_map(|planned| planned.fault.problem()) {
        return Err(refusal(problem));
    }
    if faults.iter().any(|planned| planned.times == 0) {
        return Err(refusal("A fault is for no request at all."));
    }
    store.faults = faults;
    Ok(Answer::text(204, ""))
}

/// The fault for a request, which is then one less.
pub(crate) fn take(store: &mut Store, request: &Request) -> Option<Fault> {
    let action = aws_sts::has(request).then(|| aws_sts::action(request)).flatten();
    let is_meant = |planned: &&mut PlannedFault| {
        let path = planned
            .path
            .strip_suffix('*')
            .map_or(request.path == planned.path, |begin| request.path.starts_with(begin));
        path && (planned.action.is_none() || planned.action == action)
    };
    let planned = store.faults.iter_mut().find(is_meant)?;
    let fault = planned.fault.clone();
    planned.times = planned.times.saturating_sub(1);
    store.faults.retain(|planned| planned.times > 0);
    Some(fault)
}
