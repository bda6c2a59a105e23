//! What must hold for a token source whatever the clocks do and however its exchanges end.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)] // a host, not the core

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use sanskey::{
    Advice, CredentialConfig, ErrorCode, Goal, HttpResponse, Moment, Options, Reply, Settled, Step,
    TokenSource, UnixTime,
};

const CONFIG: &str = r#"{
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/pool/providers/prov",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
    "credential_source": { "sanskey": { "platform": "caller" } }
}"#;
const SECRET: &str = "the-value-of-a-federated-token";
const START: i64 = 1_704_164_645;

fn source() -> TokenSource {
    source_of(CONFIG)
}

fn source_of(config: &str) -> TokenSource {
    let config = CredentialConfig::from_json(config).unwrap();
    TokenSource::new(config, Goal::AccessToken { scopes: vec![] }, Options::new().subject_token("proof"))
        .unwrap()
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Event {
    Passes(u64),
    IsSet(i64),
    Refreshes(Answer),
    /// The state goes to a successor, whose other clock begins anew.
    Moves,
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Token(Option<u32>),
    Status(u16),
    GivenUp,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => prop_oneof![0..20_u64, 200..300_u64, 3000..4000_u64, 0..100_000_u64].prop_map(Event::Passes),
        1 => (-90_000..90_000_i64).prop_map(Event::IsSet),
        4 => answer().prop_map(Event::Refreshes),
        1 => any::<bool>().prop_map(|_| Event::Moves),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        4 => prop_oneof![Just(None), (0..7200_u32).prop_map(Some)].prop_map(Answer::Token),
        1 => prop_oneof![Just(400), Just(403), Just(500)].prop_map(Answer::Status),
        1 => Just(Answer::GivenUp),
    ]
}

