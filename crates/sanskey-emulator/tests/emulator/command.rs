//! The command: its first line, the file it writes, and how it ends.

use std::{
    env::temp_dir,
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use time::OffsetDateTime;

/// A command that is killed with its test.
struct Emulator(Child);

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(arguments: &[&str]) -> Emulator {
    let child = Command::new(env!("CARGO_BIN_EXE_sanskey-emulator"))
        .args(["--lifetime-seconds", "30"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    Emulator(child.expect("the binary is built"))
}

#[test]
fn it_tells_where_it_listens_writes_its_configuration_and_ends_with_stdin() {
    let file = temp_dir().join(format!("sanskey-emulator-{}.json", std::process::id()));
    let path = file.to_str().unwrap();
    let mut emulator = command(&["--stop-with-stdin", "--config-out", path, "--no-impersonation"]);

    let mut line = String::new();
    BufReader::new(emulator.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.strip_prefix("listening on ").expect(&line).trim_end().to_owned();
    let config: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    fs::remove_file(&file).unwrap();

    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert_eq!(config["token_url"], format!("{url}/v1/token"));
    assert_eq!(config.get("service_account_impersonation_url"), None);
    drop(emulator.0.stdin.take());
    assert!(emulator.0.wait().unwrap().success());
}

#[test]
fn a_configuration_that_cannot_be_written_is_an_error() {
    let mut emulator = command(&["--config-out", "/nonexistent/config.json"]);

    assert_eq!(emulator.0.wait().unwrap().code(), Some(1));
}

#[test]
fn an_unknown_option_is_a_usage_error() {
    let mut emulator = command(&["--nonsense"]);

    assert_eq!(emulator.0.wait().unwrap().code(), Some(2));
}

#[test]
fn roles_and_the_clock_come_from_the_command_line() {
    let file = temp_dir().join(format!("sanskey-emulator-chain-{}.json", std::process::id()));
    let token = temp_dir().join(format!("sanskey-emulator-token-{}.json", std::process::id()));
    let mut emulator = command(&[
        "--role-chain-config-out",
        file.to_str().unwrap(),
        "--web-identity-config-out",
        token.to_str().unwrap(),
        "--hub-role",
        "first",
        "--external-id",
        "",
        "--chain-role",
        "third,trusts=sanskey-spoke-role,external-id=x=y,longest-session=3600",
        "--clock-offset-seconds",
        "-86400",
    ]);
    let mut line = String::new();
    BufReader::new(emulator.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let [chain, token] = [file, token].map(|path| {
        let config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        fs::remove_file(path).unwrap();
        config["sanskey"].clone()
    });

    let arn = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    let hops = json!([
        { "role_arn": arn("first") },
        { "role_arn": arn("sanskey-spoke-role") },
        { "role_arn": arn("third"), "external_id": "x=y" },
    ]);
    assert_eq!(chain, json!({ "aws_assume_role": hops }));
    assert_eq!(token, json!({ "aws_web_identity_token": {} }));
    let url = line.trim_end().strip_prefix("listening on ").expect(&line);
    let date = crate::support::get(&format!("{url}/nowhere"), &[]).header("date").to_owned();
    let format = time::macros::format_description!("[weekday repr:short], [day] [month repr:short] [year]");
    let yesterdays: Vec<_> = [86_400, 86_430]
        .map(|ago| (OffsetDateTime::now_utc() - time::Duration::seconds(ago)).format(format).unwrap())
        .into();
    assert!(yesterdays.iter().any(|day| date.starts_with(day)), "{date}");
}

#[test]
fn a_role_that_is_not_understood_is_a_usage_error() {
    for role in ["a,trust=b", "a,longest-session=long"] {
        assert_eq!(command(&["--chain-role", role]).0.wait().unwrap().code(), Some(2), "{role}");
    }
    assert_eq!(command(&["--chain-role", ""]).0.wait().unwrap().code(), Some(1));
}

#[test]
fn buckets_and_the_service_account_come_from_the_command_line() {
    let account = "own@sanskey-demo.iam.gserviceaccount.com";
    let mut emulator = command(&[
        "--bucket",
        "first-bucket",
        "--bucket",
        "second-bucket",
        "--service-account",
        account,
        "--service-account-id",
        "1234",
    ]);
    let mut line = String::new();
    BufReader::new(emulator.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("listening on ").expect(&line);
    let status = |path: &str| crate::support::get(&format!("{url}{path}"), &[]).status;

    for (path, expected) in [
        ("/first-bucket/a", 403),
        ("/second-bucket/a", 403),
        ("/sanskey-demo-bucket/a", 404),
        (&format!("/service_accounts/v1/metadata/x509/{account}"), 200),
        ("/service_accounts/v1/metadata/x509/sanskey-demo@sanskey-demo.iam.gserviceaccount.com", 404),
    ] {
        assert_eq!(status(path), expected, "{path}");
    }
    for (option, value, code) in [
        ("--token-creator", "maybe", 2),
        ("--workload-identity-user", "", 2),
        ("--service-account-id", "id", 1),
        ("--bucket", "No Name", 1),
    ] {
        assert_eq!(command(&[option, value]).0.wait().unwrap().code(), Some(code), "{option}");
    }
}

#[test]
fn azure_and_github_come_from_the_command_line() {
    let tenant = "00000000-1111-2222-3333-444444444444";
    let mut emulator = command(&[
        "--azure-tenant",
        tenant,
        "--no-azure-system-identity",
        "--azure-user-identity",
        "00000001-1111-2222-3333-444444444444",
        "--azure-app-id-uri",
        "api://own",
        "--azure-token-version",
        "2",
        "--azure-identity-header",
        "of-the-app",
        "--github-request-path",
        "/idtoken",
        "--github-request-token",
        "of-the-job",
        "--github-repository",
        "a/b",
        "--github-environment",
        "prod",
    ]);
    let mut line = String::new();
    BufReader::new(emulator.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("listening on ").expect(&line);
    let ask = |path: &str, header| crate::support::get(&format!("{url}{path}"), &[header]);
    let claims = |token: &Value| -> Value {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    };

    let query = "?api-version=2018-02-01&resource=api://own";
    let machine = ask(&format!("/metadata/identity/oauth2/token{query}"), ("metadata", "true")).json();
    assert_eq!(machine["client_id"], "00000001-1111-2222-3333-444444444444");
    let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
    assert_eq!(claims(&machine["access_token"])["iss"], issuer);
    let app = ask("/msi/token?api-version=2019-08-01", ("x-identity-header", "of-the-app"));
    assert_eq!(app.status, 400, "the secret is right, and the resource is missing");
    let job = ask("/idtoken?api-version=2.0", ("authorization", "Bearer of-the-job")).json();
    assert_eq!(claims(&job["value"])["sub"], "repo:a/b:environment:prod");
    assert_eq!(command(&["--azure-token-version", "3"]).0.wait().unwrap().code(), Some(2));
    assert_eq!(command(&["--azure-tenant", "common"]).0.wait().unwrap().code(), Some(1));
    let conflict = ["--no-azure-user-identity", "--azure-user-identity", tenant];
    assert_eq!(command(&conflict).0.wait().unwrap().code(), Some(2));
}
