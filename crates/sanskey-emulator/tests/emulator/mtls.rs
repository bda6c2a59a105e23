//! The second port: mutual TLS, and what X.509 certificates are worth there.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::support::{
    ACCESS_TOKEN, Answer, CLOUD_PLATFORM, boundary, downscoping_form, encoded, get, send, start,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sanskey_emulator::{Emulator, Running, Settings};
use serde_json::{Value, json};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

const MTLS: &str = "urn:ietf:params:oauth:token-type:mtls";

/// An emulator with its second port, and a folder with what it wrote, which goes with the test.
struct Google {
    running: Running,
    folder: std::path::PathBuf,
}

impl Drop for Google {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Google {
    fn start(name: &str) -> Self {
        let running = start(Settings { mtls: true, ..Settings::default() });
        let folder = std::env::temp_dir().join(format!("sanskey-mtls-{name}-{}", std::process::id()));
        running.write_mtls_files(&folder).unwrap();
        Self { running, folder }
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).unwrap()
    }

    /// A certificate as the query wants it.
    fn identity(&self, query: &str) -> Identity {
        let answer = get(&format!("{}/emulator/client-certificate{query}", self.running.url), &[]);
        let text =
            |name: &str| answer.json()[name].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned();
        Identity {
            certificate: text("certificate"),
            key: text("key"),
            chain: text("chain"),
            fingerprint: text("fingerprint"),
        }
    }

    /// Sends a request to the second port, as somebody or as nobody.
    fn send(&self, identity: Option<&Identity>, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let client = identity.map(|identity| {
            let certificate = Certificate::from_pem(identity.certificate.as_bytes()).unwrap();
            ClientCert::new_with_certs(&[certificate], PrivateKey::from_pem(identity.key.as_bytes()).unwrap())
        });
        let roots =
            RootCerts::new_with_certs(&[Certificate::from_pem(self.file("ca.pem").as_bytes()).unwrap()]);
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(10)))
            .tls_config(TlsConfig::builder().root_certs(roots).client_cert(client).build())
            .build()
            .into();
        let url = format!("{}{path}", self.running.mtls_url.as_ref().unwrap());
        let mut request = ureq::http::Request::builder().method("POST").uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = agent.run(request.body(body.to_owned()).unwrap()).expect("an answer");
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.body_mut().read_to_string().unwrap(),
        }
    }

    fn exchange(&self, shown: Option<&Identity>, token: &str, options: Option<&Value>) -> Answer {
        let options = options.map(Value::to_string);
        let form = self.form(token, options.as_deref());
        self.send(shown, "/v1/token", &[("content-type", "application/x-www-form-urlencoded")], &form)
    }

    fn form(&self, token: &str, options: Option<&str>) -> String {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("audience", &self.running.settings().x509_audience),
            ("scope", CLOUD_PLATFORM),
            ("requested_token_type", ACCESS_TOKEN),
            ("subject_token", token),
            ("subject_token_type", MTLS),
        ];
        let all = fields.into_iter().chain(options.map(|text| ("options", text)));
        all.map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
    }

    fn impersonate(&self, shown: Option<&Identity>, token: &str) -> Answer {
        let account = &self.running.settings().service_account;
        let path = format!("/v1/projects/-/serviceAccounts/{account}:generateAccessToken");
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.send(shown, &path, &headers, &json!({ "scope": [CLOUD_PLATFORM] }).to_string())
    }

    /// Begins an upload to Cloud Storage.
    fn begin_upload(&self, shown: Option<&Identity>, token: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("x-goog-resumable", "start")];
        self.send(shown, "/sanskey-demo-bucket/a", &headers, "")
    }

    /// Asks for a token that can do less.
    fn downscope(&self, shown: Option<&Identity>, token: &str) -> Answer {
        let boundary = boundary("sanskey-demo-bucket", &["roles/storage.objectCreator"]);
        let form = downscoping_form(token, &boundary);
        self.send(shown, "/v1/token", &[("content-type", "application/x-www-form-urlencoded")], &form)
    }

    fn whoami(&self, token: &str) -> Value {
        let bearer = format!("Bearer {token}");
        get(&format!("{}/emulator/whoami", self.running.url), &[("authorization", &bearer)]).json()
    }
}

struct Identity {
    certificate: String,
    key: String,
    chain: String,
    fingerprint: String,
}

