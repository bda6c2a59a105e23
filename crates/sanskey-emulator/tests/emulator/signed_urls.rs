//! Signed URLs of Cloud Storage: signed by hand, with the service account's signature of what Google documents.

use crate::support::{Answer, CLOUD_PLATFORM, call_account, encoded, federated_token, get, send, start};
use base64::{Engine, engine::general_purpose::STANDARD};
use sanskey_emulator::{Running, Settings};
use serde_json::json;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime, macros::format_description};

const PATH: &str = "/sanskey-demo-bucket/folder/an%20object";
const GOOGLE: &str = "storage.googleapis.com";

/// What is signed. Change what a test wants to be wrong.
struct Signing<'a> {
    method: &'a str,
    host: &'a str,
    path: &'a str,
    account: &'a str,
    algorithm: &'a str,
    scope_end: &'a str,
    /// Seconds from the present.
    offset: i64,
    /// The day of the credential, if not that of the date.
    day: Option<&'a str>,
    expires: &'a str,
    /// Beside the host, in order.
    headers: &'a [(&'a str, &'a str)],
    query: &'a [(&'a str, &'a str)],
    payload: &'a str,
}

const HONEST: Signing<'static> = Signing {
    method: "GET",
    host: GOOGLE,
    path: PATH,
    account: "sanskey-demo@sanskey-demo.iam.gserviceaccount.com",
    algorithm: "GOOG4-RSA-SHA256",
    scope_end: "auto/storage/goog4_request",
    offset: 0,
    day: None,
    expires: "60",
    headers: &[],
    query: &[],
    payload: "UNSIGNED-PAYLOAD",
};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Signing<'_> {
    /// Path and query.
    fn url(&self, running: &Running) -> String {
        let date = OffsetDateTime::now_utc() + Duration::seconds(self.offset);
        let date = date.format(format_description!("[year][month][day]T[hour][minute][second]Z")).unwrap();
        let scope = format!("{}/{}", self.day.unwrap_or(&date[..8]), self.scope_end);
        let mut headers = self.headers.to_vec();
        headers.push(("host", self.host));
        headers.sort_unstable();
        let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let credential = format!("{}/{scope}", self.account);
        let mut query = self.query.to_vec();
        query.extend([
            ("X-Goog-Algorithm", self.algorithm),
            ("X-Goog-Credential", &credential),
            ("X-Goog-Date", &date),
            ("X-Goog-Expires", self.expires),
            ("X-Goog-SignedHeaders", &names),
        ]);
        let mut pairs: Vec<_> =
            query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        pairs.sort();
        let query = pairs.join("&");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical =
            format!("{}\n{}\n{query}\n{lines}\n{names}\n{}", self.method, self.path, self.payload);
        let digest = hex(&Sha256::digest(canonical.as_bytes()));
        let signature = signature(running, &format!("{}\n{date}\n{scope}\n{digest}", self.algorithm));
        format!("{}?{query}&X-Goog-Signature={signature}", self.path)
    }
}

fn signature(running: &Running, text: &str) -> String {
    let token = federated_token(running, CLOUD_PLATFORM);
    let body = json!({ "payload": STANDARD.encode(text) });
    let answer = call_account(running, &running.settings().service_account, "signBlob", &token, &body);
    hex(&STANDARD.decode(answer.json()["signedBlob"].as_str().unwrap()).unwrap())
}

fn ask(running: &Running, url: &str, headers: &[(&str, &str)]) -> Answer {
    get(&format!("{}{url}", running.url), &[&[("host", GOOGLE)], headers].concat())
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert!(answer.body.contains(&format!("<Code>{code}</Code>")), "{}", answer.body);
}

/// An emulator with an object.
fn with_object() -> Running {
    let running = start(Settings::default());
    let bearer = format!("Bearer {}", federated_token(&running, CLOUD_PLATFORM));
    let url = format!("{}{PATH}", running.url);
    assert_eq!(send("PUT", &url, &[("authorization", &bearer)], "content").status, 200);
    running
}

#[test]
fn a_signed_url_is_enough_to_read() {
    let running = with_object();
    let address = running.url.strip_prefix("http://").unwrap();
    for signing in [
        HONEST,
        Signing { host: "sanskey-demo-bucket.storage.googleapis.com", path: "/folder/an%20object", ..HONEST },
        // A host of one's own that leads to the bucket.
        Signing { host: address, path: "/folder/an%20object", ..HONEST },
        Signing { host: address, ..HONEST },
        Signing { scope_end: "europe-west1/storage/goog4_request", ..HONEST },
        Signing { expires: "604800", offset: -604_000, ..HONEST },
        Signing { query: &[("a", "b c+d/e"), ("Z", ""), ("a", "a")], ..HONEST },
    ] {
        let url = format!("{}{}", running.url, signing.url(&running));
        let answer = get(&url, &[("host", signing.host)]);
        assert_eq!((answer.status, answer.body.as_str()), (200, "content"));
    }
}

