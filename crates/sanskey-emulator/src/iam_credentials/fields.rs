//! The body of a call: an object in the JSON form of protocol buffers.
//!
//! Source: <https://protobuf.dev/programming-guides/json/>. The texts about wrong types are inferred.

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::{Map, Value};

use super::invalid_argument;
use crate::answers::Answer;

const UNPADDED_TOO: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The fields of a body.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn of(body: &[u8]) -> Result<Self, Answer> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            _ => Err(invalid_argument("Invalid JSON payload received.")),
        }
    }

    /// Refuses fields that the method does not have. All of them have `name` and `delegates`.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Answer> {
        let is_known = |name: &str| known.contains(&name) || ["delegates", "name"].contains(&name);
        match self.0.keys().find(|name| !is_known(name)) {
            Some(name) => {
                let message =
                    format!("Invalid JSON payload received. Unknown name \"{name}\": Cannot find field.");
                Err(invalid_argument(&message))
            }
            None => Ok(()),
        }
    }

    /// A field's value. Null is the same as absent.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text that is required: an empty one is the same as none. The message is the general one, which users
    /// report for other fields that are missing.
    pub(super) fn text(&self, name: &str) -> Result<&str, Answer> {
        let text = match self.get(name) {
            Some(value) => value.as_str().ok_or_else(|| wrong_type(name, "TYPE_STRING"))?,
            None => "",
        };
        if text.is_empty() {
            return Err(invalid_argument("Request contains an invalid argument."));
        }
        Ok(text)
    }

    /// Bytes that are required, in either alphabet of base64, with padding or without.
    pub(super) fn bytes(&self, name: &str) -> Result<Vec<u8>, Answer> {
        let text = self.text(name)?;
        [STANDARD, URL_SAFE]
            .iter()
            .find_map(|alphabet| GeneralPurpose::new(alphabet, UNPADDED_TOO).decode(text).ok())
            .ok_or_else(|| wrong_type(name, "TYPE_BYTES"))
    }

    /// A list of texts; an absent one is empty.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Answer> {
        let Some(value) = self.get(name) else { return Ok(Vec::new()) };
        value
            .as_array()
            .and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect())
            .ok_or_else(|| wrong_type(name, "TYPE_STRING"))
    }

    /// A switch; an absent one is off. It may be a text: some of Google's own clients send one.
    pub(super) fn switch(&self, name: &str) -> Result<bool, Answer> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(Value::String(text)) if text == "true" => Ok(true),
            Some(Value::String(text)) if text == "false" => Ok(false),
            Some(_) => Err(wrong_type(name, "TYPE_BOOL")),
        }
    }
}

fn wrong_type(name: &str, kind: &str) -> Answer {
    invalid_argument(&format!("Invalid value at '{name}' ({kind})"))
}
