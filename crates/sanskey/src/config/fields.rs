//! Reading fields of a JSON object, with a note of everything that is wrong with them.

use std::borrow::Cow;
use std::cell::Cell;
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

/// What is wrong with a configuration, in the order in which it is found.
#[derive(Default)]
pub(super) struct Problems(Cell<Vec<Error>>);

impl Problems {
    /// A field is complained about once: what else is said of it follows from the first complaint.
    pub(super) fn note(&self, problem: Error) {
        let mut list = self.0.take();
        if list.iter().all(|each| each.field() != problem.field()) {
            list.push(problem);
        }
        self.0.set(list);
    }

    pub(super) fn into_list(self) -> Vec<Error> {
        self.0.into_inner()
    }

    pub(super) fn into_first(self) -> Option<Error> {
        self.into_list().into_iter().next()
    }
}

/// The fields of one object, and the path that leads to it. A field that is `null` or empty counts
/// as absent. Texts are moved out, so that a secret is not left in the tree.
///
/// What is wrong is noted and reading goes on, so that all problems are found. A text that is there and wrong
/// reads as an empty one, anything else as absent; whoever began to read looks at the notes in the end.
pub(super) struct Fields<'a> {
    path: String,
    object: &'a mut Map<String, Value>,
    problems: &'a Problems,
}

impl<'a> Fields<'a> {
    pub(super) fn root(object: &'a mut Map<String, Value>, problems: &'a Problems) -> Self {
        Self { path: String::new(), object, problems }
    }

    /// Refuses fields of other names, where nobody but sanskey has a say.
    pub(super) fn only(&self, names: &[&str]) {
        for name in self.object.keys().filter(|name| !names.contains(&name.as_str())) {
            self.invalid(name, &format!("is none of {}", names.join(", ")));
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

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.object.get_mut(name).map(Value::take) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text).filter(|text| !text.is_empty()),
            Some(_) => {
                self.invalid(name, "is not a text");
                Some(String::new())
            }
        }
    }

    /// What `read` reads, if it is there.
    pub(super) fn required(&mut self, read: fn(&mut Self, &str) -> Option<String>, name: &str) -> String {
        read(self, name).unwrap_or_else(|| {
            self.missing(name, "It must be a text that is not empty.");
            String::new()
        })
    }

    /// A text that can stand in a header.
    pub(super) fn visible_text(&mut self, name: &str) -> Option<String> {
        self.checked_text(name, |text| {
            let problem = "has a space, a line break or a character outside ASCII";
            if is_visible_ascii(text) { Ok(()) } else { Err(problem) }
        })
    }

    /// A domain name in lower case, such as `googleapis.com`.
    pub(super) fn domain(&mut self, name: &str) -> Option<String> {
        self.checked_text(name, |text| {
            let is_of_domain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b);
            if text.bytes().all(is_of_domain) { Ok(()) } else { Err("is not a domain name in lower case") }
        })
    }

    /// An absolute URL that can be sent as it stands.
    pub(super) fn url(&mut self, name: &str) -> Option<String> {
        self.checked_text(name, |url| {
            HttpUrl::split(url)?;
            if is_visible_ascii(url) { Ok(()) } else { Err("has a space or a character outside ASCII") }
        })
    }

    fn checked_text(&mut self, name: &str, check: fn(&str) -> Result<(), &'static str>) -> Option<String> {
        let text = self.text(name)?;
        let Err(problem) = check(&text) else { return Some(text) };
        self.invalid(name, problem);
        Some(String::new())
    }

    pub(super) fn integer(&mut self, name: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let number = match self.object.get(name) {
            None | Some(Value::Null) => return None,
            Some(value) => value.as_u64().and_then(|number| u32::try_from(number).ok()),
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.invalid(name, &format!("is not a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        match self.object.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::Bool(value)) => Some(*value),
            Some(_) => {
                self.invalid(name, "is neither true nor false");
                None
            }
        }
    }

    /// The names of all fields.
    pub(super) fn names(&self) -> Vec<String> {
        self.object.keys().cloned().collect()
    }

    pub(super) fn object(&mut self, name: &str) -> Option<Fields<'_>> {
        let path = self.path_of(name);
        match self.object.get_mut(name)? {
            Value::Null => None,
            value => fields_of(value, path, self.problems),
        }
    }

    /// The objects of a list, each with its place in its path.
    pub(super) fn objects(&mut self, name: &str) -> Vec<Fields<'_>> {
        let path = self.path_of(name);
        let problems = self.problems;
        match self.object.get_mut(name) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) => list
                .iter_mut()
                .enumerate()
                .filter_map(|(position, value)| fields_of(value, format!("{path}[{position}]"), problems))
                .collect(),
            Some(_) => {
                problems.note(invalid(&path, "is not a list"));
                Vec::new()
            }
        }
    }

    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        let list = match self.object.get_mut(name).map(Value::take) {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.invalid(name, "is not a list");
                return Vec::new();
            }
        };
        let mut texts = Vec::with_capacity(list.len());
        for value in list {
            match value {
                Value::String(text) => texts.push(text),
                _ => self.invalid(name, "is not a list of texts"),
            }
        }
        texts
    }

    /// `problem` continues the sentence "The field … of the credential configuration".
    pub(super) fn invalid(&self, name: &str, problem: &str) {
        self.problems.note(invalid(&self.path_of(name), problem));
    }

    /// The same of the object as a whole.
    pub(super) fn all_invalid(&self, problem: &str) {
        self.problems.note(invalid(&self.path, problem));
    }

    /// `explanation` says what the field is for.
    pub(super) fn missing(&self, name: &str, explanation: &str) {
        self.problems.note(missing(&self.path_of(name), explanation));
    }

    /// What has words of its own.
    pub(super) fn refuse(
        &self,
        code: ErrorCode,
        name: &str,
        message: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) {
        self.problems.note(Error::config(code, &self.path_of(name), message, hint));
    }

    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

fn fields_of<'a>(value: &'a mut Value, path: String, problems: &'a Problems) -> Option<Fields<'a>> {
    if let Value::Object(object) = value {
        return Some(Fields { path, object, problems });
    }
    problems.note(invalid(&path, "is not a JSON object"));
    None
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

fn missing(path: &str, explanation: &str) -> Error {
    let message = format!("The credential configuration has no field {path}.");
    let origin = if is_own(path) {
        "It is one of sanskey's own fields, which its documentation describes."
    } else {
        "`gcloud iam workload-identity-pools create-cred-config` writes it."
    };
    let hint = format!("{explanation} {origin}");
    Error::config(ErrorCode::ConfigFieldMissing, path, message, hint)
}

/// Whether a field is in an object `sanskey`, which no other program writes.
fn is_own(path: &str) -> bool {
    path.split('.').any(|name| name == "sanskey")
}
