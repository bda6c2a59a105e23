//! Faults that are asked for, at every service, and a clock that is wrong.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::{
    sts::{FORM, HUB, Signature, element, form, pod_token, signed, unsigned},
    support::{Answer, Signing, exchange, get, send, start},
};
use sanskey_emulator::{Emulator, Running, Settings};
use serde_json::{Value, json};
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

const ZONE: &str = "/latest/meta-data/placement/availability-zone";

fn plan(running: &Running, faults: &Value) -> Answer {
    send("PUT", &format!("{}/emulator/faults", running.url), &[], &faults.to_string())
}

fn planned(faults: &Value) -> Running {
    let running = start(Settings::default());
    let answer = plan(&running, faults);
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    running
}

fn zone(running: &Running) -> Answer {
    get(&format!("{}{ZONE}", running.url), &[])
}

/// All that comes back on a connection of its own, until the emulator closes it.
fn raw(running: &Running) -> String {
    exchange_raw(running, "GET", ZONE)
}

fn exchange_raw(running: &Running, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(running.url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
        .write_all(format!("{method} {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the emulator closes the connection");
    answer
}

#[test]
fn a_status_stands_in_place_of_the_answer_a_number_of_times() {
    let fault = json!({ "status": 503, "body": "{\"a\": 1}", "content_type": "application/json", "headers": { "retry-after": "2" } });
    let running = planned(&json!([{ "path": ZONE, "times": 2, "fault": fault }]));

    for _ in 0..2 {
        let answer = zone(&running);
        assert_eq!((answer.status, answer.body.as_str()), (503, "{\"a\": 1}"));
        assert_eq!((answer.header("retry-after"), answer.header("content-type")), ("2", "application/json"));
    }
    assert_eq!((zone(&running).status, zone(&running).body.as_str()), (200, "us-east-1a"));
    let statuses: Vec<_> = running.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [503, 503, 200, 200]);
}

#[test]
fn every_service_can_fail() {
    let running = start(Settings::default());
    let settings = running.settings();
    let account = &settings.service_account;
    for (method, path) in [
        ("PUT", "/latest/api/token".to_owned()),
        ("GET", ZONE.to_owned()),
        ("GET", "/latest/meta-data/iam/security-credentials".to_owned()),
        ("GET", format!("/v2/credentials/{}", running.settings().task_credentials_id)),
        ("GET", "/v1/credentials".to_owned()),
        ("POST", "/".to_owned()),
        ("POST", "/v1/token".to_owned()),
        ("POST", format!("/v1/projects/-/serviceAccounts/{account}:generateAccessToken")),
        ("GET", "/.well-known/jwks.json".to_owned()),
        ("GET", "/metadata/identity/oauth2/token".to_owned()),
        ("GET", "/msi/token".to_owned()),
        ("POST", format!("/{}/oauth2/v2.0/token", settings.azure.tenant)),
        ("GET", settings.github_actions.request_path.clone()),
    ] {
        let url = format!("{}{path}", running.url);
        let call = |fault: Value| {
            assert_eq!(plan(&running, &json!([{ "path": path, "fault": fault }])).status, 204);
            send(method, &url, &[], "")
        };
        assert_eq!(call(json!({ "status": 418 })).status, 418, "{path}");
        let redirect = call(json!({ "status": 307, "headers": { "location": "/elsewhere" } }));
        assert_eq!((redirect.status, redirect.header("location")), (307, "/elsewhere"), "{path}");
        assert_eq!(
            call(json!({ "content_type": "text/html" })).header("content-type"),
            "text/html",
            "{path}"
        );
        assert!(call(json!({ "oversize": true })).body.len() > 1024 * 1024, "{path}");
        plan(&running, &json!([{ "path": path, "fault": { "reset": true } }]));
        assert_eq!(exchange_raw(&running, method, &path), "", "{path}");
        plan(
            &running,
            &json!([{ "path": path, "fault": { "truncate": true, "body": "whole", "status": 200 } }]),
        );
        assert!(exchange_raw(&running, method, &path).ends_with("\r\n\r\nwh"), "{path}");
    }
}

#[test]
fn a_fault_can_be_for_one_action_or_for_many_paths() {
    let running = planned(&json!([
        { "path": "/", "action": "AssumeRole", "fault": { "status": 500 } },
        { "path": "/latest/*", "times": 2, "fault": { "status": 501 } },
    ]));

    assert_eq!(unsigned(&running, &form("GetCallerIdentity", &[])).status, 403);
    assert_eq!(unsigned(&running, &form("AssumeRole", &[])).status, 500);
    assert_eq!(unsigned(&running, &form("AssumeRole", &[])).status, 403);
    assert_eq!(zone(&running).status, 501);
    let left = get(&format!("{}/emulator/faults", running.url), &[]).json();
    assert_eq!(left, json!([{ "path": "/latest/*", "times": 1, "fault": { "status": 501 } }]));
    assert_eq!(send("PUT", &format!("{}/latest/api/token", running.url), &[], "").status, 501);
}

#[test]
fn faults_can_be_taken_back_and_come_one_after_the_other() {
    let running = planned(&json!([
        { "path": ZONE, "fault": { "status": 500 } },
        { "path": ZONE, "times": 9, "fault": { "status": 502 } },
    ]));

    assert_eq!([zone(&running).status, zone(&running).status], [500, 502]);
    assert_eq!(send("DELETE", &format!("{}/emulator/faults", running.url), &[], "").status, 204);
    assert_eq!(zone(&running).status, 200);
}

#[test]
fn an_answer_can_be_late() {
    let running = planned(&json!([{ "path": ZONE, "fault": { "delay_milliseconds": 300 } }]));
    let begin = Instant::now();

    assert_eq!(zone(&running).body, "us-east-1a");
    assert!(begin.elapsed() >= Duration::from_millis(300));
    let begin = Instant::now();
    assert_eq!(zone(&running).status, 200);
    assert!(begin.elapsed() < Duration::from_millis(300));
}

#[test]
fn others_are_answered_while_one_is_late() {
    let running = planned(&json!([{ "path": "/latest/*", "fault": { "delay_milliseconds": 2000 } }]));
    std::thread::scope(|scope| {
        let late = scope.spawn(|| zone(&running).status);
        while running.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let begin = Instant::now();
        assert_eq!(zone(&running).status, 200);
        assert!(begin.elapsed() < Duration::from_secs(1));
        assert_eq!(late.join().unwrap(), 200);
    });
}

#[test]
fn a_connection_can_be_closed_without_an_answer() {
    let running = planned(&json!([{ "path": ZONE, "fault": { "reset": true } }]));

    assert_eq!(raw(&running), "");
    assert_eq!(zone(&running).status, 200);
    assert_eq!(running.requests()[0].status, 0);
}

#[test]
fn a_body_can_break_off() {
    let running = planned(&json!([{ "path": ZONE, "fault": { "truncate": true } }]));
    let answer = raw(&running);
    let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);

    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("content-length: 10"), "{head}");
    assert_eq!(body, "us-ea");

    plan(&running, &json!([{ "path": ZONE, "fault": { "truncate": true, "body": "" } }]));
    let answer = raw(&running);
    let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
    assert!(head.ends_with("content-length: 1"), "{head}");
    assert_eq!(body, "");
}

