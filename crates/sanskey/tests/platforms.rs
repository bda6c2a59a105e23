//! What must hold for every platform that says in the environment where the token is, whatever is in the
//! environment and whatever comes back.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::{select, subsequence};
use proptest::{prop_assert, prop_assert_eq};
use sanskey::{
    Action, Ask, CommandOutput, CredentialConfig, Exchange, Fault, Goal, HostFailure, HostFailureKind,
    HttpRequest, HttpResponse, Options, Reply, Secret, Step, UnixTime,
};

const SOURCES: &[&str] = &[
    r#"{"platform": "azure_app_service", "resource": "api://x", "client_id": "c"}"#,
    r#"{"platform": "azure_workload_identity"}"#,
    r#"{"platform": "azure_workload_identity", "resource": "api://x"}"#,
    r#"{"platform": "bitbucket"}"#,
    r#"{"platform": "buildkite"}"#,
    r#"{"platform": "circleci"}"#,
    r#"{"platform": "environment", "variable": "GITLAB_OIDC_TOKEN"}"#,
    r#"{"platform": "github_actions", "audience": "x"}"#,
    r#"{"platform": "gitlab"}"#,
    r#"{"platform": "terraform_cloud"}"#,
    r#"{"platform": "vercel"}"#,
];

// All of them begin alike, as JWTs do, and none has an expiry.
const OF_THE_JOB: &str =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqb2IifQ.signature-of-the-job-0123456789";
const OF_THE_POD: &str =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwb2QifQ.signature-of-the-pod-0123456789";
const TOKEN: &str =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ0b2tlbiJ9.signature-of-the-token-0123456789";
const HEADER: &str = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a";

/// What nothing may show, also where a server sends back a part of what it was sent.
const SECRETS: &[&str] = &[
    "signature-of-the-job-0123456789",
    "signature-of-the-pod-0123456789",
    "signature-of-the-token-0123456789",
    HEADER,
];

const ENVIRONMENT: &[(&str, &str)] = &[
    ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", OF_THE_JOB),
    ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://run.actions.githubusercontent.com/idtoken?api-version=2.0"),
    ("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us"),
    ("AZURE_CLIENT_ID", "97e0a5b7-d745-40b6-94fe-5f77d35c6e05"),
    ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/azure/tokens/azure-identity-token"),
    ("AZURE_TENANT_ID", "72f988bf-86f1-41af-91ab-2d7cd011db47"),
    ("BITBUCKET_STEP_OIDC_TOKEN", TOKEN),
    ("CIRCLE_OIDC_TOKEN", TOKEN),
    ("CIRCLE_OIDC_TOKEN_V2", TOKEN),
    ("GITLAB_OIDC_TOKEN", TOKEN),
    ("IDENTITY_ENDPOINT", "http://169.254.129.4:8081/msi/token"),
    ("IDENTITY_HEADER", HEADER),
    ("TFC_WORKLOAD_IDENTITY_TOKEN", TOKEN),
    ("VERCEL_OIDC_TOKEN", TOKEN),
];

