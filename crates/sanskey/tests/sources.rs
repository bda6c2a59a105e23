//! What must hold for every environment of an AWS workload, and for every text in it and in what comes back.

use proptest::prelude::{any, prop_oneof, proptest};
use proptest::sample::subsequence;
use proptest::{prop_assert, prop_assert_eq};
use sanskey::{
    Action, Ask, CommandOutput, CredentialConfig, Exchange, Goal, HttpResponse, Options, Reply, Secret, Step,
    UnixTime, aws,
};

const CONFIG: &str = r#"{
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/aws",
    "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
    "credential_source": {
        "environment_id": "aws1",
        "region_url": "http://169.254.169.254/latest/meta-data/placement/availability-zone",
        "url": "http://169.254.169.254/latest/meta-data/iam/security-credentials",
        "imdsv2_session_token_url": "http://169.254.169.254/latest/api/token",
        "regional_cred_verification_url":
            "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
    }
}"#;

/// Variables of the environment with values that make sense together.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("AWS_REGION", "eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "environment-secret"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"),
    ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pod"),
    ("AWS_ROLE_SESSION_NAME", "pod-session"),
    ("AWS_PROFILE", "work"),
    ("AWS_PROFILE", "login"),
    ("AWS_DEFAULT_PROFILE", "program"),
    ("AWS_CONFIG_FILE", "/etc/aws-config"),
    ("HOME", "/home/somebody"),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x"),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/var/run/container-token"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"),
    ("AWS_ENDPOINT_URL_STS", "https://vpce.example.com/sts"),
    ("AWS_USE_FIPS_ENDPOINT", "true"),
];

const CONFIG_FILE: &str = "
[profile work]
role_arn = arn:aws:iam::123456789012:role/work
source_profile = hub
region = eu-west-1
[profile hub]
role_arn = arn:aws:iam::123456789012:role/hub
source_profile = keys
s3 =
    addressing_style = path
[profile login]
sso_session = company
sso_account_id = 123456789012
sso_role_name = reader
[sso-session company]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
[profile program]
credential_process = /usr/bin/keys --for 'this machine'
";
const CREDENTIALS_FILE: &str =
    "[keys]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = profile-secret\n";
const ROLE: &str =
    r#"{"Code":"Success","AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"role-secret","Token":"t"}"#;
const PROGRAM: &str = r#"{"Version":1,"AccessKeyId":"ASIAPROGRAM","SecretAccessKey":"program-secret"}"#;
const LOGIN: &str = r#"{"accessToken":"login-token","expiresAt":"2024-01-02T23:00:00Z"}"#;
const LOGIN_ROLE: &str =
    r#"{"roleCredentials":{"accessKeyId":"ASIALOGIN","secretAccessKey":"login-secret","sessionToken":"t"}}"#;
proptest! {
    /// Where everything answers as it should, every environment ends in a token or in an error of the
    /// configuration, whichever subset of the variables is set.
    #[test]
    fn every_environment_ends_well_or_names_a_mistake(
        environment in subsequence(ENVIRONMENT, 0..=ENVIRONMENT.len()),
        calls in any::<(bool, bool, bool)>(),
    ) {
        let mut exchange = exchange(calls);
        let mut ids = Vec::new();
        loop {
            match exchange.poll(now()) {
                Ok(Step::Done(outcome)) => {
                    prop_assert_eq!(outcome.token().unwrap().value.expose(), "federated");
                    break;
                }
                Ok(Step::Pending(asks)) => for ask in asks {
                    exchange.reply(&ask.id, good_reply(&ask, &environment)).unwrap();
                    ids.push(ask.id);
                },
                Err(error) => {
                    prop_assert_eq!(error.fault(), sanskey::Fault::Config, "{}", error);
                    break;
                }
            }
        }
        // Nobody asks two places for credentials.
        let places = ["aws-role", "container-credentials", "web-identity-token", "sso-credentials", "credential-process"];
        prop_assert!(ids.iter().filter(|id| places.contains(&id.as_str())).count() <= 1, "{:?}", ids);
    }

    /// A profile file of any content is read or refused.
    #[test]
    fn any_profile_file_is_read_or_refused(
        file in prop_oneof![
            any::<String>(),
            "(\\[(profile )?[a-c\"']{1,3}\\]?\n|[a-c_]{0,3} ?[=:] ?[a-c]{0,3}\n| {0,3}(role_arn|source_profile|aws_access_key_id) ?= ?(a|b|arn:aws:iam::123456789012:role/r)\n|#.*\n|\n){0,12}",
        ],
    ) {
        let environment = [("AWS_PROFILE", "a"), ("HOME", "/h"), ("AWS_REGION", "us-east-1")];
        let mut exchange = exchange((false, false, false));
        for _ in 0..30 {
            match exchange.poll(now()) {
                Ok(Step::Done(_)) => break,
                Ok(Step::Pending(asks)) => for ask in asks {
                    let reply = match &ask.action {
                        Action::ReadFile { .. } => Reply::File(Some(Secret::new(file.as_str()))),
                        _ => good_reply(&ask, &environment),
                    };
                    exchange.reply(&ask.id, reply).unwrap();
                },
                Err(error) => {
                    prop_assert!(error.code().as_str().starts_with("aws_"), "{}", error);
                    return Ok(());
                }
            }
        }
    }
}

fn exchange((role, session, jwt): (bool, bool, bool)) -> Exchange {
    let mut options = Options::new();
    if role {
        options = options.aws_assume_role(aws::AssumeRole::new("arn:aws:iam::123456789012:role/further"));
    }
    if session {
        options = options.aws_get_session_token(aws::GetSessionToken::default());
    }
    if jwt {
        options = options.aws_web_identity_token(aws::GetWebIdentityToken::default());
    }
    let config = CredentialConfig::from_json(CONFIG).unwrap();
    Exchange::new(config, Goal::AccessToken { scopes: vec![] }, options)
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
        Action::ReadFile { .. } => Reply::File(Some(Secret::new(match ask.id.as_str() {
            "aws-config-file" => CONFIG_FILE,
            "aws-credentials-file" => CREDENTIALS_FILE,
            "sso-token" => LOGIN,
            _ => "token",
        }))),
        Action::RunCommand { .. } => Reply::CommandOutput(CommandOutput::new(Some(0), PROGRAM, "")),
        Action::HttpRequest(request) => {
            let body = match ask.id.as_str() {
                "imds-session" => "session".to_owned(),
                "aws-region" => "eu-central-1b".to_owned(),
                "aws-role" => "role".to_owned(),
                "aws-credentials" | "container-credentials" => ROLE.to_owned(),
                "sso-credentials" => LOGIN_ROLE.to_owned(),
                "sts" => r#"{"access_token":"federated","expires_in":3599}"#.to_owned(),
                "get-web-identity-token" => {
                    result("GetWebIdentityToken", "<WebIdentityToken>jwt</WebIdentityToken>")
                }
                _ => {
                    let action = request.body.expose().split(['=', '&']).nth(1).unwrap();
                    result(
                        action,
                        "<Credentials><AccessKeyId>ASIASTS</AccessKeyId><SecretAccessKey>sts-secret</SecretAccessKey><SessionToken>t</SessionToken></Credentials>",
                    )
                }
            };
            Reply::HttpResponse(HttpResponse::new(200, vec![], body))
        }
        _ => Reply::Waited,
    }
}

fn result(action: &str, inside: &str) -> String {
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>{inside}</{action}Result></{action}Response>"
    )
}

fn now() -> UnixTime {
    UnixTime::from_seconds(1_704_164_645)
}