/// One exchange, in which no time passes.
fn refresh(source: &mut TokenSource, at: Moment, now: i64, answer: Answer) -> Settled {
    let mut exchange = source.exchange(None, vec![], at);
    while let Ok(Step::Pending(asks)) = exchange.poll(UnixTime::from_seconds(now)) {
        let (status, body) = match answer {
            Answer::GivenUp => break,
            Answer::Status(status) => (status, "{}".to_owned()),
            Answer::Token(None) => (200, format!(r#"{{"access_token":"{SECRET}"}}"#)),
            Answer::Token(Some(seconds)) => {
                (200, format!(r#"{{"access_token":"{SECRET}","expires_in":{seconds}}}"#))
            }
        };
        for ask in asks {
            let reply = if ask.id.ends_with("-wait") {
                Reply::Waited
            } else {
                Reply::HttpResponse(HttpResponse::new(status, vec![], body.clone()))
            };
            exchange.reply(&ask.id, reply).unwrap();
        }
    }
    source.settle(&exchange, at)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// A token is used until its end by either clock and no longer; a refresh that fails loses nothing.
    #[test]
    fn no_token_is_used_past_its_end(events in vec(event(), 1..40)) {
        let mut source = source();
        let (mut now, mut uptime) = (START, 0_u64);
        // When the token ends by each clock.
        let mut end: Option<(i64, u64)> = None;
        for event in events {
            match event {
                Event::Passes(seconds) => {
                    now += i64::try_from(seconds).unwrap();
                    uptime += seconds;
                }
                Event::IsSet(seconds) => now += seconds,
                Event::Moves => {
                    let state = source.export().unwrap();
                    source = self::source();
                    uptime /= 2;
                    let at = Moment::new(UnixTime::from_seconds(now), Duration::from_secs(uptime));
                    prop_assert!(source.import(state.expose(), at));
                    end = source.token().map(|token| {
                        let end = token.expires_at.as_seconds();
                        (end, uptime + u64::try_from(end - now).unwrap_or(0))
                    });
                }
                Event::Refreshes(answer) => {
                    let at = Moment::new(UnixTime::from_seconds(now), Duration::from_secs(uptime));
                    let had_use = source.look(at) != Advice::Refresh;
                    match (answer, refresh(&mut source, at, now, answer)) {
                        (Answer::Token(seconds), settled) => {
                            prop_assert_eq!(settled, Settled::New);
                            let seconds = seconds.unwrap_or(0);
                            end = Some((now + i64::from(seconds), uptime + u64::from(seconds)));
                        }
                        (_, settled) => {
                            prop_assert_eq!(settled, if had_use { Settled::Kept } else { Settled::Failed });
                            prop_assert_eq!(source.look(at) != Advice::Refresh, had_use);
                            // Nobody is sent again at once while there is a token.
                            prop_assert!(!had_use || source.look(at) == Advice::Use);
                        }
                    }
                }
            }
            let at = Moment::new(UnixTime::from_seconds(now), Duration::from_secs(uptime));
            let left = end.map_or(0, |(by_day, by_uptime)| {
                (by_day - now).min(i64::try_from(by_uptime).unwrap() - i64::try_from(uptime).unwrap())
            });
            match source.look(at) {
                Advice::Refresh => prop_assert!(left <= 10, "{left} s left"),
                Advice::Renew => prop_assert!((11..=240).contains(&left), "{left} s left"),
                _ => prop_assert!(left > 10, "{left} s left"),
            }
            let shown = format!("{source:?}");
            prop_assert!(!shown.contains(SECRET));
        }
    }
}

#[test]
fn only_what_ends_in_a_token_has_a_source() {
    for goal in [Goal::SignBlob { payload: vec![] }, Goal::Revocation] {
        let config = CredentialConfig::from_json(CONFIG).unwrap();
        let error = TokenSource::new(config, goal, Options::default()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidArgument);
    }
}

/// What a state holds came from a server, or from whoever could write to where it was kept.
#[test]
fn a_state_holds_nothing_that_changes_a_request() {
    let at = Moment::new(UnixTime::from_seconds(START), Duration::ZERO);
    let mut before = source();
    assert_eq!(refresh(&mut before, at, START, Answer::Token(Some(3600))), Settled::New);
    let state = before.export().unwrap().expose().to_owned();
    let mut sound = source();
    assert!(sound.import(&state, at) && sound.token().is_some());
    let region =
        state.replacen('{', r#"{"aws_region":{"circumstances":"","until":9999999999,"region":"REGION"},"#, 1);
    for (name, is_kept) in [("eu-central-1", true), ("evil.example/?", false)] {
        let mut other = source();
        assert!(other.import(&region.replace("REGION", name), at));
        assert_eq!(other.export().unwrap().expose().contains(name), is_kept);
    }
    let mut spoiled = source();
    assert!(spoiled.import(&state.replace(SECRET, "a\\r\\nx-evil: 1"), at));
    assert!(spoiled.token().is_none());
}

/// Two people may have the same client and the same pool, and differ in nothing but what is secret.
#[test]
fn a_state_is_of_one_login_only() {
    let login = |refresh_token: &str, client_secret: &str| {
        let config = format!(
            r#"{{
                "type": "external_account_authorized_user",
                "audience": "//iam.googleapis.com/locations/global/workforcePools/pool/providers/prov",
                "client_id": "client",
                "client_secret": "{client_secret}",
                "refresh_token": "{refresh_token}"
            }}"#
        );
        source_of(&config)
    };
    let with_header = |value: &str| {
        let config = CONFIG.replace(
            r#"{ "sanskey": { "platform": "caller" } }"#,
            &format!(r#"{{ "url": "http://localhost/token", "headers": {{ "authorization": "{value}" }} }}"#),
        );
        source_of(&config)
    };
    let at = Moment::new(UnixTime::from_seconds(START), Duration::ZERO);
    let takes =
        |mut source: TokenSource, state: &TokenSource| source.import(state.export().unwrap().expose(), at);
    assert!(takes(login("ada", "secret"), &login("ada", "secret")));
    assert!(!takes(login("bo", "secret"), &login("ada", "secret")));
    assert!(!takes(login("ada", "other"), &login("ada", "secret")));
    assert!(takes(with_header("ada"), &with_header("ada")));
    assert!(!takes(with_header("bo"), &with_header("ada")));
}

#[test]
fn a_login_that_is_revoked_leaves_nothing_behind() {
    let config = r#"{
        "type": "external_account_authorized_user",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/pool/providers/prov",
        "client_id": "client",
        "client_secret": "client-secret",
        "refresh_token": "first",
        "revoke_url": "https://sts.googleapis.com/v1/revoke"
    }"#;
    let config = CredentialConfig::from_json(config).unwrap();
    let goal = Goal::AccessToken { scopes: vec![] };
    let mut source = TokenSource::new(config, goal, Options::default()).unwrap();
    let at = Moment::new(UnixTime::from_seconds(START), Duration::ZERO);
    for (goal, body) in [
        (None, r#"{"access_token":"token","expires_in":3600,"refresh_token":"second"}"#),
        (Some(Goal::Revocation), "{}"),
    ] {
        let is_token = goal.is_none();
        let mut exchange = source.exchange(goal, vec![], at);
        let Ok(Step::Pending(asks)) = exchange.poll(UnixTime::from_seconds(START)) else { panic!() };
        exchange.reply(&asks[0].id, Reply::HttpResponse(HttpResponse::new(200, vec![], body))).unwrap();
        exchange.poll(UnixTime::from_seconds(START)).unwrap();
        assert_eq!(source.settle(&exchange, at), Settled::New);
        assert_eq!(source.look(at), if is_token { Advice::Use } else { Advice::Refresh });
        assert_eq!(source.export().unwrap().expose().contains("second"), is_token);
    }
    assert!(source.token().is_none());
}