#[test]
fn the_order_of_parameters_does_not_matter_but_everything_else_does() {
    let running = with_object();
    let url = Signing { query: &[("a", "b c"), ("Z", "1")], ..HONEST }.url(&running);
    let (path, query) = url.split_once('?').unwrap();
    let mut pairs: Vec<_> = query.split('&').collect();
    pairs.reverse();

    assert_eq!(ask(&running, &format!("{path}?{}", pairs.join("&")), &[]).status, 200);
    let plus = url.replace("b%20c", "b+c");
    assert_refused(&ask(&running, &plus, &[]), 403, "SignatureDoesNotMatch");
}

#[test]
fn a_signed_url_is_for_its_method() {
    let running = with_object();
    let put = format!("{}{}", running.url, Signing { method: "PUT", ..HONEST }.url(&running));
    let host = ("host", GOOGLE);

    assert_refused(&get(&put, &[host]), 403, "SignatureDoesNotMatch");
    assert_eq!(send("PUT", &put, &[host], "new").status, 200);
    assert_eq!(ask(&running, &HONEST.url(&running), &[]).body, "new");
    let delete = format!("{}{}", running.url, Signing { method: "DELETE", ..HONEST }.url(&running));
    assert_eq!(send("DELETE", &delete, &[host], "").status, 204);
    assert_refused(&ask(&running, &HONEST.url(&running), &[]), 404, "NoSuchKey");
}

#[test]
fn whoever_changes_a_signed_url_is_refused() {
    let running = with_object();
    let url = HONEST.url(&running);
    for (from, to) in [
        ("an%20object", "another"),
        ("sanskey-demo-bucket", "sanskey-other-bucket"),
        ("X-Goog-Expires=60", "X-Goog-Expires=61"),
        ("%2Fauto%2F", "%2Fother%2F"),
        ("X-Goog-Algorithm", "added=1&X-Goog-Algorithm"),
        ("SHA256&", "SHA256&Added=&"),
    ] {
        let changed = url.replacen(from, to, 1);
        assert_ne!(changed, url);
        assert_refused(&ask(&running, &changed, &[]), 403, "SignatureDoesNotMatch");
    }
    let (rest, signature) = url.rsplit_once('=').unwrap();
    for signature in ["", "00", &signature[2..], &format!("00{}", &signature[2..])] {
        assert_refused(&ask(&running, &format!("{rest}={signature}"), &[]), 403, "SignatureDoesNotMatch");
    }
    let bearer = format!("Bearer {}", federated_token(&running, CLOUD_PLATFORM));
    let both = ask(&running, &format!("{rest}=00"), &[("authorization", &bearer)]);
    assert_refused(&both, 403, "SignatureDoesNotMatch");
    let elsewhere = HONEST.url(&start(Settings::default()));
    assert_refused(&ask(&running, &elsewhere, &[]), 403, "SignatureDoesNotMatch");
}

#[test]
fn a_signed_url_has_its_time() {
    let running = with_object();
    let over = ask(&running, &Signing { offset: -62, ..HONEST }.url(&running), &[]);
    assert_refused(&over, 400, "ExpiredToken");
    let day = OffsetDateTime::now_utc() - Duration::seconds(2);
    let day = day.format(format_description!("[year]-[month]-[day]T")).unwrap();
    let details = format!("The provided token has expired. Request signature expired at: {day}");
    assert!(over.body.contains(&details) && over.body.contains("+00:00</Details>"), "{}", over.body);
    assert_eq!(ask(&running, &Signing { offset: 800, ..HONEST }.url(&running), &[]).status, 200);
    let future = ask(&running, &Signing { offset: 1000, ..HONEST }.url(&running), &[]);
    assert_refused(&future, 400, "MalformedSecurityHeader");

    let url = HONEST.url(&running);
    assert_eq!(send("PUT", &format!("{}/emulator/clock", running.url), &[], "120").status, 204);
    assert_refused(&ask(&running, &url, &[]), 400, "ExpiredToken");
}

#[test]
fn signed_headers_are_sent_as_they_were_signed() {
    let running = with_object();
    let headers = [("content-type", "text/plain"), ("x-goog-meta-a", "b c")];
    let url = Signing { headers: &headers, ..HONEST }.url(&running);

    assert_eq!(ask(&running, &url, &headers).status, 200);
    let spaces = [headers[0], ("x-goog-meta-a", "b   c")];
    assert_eq!(ask(&running, &url, &spaces).status, 200, "white space is one space");
    let other = [headers[0], ("x-goog-meta-a", "c")];
    assert_refused(&ask(&running, &url, &other), 403, "SignatureDoesNotMatch");
    let missing = ask(&running, &url, &headers[..1]);
    assert_refused(&missing, 400, "MalformedSecurityHeader");
    let details = "Header was included in signedheaders, but not in the request.</Details><ParameterName>x-goog-meta-a<";
    assert!(missing.body.contains(details), "{}", missing.body);
    let unsigned = ask(&running, &HONEST.url(&running), &headers[1..]);
    assert_refused(&unsigned, 400, "MalformedSecurityHeader");
    assert_eq!(ask(&running, &HONEST.url(&running), &[("accept", "text/plain")]).status, 200);
    let twice = Signing { headers: &[("x-goog-meta-a", "b,c")], ..HONEST }.url(&running);
    assert_eq!(ask(&running, &twice, &[("x-goog-meta-a", "b"), ("x-goog-meta-a", "c")]).status, 200);
    let other_host = get(&format!("{}{url}", running.url), &[headers[0], headers[1]]);
    assert_refused(&other_host, 403, "SignatureDoesNotMatch");
}

