//! Objects of Cloud Storage: with tokens, with weaker tokens, and by resumable uploads. Signed URLs have a file of
//! their own.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::support::{
    Answer, CLOUD_PLATFORM, STORAGE, boundary, downscoped, federated_token, get, impersonate, send, start,
};
use sanskey_emulator::{Running, Settings};
use serde_json::{Value, json};

const DEMO: &str = "/sanskey-demo-bucket";
const OTHER: &str = "/sanskey-other-bucket";
const READ_WRITE: &str = "https://www.googleapis.com/auth/devstorage.read_write";
const HOST: (&str, &str) = ("host", "storage.googleapis.com");

fn ask(running: &Running, method: &str, path: &str, token: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    send(method, &format!("{}{path}", running.url), &[HOST, ("authorization", &bearer)], body)
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert!(answer.body.contains(&format!("<Code>{code}</Code>")), "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/xml; charset=UTF-8");
}

#[track_caller]
fn assert_content(answer: &Answer, content: &str) {
    assert_eq!((answer.status, answer.body.as_str()), (200, content));
}

#[test]
fn an_object_is_written_read_and_deleted() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    let path = format!("{DEMO}/folder/an%20object");

    assert_refused(&ask(&running, "GET", &path, &token, ""), 404, "NoSuchKey");
    assert_eq!(ask(&running, "PUT", &path, &token, "first").status, 200);
    assert_eq!(ask(&running, "PUT", &path, &token, "second").status, 200);
    let answer = ask(&running, "GET", &path, &token, "");
    assert_content(&answer, "second");
    let head = ask(&running, "HEAD", &path, &token, "");
    assert_eq!((head.status, head.body.as_str(), head.header("content-length")), (200, "", "6"));
    assert_refused(&ask(&running, "GET", &path.replace(DEMO, OTHER), &token, ""), 404, "NoSuchKey");
    assert_refused(&ask(&running, "GET", "/unknown-bucket/a", &token, ""), 404, "NoSuchBucket");
    assert_eq!(ask(&running, "DELETE", &path, &token, "").status, 204);
    assert_refused(&ask(&running, "GET", &path, &token, ""), 404, "NoSuchKey");
    assert_refused(&ask(&running, "DELETE", &path, &token, ""), 404, "NoSuchKey");
    assert_refused(&ask(&running, "PATCH", &path, &token, ""), 405, "MethodNotAllowed");
    for path in [DEMO, "/", &format!("{DEMO}/")] {
        assert_refused(&ask(&running, "GET", path, &token, ""), 400, "InvalidArgument");
    }
}

#[test]
fn the_host_says_which_bucket_it_is() {
    let running = start(Settings { buckets: vec!["own-bucket".to_owned()], ..Settings::default() });
    let token = federated_token(&running, CLOUD_PLATFORM);
    let bearer = format!("Bearer {token}");
    let ask = |host: Option<&str>, path: &str| {
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(host.map(|host| ("host", host)));
        get(&format!("{}{path}", running.url), &headers)
    };
    let headers = [("authorization", bearer.as_str()), ("content-type", "text/x-own")];
    assert_eq!(send("PUT", &format!("{}/own-bucket/v1/token", running.url), &headers, "content").status, 200);

    for (host, path) in [
        (None, "/own-bucket/v1/token"),
        (Some("storage.googleapis.com"), "/own-bucket/v1/token"),
        (Some("STORAGE.googleapis.com:443"), "/own-bucket/v1/token"),
        (Some("own-bucket.storage.googleapis.com"), "/v1/token"),
    ] {
        let answer = ask(host, path);
        assert_content(&answer, "content");
        assert_eq!(answer.header("content-type"), "text/x-own");
    }
    assert_refused(&ask(Some("other.storage.googleapis.com"), "/v1/token"), 404, "NoSuchBucket");
    assert_eq!(
        ask(None, "/sanskey-demo-bucket/a").status,
        404,
        "there is no such bucket, so no such service"
    );
    assert!(
        sanskey_emulator::Emulator::start(Settings {
            buckets: vec!["No Name".to_owned()],
            ..Settings::default()
        })
        .is_err()
    );
}

