//! Errors of Microsoft Entra, whose number is a part of the text.
//!
//! Source: "Microsoft Entra authentication and authorization error codes", sections "Error codes" and "Handling error
//! codes in your application". Texts that users have reported go before those of the list.

use serde_json::json;
use time::{OffsetDateTime, macros::format_description};

use super::Azure;
use crate::{answers::Answer, random};

/// An error before it is dated.
#[derive(Debug)]
pub(super) struct Entra {
    status: u16,
    pub(super) error: &'static str,
    number: u32,
    text: String,
}

impl Entra {
    pub(super) fn new(status: u16, error: &'static str, number: u32, text: impl Into<String>) -> Self {
        Self { status, error, number, text: text.into() }
    }

    /// No application in the directory has this id URI.
    pub(super) fn unknown_resource(resource: &str, azure: &Azure) -> Self {
        let text = format!(
            "The resource principal named {resource} was not found in the tenant named {}. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant. You might have sent your authentication request to the wrong tenant.",
            azure.tenant
        );
        Self::new(400, "invalid_resource", 500_011, text)
    }

    /// A part of the assertion that no federated credential of the application has.
    pub(super) fn no_federated_credential(number: u32, part: &str, value: &str) -> Self {
        let text = format!(
            "No matching federated identity record found for presented assertion {part} '{value}'. Check your federated \
             identity credential Subject, Audience and Issuer against the presented assertion. \
             https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
        );
        Self::new(401, "invalid_client", number, text)
    }

    pub(super) fn missing(parameter: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{parameter}'.");
        Self::new(400, "invalid_request", 900_144, text)
    }

    /// The text with its number and what support asks for.
    pub(super) fn description(&self, now: OffsetDateTime) -> String {
        self.dated(&random::uuid(), &random::uuid(), &stamp(now))
    }

    fn dated(&self, trace: &str, correlation: &str, stamp: &str) -> String {
        let Self { number, text, .. } = self;
        format!("AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}")
    }

    pub(super) fn answer(&self, now: OffsetDateTime) -> Answer {
        let (trace, correlation, stamp) = (random::uuid(), random::uuid(), stamp(now));
        Answer::json(
            self.status,
            &json!({
                "error": self.error,
                "error_description": self.dated(&trace, &correlation, &stamp),
                "error_codes": [self.number],
                "timestamp": stamp,
                "trace_id": trace,
                "correlation_id": correlation,
                "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.number),
            }),
        )
    }
}

/// The form in which the texts have the time.
fn stamp(time: OffsetDateTime) -> String {
    time.format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z"))
        .expect("the time has all of these parts")
}
