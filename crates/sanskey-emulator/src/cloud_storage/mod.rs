//! A small Cloud Storage: objects in memory, by its XML API.
//!
//! Source: <https://cloud.google.com/storage/docs/xml-api/overview>. Objects can be read, written and deleted, with a
//! token or by a signed URL, and an upload can be made resumable. Nothing can be listed, and nothing else is known of
//! an object than its bytes and their content type.
//!
//! The host of a request says which bucket it is about, as at Google: `storage.googleapis.com/BUCKET/OBJECT` or
//! `BUCKET.storage.googleapis.com/OBJECT`. A test sends such a request here with that `Host`. At the emulator's own
//! address there is `/BUCKET/OBJECT`, too, and a signed URL for that address (a "bucket-bound host") is about the
//! first bucket.

mod access;
mod errors;
mod objects;
mod signed_url;
mod upload;

use http::Method;
use percent_encoding::percent_decode_str;
use time::OffsetDateTime;

pub(crate) use self::objects::Objects;
use self::{errors::invalid_argument, objects::Object};
use crate::{
    access_boundary::Permission::{self, Create, Delete, Get},
    answers::{Answer, Request},
    settings::Settings,
    store::Store,
};

const HOST: &str = "storage.googleapis.com";

/// What a request is about.
pub(crate) struct Place {
    bucket: String,
    object: String,
}

/// The place of a request that nothing but Cloud Storage can be meant by: its host says so, or it has a signature, or
/// it goes on with an upload.
pub(crate) fn place(settings: &Settings, request: &Request) -> Option<Place> {
    let host = request.header("host").unwrap_or_default().to_ascii_lowercase();
    let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
    if name == HOST {
        return Some(Place::of_path(&request.path));
    }
    if let Some(bucket) = name.strip_suffix(HOST).and_then(|begin| begin.strip_suffix('.')) {
        return Some(Place::in_bucket(bucket, &request.path));
    }
    if !signed_url::has(request) && upload::id(request).is_none() {
        return None;
    }
    own_place(settings, request).or_else(|| Some(Place::in_bucket(settings.buckets.first()?, &request.path)))
}

/// The place of a request to `/BUCKET/OBJECT` at the emulator's own address.
pub(crate) fn own_place(settings: &Settings, request: &Request) -> Option<Place> {
    let place = Place::of_path(&request.path);
    settings.buckets.contains(&place.bucket).then_some(place)
}

impl Place {
    fn of_path(path: &str) -> Self {
        let path = path.strip_prefix('/').unwrap_or(path);
        let (bucket, object) = path.split_once('/').unwrap_or((path, ""));
        Self { bucket: decoded(bucket), object: decoded(object) }
    }

    fn in_bucket(bucket: &str, path: &str) -> Self {
        Self { bucket: bucket.to_owned(), object: decoded(path.strip_prefix('/').unwrap_or(path)) }
    }
}

/// Names are UTF-8. What is not becomes the name of an object that there is not.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Answers a request about an object.
pub(crate) fn answer(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    place: &Place,
    now: OffsetDateTime,
) -> Answer {
    handle(store, settings, request, place, now).unwrap_or_else(|refusal| refusal)
}

fn handle(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    place: &Place,
    now: OffsetDateTime,
) -> Result<Answer, Answer> {
    if place.object.is_empty() {
        return Err(invalid_argument("The emulator has objects, and nothing to tell about buckets."));
    }
    if let Some(id) = upload::id(request) {
        // Whoever knows the upload was allowed to begin it.
        return upload::finish(store, request, place, &id);
    }
    let needed = needed(store, request, place)?;
    access::check(store, settings, request, place, needed, now)?;
    if !settings.buckets.contains(&place.bucket) {
        return Err(errors::no_such_bucket());
    }
    let objects = &mut store.objects;
    match request.method {
        Method::PUT => {
            objects.put(place, Object::of(request))?;
            Ok(Answer::text(200, ""))
        }
        Method::POST => upload::begin(store, request, place),
        Method::DELETE => {
            objects.delete(place).map(|()| Answer::text(204, "")).ok_or_else(errors::no_such_key)
        }
        _ => objects.get(place).map(Object::answer).ok_or_else(errors::no_such_key),
    }
}

/// What somebody has to be allowed for a request. To write over an object is to delete it, too.
fn needed(store: &Store, request: &Request, place: &Place) -> Result<&'static [Permission], Answer> {
    match request.method {
        Method::GET | Method::HEAD => Ok(&[Get]),
        Method::DELETE => Ok(&[Delete]),
        Method::PUT if store.objects.get(place).is_some() => Ok(&[Create, Delete]),
        Method::PUT => Ok(&[Create]),
        Method::POST if request.header("x-goog-resumable") == Some("start") => Ok(&[Create]),
        Method::POST => Err(invalid_argument("The emulator takes POST for resumable uploads alone.")),
        _ => Err(errors::method_not_allowed()),
    }
}
