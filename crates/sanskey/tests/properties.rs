//! What must hold for every order of replies and for every text that comes back.

use proptest::collection::vec;
use proptest::prelude::{any, proptest};
use proptest::prop_assert_eq;
use sanskey::{
    Action, Ask, CredentialConfig, Exchange, Goal, HttpResponse, Options, Outcome, Reply, Step, UnixTime,
    aws, sigv4,
};

const CONFIG: &str = r#"{
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/aws",
    "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
    "token_url": "https://sts.googleapis.com/v1/token",
    "service_account_impersonation_url":
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com:generateAccessToken",
    "credential_source": {
        "environment_id": "aws1",
        "region_url": "http://169.254.169.254/latest/meta-data/placement/availability-zone",
        "url": "http://169.254.169.254/latest/meta-data/iam/security-credentials",
        "imdsv2_session_token_url": "http://169.254.169.254/latest/api/token",
        "regional_cred_verification_url":
            "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
    }
}"#;

proptest! {
    /// `order` says, poll by poll, which of the outstanding asks get their reply and in which order.
    #[test]
    fn any_order_and_splitting_of_replies_gives_the_same_token(
        order in vec(any::<u16>(), 64),
        failing in vec(any::<bool>(), 16),
    ) {
        let at_once = drive(&failing, |asks| (0..asks.len()).collect());
        let mut order = order.into_iter().map(usize::from);
        let split = drive(&failing, |asks| {
            let pick = order.next().unwrap_or(0) % asks.len();
            // One of them, or all of them beginning with that one.
            if order.next().unwrap_or(0) % 2 == 0 { vec![pick] } else { rotated(asks.len(), pick) }
        });
        prop_assert_eq!(at_once, split);
    }

    #[test]
    fn polling_again_changes_nothing(failing in vec(any::<bool>(), 16), times in 1_usize..4) {
        let mut exchange = exchange();
        loop {
            let step = exchange.poll(now()).unwrap();
            for later in 1..=times {
                let again = exchange.poll(UnixTime::from_seconds(1_704_164_645 + 60 * i64::try_from(later).unwrap()));
                prop_assert_eq!(&again.unwrap(), &step);
            }
            match step {
                Step::Done(_) => break,
                Step::Pending(asks) => for ask in asks {
                    exchange.reply(&ask.id, answer(&ask, &failing)).unwrap();
                },
            }
        }
    }

    #[test]
    fn any_configuration_is_read_or_refused(text in "\\PC{0,60}", at in any::<usize>(), cut in 0_usize..12) {
        let at = CONFIG.char_indices().nth(at % CONFIG.chars().count()).unwrap().0;
        let end = (at + cut).min(CONFIG.len());
        let changed = format!("{}{text}{}", &CONFIG[..at], &CONFIG[end..]);
        for config in [text, changed] {
            match CredentialConfig::from_json(&config) {
                Ok(config) => {
                    let goal = Goal::AccessToken { scopes: vec![] };
                    // Whatever was read can be begun with, or is refused as a configuration.
                    let begun = Exchange::new(config, goal, Options::new().aws_region("us-east-1")).poll(now());
                    if let Err(error) = begun {
                        prop_assert_eq!(error.fault(), sanskey::Fault::Config);
                    }
                }
                Err(error) => prop_assert_eq!(error.fault(), sanskey::Fault::Config),
            }
        }
    }

    #[test]
    fn any_request_is_signed_or_refused(
        method in "\\PC{0,5}", url in "(https?://)?\\PC{0,40}", name in "\\PC{0,10}", value in any::<String>(),
        key in any::<String>(), seconds in any::<i64>(),
    ) {
        let credentials = aws::Credentials::new(key.clone(), key.clone()).with_session_token(value.clone());
        let headers = [(name.as_str(), value.as_str())];
        let request = sigv4::Request { method: &method, url: &url, headers: &headers, body: value.as_bytes() };
        let time = UnixTime::from_seconds(seconds);
        match sigv4::sign(&request, &credentials, "us-east-1", "sts", time) {
            Ok(signed) => prop_assert_eq!(signed.signature.expose().len(), 64),
            Err(error) => prop_assert_eq!(error.code().as_str(), "invalid_argument"),
        }
        let _ = aws::caller_identity_token(&credentials, &value, &url, time);
    }
}

fn exchange() -> Exchange {
    let config = CredentialConfig::from_json(CONFIG).unwrap();
    Exchange::new(config, Goal::AccessToken { scopes: vec![] }, Options::new().entropy([7; 16]))
}

/// Runs an exchange to its end; `pick` says which asks of a list are answered before the next poll.
fn drive(failing: &[bool], mut pick: impl FnMut(&[Ask]) -> Vec<usize>) -> Outcome {
    let mut exchange = exchange();
    loop {
        match exchange.poll(now()).unwrap() {
            Step::Done(outcome) => return outcome,
            Step::Pending(asks) => {
                for position in pick(&asks) {
                    exchange.reply(&asks[position].id, answer(&asks[position], failing)).unwrap();
                }
            }
        }
    }
}

/// The reply to an ask depends on the ask alone. First tries fail where `failing` says so.
fn answer(ask: &Ask, failing: &[bool]) -> Reply {
    let body = match ask.id.trim_end_matches(['-', '2']) {
        "imds-session" => "session",
        "aws-region" => "eu-central-1b",
        "aws-role" => "role",
        "aws-credentials" => {
            r#"{"Code":"Success","AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"secret","Token":"t"}"#
        }
        "sts" => r#"{"access_token":"federated","expires_in":3599}"#,
        _ => r#"{"accessToken":"impersonated","expireTime":"2024-01-02T04:04:05Z"}"#,
    };
    match &ask.action {
        Action::HttpRequest(_) if !ask.id.ends_with("-2") && failing[ask.id.len()] => {
            Reply::HttpResponse(HttpResponse::new(503, vec![], "busy"))
        }
        Action::HttpRequest(_) => Reply::HttpResponse(HttpResponse::new(200, vec![], body)),
        Action::ReadEnv { .. } => Reply::Env(vec![]),
        Action::Wait { .. } => Reply::Waited,
        other => panic!("not asked in this exchange: {}", other.kind()),
    }
}

fn rotated(length: usize, first: usize) -> Vec<usize> {
    (0..length).map(|position| (position + first) % length).collect()
}

fn now() -> UnixTime {
    UnixTime::from_seconds(1_704_164_645)
}
