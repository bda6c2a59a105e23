//! A token that a program gives: <https://google.aip.dev/auth/4117>, "Determining the subject token in
//! executable-sourced credentials".

use serde_json::{Map, Value};

use crate::ask::CommandOutput;
use crate::config::{CredentialConfig, ExecutableSource};
use crate::desk::{Desk, Flow, how_it_ended};
use crate::error::{Error, ErrorCode, RemoteError, Stage, path_in_words};
use crate::secret::Secret;
use crate::source::take_text;
use crate::time::UnixTime;

const CACHE: &str = "executable-output-file";
const RUN: &str = "executable";
const GATE: &str = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";

/// The token in the program's answer: the one that it has kept in its output file, if that is still good.
pub(super) fn token(desk: &mut Desk, source: &ExecutableSource, config: &CredentialConfig) -> Flow<Secret> {
    let env = desk.env("env", &[GATE])?;
    if env.get(GATE).is_none_or(|value| value.expose() != "1") {
        return Err(Error::new(
            ErrorCode::ExecutableNotAllowed,
            format!("The configuration names a program to run, and {GATE} is not 1."),
            "If you trust whoever wrote the configuration, set the variable to 1; the program runs with the rights of this process.",
        )
        .at(Stage::Source)
        .about_ask("env")
        .into());
    }
    if let Some(path) = &source.output_file
        && let Some(token) = kept_token(desk, path, config)?
    {
        return Ok(token);
    }
    let hint = "The program is the one of credential_source.executable.command. Where programs cannot be run, use another source.";
    let output = desk.command(RUN, &source.argv, &environment(source, config), source.timeout, hint)?;
    keep_tokens(desk, &output);
    if output.exit_code != Some(0) {
        // A program that says why it has no token ends with an error, too.
        if let Ok(Answer::Refusal(remote)) = Answer::read(output.stdout.expose(), config) {
            return Err(refused(remote).into());
        }
        let message = format!("The program of credential_source.executable {}.", how_it_ended(&output));
        let hint = "Run the program by hand, as the user of this process, and mend what it complains about.";
        return Err(Error::new(ErrorCode::ExecutableFailed, message, hint)
            .at(Stage::Source)
            .about_ask(RUN)
            .into());
    }
    let now = desk.seen_at(RUN);
    let answer = Answer::read(output.stdout.expose(), config)
        .map_err(|problem| malformed(RUN, &format!("The program wrote {problem}.")))?;
    match answer {
        Answer::Token { expires_at, .. } if expires_at.is_some_and(|end| end <= now) => {
            let end = expires_at.unwrap_or(now);
            Err(malformed(RUN, &format!("The program wrote a token that was good until {end}.")).into())
        }
        Answer::Token { expires_at: None, .. } if source.output_file.is_some() => Err(malformed(
            RUN,
            "The program wrote no expiration_time, which its output file cannot be used without.",
        )
        .into()),
        Answer::Token { token, .. } => {
            desk.keep_secret(&token);
            Ok(token)
        }
        Answer::Refusal(remote) => Err(refused(remote).into()),
    }
}

/// Notes the tokens that a program wrote, wherever: it may say them again where it complains.
fn keep_tokens(desk: &mut Desk, output: &CommandOutput) {
    if let Ok(Value::Object(mut body)) = serde_json::from_str(output.stdout.expose()) {
        for token in ["id_token", "saml_response"].iter().filter_map(|name| take_text(&mut body, name)) {
            desk.keep_secret(&token);
        }
    }
    let is_outside = |c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c);
    for text in [&output.stdout, &output.stderr] {
        for word in text.expose().split(is_outside) {
            if word.starts_with("eyJ") && word.split('.').count() >= 3 {
                desk.keep_secret(&Secret::new(word));
            }
        }
    }
}

/// The token in the output file; `None` if the program must be asked.
fn kept_token(desk: &mut Desk, path: &str, config: &CredentialConfig) -> Flow<Option<Secret>> {
    let hint = "The file is the one of credential_source.executable.output_file.";
    let text = match desk.file(CACHE, path, hint)? {
        Some(text) if !text.expose().trim().is_empty() => text,
        _ => return Ok(None),
    };
    let now = desk.seen_at(CACHE);
    match Answer::read(text.expose(), config) {
        Ok(Answer::Token { token, expires_at: Some(end) }) if end > now => {
            desk.keep_secret(&token);
            Ok(Some(token))
        }
        // Out of date, or of a time that nobody knows; or a failure, which may have passed.
        Ok(_) => Ok(None),
        Err(problem) => {
            Err(malformed(CACHE, &format!("The output file {} has {problem}.", path_in_words(path))).into())
        }
    }
}

