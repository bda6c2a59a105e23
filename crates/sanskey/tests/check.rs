//! [`CredentialConfig::check`] says all that is wrong, and raises no false alarm.

#![allow(clippy::disallowed_methods)] // a host, not the core

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use proptest::sample::Index;
use proptest::{prop_assert, prop_assert_eq};
use sanskey::{CredentialConfig, EndpointPolicy, Exchange, Finding, Goal, Options, Severity, UnixTime};
use serde_json::{Value, json};

/// What gcloud writes is sound; what it is told to write may not be wise.
#[test]
fn nothing_is_found_in_what_gcloud_writes() {
    let told_to = [
        ("aws-imdsv1", "imds_v1"),
        ("aws-service-account", "lifetime_extended"),
        ("platform-client-credentials", "config_url_refused"), // of a server that the program must name, too
        ("workforce", "path_relative"),
    ];
    let mut checked = 0;
    for vector in vectors("create") {
        if vector["function"] != "create_config" {
            continue;
        }
        let Some(text) = vector["result"]["text"].as_str() else { continue };
        let name = vector["name"].as_str().unwrap();
        let expected: Vec<&str> =
            told_to.iter().filter(|(told, _)| *told == name).map(|(_, code)| *code).collect();
        let found = CredentialConfig::check(text, &Options::new());
        assert_eq!(codes(&found), expected, "{name}: {found:#?}");
        checked += 1;
    }
    assert!(checked > 20, "only {checked} vectors");
}

/// The first error is the one that the exchange gives, and there is none where it gives none.
#[test]
fn an_error_is_found_exactly_where_an_exchange_refuses() {
    let (mut accepted, mut refused) = (0, 0);
    for vector in vectors("exchange") {
        let text = match vector["config_text"].as_str() {
            Some(text) => text.to_owned(),
            None => vector["config"].to_string(),
        };
        let name = &vector["name"];
        for policy in [EndpointPolicy::Google, EndpointPolicy::Loopback, EndpointPolicy::Any] {
            let found = CredentialConfig::check(&text, &Options::new().endpoints(policy));
            let first = found.iter().find(|each| each.severity == Severity::Error).map(|each| each.code);
            assert_eq!(first, refusal(&text, policy), "{name}: {found:#?}");
            match first {
                Some(_) => refused += 1,
                None => accepted += 1,
            }
            for secret in vector["secrets"].as_array().unwrap() {
                assert!(!format!("{found:?}").contains(secret.as_str().unwrap()), "{name}: {found:#?}");
            }
        }
    }
    assert!(accepted > 500 && refused > 100, "{accepted} accepted, {refused} refused");
}

/// Whatever a configuration of an exchange may say is known to the check.
#[test]
fn no_field_that_is_read_is_called_unknown() {
    let mut unknown: Vec<String> = Vec::new();
    for vector in [vectors("exchange"), vectors("config")].concat() {
        let config = vector.get("config").unwrap_or(&vector["params"]["config"]);
        for finding in CredentialConfig::check(&config.to_string(), &Options::new()) {
            unknown.extend(finding.field.filter(|_| finding.code == "field_unknown"));
        }
    }
    unknown.sort();
    unknown.dedup();
    unknown.retain(|field| !field.contains(".future_") && field != "another_future_field");
    assert_eq!(unknown, [""; 0]);
}

#[test]
fn a_warning_has_a_code_of_the_list_and_each_code_a_vector() {
    let mut seen: Vec<&str> = Vec::new();
    let vectors = vectors("check");
    for vector in &vectors {
        for finding in vector["result"]["findings"].as_array().unwrap() {
            if finding["severity"] == "warning" {
                seen.push(finding["code"].as_str().unwrap());
            }
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, Finding::WARNING_CODES);
}

proptest! {
    #[test]
    fn spoiled_configurations_are_refused_as_an_exchange_refuses_them(
        which in any::<Index>(),
        spoilers in proptest::collection::vec((any::<Index>(), spoiler()), 0..5),
    ) {
        let sound: Vec<Value> = vectors("config").into_iter().map(|vector| vector["params"]["config"].clone()).collect();
        let mut config = which.get(&sound).clone();
        for (place, spoiler) in spoilers {
            let mut places = Vec::new();
            pointers(&config, &mut String::new(), &mut places);
            let pointer: &String = place.get(&places);
            *config.pointer_mut(pointer).unwrap() = spoiler;
        }
        let text = config.to_string();
        for policy in [EndpointPolicy::Google, EndpointPolicy::Any] {
            let found = CredentialConfig::check(&text, &Options::new().endpoints(policy));
            let first = found.iter().find(|each| each.severity == Severity::Error).map(|each| each.code);
            prop_assert_eq!(first, refusal(&text, policy));
            let is_sorted = found.is_sorted_by_key(|each| each.severity == Severity::Warning);
            prop_assert!(is_sorted, "{:#?}", &found);
            let mut fields: Vec<_> = found.iter().map(|each| each.field.clone()).collect();
            fields.sort();
            fields.dedup();
            prop_assert_eq!(fields.len(), found.len(), "a field is spoken of twice: {:#?}", &found);
        }
    }

    #[test]
    fn any_text_is_checked(text in any::<String>()) {
        prop_assert!(!CredentialConfig::check(&text, &Options::new()).is_empty());
    }
}

/// The code of the error before the first question, if there is one.
fn refusal(text: &str, endpoints: EndpointPolicy) -> Option<&'static str> {
    let config = match CredentialConfig::from_json(text) {
        Ok(config) => config,
        Err(error) => return Some(error.code().as_str()),
    };
    let options = Options::new().endpoints(endpoints);
    let goal = Goal::AccessToken { scopes: Vec::new() };
    let error = Exchange::new(config, goal, options).poll(UnixTime::from_seconds(0)).err()?;
    // What a source lacks in its environment is not the configuration's.
    (error.code().as_str() == "config_url_refused").then_some("config_url_refused")
}

fn spoiler() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-z:/.$~ |\\-@]{0,12}".prop_map(Value::from),
        any::<u32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        proptest::sample::select(vec![
            Value::Null,
            json!([]),
            json!({}),
            json!([null]),
            json!({ "x": 1 }),
            json!("https://evil.example/v1/token"),
            json!("https://sts.s3nsapis.fr/v1/token"),
            json!("external_account"),
            json!("service_account"),
            json!("impersonated_service_account"),
            json!("é\n"),
        ]),
    ]
}

/// The JSON pointers to all values but the root.
fn pointers(value: &Value, path: &mut String, found: &mut Vec<String>) {
    if !path.is_empty() {
        found.push(path.clone());
    }
    let children: Vec<(String, &Value)> = match value {
        Value::Object(object) => object.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, child) in children {
        let length = path.len();
        path.push('/');
        path.push_str(&name.replace('~', "~0").replace('/', "~1"));
        pointers(child, path, found);
        path.truncate(length);
    }
}

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code).collect()
}

fn vectors(folder: &str) -> Vec<Value> {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(folder), &mut files);
    files.sort();
    files.iter().map(|file| serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
}
