//! The example against the emulator, over real HTTP.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)] // a host, not the core

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sanskey_emulator::{Emulator, Running, Settings};

#[test]
fn an_ec2_workload_becomes_its_service_account() {
    let emulator = Emulator::start(Settings::default()).unwrap();
    let output = run_example(&emulator.credential_config(), "impersonated");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("requests: 6\n") && text.contains("token expires at "), "{text}");
    assert_eq!(emulator.requests().len(), 6);
}

#[test]
fn an_ec2_workload_keeps_its_own_identity() {
    let emulator = Emulator::start(Settings::default()).unwrap();
    let output = run_example(&emulator.credential_config_without_impersonation(), "federated");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8(output.stdout).unwrap().contains("requests: 5\n"));
}

#[test]
fn a_task_asks_its_agent_and_not_the_instance() {
    let emulator = Emulator::start(Settings::default()).unwrap();
    let path = format!("/v2/credentials/{}", emulator.settings().task_credentials_id);
    let config = write_config(&emulator.credential_config_without_impersonation(), "task");
    let output = container(&config, &format!("{}{path}", emulator.url)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(asked(&emulator), [format!("{path} 200"), "/v1/token 200".to_owned()]);
}

#[test]
fn a_pod_s_token_is_read_anew_for_each_exchange() {
    let settings = Settings { container_token: "of-the-pod".to_owned(), ..Settings::default() };
    let emulator = Emulator::start(settings).unwrap();
    let config = write_config(&emulator.credential_config_without_impersonation(), "pod");
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pod-token");
    let run = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut command = container(&config, &format!("{}/v1/credentials", emulator.url));
        command.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &file).output().unwrap()
    };

    let refused = run("of-another-pod");
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("aws_container_rejected") && !text.contains("of-another-pod"), "{text}");
    let taken = run("of-the-pod");
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    assert_eq!(asked(&emulator), ["/v1/credentials 400", "/v1/credentials 200", "/v1/token 200"]);
}

#[test]
fn a_refusal_says_what_to_do() {
    let emulator = Emulator::start(Settings::default()).unwrap();
    let config = emulator.credential_config().replace("serviceAccounts/", "serviceAccounts/x");
    let output = run_example(&config, "refused");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("impersonation_rejected") && text.contains("roles/iam.workloadIdentityUser"),
        "{text}"
    );
}

#[test]
fn a_configuration_for_this_machine_needs_the_caller_s_consent() {
    let emulator: Running = Emulator::start(Settings::default()).unwrap();
    let path = write_config(&emulator.credential_config(), "unwanted");
    let output = example().env("GOOGLE_APPLICATION_CREDENTIALS", &path).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("config_url_refused"));
    assert!(emulator.requests().is_empty());
}

fn run_example(config: &str, name: &str) -> Output {
    let path = write_config(config, name);
    example()
        .env("GOOGLE_APPLICATION_CREDENTIALS", &path)
        .env("SANSKEY_ENDPOINTS", "loopback")
        .output()
        .unwrap()
}

/// The example in a container whose credentials are at `url`.
fn container(config: &Path, url: &str) -> Command {
    let mut command = example();
    command
        .env("GOOGLE_APPLICATION_CREDENTIALS", config)
        .env("SANSKEY_ENDPOINTS", "loopback")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    command
}

fn asked(emulator: &Running) -> Vec<String> {
    emulator.requests().iter().map(|request| format!("{} {}", request.path, request.status)).collect()
}

/// The example next to this test, in an environment without traces of a real AWS.
fn example() -> Command {
    let this_test = std::env::current_exe().unwrap();
    let mut command = Command::new(this_test.ancestors().nth(2).unwrap().join("examples/token"));
    command.env_clear();
    command
}

fn write_config(config: &str, name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.json"));
    std::fs::write(&path, config).unwrap();
    path
}
