//! The instance metadata service: sessions, their end, and version 1.

use std::{thread::sleep, time::Duration};

use crate::support::{Answer, get, send, start};
use sanskey_emulator::{Running, Settings};

const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "x-aws-ec2-metadata-token";

fn open(running: &Running, headers: &[(&str, &str)]) -> Answer {
    send("PUT", &format!("{}/latest/api/token", running.url), headers, "")
}

fn read(running: &Running, path: &str, headers: &[(&str, &str)]) -> Answer {
    get(&format!("{}/latest/meta-data/{path}", running.url), headers)
}

#[test]
fn a_session_lasts_from_a_second_to_six_hours() {
    let running = start(Settings::default());

    for ttl in ["1", "21600"] {
        let answer = open(&running, &[(TTL, ttl)]);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header(TTL), ttl);
    }
    for ttl in ["0", "21601", "-1", "soon", ""] {
        assert_eq!(open(&running, &[(TTL, ttl)]).status, 400, "{ttl:?}");
    }
    assert_eq!(open(&running, &[]).status, 400);
}

#[test]
fn sessions_are_opened_with_put_and_not_through_a_proxy() {
    let running = start(Settings::default());
    let url = format!("{}/latest/api/token", running.url);

    assert_eq!(get(&url, &[(TTL, "60")]).status, 405);
    assert_eq!(open(&running, &[(TTL, "60"), ("x-forwarded-for", "192.0.2.1")]).status, 403);
}

#[test]
fn a_session_ends_with_its_time() {
    let running = start(Settings::default());
    let session = open(&running, &[(TTL, "1")]).body;
    let zone = || read(&running, "placement/availability-zone", &[(TOKEN, &session)]).status;

    assert_eq!(zone(), 200);
    sleep(Duration::from_millis(1100));
    assert_eq!(zone(), 401);
}

#[test]
fn an_unknown_session_is_refused_even_with_version_1_on() {
    let running = start(Settings { imds_v1: true, ..Settings::default() });

    assert_eq!(read(&running, "placement/availability-zone", &[(TOKEN, "AQAAAunknown")]).status, 401);
}

#[test]
fn version_1_can_be_switched_off() {
    let on = start(Settings { imds_v1: true, ..Settings::default() });
    let off = start(Settings { imds_v1: false, ..Settings::default() });

    for path in [
        "placement/availability-zone",
        "iam/security-credentials",
        "iam/security-credentials/sanskey-demo-role",
    ] {
        assert_eq!(read(&on, path, &[]).status, 200, "{path}");
        assert_eq!(read(&off, path, &[]).status, 401, "{path}");
        let session = open(&off, &[(TTL, "60")]).body;
        assert_eq!(read(&off, path, &[(TOKEN, &session)]).status, 200, "{path}");
    }
}

#[test]
fn the_role_is_listed_with_and_without_a_slash() {
    let running = start(Settings { role: "other-role".to_owned(), ..Settings::default() });

    assert_eq!(read(&running, "iam/security-credentials", &[]).body, "other-role");
    assert_eq!(read(&running, "iam/security-credentials/", &[]).body, "other-role");
    assert_eq!(read(&running, "iam/security-credentials/sanskey-demo-role", &[]).status, 404);
    assert_eq!(read(&running, "public-ipv4", &[]).status, 404);
}

#[test]
fn credentials_have_the_documented_form_and_are_fresh() {
    let running = start(Settings::default());
    let [one, two] =
        [(); 2].map(|()| read(&running, "iam/security-credentials/sanskey-demo-role", &[]).json());

    assert_eq!(one["Code"], "Success");
    assert_eq!(one["Type"], "AWS-HMAC");
    assert!(one["AccessKeyId"].as_str().unwrap().starts_with("ASIA"));
    assert_eq!(one["AccessKeyId"].as_str().unwrap().len(), 20);
    assert_eq!(one["SecretAccessKey"].as_str().unwrap().len(), 40);
    for name in ["Expiration", "LastUpdated"] {
        let date = one[name].as_str().unwrap();
        assert!(date.ends_with('Z') && date.len() == 20, "{date}");
    }
    assert!(one["Expiration"].as_str() > one["LastUpdated"].as_str());
    for character in ['+', '/', '='] {
        assert!(one["Token"].as_str().unwrap().contains(character), "tokens always need encoding");
    }
    for name in ["AccessKeyId", "SecretAccessKey", "Token"] {
        assert_ne!(one[name], two[name], "{name}");
    }
}