#[test]
fn content_can_be_signed() {
    let running = start(Settings::default());
    let hash = hex(&Sha256::digest(b"content"));
    let header = ("x-goog-content-sha256", hash.as_str());
    let signing = Signing { method: "PUT", headers: &[header], payload: &hash, ..HONEST };
    let url = format!("{}{}", running.url, signing.url(&running));
    let put = |body: &str| send("PUT", &url, &[("host", GOOGLE), header], body);

    assert_eq!(put("content").status, 200);
    assert_refused(&put("other"), 400, "MalformedSecurityHeader");
}

#[test]
fn a_resumable_upload_can_begin_with_a_signed_url() {
    let running = start(Settings::default());
    let start = ("x-goog-resumable", "start");
    let address = running.url.strip_prefix("http://").unwrap();
    let signing = Signing { method: "POST", host: address, path: "/a", headers: &[start], ..HONEST };
    let url = format!("{}{}", running.url, signing.url(&running));

    assert_refused(&send("POST", &url, &[], ""), 400, "InvalidArgument");
    let begun = send("POST", &url, &[start], "");
    assert_eq!(begun.status, 201, "{}", begun.body);
    assert_eq!(send("PUT", begun.header("location"), &[], "content").status, 200);
    let read = Signing { path: "/sanskey-demo-bucket/a", ..HONEST }.url(&running);
    assert_eq!(ask(&running, &read, &[]).body, "content");
}

#[test]
fn every_part_of_a_signed_url_has_to_be_right() {
    let running = with_object();
    for (signing, parameter) in [
        (Signing { algorithm: "GOOG4-HMAC-SHA256", ..HONEST }, "x-goog-algorithm"),
        (Signing { account: "other@sanskey-demo.iam.gserviceaccount.com", ..HONEST }, "x-goog-credential"),
        (Signing { scope_end: "auto/s3/aws4_request", ..HONEST }, "x-goog-credential"),
        (Signing { scope_end: "auto/storage", ..HONEST }, "x-goog-credential"),
        (Signing { day: Some("20010101"), ..HONEST }, "x-goog-credential"),
        (Signing { day: Some(""), ..HONEST }, "x-goog-credential"),
        (Signing { expires: "0", ..HONEST }, "x-goog-expires"),
        (Signing { expires: "604801", ..HONEST }, "x-goog-expires"),
        (Signing { expires: "-1", ..HONEST }, "x-goog-expires"),
        (Signing { expires: "soon", ..HONEST }, "x-goog-expires"),
        (Signing { headers: &[("X-Upper", "a")], ..HONEST }, "x-goog-signedheaders"),
        (Signing { query: &[("X-Goog-Expires", "60")], ..HONEST }, "x-goog-expires"),
    ] {
        let answer = ask(&running, &signing.url(&running), &[("X-Upper", "a")]);
        assert_refused(&answer, 400, "MalformedSecurityHeader");
        let name = format!("<ParameterName>{parameter}</ParameterName>");
        assert!(answer.body.contains(&name), "{}", answer.body);
    }

    let url = HONEST.url(&running);
    for (name, wrong) in [
        ("X-Goog-Algorithm", "a"),
        ("X-Goog-Credential", "a"),
        ("X-Goog-Date", "20240101"),
        ("X-Goog-Date", "99991231T235959Z"),
        ("X-Goog-Date", "+99991231T235959Z"),
        ("X-Goog-Expires", "9223372036854775807"),
        ("X-Goog-SignedHeaders", "date"),
        ("X-Goog-SignedHeaders", ""),
        ("X-Goog-SignedHeaders", "host;a"),
        ("X-Goog-SignedHeaders", "host;host"),
        ("X-Goog-SignedHeaders", "%00;host"),
        ("X-Goog-Signature", "not-hexadecimal"),
        ("X-Goog-Signature", "0"),
    ] {
        let (before, rest) = url.split_once(&format!("{name}=")).unwrap();
        let rest = rest.split_once('&').map_or(String::new(), |(_, rest)| format!("&{rest}"));
        let changed = format!("{before}{name}={wrong}{rest}");
        assert_refused(&ask(&running, &changed, &[]), 400, "MalformedSecurityHeader");
        let missing = format!("{}{rest}", before.trim_end_matches('&'));
        let status = ask(&running, &missing, &[]).status;
        assert!([400, 403].contains(&status), "without {name}: {status}");
    }
}