impl Identity {
    fn subject_token(&self) -> String {
        let texts: Vec<String> =
            ureq::tls::parse_pem(format!("{}{}", self.certificate, self.chain).as_bytes())
                .map(|item| match item.unwrap() {
                    ureq::tls::PemItem::Certificate(certificate) => STANDARD.encode(certificate.der()),
                    _ => panic!("something else is among the certificates"),
                })
                .collect();
        json!(texts).to_string()
    }
}

fn token_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

#[track_caller]
fn assert_refused(answer: &Answer, error: &str, rule: &str) {
    assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(error)), "{}", answer.body);
    assert_eq!(answer.header("x-emulator-rule"), rule, "{}", answer.header("x-emulator-detail"));
}

#[test]
fn a_certificate_is_worth_a_token_for_each_kind_of_key() {
    let google = Google::start("keys");
    for query in ["", "?key=p384", "?key=rsa", "?depth=0", "?depth=3"] {
        let identity = google.identity(query);
        let answer = google.exchange(Some(&identity), &identity.subject_token(), None);
        let token = token_of(&answer);
        assert_eq!(answer.json()["expires_in"], 3600, "{query}");
        let subject = "principal://iam.googleapis.com/projects/123456789012/locations/global\
                       /workloadIdentityPools/sanskey-pool/subject/sanskey-workload";
        assert_eq!(google.whoami(&token)["subject"], subject);
        token_of_account(&google.impersonate(Some(&identity), &token));
    }
}

fn token_of_account(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.json()["accessToken"].is_string());
}

#[test]
fn the_files_are_enough_for_a_workload() {
    let google = Google::start("files");
    let config: Value = serde_json::from_str(&google.file("credentials.json")).unwrap();
    let certificate = &config["credential_source"]["certificate"];
    let read = |path: &Value| std::fs::read_to_string(path.as_str().unwrap()).unwrap();
    let locations: Value = serde_json::from_str(&read(&certificate["certificate_config_location"])).unwrap();
    let locations = &locations["cert_configs"]["workload"];
    let identity = Identity {
        certificate: read(&locations["cert_path"]),
        key: read(&locations["key_path"]),
        chain: read(&certificate["trust_chain_path"]),
        fingerprint: String::new(),
    };
    assert_eq!(config["token_url"], format!("{}/v1/token", google.running.mtls_url.as_ref().unwrap()));
    let token = token_of(&google.exchange(Some(&identity), &identity.subject_token(), None));
    token_of_account(&google.impersonate(Some(&identity), &token));

    let mut federated: Value = serde_json::from_str(&google.file("credentials-federated.json")).unwrap();
    federated["service_account_impersonation_url"] = config["service_account_impersonation_url"].clone();
    assert_eq!(federated, config);
}

#[test]
fn every_rule_refuses() {
    let google = Google::start("rules");
    for (query, error, rule) in [
        ("?end=-60", "invalid_grant", "X2"),
        ("?begin=600", "invalid_grant", "X2"),
        ("?foreign", "invalid_grant", "X2"),
        ("?depth=4", "invalid_grant", "X2"),
        ("?depth=11", "invalid_grant", "X2"),
        ("?for-servers", "invalid_grant", "X2"),
        ("?end=34560000", "invalid_grant", "X3"),
        ("?cn=&ou=unit", "unauthorized_client", "X5"),
    ] {
        let identity = google.identity(query);
        assert_refused(&google.exchange(Some(&identity), &identity.subject_token(), None), error, rule);
    }
    let (one, other) = (google.identity(""), google.identity(""));
    assert_refused(&google.exchange(Some(&one), &other.subject_token(), None), "invalid_grant", "X1");
    assert_refused(&google.exchange(Some(&one), "[]", None), "invalid_grant", "X1");
    let long = google.identity(&format!("?cn={}", "a".repeat(128)));
    let answer = google.exchange(Some(&long), &long.subject_token(), None);
    assert_eq!(answer.json()["error"], "invalid_request");
    assert!(answer.body.contains("127 bytes"));
}

#[test]
fn a_client_without_a_certificate_is_nobody() {
    let google = Google::start("nobody");
    let identity = google.identity("");

    assert_refused(&google.exchange(None, &identity.subject_token(), None), "invalid_grant", "X1");
    let form = google.form(&identity.subject_token(), None);
    let plain = send(
        "POST",
        &format!("{}/v1/token", google.running.url),
        &[("content-type", "application/x-www-form-urlencoded")],
        &form,
    );
    assert_refused(&plain, "invalid_grant", "X1");
}

