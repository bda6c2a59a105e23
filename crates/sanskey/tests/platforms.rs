//! What must hold for every platform that says in the environment where the token is, whatever is in the
//! environment and whatever comes back.

use proptest::prelude::{Just, prop_oneof, proptest};
use proptest::sample::{select, subsequence};
use proptest::{prop_assert, prop_assert_eq};
use sanskey::{
    Action, Ask, CommandOutput, CredentialConfig, Exchange, Fault, Goal, HttpResponse, Options, Reply,
    Secret, Step, UnixTime,
};

const SOURCES: &[&str] = &[
    r#"{"platform": "azure_app_service", "resource": "api://x", "client_id": "c"}"#,
    r#"{"platform": "azure_workload_identity"}"#,
    r#"{"platform": "azure_workload_identity", "resource": "api://x"}"#,
    r#"{"platform": "bitbucket"}"#,
    r#"{"platform": "buildkite"}"#,
    r#"{"platform": "circleci"}"#,
    r#"{"platform": "environment", "variable": "GITLAB_OIDC_TOKEN"}"#,
    r#"{"platform": "fly_io"}"#,
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

fn now() -> UnixTime {
    UnixTime::from_seconds(1_704_164_645)
}