/// What the program is told.
fn environment(source: &ExecutableSource, config: &CredentialConfig) -> Vec<(String, String)> {
    let mut variables = vec![
        ("AUDIENCE", config.audience()),
        ("TOKEN_TYPE", config.subject_token_type()),
        ("INTERACTIVE", "0"),
    ];
    variables.extend(config.service_account_email().map(|email| ("IMPERSONATED_EMAIL", email)));
    variables.extend(source.output_file.as_deref().map(|path| ("OUTPUT_FILE", path)));
    variables
        .into_iter()
        .map(|(name, value)| (format!("GOOGLE_EXTERNAL_ACCOUNT_{name}"), value.to_owned()))
        .collect()
}

const TOKEN_TYPES: [&str; 3] = [
    "urn:ietf:params:oauth:token-type:id_token",
    "urn:ietf:params:oauth:token-type:jwt",
    "urn:ietf:params:oauth:token-type:saml2",
];

enum Answer {
    Token { token: Secret, expires_at: Option<UnixTime> },
    Refusal(RemoteError),
}

impl Answer {
    /// Version 1 of the answer, or what is there instead: `something other than a JSON object`.
    fn read(text: &str, config: &CredentialConfig) -> Result<Self, String> {
        let Ok(Value::Object(mut body)) = serde_json::from_str(text) else {
            return Err("something other than a JSON object".to_owned());
        };
        // First, so that a mistake elsewhere does not leave it in what was parsed.
        let [id_token, saml] = ["id_token", "saml_response"].map(|name| take_text(&mut body, name));
        if body.get("version").and_then(Value::as_u64) != Some(1) {
            return Err("an answer of another version than 1".to_owned());
        }
        match body.get("success").and_then(Value::as_bool) {
            Some(true) => {}
            Some(false) => return Self::refusal(&body),
            None => return Err("an answer without success".to_owned()),
        }
        let is_saml = |token_type: &str| token_type.ends_with(":saml2");
        let token_type = body.get("token_type").and_then(Value::as_str).unwrap_or_default();
        let is_known = TOKEN_TYPES.contains(&token_type);
        if !is_known || is_saml(token_type) != is_saml(config.subject_token_type()) {
            return Err("a token of another token_type than the configuration's".to_owned());
        }
        let (field, token) =
            if is_saml(token_type) { ("saml_response", saml) } else { ("id_token", id_token) };
        let expires_at = match body.get("expiration_time") {
            None | Some(Value::Null) => None,
            Some(time) => {
                // A number may have a fraction.
                #[allow(clippy::cast_possible_truncation)] // saturates
                let whole = || time.as_f64().map(|seconds| seconds.trunc() as i64);
                let seconds = time
                    .as_i64()
                    .or_else(whole)
                    .ok_or("an expiration_time that is not a number of seconds")?;
                Some(UnixTime::from_seconds(seconds))
            }
        };
        let token = token.ok_or_else(|| format!("an answer without {field}"))?;
        Ok(Self::Token { token, expires_at })
    }

    fn refusal(body: &Map<String, Value>) -> Result<Self, String> {
        let code = match body.get("code") {
            Some(Value::String(code)) => code.clone(),
            Some(Value::Number(code)) => code.to_string(),
            _ => return Err("a failure without code".to_owned()),
        };
        let message = body.get("message").and_then(Value::as_str).ok_or("a failure without message")?;
        Ok(Self::Refusal(RemoteError::new(Some(&code), Some(message))))
    }
}

fn refused(remote: RemoteError) -> Error {
    let words: Vec<&str> =
        [&remote.error, &remote.description].into_iter().filter_map(|text| text.as_deref()).collect();
    Error::new(
        ErrorCode::ExecutableRejected,
        format!(
            "The program of credential_source.executable gave no token: {}.",
            words.join(": ").trim_end_matches('.')
        ),
        "The code and the message are the program's own: see its documentation.",
    )
    .at(Stage::Source)
    .about_ask(RUN)
    .with_remote(remote)
}

fn malformed(ask_id: &str, message: &str) -> Error {
    Error::new(
        ErrorCode::ExecutableMalformed,
        message.to_owned(),
        "The program must write one JSON object as https://google.aip.dev/auth/4117 says: version, success, token_type, id_token or saml_response, expiration_time.",
    )
    .at(Stage::Source)
    .about_ask(ask_id)
}
