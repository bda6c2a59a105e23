//! What must hold for every exchange of the vectors when it does not go as written: some step answers anything,
//! and so do the ones after it.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)] // a host, not the core

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_ne};
use sanskey::{
    Action, Ask, CommandOutput, CredentialConfig, Error, ErrorCode, Exchange, Goal, HostFailure,
    HostFailureKind, HttpRequest, HttpResponse, Options, Reply, Secret, Step, UnixTime,
};
use sanskey_bridge::read;
use serde_json::Value;

/// Everything but the unreserved characters of RFC 3986 section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Ten asks of other things, and seven requests with three tries, two waits and one with a corrected clock each.
const MOST_ASKS: usize = 10 + 7 * 6;

static WRITTEN: LazyLock<Vec<Written>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/exchange");
    let written: Vec<Written> = files_below(&folder).iter().filter_map(|file| Written::read(file)).collect();
    assert!(written.len() > 300, "the vectors are missing");
    written
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// That ends, after a bounded number of asks, in an outcome or in an error that says what to do and shows
    /// no secret, also where a server sends back what it was sent.
    #[test]
    fn any_reply_ends_in_an_outcome_or_an_error(
        place in any::<usize>(),
        good_steps in 0_usize..10,
        drawn in vec(any_answer(), MOST_ASKS),
    ) {
        let written = &WRITTEN[place % WRITTEN.len()];
        let mut exchange = written.exchange();
        let mut drawn = drawn.into_iter();
        let mut asked = 0;
        loop {
            match exchange.poll(written.now) {
                Ok(Step::Done(_)) => break,
                Ok(Step::Pending(asks)) => for ask in asks {
                    asked += 1;
                    prop_assert!(asked <= MOST_ASKS, "{} asks without end", written.name);
                    let drawn = drawn.next().unwrap();
                    let good = written.replies.get(&ask.id).filter(|_| asked <= good_steps);
                    let reply = good.cloned().unwrap_or_else(|| drawn_reply(&ask, &drawn));
                    exchange.reply(&ask.id, reply).unwrap();
                },
                Err(error) => {
                    let shown = shown(&error);
                    prop_assert_ne!(error.code(), ErrorCode::Bug, "{}: {}", written.name, shown);
                    prop_assert!(!error.message().is_empty() && !error.hint().is_empty());
                    for secret in &written.secrets {
                        prop_assert!(!shown.contains(secret), "{}: {secret} in {}", written.name, shown);
                    }
                    break;
                }
            }
        }
    }
}

/// An exchange that ends in an outcome.
struct Written {
    name: String,
    config: String,
    goal: Goal,
    options: Options,
    now: UnixTime,
    replies: HashMap<String, Reply>,
    secrets: Vec<String>,
}

impl Written {
    fn read(file: &Path) -> Option<Self> {
        let vector: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        vector["result"].get("outcome")?;
        let rounds = vector["rounds"].as_array().unwrap();
        let replies = rounds.iter().flat_map(|round| read::replies(&round["replies"].to_string()).unwrap());
        let secrets =
            vector["secrets"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
        Some(Self {
            name: vector["name"].as_str().unwrap().to_owned(),
            config: vector["config_text"]
                .as_str()
                .map_or_else(|| vector["config"].to_string(), str::to_owned),
            goal: read::goal(&vector["goal"].to_string()).unwrap(),
            options: read::options(&vector["options"].to_string()).unwrap().core,
            now: UnixTime::from_seconds(vector["now"].as_i64().unwrap()),
            replies: replies.collect(),
            secrets: secrets.filter(|secret| secret.len() >= 8).flat_map(forms).collect(),
        })
    }

    fn exchange(&self) -> Exchange {
        let config = CredentialConfig::from_json(&self.config).unwrap();
        Exchange::new(config, self.goal.clone(), self.options.clone())
    }
}

/// A secret as it is and as it stands in a form, and the signature of a JWT alone, of which a server may quote
/// the end.
fn forms(secret: String) -> Vec<String> {
    let encoded = utf8_percent_encode(&secret, RESERVED).to_string();
    let signature = match secret.split('.').collect::<Vec<_>>().as_slice() {
        [_, _, signature] if signature.len() >= 16 => Some((*signature).to_owned()),
        _ => None,
    };
    signature.into_iter().chain([secret, encoded]).collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { files.extend(files_below(&entry)) } else { files.push(entry) }
    }
    files.sort();
    files
}

