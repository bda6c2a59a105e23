//! `credential_process` of an AWS profile: a program that writes credentials.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>

use std::time::Duration;

use serde_json::Value;

use super::role_credentials;
use crate::aws::Credentials;
use crate::desk::{Desk, Flow, how_it_ended};
use crate::error::{Error, ErrorCode, Stage};
use crate::secret::Secret;
use crate::source::take_text;
use crate::time::UnixTime;

/// The program and its arguments.
pub(super) struct Process {
    pub(super) argv: Vec<String>,
}

const ID: &str = "credential-process";

/// The documentation names no limit. Whoever waits for a person must be given the time.
const TIMEOUT: Duration = Duration::from_secs(60);

impl Process {
    pub(super) fn credentials(&self, desk: &mut Desk) -> Flow<Credentials> {
        let hint = "The program is the one of credential_process in the AWS profile. Where programs cannot be run, give AWS credentials to sanskey.";
        let mut output = desk.command(ID, &self.argv, &[], TIMEOUT, hint)?;
        desk.keep_secret(&output.stdout);
        if output.exit_code != Some(0) {
            // It may have written a key all the same, and quote parts of it where it complains. Where the key
            // cannot be made out, what it complains about is not shown.
            match serde_json::from_str(output.stdout.expose().trim()) {
                Ok(Value::Object(mut body)) => {
                    for name in ["SecretAccessKey", "SessionToken"] {
                        if let Some(secret) = take_text(&mut body, name) {
                            desk.keep_secret(&secret);
                        }
                    }
                }
                _ if output.stdout.expose().trim().is_empty() => {}
                _ => output.stderr = Secret::default(),
            }
            let message = format!("The credential_process of the AWS profile {}.", how_it_ended(&output));
            let hint =
                "Run the program by hand, as the user of this process, and mend what it complains about.";
            return Err(Error::new(ErrorCode::AwsProcessFailed, message, hint)
                .at(Stage::Source)
                .about_ask(ID)
                .into());
        }
        Ok(read(output.stdout.expose(), desk.seen_at(ID))?)
    }
}

/// `{"Version": 1, "AccessKeyId": …, "SecretAccessKey": …, "SessionToken": …, "Expiration": …}`
fn read(text: &str, now: UnixTime) -> Result<Credentials, Error> {
    let malformed = |problem: &str| {
        Error::new(
            ErrorCode::AwsProcessMalformed,
            format!("The credential_process of the AWS profile wrote {problem}."),
            "It must write nothing but JSON with Version 1, AccessKeyId, SecretAccessKey and, for temporary credentials, SessionToken and Expiration.",
        )
        .at(Stage::Source)
        .about_ask(ID)
    };
    let Ok(Value::Object(mut body)) = serde_json::from_str(text) else {
        return Err(malformed("something other than a JSON object"));
    };
    let credentials = role_credentials::take(&mut body, ["AccessKeyId", "SecretAccessKey", "SessionToken"]);
    if body.get("Version").and_then(Value::as_u64) != Some(1) {
        return Err(malformed("another Version than 1"));
    }
    let expires_at = match body.get("Expiration") {
        None | Some(Value::Null) => None,
        Some(time) => match time.as_str().and_then(UnixTime::from_rfc3339) {
            Some(end) if end > now => Some(end),
            Some(end) => return Err(malformed(&format!("credentials that were good until {end}"))),
            None => return Err(malformed("an Expiration that is not a time of RFC 3339")),
        },
    };
    match credentials {
        Ok(credentials) => Ok(credentials.ending(expires_at)),
        Err(problem) => Err(malformed(&problem)),
    }
}