#[test]
fn a_token_has_to_be_good_and_have_a_scope() {
    let running = start(Settings::default());
    let federated = federated_token(&running, CLOUD_PLATFORM);
    let path = format!("{DEMO}/a");
    assert_eq!(ask(&running, "PUT", &path, &federated, "content").status, 200);
    let of_account = |scope: &str| {
        let answer = impersonate(&running, &federated, &json!({ "scope": [scope] })).json();
        answer["accessToken"].as_str().unwrap().to_owned()
    };

    let reading = of_account(STORAGE);
    assert_content(&ask(&running, "GET", &path, &reading, ""), "content");
    for method in ["PUT", "DELETE"] {
        let answer = ask(&running, method, &path, &reading, "");
        assert_refused(&answer, 403, "AccessDenied");
        assert!(answer.body.contains("Provided scope(s) are not authorized"), "{}", answer.body);
    }
    assert_eq!(ask(&running, "PUT", &path, &of_account(READ_WRITE), "new").status, 200);
    let email = of_account("email");
    assert_refused(&ask(&running, "GET", &path, &email, ""), 403, "AccessDenied");
    for token in ["", "nonsense", &federated_token(&start(Settings::default()), CLOUD_PLATFORM)] {
        assert_refused(&ask(&running, "GET", &path, token, ""), 401, "AuthenticationRequired");
    }
    let anonymous = get(&format!("{}{path}", running.url), &[HOST]);
    assert_refused(&anonymous, 403, "AccessDenied");
    assert!(anonymous.body.contains("Anonymous caller does not have storage.objects.get access"));
    assert_refused(&get(&format!("{}/unknown-bucket/a", running.url), &[HOST]), 403, "AccessDenied");
}

/// A token with a boundary.
fn weaker(running: &Running, boundary: &Value) -> String {
    let token = federated_token(running, CLOUD_PLATFORM);
    let answer = downscoped(running, &token, boundary);
    answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
}

#[test]
fn a_weaker_token_does_what_its_boundary_says() {
    let running = start(Settings::default());
    let whole = federated_token(&running, CLOUD_PLATFORM);
    for bucket in [DEMO, OTHER] {
        assert_eq!(ask(&running, "PUT", &format!("{bucket}/a"), &whole, "content").status, 200);
    }
    let allowed = |roles: &[&str]| {
        let token = weaker(&running, &boundary("sanskey-demo-bucket", roles));
        [("GET", "/a"), ("PUT", "/a"), ("PUT", "/new"), ("DELETE", "/new")].map(|(method, object)| {
            let answer = ask(&running, method, &format!("{DEMO}{object}"), &token, "content");
            if answer.status == 403 {
                assert_refused(&answer, 403, "AccessDenied");
                assert!(answer.body.contains("principal://"), "it says who: {}", answer.body);
            }
            let elsewhere = ask(&running, method, &format!("{OTHER}{object}"), &token, "content");
            assert_refused(&elsewhere, 403, "AccessDenied");
            answer.status
        })
    };

    assert_eq!(allowed(&["roles/storage.objectViewer"]), [200, 403, 403, 403]);
    // To write over an object is to delete it.
    assert_eq!(allowed(&["roles/storage.objectCreator"]), [403, 403, 200, 403]);
    assert_eq!(allowed(&["roles/storage.objectAdmin"]), [200, 200, 200, 204]);
    assert_eq!(allowed(&["roles/storage.objectViewer", "roles/storage.objectCreator"]), [200, 403, 200, 403]);
    assert_eq!(allowed(&["projects/a/roles/own"]), [403, 403, 403, 403]);
}

#[test]
fn a_condition_of_the_boundary_is_kept() {
    let running = start(Settings::default());
    let whole = federated_token(&running, CLOUD_PLATFORM);
    for object in ["public/a", "private/a"] {
        assert_eq!(ask(&running, "PUT", &format!("{DEMO}/{object}"), &whole, object).status, 200);
    }
    let mut boundary = boundary("sanskey-demo-bucket", &["roles/storage.objectViewer"]);
    boundary["accessBoundaryRules"][0]["availabilityCondition"] = json!({
        "expression": "resource.name.startsWith('projects/_/buckets/sanskey-demo-bucket/objects/public/')",
    });
    let token = weaker(&running, &boundary);

    assert_content(&ask(&running, "GET", &format!("{DEMO}/public/a"), &token, ""), "public/a");
    assert_content(&ask(&running, "GET", &format!("{DEMO}/public%2Fa"), &token, ""), "public/a");
    for path in ["/private/a", "/public", "/public/../private/a", "/public%2F..%2Fprivate%2Fa"] {
        let answer = ask(&running, "GET", &format!("{DEMO}{path}"), &token, "");
        assert_ne!(answer.body, "private/a", "{path}");
    }
    assert_refused(&ask(&running, "GET", &format!("{DEMO}/private/a"), &token, ""), 403, "AccessDenied");
}