#[test]
fn somebody_elses_key_does_not_get_through_the_handshake() {
    let google = Google::start("key");
    let (one, other) = (google.identity(""), google.identity(""));
    let certificate = Certificate::from_pem(one.certificate.as_bytes()).unwrap();
    let key = PrivateKey::from_pem(other.key.as_bytes()).unwrap();
    let roots =
        RootCerts::new_with_certs(&[Certificate::from_pem(google.file("ca.pem").as_bytes()).unwrap()]);
    let client = ClientCert::new_with_certs(&[certificate], key);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(10)))
        .tls_config(TlsConfig::builder().root_certs(roots).client_cert(Some(client)).build())
        .build()
        .into();

    let url = format!("{}/emulator/requests", google.running.mtls_url.as_ref().unwrap());
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| agent.get(url).call().is_ok()));

    assert!(!matches!(outcome, Ok(true)), "the handshake went through");
}

#[test]
fn a_bound_token_goes_with_its_certificate_only() {
    let google = Google::start("bound");
    let (one, other) = (google.identity(""), google.identity(""));
    let bind = |fingerprint: &str| json!({ "bindCertFingerprint": fingerprint });
    assert_eq!(one.fingerprint.len(), 43);

    let answer = google.exchange(Some(&one), &one.subject_token(), Some(&bind(&other.fingerprint)));
    assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_request")));

    let token = token_of(&google.exchange(Some(&one), &one.subject_token(), Some(&bind(&one.fingerprint))));
    assert_eq!(google.whoami(&token)["bound_to"], one.fingerprint);
    assert_eq!(google.impersonate(None, &token).status, 401);
    assert_eq!(google.impersonate(Some(&other), &token).status, 401);
    token_of_account(&google.impersonate(Some(&one), &token));
    for (shown, status) in [(None, 401), (Some(&other), 401), (Some(&one), 201)] {
        assert_eq!(google.begin_upload(shown, &token).status, status);
    }
    for (shown, status) in [(None, 400), (Some(&other), 400), (Some(&one), 200)] {
        assert_eq!(google.downscope(shown, &token).status, status);
    }
    let weaker = token_of(&google.downscope(Some(&one), &token));
    assert_eq!(google.whoami(&weaker)["bound_to"], one.fingerprint);
    assert_eq!(google.begin_upload(Some(&other), &weaker).status, 401);
    assert_eq!(google.begin_upload(Some(&one), &weaker).status, 201);

    let free = token_of(&google.exchange(Some(&one), &one.subject_token(), None));
    token_of_account(&google.impersonate(Some(&other), &free));
}

#[test]
fn faults_are_for_both_ports() {
    let google = Google::start("faults");
    let identity = google.identity("");
    let fault = json!([{ "path": "/v1/token", "fault": { "status": 503 } }]);
    let url = format!("{}/emulator/faults", google.running.url);
    assert_eq!(send("PUT", &url, &[], &fault.to_string()).status, 204);

    assert_eq!(google.exchange(Some(&identity), &identity.subject_token(), None).status, 503);
    assert_eq!(google.exchange(Some(&identity), &identity.subject_token(), None).status, 200);
}

#[test]
fn a_handshake_that_does_not_come_is_not_waited_for() {
    let settings = Settings { mtls: true, client_timeout: Duration::from_millis(200), ..Settings::default() };
    let running = start(settings);
    let address = running.mtls_url.as_ref().unwrap().trim_start_matches("https://");
    for sent in [&b""[..], b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(sent).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the emulator closes the connection first");
        assert!(!answer.starts_with(b"HTTP"));
    }
}

#[test]
fn there_is_no_second_port_unless_it_is_wanted() {
    let running = Emulator::start(Settings::default()).unwrap();
    assert_eq!(running.mtls_url, None);
    assert!(running.write_mtls_files(&std::env::temp_dir()).is_err());
}

#[test]
fn wishes_that_make_no_certificate_are_refused() {
    let running = start(Settings::default());
    for query in ["?key=dsa", "?depth=13", "?depth=-1", "?end=soon"] {
        let answer = get(&format!("{}/emulator/client-certificate{query}", running.url), &[]);
        assert_eq!(answer.status, 400, "{query}");
    }
}