proptest! {
    /// Where everything answers as it should, every environment ends in a token or in an error that says
    /// what is missing.
    #[test]
    fn every_environment_ends_well_or_names_a_mistake(
        source in select(SOURCES),
        environment in prop_oneof![Just(ENVIRONMENT.to_vec()), subsequence(ENVIRONMENT, 0..=ENVIRONMENT.len())],
    ) {
        let mut exchange = exchange(source);
        loop {
            match exchange.poll(now()) {
                Ok(Step::Done(outcome)) => {
                    prop_assert_eq!(outcome.token().unwrap().value.expose(), "federated");
                    break;
                }
                Ok(Step::Pending(asks)) => for ask in asks {
                    exchange.reply(&ask.id, good_reply(&ask, &environment)).unwrap();
                },
                Err(error) => {
                    prop_assert!(environment.len() < ENVIRONMENT.len(), "{}", error);
                    prop_assert_eq!(error.fault(), Fault::Config, "{}", error);
                    prop_assert_eq!(error.code().as_str(), "subject_token_missing");
                    break;
                }
            }
        }
    }

    /// All steps go well up to one, from which on anything comes back, also what was sent: that ends, after
    /// a bounded number of asks, in a token or an error, and no error shows a secret.
    #[test]
    fn any_reply_ends_in_a_token_or_an_error(
        source in select(SOURCES),
        good_steps in 0_usize..5,
        replies in vec(any_answer(), 24),
    ) {
        let mut exchange = exchange(source);
        let mut replies = replies.into_iter();
        let mut asked = 0;
        loop {
            match exchange.poll(now()) {
                Ok(Step::Done(_)) => break,
                Ok(Step::Pending(asks)) => for ask in asks {
                    asked += 1;
                    // 3 requests with 3 tries and 2 waits each, and a corrected one; env and a file
                    prop_assert!(asked <= 3 * 6 + 2, "asks without end");
                    let drawn = replies.next().unwrap();
                    let reply = if asked <= good_steps { good_reply(&ask, ENVIRONMENT) } else { drawn_reply(&ask, &drawn) };
                    exchange.reply(&ask.id, reply).unwrap();
                },
                Err(error) => {
                    let shown = format!("{error} {error:?} {:?} {:?}", error.remote_error(), error.remote_error_description());
                    for secret in SECRETS {
                        prop_assert!(!shown.contains(secret), "{}", shown);
                    }
                    prop_assert!(!error.message().is_empty() && !error.hint().is_empty());
                    break;
                }
            }
        }
        let shown = format!("{exchange:?}");
        for secret in SECRETS {
            prop_assert!(!shown.contains(secret), "{}", shown);
        }
    }

    /// Whatever stands in the environment, a request goes out over https, or to this machine and its link.
    #[test]
    fn no_request_leaves_the_machine_unencrypted(
        source in select(SOURCES),
        url in "https?://(localhost|127\\.0\\.0\\.1|\\[::1\\]|169\\.254\\.[0-9]{1,3}\\.[0-9]{1,3}|169\\.254|example\\.com)([.:@/?#][a-z0-9.]{0,9}){0,3}",
    ) {
        let named = ["ACTIONS_ID_TOKEN_REQUEST_URL", "AZURE_AUTHORITY_HOST", "IDENTITY_ENDPOINT"];
        let environment: Vec<(&str, &str)> = ENVIRONMENT
            .iter()
            .map(|(name, value)| (*name, if named.contains(name) { &*url } else { *value }))
            .collect();
        let mut exchange = exchange(source);
        while let Ok(Step::Pending(asks)) = exchange.poll(now()) {
            for ask in asks {
                if let Action::HttpRequest(request) = &ask.action {
                    prop_assert!(is_sent_safely(&request.url), "{}", request.url);
                }
                exchange.reply(&ask.id, good_reply(&ask, &environment)).unwrap();
            }
        }
    }
}

fn is_sent_safely(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return url.starts_with("https://") };
    let authority = rest.split(['/', '?']).next().unwrap();
    let host = if authority.ends_with(']') {
        authority
    } else {
        authority.rsplit_once(':').map_or(authority, |(host, _)| host)
    };
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost"
        || address.is_ok_and(|address| match address {
            std::net::IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
            std::net::IpAddr::V6(address) => address.is_loopback(),
        })
}

fn exchange(source: &str) -> Exchange {
    let config = format!(
        r#"{{
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/p",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "credential_source": {{"sanskey": {source}}}
        }}"#
    );
    let config = CredentialConfig::from_json(&config).unwrap();
    Exchange::new(config, Goal::AccessToken { scopes: vec![] }, Options::new())
}

