//! Which service a path belongs to.

use http::Method;
use time::OffsetDateTime;

use crate::{
    answers::{Answer, Request, not_found},
    aws_sts, azure, cloud_storage, container_agents, cross_origin,
    faults::{self, Fault},
    github_actions, google_keys, google_oauth, google_sts, iam_credentials, identity_center, imds,
    inspection, outbound_issuer, pod_issuer,
    settings::Settings,
    store::{RequestRecord, Store},
    workforce,
};

/// The longest path that is remembered in full.
const RECORDED_PATH: usize = 512;

/// Answers one request at the time `now`, remembers that it came, and tells what is to go wrong with the answer.
pub(crate) fn answer(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> (Answer, Fault) {
    if let Some(preflight) = cross_origin::preflight(settings, request) {
        return (cross_origin::mark(settings, preflight), Fault::default());
    }
    if request.path.starts_with("/emulator/") {
        let answer = inspection::answer(store, settings, request, now);
        return (cross_origin::mark(settings, answer), Fault::default());
    }
    let fault = faults::take(store, request).unwrap_or_default();
    let answer = fault.replacement().unwrap_or_else(|| service(store, settings, request, now));
    let answer = fault.spoil(answer);
    store.requests.push(RequestRecord {
        method: request.method.to_string(),
        path: request.path.chars().take(RECORDED_PATH).collect(),
        action: aws_sts::has(request).then(|| aws_sts::action(request)).flatten(),
        status: answer.status,
    });
    (cross_origin::mark(settings, answer), fault)
}

fn service(store: &mut Store, settings: &Settings, request: &Request, now: OffsetDateTime) -> Answer {
    if let Some(place) = cloud_storage::place(settings, request) {
        cloud_storage::answer(store, settings, request, &place, now)
    } else if request.path.starts_with("/latest/") {
        imds::answer(store, settings, request, now)
    } else if container_agents::has_path(&request.path) {
        container_agents::answer(store, settings, request, now)
    } else if request.path == "/v1/token" {
        google_sts::answer(store, settings, request, now)
    } else if request.path == google_oauth::PATH {
        google_oauth::answer(store, settings, request, now)
    } else if workforce::has_path(&request.path) {
        workforce::answer(store, settings, request, now)
    } else if let Some((account, method)) = iam_credentials::target(&request.path) {
        iam_credentials::answer(store, settings, request, (&account, method), now)
    } else if request.path == identity_center::PATH {
        identity_center::answer(store, settings, request, now)
    } else if let Some(answer) = azure::answer(store, settings, request, now) {
        answer
    } else if let Some(answer) = github_actions::answer(store, settings, request, now) {
        answer
    } else if aws_sts::has(request) {
        aws_sts::answer(store, settings, request, now)
    } else if let Some(place) = cloud_storage::own_place(settings, request) {
        cloud_storage::answer(store, settings, request, &place, now)
    } else if request.method == Method::GET {
        let published = pod_issuer::document(store, settings, &request.path);
        published
            .or_else(|| outbound_issuer::document(store, settings, &request.path))
            .or_else(|| google_keys::document(store, settings, &request.path))
            .unwrap_or_else(not_found)
    } else {
        not_found()
    }
}
