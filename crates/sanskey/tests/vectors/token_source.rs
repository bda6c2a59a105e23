//! What a token source asks and gives, call by call, through [`TokenSource`].

use std::time::Duration;

use sanskey::{
    Action, Advice, CredentialConfig, Error, Exchange, Moment, Options, Outcome, Reply, Settled, Step,
    TokenSource, UnixTime,
};
use sanskey_bridge::{Failure, read, write};
use serde_json::{Value, json};

#[test]
fn token_sources() {
    crate::check_folder("token-source", 15, |vector, seen| {
        let mut host = Host::new(vector);
        for call in vector["calls"].as_array().unwrap() {
            let name = format!("call at {} of {}", call["now"], vector["name"]);
            let result = host.make(call);
            *seen += &format!("{:?} {:?}", result.as_ref().err(), host.source);
            assert_eq!(
                host.exchanges,
                call["exchanges"].as_array().unwrap().len(),
                "exchanges of the {name}"
            );
            let result = result.unwrap_or_else(|error| error_json(&error));
            assert_eq!(result, call["result"], "{name}");
        }
        Ok(vector["result"].clone())
    });
}

/// What a host does around the core: one caller, two clocks, and answers that are written down.
struct Host<'a> {
    vector: &'a Value,
    source: TokenSource,
    now: i64,
    uptime: u64,
    exchanges: usize,
}

impl<'a> Host<'a> {
    fn new(vector: &'a Value) -> Self {
        Self { vector, source: source(vector, &vector["options"]), now: 0, uptime: 0, exchanges: 0 }
    }

    fn make(&mut self, call: &Value) -> Result<Value, Error> {
        self.now = call["now"].as_i64().unwrap();
        self.uptime = call["uptime"].as_u64().unwrap();
        self.exchanges = 0;
        match call["call"].as_str().unwrap() {
            "token" if self.source.look(self.moment()) == Advice::Use => Ok(self.held()),
            "token" => match self.exchanged(call, None) {
                Ok(_) | Err((Settled::Kept, _)) => Ok(self.held()),
                Err((_, error)) => Err(error),
            },
            "refresh" => {
                self.source.forget();
                self.exchanged(call, None).map(|_| self.held()).map_err(|(_, error)| error)
            }
            "fetch" => {
                let outcome = self.exchanged(call, Some(&call["goal"])).map_err(|(_, error)| error)?;
                Ok(json!({ "outcome": outcome_json(outcome) }))
            }
            "import" => {
                let state = self.source.export()?;
                let mut options = self.vector["options"].clone();
                if let Some(others) = call.get("options") {
                    options.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
                }
                self.source = source(self.vector, &options);
                Ok(json!({ "imported": self.source.import(state.expose(), self.moment()) }))
            }
            other => panic!("a call of an unknown kind: {other}"),
        }
    }

    fn exchanged(&mut self, call: &Value, goal: Option<&Value>) -> Result<Outcome, (Settled, Error)> {
        loop {
            let goal = goal.map(|goal| read::goal(&goal.to_string()).unwrap());
            let mut exchange = self.source.exchange(goal, Vec::new(), self.moment());
            let steps = &call["exchanges"][self.exchanges];
            assert!(steps.is_array(), "one exchange too many at {} of {}", call["now"], self.vector["name"]);
            self.exchanges += 1;
            let end = self.drive(&mut exchange, steps.as_array().unwrap());
            match (self.source.settle(&exchange, self.moment()), end) {
                (Settled::Again, Err(_)) => {}
                (Settled::New, Ok(outcome)) => return Ok(outcome),
                (settled, Err(error)) => return Err((settled, error)),
                (settled, Ok(_)) => panic!("{settled:?} after an outcome"),
            }
        }
    }

    fn drive(&mut self, exchange: &mut Exchange, steps: &[Value]) -> Result<Outcome, Error> {
        let mut steps = steps.iter();
        loop {
            let step = exchange.poll(UnixTime::from_seconds(self.now))?;
            let asks = serde_json::from_str::<Value>(&write::step(&step, None)).unwrap()["asks"].take();
            let pending = match step {
                Step::Done(outcome) => {
                    assert_eq!(steps.next(), None, "an exchange of {} ended early", self.vector["name"]);
                    return Ok(outcome);
                }
                Step::Pending(pending) => pending,
            };
            for (ask, written) in pending.iter().zip(asks.as_array().unwrap()) {
                let step =
                    steps.next().unwrap_or_else(|| panic!("{written} too much in {}", self.vector["name"]));
                assert_eq!(*written, step["ask"], "{}", self.vector["name"]);
                if let Action::Wait { duration, .. } = &ask.action {
                    self.now += i64::try_from(duration.as_secs()).unwrap();
                    self.uptime += duration.as_secs();
                }
                exchange.reply(&ask.id, reply(&step["reply"])).unwrap();
            }
        }
    }

    fn moment(&self) -> Moment {
        Moment::new(UnixTime::from_seconds(self.now), Duration::from_secs(self.uptime))
    }

    fn held(&self) -> Value {
        json!({ "token": serde_json::from_str::<Value>(&write::token(self.source.token().unwrap())).unwrap() })
    }
}

fn source(vector: &Value, options: &Value) -> TokenSource {
    let config = CredentialConfig::from_json(&vector["config"].to_string()).unwrap();
    let options: Options = read::options(&options.to_string()).unwrap().core;
    TokenSource::new(config, read::goal(&vector["goal"].to_string()).unwrap(), options).unwrap()
}

fn reply(written: &Value) -> Reply {
    read::replies(&json!([written]).to_string()).unwrap().remove(0).1
}

fn outcome_json(outcome: Outcome) -> Value {
    serde_json::from_str::<Value>(&write::step(&Step::Done(outcome), None)).unwrap()["outcome"].take()
}

fn error_json(error: &Error) -> Value {
    let mut json: Value = serde_json::from_str(&Failure::from(error.clone()).into_json()).unwrap();
    for texts in ["message", "hint"] {
        json.as_object_mut().unwrap().remove(texts);
    }
    json!({ "error": json })
}