#[test]
fn a_body_can_be_too_large_and_of_the_wrong_type() {
    let running = planned(&json!([
        { "path": ZONE, "fault": { "oversize": true } },
        { "path": ZONE, "fault": { "content_type": "text/html" } },
    ]));

    let large = zone(&running);
    assert_eq!((large.status, large.body.trim_end()), (200, "us-east-1a"));
    assert!(large.body.len() > 1024 * 1024);
    let page = zone(&running);
    assert_eq!((page.header("content-type"), page.body.as_str()), ("text/html", "us-east-1a"));
}

#[test]
fn what_is_not_a_fault_is_refused_and_changes_nothing() {
    let running = planned(&json!([{ "path": ZONE, "fault": { "status": 500 } }]));
    for fault in [
        json!({}),
        json!({ "status": 99 }),
        json!({ "status": 600 }),
        json!({ "delay_milliseconds": 30_001 }),
        json!({ "delay_milliseconds": -1 }),
        json!({ "reset": true, "status": 500 }),
        json!({ "headers": { "a b": "c" } }),
        json!({ "headers": { "a": "b\nc" } }),
        json!({ "headers": { "content-length": "1" } }),
        json!({ "content_type": "a\nb" }),
        json!({ "nonsense": true }),
    ] {
        let answer = plan(&running, &json!([{ "path": ZONE, "fault": fault }]));
        assert_eq!(answer.status, 400, "{fault}");
    }
    assert_eq!(
        plan(&running, &json!([{ "path": ZONE, "times": 0, "fault": { "status": 500 } }])).status,
        400
    );
    assert_eq!(plan(&running, &json!({})).status, 400);
    assert_eq!(zone(&running).status, 500);
}