fn good_reply(ask: &Ask, environment: &[(&str, &str)]) -> Reply {
    match &ask.action {
        Action::ReadEnv { names, .. } => Reply::Env(
            environment
                .iter()
                .filter(|(name, _)| names.iter().any(|each| each == name))
                .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
                .collect(),
        ),
        Action::ReadFile { .. } => Reply::File(Some(Secret::new(OF_THE_POD))),
        Action::RunCommand { .. } => Reply::CommandOutput(CommandOutput::new(Some(0), TOKEN, "")),
        Action::HttpRequest(_) => {
            let body = match ask.id.as_str() {
                "sts" => r#"{"access_token":"federated","expires_in":3599}"#.to_owned(),
                _ => format!(r#"{{"value":"{TOKEN}","access_token":"{TOKEN}"}}"#),
            };
            Reply::HttpResponse(HttpResponse::new(200, vec![], body))
        }
        _ => Reply::Waited,
    }
}

#[derive(Clone, Debug)]
enum Drawn {
    /// A status and a text.
    Answer(u16, String),
    /// A status, and what was sent from this character on.
    Echo(u16, usize),
    Failure(HostFailureKind),
}

fn any_answer() -> impl Strategy<Value = Drawn> {
    let status = || prop_oneof![3 => Just(200_u16), 2 => Just(400), 1 => Just(503), 1 => any::<u16>()];
    let text = prop_oneof![
        any::<String>(),
        "[{}\":,.a-c]{0,30}",
        r#"\{"(value|access_token|error|error_description|message)":("[a-c.]{0,9}"|null|7|\{\})\}"#,
    ];
    let failures = vec![
        HostFailureKind::Timeout,
        HostFailureKind::Unreachable,
        HostFailureKind::Denied,
        HostFailureKind::Unsupported,
    ];
    prop_oneof![
        3 => (status(), text).prop_map(|(status, text)| Drawn::Answer(status, text)),
        3 => (status(), 0_usize..120).prop_map(|(status, from)| Drawn::Echo(status, from)),
        1 => select(failures).prop_map(Drawn::Failure),
    ]
}

fn drawn_reply(ask: &Ask, drawn: &Drawn) -> Reply {
    let (status, text) = match (drawn, &ask.action) {
        (Drawn::Failure(kind), _) => return Reply::Failed(HostFailure::new(*kind, "it did not work")),
        (Drawn::Echo(status, from), Action::HttpRequest(request)) => (*status, echo(request, *from)),
        // The path of a file is no secret.
        (Drawn::Echo(status, _), Action::ReadEnv { .. }) => (*status, "echo".to_owned()),
        (Drawn::Echo(status, _), _) => (*status, TOKEN.to_owned()),
        (Drawn::Answer(status, text), _) => (*status, text.clone()),
    };
    match &ask.action {
        Action::HttpRequest(_) => Reply::HttpResponse(HttpResponse::new(status, vec![], text)),
        Action::ReadEnv { names, .. } => {
            Reply::Env(names.iter().map(|name| (name.clone(), Secret::from(text.as_str()))).collect())
        }
        Action::ReadFile { .. } => Reply::File((status != 400).then(|| Secret::from(text.as_str()))),
        Action::RunCommand { .. } => Reply::CommandOutput(CommandOutput::new(
            (status == 200).then_some(0),
            text.as_str(),
            format!("the output was {text}"),
        )),
        _ => Reply::Waited,
    }
}

/// A refusal that quotes the request, from a character of it on.
fn echo(request: &HttpRequest, from: usize) -> String {
    let headers = request.headers.iter().map(|header| format!("{} ", header.value.expose()));
    let sent: String = headers.chain([request.body.expose().replace('&', " ")]).collect();
    let quoted: String = sent.chars().skip(from).filter(|c| *c != '"').collect();
    format!(r#"{{"error":"refused","error_description":"I got {quoted}"}}"#)
}

fn now() -> UnixTime {
    UnixTime::from_seconds(1_704_164_645)
}
