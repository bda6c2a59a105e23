//! Reading fields of a JSON object, with errors that name them.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::error::{Error, ErrorCode, Stage};
use crate::url::{HttpUrl, is_visible_ascii};

/// The object that a configuration file must be.
pub(super) fn parse_object(text: &str) -> Result<Map<String, Value>, Error> {
    let hint =
        "Give the text of the file that `gcloud iam workload-identity-pools create-cred-config` wrote.";
    match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("is JSON, but not an object".to_owned()),
        Err(error) if error.is_eof() => Err("ends too early to be JSON".to_owned()),
        Err(error) => Err(format!("is not JSON: line {}, column {}", error.line(), error.column())),
    }
    .map_err(|problem| {
        Error::new(ErrorCode::ConfigNotJson, format!("The credential configuration {problem}."), hint)
            .at(Stage::Config)
    })
}

/// The fields of one object, and the path that leads to it. A field that is `null` or empty counts
/// as absent. Texts are moved out, so that a secret is not left in the tree.
pub(super) struct Fields<'a> {
    path: String,
    object: &'a mut Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(super) fn root(object: &'a mut Map<String, Value>) -> Self {
        Self { path: String::new(), object }
    }

    /// Refuses fields of other names, where nobody but sanskey has a say.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), Error> {
        match self.object.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) => Err(self.invalid(name, &format!("is none of {}", names.join(", ")))),
            None => Ok(()),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        match self.object.get(name) {
            None | Some(Value::Null) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(_) => true,
        }
    }

    pub(super) fn is_root(&self) -> bool {
        self.path.is_empty()
    }

    /// A text that stays where it is.
    pub(super) fn peek(&self, name: &str) -> Option<&str> {
        self.object.get(name)?.as_str()
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.object.get_mut(name).map(Value::take) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(_) => Err(self.invalid(name, "is not a text")),
        }
    }

    /// What `read` reads, if it is there.
    pub(super) fn required(
        &mut self,
        read: fn(&mut Self, &str) -> Result<Option<String>, Error>,
        name: &str,
    ) -> Result<String, Error> {
        read(self, name)?.ok_or_else(|| missing(self.path_of(name), "It must be a text that is not empty."))
    }

    /// A text that can stand in a header.
    pub(super) fn visible_text(&mut self, name: &str) -> Result<Option<String>, Error> {
        let text = self.text(name)?;
        if text.as_deref().is_none_or(is_visible_ascii) {
            return Ok(text);
        }
        Err(self.invalid(name, "has a space, a line break or a character outside ASCII"))
    }

    /// A domain name in lower case, such as `googleapis.com`.
    pub(super) fn domain(&mut self, name: &str) -> Result<Option<String>, Error> {
        let text = self.text(name)?;
        let is_domain = |text: &str| {
            text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b))
        };
        if text.as_deref().is_none_or(is_domain) {
            return Ok(text);
        }
        Err(self.invalid(name, "is not a domain name in lower case"))
    }

    /// An absolute URL that can be sent as it stands.
    pub(super) fn url(&mut self, name: &str) -> Result<Option<String>, Error> {
        let Some(url) = self.text(name)? else { return Ok(None) };
        if let Err(problem) = HttpUrl::split(&url) {
            return Err(self.invalid(name, problem));
        }
        if !is_visible_ascii(&url) {
            return Err(self.invalid(name, "has a space or a character outside ASCII"));
        }
        Ok(Some(url))
    }

    pub(super) fn integer(&mut self, name: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, Error> {
        let number = match self.object.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => value.as_u64().and_then(|number| u32::try_from(number).ok()),
        };
        number.filter(|number| range.contains(number)).map(Some).ok_or_else(|| {
            self.invalid(name, &format!("is not a whole number from {} to {}", range.start(), range.end()))
        })
    }

    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, Error> {
        match self.object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(self.invalid(name, "is neither true nor false")),
        }
    }

    /// The names of all fields.
    pub(super) fn names(&self) -> Vec<String> {
        self.object.keys().cloned().collect()
    }

    pub(super) fn object(&mut self, name: &str) -> Result<Option<Fields<'_>>, Error> {
        let path = self.path_of(name);
        match self.object.get_mut(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Fields { path, object })),
            Some(_) => Err(invalid(&path, "is not a JSON object")),
        }
    }

    /// The objects of a list, each with its place in its path.
    pub(super) fn objects(&mut self, name: &str) -> Result<Vec<Fields<'_>>, Error> {
        let path = self.path_of(name);
        let list = match self.object.get_mut(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(invalid(&path, "is not a list")),
        };
        list.iter_mut()
            .enumerate()
            .map(|(position, value)| match value {
                Value::Object(object) => Ok(Fields { path: format!("{path}[{position}]"), object }),
                _ => Err(invalid(&format!("{path}[{position}]"), "is not a JSON object")),
            })
            .collect()
    }

    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>, Error> {
        let list = match self.object.get_mut(name).map(Value::take) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(self.invalid(name, "is not a list")),
        };
        list.into_iter()
            .map(|value| match value {
                Value::String(text) => Ok(text),
                _ => Err(self.invalid(name, "is not a list of texts")),
            })
            .collect()
    }

    /// `problem` continues the sentence "The field … of the credential configuration".
    pub(super) fn invalid(&self, name: &str, problem: &str) -> Error {
        invalid(&self.path_of(name), problem)
    }

    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

fn invalid(path: &str, problem: &str) -> Error {
    let message = format!("The field {path} of the credential configuration {problem}.");
    let hint = if is_own(path) {
        "Correct the field. It is one of sanskey's own, which its documentation describes."
    } else {
        "Correct the field, or create the configuration again with `gcloud iam workload-identity-pools create-cred-config`."
    };
    Error::config(ErrorCode::ConfigFieldInvalid, path, message, hint)
}

pub(super) fn missing(path: impl Into<String>, explanation: &str) -> Error {
    let path = path.into();
    let message = format!("The credential configuration has no field {path}.");
    let origin = if is_own(&path) {
        "It is one of sanskey's own fields, which its documentation describes."
    } else {
        "`gcloud iam workload-identity-pools create-cred-config` writes it."
    };
    let hint = format!("{explanation} {origin}");
    Error::config(ErrorCode::ConfigFieldMissing, &path, message, hint)
}

/// Whether a field is in an object `sanskey`, which no other program writes.
fn is_own(path: &str) -> bool {
    path.split('.').any(|name| name == "sanskey")
}
