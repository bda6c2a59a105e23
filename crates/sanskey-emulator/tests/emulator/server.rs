//! The server's own bounds: time, requests, body size, and who may stop it.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::support::{get, send, start};
use sanskey_emulator::{Emulator, Running, Settings, StopReason};

fn accepts(url: &str) -> bool {
    TcpStream::connect(url.trim_start_matches("http://")).is_ok()
}

#[test]
fn it_stops_when_dropped() {
    let running = start(Settings::default());
    let url = running.url.clone();
    assert!(accepts(&url));

    drop(running);

    assert!(!accepts(&url));
}

#[test]
fn it_stops_when_asked_from_elsewhere() {
    let running = start(Settings::default());
    let stop = running.stop_handle();
    let waiting = std::thread::spawn(move || running.wait());

    stop.stop();

    assert_eq!(waiting.join().unwrap().unwrap(), StopReason::Asked);
}

#[test]
fn it_stops_at_the_end_of_its_lifetime() {
    let begin = Instant::now();
    let running =
        Emulator::start(Settings { lifetime: Duration::from_millis(200), ..Settings::default() }).unwrap();

    assert_eq!(running.wait().unwrap(), StopReason::LifetimeOver);
    assert!(begin.elapsed() >= Duration::from_millis(200));
}

#[test]
fn it_stops_after_its_number_of_requests_and_answers_the_last() {
    let running = start(Settings { max_requests: 3, ..Settings::default() });
    let url = format!("{}/emulator/requests", running.url);

    for _ in 0..3 {
        assert_eq!(get(&url, &[]).status, 200);
    }

    assert_eq!(running.wait().unwrap(), StopReason::RequestsUsedUp);
}

#[test]
fn a_taken_port_is_an_error() {
    let running = start(Settings::default());
    let port = running.url.rsplit(':').next().unwrap().parse().unwrap();

    assert!(Emulator::start(Settings { port, ..Settings::default() }).is_err());
}

#[test]
fn settings_that_cannot_work_are_an_error() {
    let good = Settings::default;
    let text = str::to_owned;
    for settings in [
        Settings { audience: text("projects/1"), ..good() },
        Settings { account: text("1234"), ..good() },
        Settings { provider_account: Some(text("12345678901x")), ..good() },
        Settings { role: text("path/role"), ..good() },
        Settings { role: String::new(), ..good() },
        Settings { instance_id: text("two words"), ..good() },
        Settings { service_account: String::new(), ..good() },
        Settings { allow_origin: Some(text("http://a\nb")), ..good() },
    ] {
        let error = Emulator::start(settings).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{error}");
    }
}

#[test]
fn bodies_are_capped() {
    let running = start(Settings::default());
    let url = format!("{}/v1/token", running.url);
    let form = [("content-type", "application/x-www-form-urlencoded")];

    assert_eq!(send("POST", &url, &form, &"x".repeat(256 * 1024)).status, 400);
    assert_eq!(send("POST", &url, &form, &"x".repeat(256 * 1024 + 1)).status, 413);
}

#[test]
fn slow_clients_are_not_waited_for() {
    let running = start(Settings { client_timeout: Duration::from_millis(200), ..Settings::default() });
    let after = |sent: &str| {
        let mut stream = TcpStream::connect(running.url.trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the emulator closes the connection first");
        answer
    };

    assert_eq!(after(""), "");
    assert!(!after("GET /latest/ HTTP/1.1\r\nhost: a").contains(" 200 "));
    let half_a_body = "POST /v1/token HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf";
    assert!(after(half_a_body).starts_with("HTTP/1.1 408 "));
}

#[test]
fn unknown_paths_are_json_errors() {
    let running = start(Settings::default());

    for path in ["/", "/v1/tokens", "/emulator/", "/v1/projects/-/serviceAccounts/a@b:generateIdToken"] {
        let answer = get(&format!("{}{path}", running.url), &[]);
        assert_eq!(answer.json()["error"]["status"], "NOT_FOUND", "{path}");
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[test]
fn pages_may_call_only_from_the_allowed_origin() {
    let origin = "http://127.0.0.1:8080";
    let closed = start(Settings::default());
    let open = start(Settings { allow_origin: Some(origin.to_owned()), ..Settings::default() });
    let preflight = |running: &Running| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization,content-type"),
        ];
        send("OPTIONS", &format!("{}/v1/token", running.url), &headers, "")
    };

    assert_eq!(preflight(&closed).header("access-control-allow-origin"), "");
    assert_eq!(preflight(&closed).status, 404);
    let answer = preflight(&open);
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), origin);
    assert_eq!(answer.header("access-control-allow-headers"), "authorization,content-type");
    let answer = get(&format!("{}/emulator/requests", open.url), &[]);
    assert_eq!(answer.header("access-control-allow-origin"), origin);
    assert_eq!(answer.body, "[]\n", "preflights are not listed");
}

#[test]
fn no_secret_is_in_debug_output() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let text = format!("{key:?} {running:?}");

    assert!(text.contains(&key.access_key_id));
    assert!(!text.contains(&key.secret_access_key));
    assert!(!text.contains(key.session_token.as_ref().unwrap()));
}