/// What can come in place of an answer.
#[derive(Clone, Debug)]
struct Drawn {
    status: u16,
    text: Text,
    failure: Option<HostFailureKind>,
}

#[derive(Clone, Debug)]
enum Text {
    /// What was sent, from this character on, in the words of a refusal.
    Echo(usize),
    Literal(String),
}

const TEXTS: &[&str] = &[
    "",
    "1",
    "{}",
    "us-east-1a",
    "/etc/file",
    r#"{"error":"invalid_grant","error_description":"no"}"#,
    r#"{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}"#,
    r#"{"Code":"Success","AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"drawn-secret","Token":"t"}"#,
    "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>",
    "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature expired: it is late</Message></Error></ErrorResponse>",
    r#"{"version":1,"success":false,"code":"401","message":"no"}"#,
    r#"{"access_token":"drawn-token","expires_in":3599}"#,
    r#"{"accessToken":"drawn-token","expireTime":"2024-01-02T04:04:05Z"}"#,
    r#"{"active":true,"exp":-1}"#,
    "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n",
    r#"{"cert_configs":{"workload":{"cert_path":"/cert.pem","key_path":"/key.pem"}}}"#,
    "[profile work]\nrole_arn = arn:aws:iam::123456789012:role/work\nsource_profile = work\n",
];

fn any_answer() -> impl Strategy<Value = Drawn> {
    let status = prop_oneof![3 => Just(200_u16), 3 => Just(400), 1 => Just(503), 1 => 100_u16..600];
    let text = prop_oneof![
        3 => select(TEXTS).prop_map(|text| Text::Literal(text.to_owned())),
        2 => prop_oneof![Just(0), 0_usize..400].prop_map(Text::Echo),
        1 => any::<String>().prop_map(Text::Literal),
    ];
    let failure = prop_oneof![
        8 => Just(None),
        1 => Just(Some(HostFailureKind::Timeout)),
        1 => Just(Some(HostFailureKind::Unreachable)),
        1 => Just(Some(HostFailureKind::Unsupported)),
    ];
    (status, text, failure).prop_map(|(status, text, failure)| Drawn { status, text, failure })
}

fn drawn_reply(ask: &Ask, drawn: &Drawn) -> Reply {
    if let Some(kind) = drawn.failure {
        return Reply::Failed(HostFailure::new(kind, "it did not work"));
    }
    let text = match (&drawn.text, &ask.action) {
        (Text::Literal(text), _) => text.clone(),
        (Text::Echo(from), Action::HttpRequest(request)) => echo(request, *from),
        (Text::Echo(_), _) => String::new(),
    };
    match &ask.action {
        Action::HttpRequest(_) => {
            // An hour off the vectors' usual time, so that the clock is corrected.
            let date = ("Date".to_owned(), "Tue, 02 Jan 2024 05:04:05 GMT".to_owned());
            Reply::HttpResponse(HttpResponse::new(drawn.status, vec![date], text))
        }
        Action::ReadEnv { names, .. } => {
            Reply::Env(names.iter().map(|name| (name.clone(), Secret::from(text.as_str()))).collect())
        }
        Action::ReadFile { .. } => Reply::File((drawn.status != 400).then(|| Secret::new(text))),
        Action::RunCommand { .. } => {
            let code = (drawn.status == 200).then_some(0).or((drawn.status == 400).then_some(1));
            Reply::CommandOutput(CommandOutput::new(code, text.as_str(), text.as_str()))
        }
        _ => Reply::Waited,
    }
}

fn echo(request: &HttpRequest, from: usize) -> String {
    let headers =
        request.headers.iter().map(|header| format!("{}: {}\n", header.name, header.value.expose()));
    let sent = headers.chain([request.body.expose().to_owned()]).collect::<String>();
    let quoted: String = sent.chars().skip(from).collect();
    serde_json::json!({ "error": "invalid_request", "error_description": quoted }).to_string()
}

fn shown(error: &Error) -> String {
    format!("{error} {error:?} {:?} {:?}", error.remote_error(), error.remote_error_description())
}
