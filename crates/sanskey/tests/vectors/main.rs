//! Replays the vectors that all languages share: see `tests/vectors/README.md`.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)] // a host, not the core

mod exchange;
mod functions;
mod token_source;

use std::path::{Path, PathBuf};

use sanskey_bridge::Failure;
use serde_json::Value;

/// Runs every vector of a folder. `run` gives the result, and adds to `seen` all that could be printed.
fn check_folder(folder: &str, least: usize, run: fn(&Value, &mut String) -> Result<Value, Failure>) {
    let files = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(folder));
    assert!(files.len() >= least, "{folder} has {} vectors, fewer than {least}", files.len());
    for file in files {
        let vector: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let mut seen = String::new();
        let result = run(&vector, &mut seen).unwrap_or_else(|failure| {
            let error = failure.into_json();
            seen += &error;
            serde_json::json!({ "error": serde_json::from_str::<Value>(&error).unwrap() })
        });
        assert_result(&result, &vector["result"], &file);
        for secret in vector["secrets"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            assert!(!seen.contains(secret), "{} prints {secret}", file.display());
        }
    }
}

/// Everything that is expected must be there. An error has a message and a hint besides.
fn assert_result(result: &Value, expected: &Value, file: &Path) {
    if let Some(error) = expected["error"].as_object() {
        assert!(
            result["error"]["message"].as_str().is_some_and(|text| text.len() > 10),
            "{}",
            file.display()
        );
        let hint = result["error"]["hint"].as_str().unwrap_or_default();
        assert!(
            hint.len() > 10
                && hint.contains(error.get("hint_contains").map_or("", |part| part.as_str().unwrap()))
        );
        for (name, value) in error.iter().filter(|(name, _)| *name != "hint_contains") {
            assert_eq!(&result["error"][name], value, "{name} of the error in {}: {result}", file.display());
        }
    } else if let Some(headers) = expected["headers"].as_object() {
        for (name, value) in headers {
            assert_eq!(&result["headers"][name], value, "{name} in {}", file.display());
        }
    } else {
        assert_eq!(result, expected, "{}", file.display());
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files.extend(files_below(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "json") {
            files.push(entry);
        }
    }
    files.sort();
    files
}
