//! Resumable uploads: `POST` with `x-goog-resumable: start` answers where the content is to be sent.
//!
//! Source: <https://cloud.google.com/storage/docs/xml-api/post-object-resumable> and
//! <https://cloud.google.com/storage/docs/performing-resumable-uploads>. The emulator takes the content in one piece.

use http::Method;
use percent_encoding::{CONTROLS, utf8_percent_encode};

use super::{
    HOST, Place,
    errors::{self, invalid_argument},
    objects::{Object, content_type},
};
use crate::{
    answers::{Answer, Request},
    random,
    store::Store,
};

const UPLOAD_ID: &str = "upload_id";

/// The upload that a request goes on with.
pub(super) fn id(request: &Request) -> Option<String> {
    request.parameter(UPLOAD_ID)
}

/// Begins an upload. Whoever knows its place needs no other permission.
pub(super) fn begin(store: &mut Store, request: &Request, place: &Place) -> Result<Answer, Answer> {
    if !request.body.is_empty() {
        return Err(invalid_argument("A resumable upload begins without content."));
    }
    let id = random::hex(32);
    let host = request.header("host").unwrap_or_default();
    let scheme = if host.ends_with(HOST) { "https" } else { "http" };
    let path = utf8_percent_encode(&request.path, CONTROLS);
    let location = format!("{scheme}://{host}{path}?{UPLOAD_ID}={id}");
    let upload = (place.bucket.clone(), place.object.clone(), content_type(request));
    store.objects.uploads.insert(id, upload);
    Ok(Answer::text(201, "").with_header("location", location))
}

/// Takes the content of an upload that was begun for this place.
pub(super) fn finish(
    store: &mut Store,
    request: &Request,
    place: &Place,
    id: &str,
) -> Result<Answer, Answer> {
    let objects = &mut store.objects;
    let is_of_place =
        |(bucket, object, _): &(String, String, String)| (bucket, object) == (&place.bucket, &place.object);
    if !objects.uploads.get(id).is_some_and(is_of_place) {
        // Inferred, from the status that Google documents for an upload that is over.
        return Err(errors::no_such_key());
    }
    if request.method != Method::PUT {
        return Err(errors::method_not_allowed());
    }
    let length = request.body.len();
    let whole = format!("bytes 0-{}/{length}", length.saturating_sub(1));
    let range = request.header("content-range");
    if request.headers.contains_key("content-range") && range != Some(&whole) {
        return Err(invalid_argument("The emulator takes the content of an upload in one piece."));
    }
    let content_type = objects.uploads.remove(id).map(|(_, _, content_type)| content_type);
    let object = Object { content: request.body.clone(), content_type: content_type.unwrap_or_default() };
    objects.put(place, object)?;
    Ok(Answer::text(200, ""))
}
