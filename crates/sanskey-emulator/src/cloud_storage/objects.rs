//! The objects, in memory: a bounded number of bounded size.

use std::collections::BTreeMap;

use super::{Place, errors::invalid_argument};
use crate::answers::{Answer, Request};

/// The server takes bodies of 256 KiB at most, so that all of them together stay below 17 MiB.
const MOST: usize = 64;
const LONGEST_NAME: usize = 1024;

/// What is stored.
#[derive(Default)]
pub(crate) struct Objects {
    by_name: BTreeMap<(String, String), Object>,
    /// Uploads that were begun: their places and content types.
    pub(super) uploads: BTreeMap<String, (String, String, String)>,
}

/// An object.
pub(super) struct Object {
    pub(super) content: Vec<u8>,
    pub(super) content_type: String,
}

impl Object {
    /// What a request brings.
    pub(super) fn of(request: &Request) -> Self {
        Self { content: request.body.clone(), content_type: content_type(request) }
    }

    pub(super) fn answer(&self) -> Answer {
        Answer { content_type: self.content_type.clone().into(), ..Answer::bytes(200, self.content.clone()) }
    }
}

/// Cloud Storage's own default is the second.
pub(super) fn content_type(request: &Request) -> String {
    request.header("content-type").unwrap_or("application/octet-stream").to_owned()
}

impl Objects {
    pub(super) fn get(&self, place: &Place) -> Option<&Object> {
        self.by_name.get(&key(place))
    }

    pub(super) fn put(&mut self, place: &Place, object: Object) -> Result<(), Answer> {
        let key = key(place);
        if place.object.len() > LONGEST_NAME {
            return Err(invalid_argument("The name of an object has 1024 bytes at most."));
        }
        if self.by_name.len() >= MOST && !self.by_name.contains_key(&key) {
            return Err(invalid_argument("The emulator keeps 64 objects, and has them."));
        }
        self.by_name.insert(key, object);
        Ok(())
    }

    pub(super) fn delete(&mut self, place: &Place) -> Option<()> {
        self.by_name.remove(&key(place)).map(|_| ())
    }
}

fn key(place: &Place) -> (String, String) {
    (place.bucket.clone(), place.object.clone())
}
