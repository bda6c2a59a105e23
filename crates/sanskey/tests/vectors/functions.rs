//! The pure functions, with the parameters that all languages give them.

use sanskey_bridge::{self as bridge, Failure};
use serde_json::{Map, Value, json};

#[test]
fn functions() {
    for (folder, least) in [
        ("check", 60),
        ("config", 7),
        ("create", 25),
        ("sigv4", 20),
        ("sts", 15),
        ("impersonation", 15),
        ("freshness", 6),
        ("headers", 2),
        ("describe", 6),
    ] {
        crate::check_folder(folder, least, run);
    }
}

#[test]
fn error_codes() {
    let listed: Value =
        serde_json::from_str(include_str!("../../../../tests/vectors/errors/codes.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&bridge::error_codes()).unwrap(), listed);
}

fn run(vector: &Value, printed: &mut String) -> Result<Value, Failure> {
    let params = &vector["params"];
    let text = |name: &str| params[name].as_str().unwrap_or_default();
    let now = params["now"].as_f64().unwrap_or(0.0);
    let status = u32::try_from(params["status"].as_u64().unwrap_or(0)).unwrap();
    let parsed = |json: String| serde_json::from_str::<Value>(&json).unwrap();
    let session_token = params["session_token"].as_str().map(str::to_owned);
    let credentials = bridge::credentials(
        text("access_key_id").to_owned(),
        text("secret_access_key").to_owned(),
        session_token,
    );
    Ok(match vector["function"].as_str().unwrap() {
        "caller_identity_token" => {
            json!({ "text": bridge::caller_identity_token(&credentials, text("region"), text("audience"), now)? })
        }
        "sign_request" => {
            let pairs =
                params["headers"].as_array().unwrap().iter().flat_map(|pair| pair.as_array().unwrap());
            let headers: Vec<String> = pairs.map(|text| text.as_str().unwrap().to_owned()).collect();
            let (method, url, body) = (text("method"), text("url"), text("body").as_bytes());
            let request = bridge::RequestToSign { method, url, headers: &headers, body };
            let signed = bridge::sign_request(&request, &credentials, text("region"), text("service"), now)?;
            let signed = signed.chunks(2).map(|pair| (pair[0].clone(), json!(pair[1])));
            json!({ "headers": signed.collect::<Map<_, _>>() })
        }
        "config_summary" => {
            json!({ "summary": parsed(bridge::config_summary(&params["config"].to_string())?) })
        }
        "check_config" => {
            let found = parsed(bridge::check_config(text("text"), &params["options"].to_string())?);
            let expected = vector["result"]["findings"].as_array().unwrap();
            printed.push_str(&found.to_string());
            let found = found.as_array().unwrap().iter().enumerate().map(|(at, finding)| {
                let words = format!("{} {}", finding["message"].as_str().unwrap(), finding["hint"].as_str().unwrap());
                let says = expected.get(at).and_then(|each| each["says"].as_str()).unwrap_or_default();
                let says = if words.contains(says) { says.to_owned() } else { words };
                json!({ "severity": finding["severity"], "code": finding["code"], "field": finding["field"], "says": says })
            });
            json!({ "findings": found.collect::<Vec<_>>() })
        }
        "certificate_config" => {
            json!({ "text": bridge::certificate_config(text("cert_path"), text("key_path")) })
        }
        "create_config" => json!({ "text": bridge::create_config(&params.to_string())? }),
        "describe_subject_token" => json!({
            "description": parsed(bridge::describe_subject_token(text("token"), text("token_type"), text("audience")))
        }),
        "request_headers" => {
            json!({ "pairs": parsed(bridge::request_headers(text("token"), params["quota_project_id"].as_str())) })
        }
        "sts_request" => json!({ "request": parsed(bridge::sts_request(&params.to_string())?) }),
        "impersonation_request" => {
            json!({ "request": parsed(bridge::impersonation_request(&params.to_string())?) })
        }
        "parse_sts_response" => {
            json!({ "token": parsed(bridge::parse_sts_response(status, text("body"), now)?) })
        }
        "parse_impersonation_response" => {
            json!({ "token": parsed(bridge::parse_impersonation_response(status, text("body"), now)?) })
        }
        "token_freshness" => {
            json!({ "freshness": bridge::token_freshness(params["expires_at"].as_f64().unwrap(), now)? })
        }
        other => panic!("an unknown function: {other}"),
    })
}
