//! A whole exchange inside one exported function, so that the compiler has to keep the core.
//!
//! The module that this becomes has no host to ask: if the core reached for a clock, a random source or anything else,
//! the module would have to import it. `check.mjs` looks at the imports, and runs the function.

use sanskey::{
    Action, CredentialConfig, Exchange, Goal, HttpResponse, Options, Reply, Secret, Step, UnixTime,
};

const NOW: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z

const CONFIG: &str = r#"{
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/aws",
    "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
    "token_url": "https://sts.googleapis.com/v1/token",
    "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com:generateAccessToken",
    "credential_source": {
        "environment_id": "aws1",
        "region_url": "http://169.254.169.254/latest/meta-data/placement/availability-zone",
        "url": "http://169.254.169.254/latest/meta-data/iam/security-credentials",
        "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
        "imdsv2_session_token_url": "http://169.254.169.254/latest/api/token"
    }
}"#;

/// Gets a token as an EC2 workload and returns how many seconds it lives: 3600, or 0 if anything went wrong.
// SAFETY: nothing else in this module has that name.
#[allow(unsafe_code, reason = "exporting a function by its name counts as unsafe")]
#[unsafe(no_mangle)]
pub extern "C" fn seconds_of_a_token() -> u32 {
    exchange().unwrap_or_default()
}

fn exchange() -> Result<u32, sanskey::Error> {
    let config = CredentialConfig::from_json(CONFIG)?;
    let goal = Goal::AccessToken { scopes: Vec::new() };
    let now = UnixTime::from_seconds(NOW);
    let mut exchange = Exchange::new(config, goal, Options::default());
    loop {
        match exchange.poll(now)? {
            Step::Pending(asks) => {
                for ask in asks {
                    exchange.reply(&ask.id, answer(&ask.id, &ask.action))?;
                }
            }
            Step::Done(outcome) => {
                let lifetime = now.seconds_until(outcome.token().unwrap().expires_at);
                return Ok(u32::try_from(lifetime).unwrap_or_default());
            }
        }
    }
}

/// What AWS and Google would say.
fn answer(id: &str, action: &Action) -> Reply {
    if matches!(action, Action::ReadEnv { .. }) {
        return Reply::Env(vec![]);
    }
    let body = match id {
        "imds-session" => "session",
        "aws-region" => "us-east-1a",
        "aws-role" => "role",
        "aws-credentials" => r#"{"AccessKeyId":"AKID","SecretAccessKey":"key","Token":"token"}"#,
        "sts" => {
            r#"{"access_token":"federated","expires_in":3600,"token_type":"Bearer","issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}"#
        }
        _ => r#"{"accessToken":"final","expireTime":"2026-01-01T01:00:00Z"}"#,
    };
    Reply::HttpResponse(HttpResponse::new(200, Vec::new(), Secret::new(body)))
}
