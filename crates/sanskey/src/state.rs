//! What a token source knows, as a text: for functions that are frozen, or begun anew, between two calls.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::aws::Credentials;
use crate::aws::region::is_plausible;
use crate::config::CredentialConfig;
use crate::error::Error;
use crate::goal::{Goal, Options};
use crate::json;
use crate::memory::{Kept, Memory, digest};
use crate::secret::Secret;
use crate::source::take_text;
use crate::time::UnixTime;
use crate::token::{Token, TokenKind};
use crate::url::is_visible_ascii;

/// A state is thrown away by every other version: to begin anew costs a few requests.
const FORMAT: &str = concat!("sanskey/", env!("CARGO_PKG_VERSION"));

/// Everything that is not in the configuration.
pub(crate) struct State {
    /// The token, and when it was got.
    pub(crate) held: Option<(Token, UnixTime)>,
    pub(crate) memory: Memory,
}

/// A digest of whose state it is, secrets included. What the caller supplies anew each time is no part of it.
pub(crate) fn owner(config: &CredentialConfig, goal: &Goal, options: &Options) -> String {
    let lasting = Options {
        actor_token: None,
        aws_credentials: None,
        aws_region: None,
        entropy: Vec::new(),
        subject_token: None,
        ..options.clone()
    };
    digest((FORMAT, config, goal, lasting))
}

impl State {
    pub(crate) fn write(&self, owner: &str) -> Result<Secret, Error> {
        let mut state = Object::begin();
        state.text("owner", owner)?;
        if let Some((token, since)) = &self.held {
            let mut object = Object::of_token(token)?;
            object.time("since", *since);
            state.member("token", &object.end());
        }
        if let Some(kept) = &self.memory.aws_region {
            let mut object = Object::of_kept(kept)?;
            object.text("region", &kept.value)?;
            state.member("aws_region", &object.end());
        }
        if let Some(kept) = &self.memory.aws_credentials {
            let mut object = Object::of_kept(kept)?;
            object.text("access_key_id", &kept.value.access_key_id)?;
            object.text("secret_access_key", kept.value.secret_access_key.expose())?;
            if let Some(token) = kept.value.session_token() {
                object.text("session_token", token.expose())?;
            }
            state.member("aws_credentials", &object.end());
        }
        if let Some(kept) = &self.memory.federated_token {
            let mut object = Object::of_kept(kept)?;
            object.member("token", &Object::of_token(&kept.value)?.end());
            state.member("federated_token", &object.end());
        }
        if let Some(token) = &self.memory.refresh_token {
            state.text("refresh_token", token.expose())?;
        }
        Ok(Secret::new(state.end().as_str()))
    }

    /// `None` if it is somebody else's, or no state at all.
    pub(crate) fn read(text: &str, owner: &str) -> Option<Self> {
        let mut state = object(serde_json::from_str(text).ok()?)?;
        if state.get("owner")?.as_str()? != owner {
            return None;
        }
        let mut part = |name: &str| state.get_mut(name).map(Value::take).and_then(object);
        let held = part("token").and_then(|mut it| Some((read_token(&mut it)?, time(&it, "since")?)));
        let aws_region = part("aws_region").and_then(|mut it| {
            // It will stand in a host name.
            let region = take_text(&mut it, "region").filter(|region| is_plausible(region.expose()))?;
            kept(&mut it, region.expose().to_owned())
        });
        let aws_credentials = part("aws_credentials").and_then(|mut it| {
            let id = take_text(&mut it, "access_key_id")?;
            let mut credentials = Credentials::new(id.expose(), take_text(&mut it, "secret_access_key")?);
            credentials.session_token = take_text(&mut it, "session_token");
            credentials.check().ok()?;
            kept(&mut it, credentials)
        });
        let federated_token = part("federated_token").and_then(|mut it| {
            let token = read_token(&mut object(it.get_mut("token")?.take())?)?;
            kept(&mut it, token)
        });
        let refresh_token = take_text(&mut state, "refresh_token");
        Some(Self { held, memory: Memory { aws_region, aws_credentials, federated_token, refresh_token } })
    }
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

fn time(object: &Map<String, Value>, name: &str) -> Option<UnixTime> {
    object.get(name)?.as_i64().map(UnixTime::from_seconds)
}

fn kept<T>(object: &mut Map<String, Value>, value: T) -> Option<Kept<T>> {
    let circumstances = object.get("circumstances")?.as_str()?.to_owned();
    Some(Kept { circumstances, until: time(object, "until")?, value })
}

fn read_token(object: &mut Map<String, Value>) -> Option<Token> {
    let kind = TokenKind::from_name(object.get("kind")?.as_str()?)?;
    let expires_at = time(object, "expires_at")?;
    // It will stand in a header.
    let value = take_text(object, "value").filter(|value| is_visible_ascii(value.expose()))?;
    Some(Token { value, expires_at, kind, refresh_token: take_text(object, "refresh_token") })
}

/// A JSON object that may hold secrets.
struct Object(Zeroizing<String>);

impl Object {
    /// Large enough not to grow, which would leave a copy behind.
    fn begin() -> Self {
        Self(Zeroizing::new(String::with_capacity(64 * 1024)))
    }

    fn of_kept<T>(kept: &Kept<T>) -> Result<Self, Error> {
        let mut object = Self::begin();
        object.text("circumstances", &kept.circumstances)?;
        object.time("until", kept.until);
        Ok(object)
    }

    fn of_token(token: &Token) -> Result<Self, Error> {
        let mut object = Self::begin();
        object.text("value", token.value.expose())?;
        object.time("expires_at", token.expires_at);
        object.text("kind", token.kind.as_str())?;
        if let Some(refresh_token) = &token.refresh_token {
            object.text("refresh_token", refresh_token.expose())?;
        }
        Ok(object)
    }

    fn text(&mut self, name: &str, value: &str) -> Result<(), Error> {
        self.member(name, &json::text(value)?);
        Ok(())
    }

    fn time(&mut self, name: &str, value: UnixTime) {
        self.member(name, &value.as_seconds().to_string());
    }

    /// The names are plain words, and the value is JSON.
    fn member(&mut self, name: &str, value: &str) {
        let start = if self.0.is_empty() { "{\"" } else { ",\"" };
        self.0.push_str(start);
        self.0.push_str(name);
        self.0.push_str("\":");
        self.0.push_str(value);
    }

    fn end(mut self) -> Zeroizing<String> {
        self.0.push('}');
        self.0
    }
}
