//! AWS's own signing test suite, every intermediate value of it.
//!
//! It ships inside the package `aws-sigv4` and is read from where cargo unpacked that. Of each case
//! the files `header-*` are compared. The files `query-*` (presigned URLs) and the folder `v4a` (the
//! asymmetric algorithm) are not: this library signs in headers, with version 4.

use std::path::{Path, PathBuf};
use std::process::Command;

use sanskey::{Secret, UnixTime, aws, sigv4};
use serde_json::Value;

#[test]
fn aws_signing_test_suite() {
    let folder = package_folder("aws-sigv4").join("aws-signing-test-suite/v4");
    let mut compared = 0;
    for case in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        compared += check_case(&Case(case));
    }
    // 40 canonical requests, 39 strings to sign, 38 signatures and signed headers.
    assert!(compared >= 40 + 39 + 38 + 38, "only {compared} values were compared: is the suite complete?");
}

fn check_case(case: &Case) -> usize {
    let context = case.context();
    let request = case.request();
    let headers: Vec<(&str, &str)> = request.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let url = format!("https://{}{}", request.host(), request.target);
    let to_sign = sigv4::Request {
        method: &request.method,
        url: &url,
        headers: &headers,
        body: request.body.as_bytes(),
    };
    let text = |name: &str| context[name].as_str().unwrap();
    let (settings, credentials) = (settings(&context), credentials(&context["credentials"]));
    let now = UnixTime::from_rfc3339(text("timestamp")).unwrap();
    let signed =
        sigv4::sign_with(settings, &to_sign, &credentials, text("region"), text("service"), now).unwrap();
    let canonical_request = sigv4::canonical_request(settings, &to_sign, &credentials, now).unwrap();

    let compare = |file: &str, actual: &str| match case.read(file) {
        Some(expected) => {
            assert_eq!(actual, expected.trim_end_matches('\n'), "{file} of {}", case.0.display());
            1
        }
        None => 0,
    };
    let authorization = signed.headers.iter().find(|header| header.name == "authorization").unwrap();
    let mut compared = compare("header-canonical-request.txt", canonical_request.expose())
        + compare("header-string-to-sign.txt", &signed.string_to_sign);
    if case.has_context() {
        compared += compare("header-signature.txt", signed.signature.expose());
        let expected = case.read("header-signed-request.txt").unwrap();
        let line = format!("Authorization:{}", authorization.value.expose());
        assert!(expected.lines().any(|each| each == line), "authorization of {}", case.0.display());
        compared += 1;
    }
    compared
}

fn settings(context: &Value) -> sigv4::Settings {
    let mut settings = sigv4::Settings::of_service("service");
    settings.normalize_path = context["normalize"] == true;
    // The suite takes the path as encoded once, all but the two cases that are about encoding twice.
    settings.encode_path_again = context["encode_path_again"] == true;
    settings.content_sha256_header = context["sign_body"] == true;
    settings.sign_session_token = context["omit_session_token"] != true;
    settings
}

fn credentials(context: &Value) -> aws::Credentials {
    let text = |name: &str| context[name].as_str().unwrap();
    let mut credentials = aws::Credentials::new(text("access_key_id"), text("secret_access_key"));
    credentials.session_token = context["token"].as_str().map(Secret::from);
    credentials
}

/// One folder of the suite.
struct Case(PathBuf);

impl Case {
    fn read(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(self.0.join(file)).ok()
    }

    fn has_context(&self) -> bool {
        self.0.join("context.json").exists()
    }

    /// Two cases have no context, and no signature either; their time and scope show in what they have.
    fn context(&self) -> Value {
        let service_of_two = "{\"credentials\": {\"access_key_id\": \"ANY\", \"secret_access_key\": \"ANY\"}, \
            \"normalize\": true, \"sign_body\": false, \"region\": \"us-east-2\", \"service\": \"lambda\", \
            \"timestamp\": \"2021-05-11T15:40:45Z\", \"encode_path_again\": true}";
        let text = self.read("context.json").unwrap_or_else(|| service_of_two.to_owned());
        serde_json::from_str(&text).unwrap()
    }

    fn request(&self) -> Request {
        Request::parse(&self.read("request.txt").unwrap())
    }
}

struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Request {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        // A line that begins with a space continues the one before (RFC 9112 section 5.2).
        let head = head.replace("\n ", "  ");
        let mut lines = head.lines();
        let request_line = lines.next().unwrap().strip_suffix(" HTTP/1.1").unwrap();
        let (method, target) = request_line.split_once(' ').unwrap();
        let header =
            |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: lines.map(|line| header(line).unwrap()).collect(),
            body: body.to_owned(),
        }
    }

    fn host(&self) -> &str {
        &self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host")).unwrap().1
    }
}

/// Where cargo has unpacked a package that this one is built with.
fn package_folder(name: &str) -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == name).unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}