#[test]
fn a_resumable_upload_says_where_the_content_goes() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    let bearer = format!("Bearer {token}");
    let url = format!("{}{DEMO}/a", running.url);
    let start = |headers: &[(&str, &str)], body: &str| {
        let bearer = ("authorization", bearer.as_str());
        send("POST", &url, &[headers, &[bearer, ("content-type", "text/x-own")]].concat(), body)
    };
    let resumable = ("x-goog-resumable", "start");

    let answer = start(&[resumable], "");
    assert_eq!((answer.status, answer.body.as_str()), (201, ""));
    let location = answer.header("location").to_owned();
    assert!(location.starts_with(&format!("{url}?upload_id=")), "{location}");
    // No token is needed any more, but the place has to be the same.
    let elsewhere = location.replace("/a?", "/b?");
    assert_refused(&send("PUT", &elsewhere, &[], "content"), 404, "NoSuchKey");
    assert_refused(&get(&location, &[]), 405, "MethodNotAllowed");
    let part = send("PUT", &location, &[("content-range", "bytes 0-2/7")], "con");
    assert_refused(&part, 400, "InvalidArgument");
    let range = ("content-range", "bytes 0-6/7");
    assert_eq!(send("PUT", &location, &[range], "content").status, 200);
    let read = get(&url, &[("authorization", &bearer)]);
    assert_content(&read, "content");
    assert_eq!(read.header("content-type"), "text/x-own");
    assert_refused(&send("PUT", &location, &[], "again"), 404, "NoSuchKey");

    let at_google = start(&[HOST, resumable], "").header("location").to_owned();
    assert!(at_google.starts_with("https://storage.googleapis.com/sanskey-demo-bucket/a?"), "{at_google}");
    assert_refused(&start(&[resumable], "content"), 400, "InvalidArgument");
    assert_refused(&start(&[], ""), 400, "InvalidArgument");
    assert_refused(&send("POST", &url, &[resumable], ""), 403, "AccessDenied");
}

#[test]
fn what_is_kept_is_bounded() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    let put = |object: &str, body: &str| ask(&running, "PUT", &format!("{DEMO}/{object}"), &token, body);

    for number in 0..64 {
        assert_eq!(put(&number.to_string(), "a").status, 200);
    }
    assert_refused(&put("64", "a"), 400, "InvalidArgument");
    assert_eq!(put("0", "b").status, 200, "one that is there can be replaced");
    assert_eq!(ask(&running, "DELETE", &format!("{DEMO}/1"), &token, "").status, 204);
    assert_refused(&put(&"a".repeat(1025), "a"), 400, "InvalidArgument");
    assert_eq!(put("large", &"a".repeat(256 * 1024)).status, 200);
    assert_eq!(put("large", &"a".repeat(256 * 1024 + 1)).status, 413);
}

#[test]
fn faults_reach_cloud_storage_and_the_other_new_services() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    let account = format!("/v1/projects/-/serviceAccounts/{}", running.settings().service_account);
    let object = format!("{DEMO}/a");
    assert_eq!(ask(&running, "PUT", &object, &token, "content").status, 200);
    let plan = |path: &str, fault: Value| {
        let faults = json!([{ "path": path, "fault": fault }]).to_string();
        assert_eq!(send("PUT", &format!("{}/emulator/faults", running.url), &[], &faults).status, 204);
    };

    for path in [
        object.as_str(),
        "/token",
        "/oauth2/v3/certs",
        "/service_accounts/v1/jwk/a",
        &format!("{account}:generateIdToken"),
        &format!("{account}:signBlob"),
        &format!("{account}:signJwt"),
    ] {
        plan(path, json!({ "status": 503, "body": "later" }));
        let answer = get(&format!("{}{path}", running.url), &[]);
        assert_eq!((answer.status, answer.body.as_str()), (503, "later"), "{path}");
        assert_ne!(get(&format!("{}{path}", running.url), &[]).status, 503, "{path}");
    }
    plan(&object, json!({ "oversize": true }));
    assert!(ask(&running, "GET", &object, &token, "").body.starts_with("content    "));
}

/// What a connection answers to bytes that no client library would send.
fn raw(running: &Running, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(running.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn odd_names_and_hosts_get_an_answer() {
    let running = start(Settings::default());
    let token = federated_token(&running, CLOUD_PLATFORM);
    for path in
        [&b"/%ff"[..], b"/%00", b"/\xc3\xa4", b"/\x7f", b"//", b"/?upload_id", b"/a?X-Goog-Signature", b"/%"]
    {
        for host in
            [&b"storage.googleapis.com"[..], b".storage.googleapis.com", b":", b"\xc3\xa4", b"127.0.0.1:"]
        {
            let authorization = format!("authorization: Bearer {token}\r\n");
            let request = [
                b"POST /sanskey-demo-bucket",
                path,
                b" HTTP/1.1\r\nhost: ",
                host,
                b"\r\nx-goog-resumable: start\r\nconnection: close\r\n",
                authorization.as_bytes(),
                b"\r\n",
            ]
            .concat();
            let answer = raw(&running, &request);
            assert!(answer.starts_with("HTTP/1.1 "), "{}: {answer}", String::from_utf8_lossy(&request));
        }
    }
}