/// The emulator's time by the header of an answer, in seconds from the present.
fn ahead(answer: &Answer) -> i64 {
    let format = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let date = PrimitiveDateTime::parse(answer.header("date"), format).unwrap().assume_utc();
    (date - OffsetDateTime::now_utc()).whole_seconds()
}

#[test]
fn every_answer_has_the_date_of_the_emulators_clock() {
    let running = start(Settings { clock_offset_seconds: -7200, ..Settings::default() });
    let set = |text: &str| send("PUT", &format!("{}/emulator/clock", running.url), &[], text).status;
    let around = |seconds: i64, answer: &Answer| (ahead(answer) - seconds).abs() <= 5;

    assert!(around(-7200, &zone(&running)));
    assert_eq!(set("3600"), 204);
    for answer in [
        zone(&running),
        unsigned(&running, ""),
        get(&format!("{}/nowhere", running.url), &[]),
        get(&format!("{}/emulator/requests", running.url), &[]),
    ] {
        assert!(around(3600, &answer), "{answer:?}");
    }
    for text in ["", "soon", "315360001"] {
        assert_eq!(set(text), 400, "{text:?}");
    }
    let far = Settings { clock_offset_seconds: 400_000_000, ..Settings::default() };
    assert!(Emulator::start(far).is_err());
}

#[test]
fn a_wrong_clock_refuses_right_dates_until_they_are_corrected() {
    for offset in [-3600, 3600] {
        let running = start(Settings { clock_offset_seconds: offset, ..Settings::default() });
        let key = running.issue_role_key();
        let said = if offset > 0 { "Signature expired: " } else { "Signature not yet current: " };

        let refused = signed(&running, &key, "GetCallerIdentity", &[]);
        assert_eq!(element(&refused, "Code"), "SignatureDoesNotMatch");
        assert!(element(&refused, "Message").starts_with(said), "{}", refused.body);
        let corrected = Signature { offset: ahead(&refused), ..Signature::honest(&key) };
        assert_eq!(corrected.call(&running, &form("GetCallerIdentity", &[])).status, 200);

        let audience = &running.settings().audience;
        let refused = exchange(&running, &Signing::honest(&key, audience).envelope().subject_token());
        let description = refused.json()["error_description"].as_str().unwrap().to_owned();
        assert!(description.contains(said), "{description}");
        let corrected = Signing { offset: ahead(&refused), ..Signing::honest(&key, audience) };
        assert_eq!(exchange(&running, &corrected.envelope().subject_token()).status, 200);
    }
}

#[test]
fn pods_and_their_issuer_share_the_wrong_clock() {
    let running = start(Settings { clock_offset_seconds: 86_400, ..Settings::default() });
    let token = pod_token(&running, "");
    let parameters =
        [("RoleArn", crate::sts::IRSA), ("RoleSessionName", "sanskey"), ("WebIdentityToken", &token)];
    let answer = send("POST", &running.url, &[FORM], &form("AssumeRoleWithWebIdentity", &parameters));

    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(crate::sts::lifetime(&answer) > 86_400);
    let key = crate::sts::issued(&answer);
    let body = form("AssumeRole", &[("RoleArn", HUB), ("RoleSessionName", "sanskey")]);
    let later = Signature { offset: 86_400, ..Signature::honest(&key) };
    assert_eq!(later.call(&running, &body).status, 200);
}
