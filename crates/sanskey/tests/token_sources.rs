//! What must hold for tokens of files, URLs and programs and for certificates, whatever comes back.

use proptest::prelude::{any, prop_oneof, proptest};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq};
use sanskey::{
    Action, Ask, CommandOutput, CredentialConfig, Exchange, Goal, HttpResponse, Options, Reply, Secret, Step,
    UnixTime,
};

const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ3b3JrbG9hZCJ9.c2lnbmF0dXJlLW9mLXRoZS1leGFtcGxl";
const ANSWER: &str = r#"{"version":1,"success":true,"token_type":"urn:ietf:params:oauth:token-type:jwt","id_token":"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ3b3JrbG9hZCJ9.c2lnbmF0dXJlLW9mLXRoZS1leGFtcGxl","expiration_time":1704168245}"#;
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

fn now() -> UnixTime {
    UnixTime::from_seconds(1_704_164_645)
}
