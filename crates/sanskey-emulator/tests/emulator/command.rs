//! The command: its first line, the file it writes, and how it ends.

use std::{
    env::temp_dir,
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

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
