//! Whole exchanges, through [`Exchange`].

use sanskey::{CredentialConfig, Exchange, Step, UnixTime};
use sanskey_bridge::{Failure, read, write};
use serde_json::{Value, json};

#[test]
fn exchanges() {
    crate::check_folder("exchange", 500, run);
}

fn run(vector: &Value, seen: &mut String) -> Result<Value, Failure> {
    let config = vector["config_text"].as_str().map_or_else(|| vector["config"].to_string(), str::to_owned);
    let options = read::options(&vector["options"].to_string())?.core;
    let goal = read::goal(&vector["goal"].to_string())?;
    let mut exchange = Exchange::new(CredentialConfig::from_json(&config)?, goal, options);
    let mut now = vector["now"].as_i64().unwrap();
    let mut polled = 0;
    let mut drive = || -> Result<Step, Failure> {
        for round in vector["rounds"].as_array().unwrap() {
            now = round["now"].as_i64().unwrap_or(now);
            let step = exchange.poll(UnixTime::from_seconds(now))?;
            polled += 1;
            *seen += &format!("{step:?} {exchange:?}");
            assert_eq!(written(&step, None)["asks"], round["asks"], "round {polled} of {}", vector["name"]);
            for (id, reply) in read::replies(&with_long_bodies(&round["replies"]))? {
                if format!("{reply:?}").len() < 100_000 {
                    *seen += &format!("{reply:?}");
                }
                exchange.reply(&id, reply)?;
            }
        }
        Ok(exchange.poll(UnixTime::from_seconds(vector["end"].as_i64().unwrap_or(now)))?)
    };
    let step = drive();
    assert_eq!(polled, vector["rounds"].as_array().unwrap().len(), "{} ended early", vector["name"]);
    *seen += &format!("{step:?} {exchange:?}");
    let done = written(&step?, exchange.clock_skew_seconds());
    let mut result = json!({ "outcome": done["outcome"] });
    if done["clock_skew_seconds"] != Value::Null {
        result["clock_skew_seconds"] = done["clock_skew_seconds"].clone();
    }
    Ok(result)
}

fn written(step: &Step, clock_skew_seconds: Option<i64>) -> Value {
    serde_json::from_str(&write::step(step, clock_skew_seconds)).unwrap()
}

fn with_long_bodies(replies: &Value) -> String {
    let mut replies = replies.clone();
    for reply in replies.as_array_mut().unwrap() {
        if let Some([Value::String(text), times]) = reply["body_repeat"].as_array().map(Vec::as_slice) {
            reply["body"] = text.repeat(usize::try_from(times.as_u64().unwrap()).unwrap()).into();
        }
    }
    replies.to_string()
}
