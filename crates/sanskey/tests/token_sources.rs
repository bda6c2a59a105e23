//! What must hold for tokens of files, URLs and programs and for certificates, whatever comes back.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq};
use sanskey::{
    Action, Ask, CommandOutput, CredentialConfig, Exchange, Goal, HostFailure, HostFailureKind, HttpResponse,
    Options, Reply, Secret, Step, UnixTime,
};

const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ3b3JrbG9hZCJ9.c2lnbmF0dXJlLW9mLXRoZS1leGFtcGxl";
const HEADER: &str = "request-token-of-the-workload";
const ANSWER: &str = r#"{"version":1,"success":true,"token_type":"urn:ietf:params:oauth:token-type:jwt","id_token":"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ3b3JrbG9hZCJ9.c2lnbmF0dXJlLW9mLXRoZS1leGFtcGxl","expiration_time":1704168245}"#;
const REFUSAL: &str = r#"{"version":1,"success":false,"code":"401","message":"no: eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ3b3JrbG9hZCJ9.c2lnbmF0dXJlLW9mLXRoZS1leGFtcGxl"}"#;
const QUOTE: &str = r#"{"error":"denied","error_description":"bearer request-token-of-the-workload, eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ3b3JrbG9hZCJ9.c2lnbmF0dXJlLW9mLXRoZS1leGFtcGxl"}"#;
const PATHS: &str = r#"{"cert_configs":{"workload":{"cert_path":"/cert.pem","key_path":"/key.pem"}}}"#;
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n";

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const SOURCES: &[(&str, &str)] = &[
    (JWT, r#"{"file": "/token"}"#),
    (JWT, r#"{"file": "/token", "format": {"type": "json", "subject_token_field_name": "id_token"}}"#),
    (
        JWT,
        r#"{"url": "http://169.254.169.254/t", "headers": {"Authorization": "bearer request-token-of-the-workload"}}"#,
    ),
    (JWT, r#"{"executable": {"command": "/bin/token"}}"#),
    (JWT, r#"{"executable": {"command": "/bin/token", "output_file": "/cache"}}"#),
    (
        "urn:ietf:params:oauth:token-type:mtls",
        r#"{"certificate": {"use_default_certificate_config": true, "trust_chain_path": "/chain.pem"}}"#,
    ),
];

proptest! {
    /// Where everything answers as it should, there is a token.
    #[test]
    fn good_replies_end_in_a_token(source in select(SOURCES)) {
        let mut exchange = exchange(source);
        let outcome = loop {
            match exchange.poll(now()).unwrap() {
                Step::Pending(asks) => for ask in asks {
                    exchange.reply(&ask.id, good_reply(&ask, source)).unwrap();
                },
                Step::Done(outcome) => break outcome,
            }
        };
        prop_assert_eq!(outcome.token().unwrap().value.expose(), "federated");
    }

    /// All steps go well up to one, from which on anything comes back: that ends, after a bounded number of
    /// asks, in a token or an error; and no error shows a secret.
    #[test]
    fn any_reply_ends_in_a_token_or_an_error(
        source in select(SOURCES),
        good_steps in 0_usize..5,
        replies in vec(any_answer(), 20),
    ) {
        let mut exchange = exchange(source);
        let mut replies = replies.into_iter();
        let mut asked = 0;
        let mut has_token = false;
        loop {
            match exchange.poll(now()) {
                Ok(Step::Pending(asks)) => for ask in asks {
                    asked += 1;
                    has_token |= ask.id == "executable" || (asked <= good_steps && ask.id == "subject-token");
                    // Two servers with 3 tries, 2 waits and a corrected try each, and four other asks.
                    prop_assert!(asked <= 2 * 6 + 4, "asks without end");
                    let drawn = replies.next().unwrap();
                    let reply =
                        if asked <= good_steps { good_reply(&ask, source) } else { drawn_reply(&ask, &drawn) };
                    exchange.reply(&ask.id, reply).unwrap();
                },
                Ok(_) => break,
                Err(error) => {
                    let shown = format!(
                        "{error} {error:?} {:?} {:?}", error.remote_error(), error.remote_error_description()
                    );
                    prop_assert!(!has_token || !shown.contains(TOKEN), "{}", shown);
                    prop_assert!(!source.1.contains(HEADER) || !shown.contains(HEADER), "{}", shown);
                    prop_assert!(!error.message().is_empty() && !error.hint().is_empty());
                    prop_assert!(error.code().as_str() != "bug", "{}", shown);
                    break;
                }
            }
        }
    }

    /// A file of any content is taken or refused, wherever it is read.
    #[test]
    fn any_file_is_read_or_refused(
        source in select(SOURCES),
        text in prop_oneof![
            any::<String>(),
            "(-----(BEGIN|END) CERTIFICATE-----|[A-Za-z0-9+/=]{0,8}|\n| ){0,12}",
            "eyJ[A-Za-z0-9_-]{0,8}\\.[A-Za-z0-9_=-]{0,16}\\.[a-z]{0,4}",
        ],
    ) {
        let mut exchange = exchange(source);
        for _ in 0..12 {
            match exchange.poll(now()) {
                Ok(Step::Pending(asks)) => for ask in asks {
                    let reply = match &ask.action {
                        Action::ReadFile { .. } if ask.id != "certificate-config" => {
                            Reply::File(Some(Secret::new(text.as_str())))
                        }
                        _ => good_reply(&ask, source),
                    };
                    exchange.reply(&ask.id, reply).unwrap();
                },
                Ok(_) => return Ok(()),
                Err(error) => {
                    prop_assert_eq!(error.stage(), Some(sanskey::Stage::Source), "{}", error);
                    return Ok(());
                }
            }
        }
        prop_assert!(false, "asks without end");
    }

    /// Any headers, words and formats are read or refused.
    #[test]
    fn any_source_is_read_or_refused(name in any::<String>(), value in any::<String>(), command in "[a '\"\\\\$]{0,9}") {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        for source in [
            format!(r#"{{"url": "http://169.254.169.254/t", "headers": {{{}: {}}}}}"#, quoted(&name), quoted(&value)),
            format!(r#"{{"executable": {{"command": {}}}}}"#, quoted(&command)),
            format!(r#"{{"file": {}, "format": {{"type": {}}}}}"#, quoted(&name), quoted(&value)),
        ] {
            if let Err(error) = CredentialConfig::from_json(&config(JWT, &source)) {
                prop_assert_eq!(error.fault(), sanskey::Fault::Config);
                prop_assert!(error.field().unwrap().starts_with("credential_source"), "{:?}", error);
            }
        }
    }
}

fn config(token_type: &str, source: &str) -> String {
    let audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q";
    format!(
        r#"{{"type": "external_account", "audience": "{audience}", "subject_token_type": "{token_type}", "credential_source": {source}}}"#
    )
}

fn exchange((token_type, source): (&str, &str)) -> Exchange {
    let config = CredentialConfig::from_json(&config(token_type, source)).unwrap();
    Exchange::new(config, Goal::AccessToken { scopes: vec![] }, Options::new())
}

fn good_reply(ask: &Ask, (_, source): (&str, &str)) -> Reply {
    match &ask.action {
        Action::ReadEnv { .. } => Reply::Env(vec![
            ("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES".to_owned(), Secret::new("1")),
            ("HOME".to_owned(), Secret::new("/home/workload")),
        ]),
        Action::ReadFile { .. } => Reply::File(match ask.id.as_str() {
            "certificate-config" => Some(PATHS.into()),
            "certificate" => Some(CERTIFICATE.into()),
            "trust-chain" => Some("".into()),
            "executable-output-file" => None,
            _ => Some(if source.contains("json") { ANSWER } else { TOKEN }.into()),
        }),
        Action::RunCommand { .. } => Reply::CommandOutput(CommandOutput::new(Some(0), ANSWER, "")),
        Action::HttpRequest(_) => {
            let body =
                if ask.id == "sts" { r#"{"access_token":"federated","expires_in":3599}"# } else { TOKEN };
            Reply::HttpResponse(HttpResponse::new(200, vec![], body))
        }
        _ => Reply::Waited,
    }
}

/// A status, a text, and which kind of host failure comes instead, if any.
type Drawn = (u16, String, Option<HostFailureKind>);

fn any_answer() -> impl Strategy<Value = Drawn> {
    let text = prop_oneof![
        3 => select(vec![TOKEN, ANSWER, REFUSAL, QUOTE, PATHS, CERTIFICATE, "", "1"]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    let failure = prop_oneof![
        8 => Just(None),
        1 => Just(Some(HostFailureKind::Timeout)),
        1 => Just(Some(HostFailureKind::Unreachable)),
        1 => Just(Some(HostFailureKind::Unsupported)),
    ];
    (prop_oneof![3 => Just(200_u16), 2 => Just(400), 1 => Just(503), 1 => any::<u16>()], text, failure)
}

fn drawn_reply(ask: &Ask, (status, text, failure): &Drawn) -> Reply {
    if let Some(kind) = failure {
        return Reply::Failed(HostFailure::new(*kind, "it did not work"));
    }
    match &ask.action {
        Action::HttpRequest(_) => Reply::HttpResponse(HttpResponse::new(*status, vec![], text.as_str())),
        Action::ReadEnv { names, .. } => {
            Reply::Env(names.iter().map(|name| (name.clone(), Secret::from(text.as_str()))).collect())
        }
        Action::ReadFile { .. } => Reply::File((*status != 400).then(|| Secret::from(text.as_str()))),
        Action::RunCommand { .. } => {
            let code = (*status == 200).then_some(0).or((*status == 400).then_some(1));
            Reply::CommandOutput(CommandOutput::new(code, text.as_str(), text.as_str()))
        }
        _ => Reply::Waited,
    }
}

fn now() -> UnixTime {
    UnixTime::from_seconds(1_704_164_645)
}
