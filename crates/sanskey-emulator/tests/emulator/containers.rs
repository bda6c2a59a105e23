//! The agents of ECS and of EKS Pod Identity.

use crate::support::{Answer, Signing, exchange, get, send, start};
use sanskey_emulator::{AwsKey, Emulator, Running, Settings};
use serde_json::json;

const TASK: &str = "/v2/credentials/2f4a7c1e-6a0b-4b53-9c0e-5d1f3a7b9e24";
const POD: &str = "/v1/credentials";

fn ask(running: &Running, path: &str, headers: &[(&str, &str)]) -> Answer {
    get(&format!("{}{path}", running.url), headers)
}

fn key(answer: &Answer) -> AwsKey {
    let text = |name: &str| answer.json()[name].as_str().expect(name).to_owned();
    AwsKey {
        access_key_id: text("AccessKeyId"),
        secret_access_key: text("SecretAccessKey"),
        session_token: Some(text("Token")),
        expires_at: None,
        account: String::new(),
        arn: String::new(),
        user_id: String::new(),
    }
}

/// Whom Google takes the holder of the credentials for.
fn subject(running: &Running, credentials: &Answer) -> String {
    let token = Signing::honest(&key(credentials), &running.settings().audience).envelope().subject_token();
    let answer = exchange(running, &token);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let bearer = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
    let whoami = ask(running, "/emulator/whoami", &[("authorization", &bearer)]).json();
    whoami["subject"].as_str().unwrap().split_once("/subject/").unwrap().1.to_owned()
}

#[test]
fn a_task_gets_fresh_credentials_of_its_role() {
    let running = start(Settings::default());
    let [one, two] = [(); 2].map(|()| ask(&running, TASK, &[]));

    assert_eq!(one.status, 200);
    assert!(one.header("content-type").starts_with("application/json"));
    let body = one.json();
    assert_eq!(body["RoleArn"], "arn:aws:iam::123456789012:role/sanskey-task-role");
    let date = body["Expiration"].as_str().unwrap();
    assert!(date.ends_with('Z') && date.len() == 20, "{date}");
    for name in ["AccessKeyId", "SecretAccessKey", "Token"] {
        assert_ne!(body[name], two.json()[name], "{name}");
    }
    let arn = "arn:aws:sts::123456789012:assumed-role/sanskey-task-role/0f6c1d2e3b4a59687f8e9d0c1b2a3948";
    assert_eq!(subject(&running, &one), arn);
}

#[test]
fn a_task_without_its_id_gets_nothing() {
    let running = start(Settings::default());

    for (path, code) in [
        ("/v2/credentials", "NoIdInRequest"),
        ("/v2/credentials/", "NoIdInRequest"),
        ("/v2/credentials/other", "InvalidIdInRequest"),
    ] {
        let answer = ask(&running, path, &[]);
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(code)), "{path}");
        assert!(answer.json()["message"].as_str().unwrap().starts_with("CredentialsV2Request: "));
    }
    assert_eq!(send("POST", &format!("{}{TASK}", running.url), &[], "").status, 405);
}

#[test]
fn a_pod_gets_the_credentials_of_a_role_of_its_own() {
    let running = start(Settings { container_token: "pod".to_owned(), ..Settings::default() });
    let answer = ask(&running, POD, &[("authorization", "pod")]);

    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["AccountId"], "123456789012");
    let arn = subject(&running, &answer);
    assert!(arn.starts_with("arn:aws:sts::123456789012:assumed-role/sanskey-pod-role/eks-"), "{arn}");
}

#[test]
fn a_pod_needs_the_token_as_it_is() {
    let running = start(Settings { container_token: "pod".to_owned(), ..Settings::default() });

    let none = ask(&running, POD, &[]);
    assert_eq!((none.status, none.body.as_str()), (400, "Service account token cannot be empty\n"));
    for token in ["other", "Bearer pod", "emulator-container-token"] {
        let answer = ask(&running, POD, &[("authorization", token)]);
        assert_eq!(answer.status, 400, "{token}");
        assert!(answer.body.starts_with("(InvalidTokenException): "), "{}", answer.body);
    }
}

#[test]
fn a_token_can_be_replaced_while_the_pod_runs() {
    let running = start(Settings::default());
    let status = |token: &str| ask(&running, POD, &[("authorization", token)]).status;
    let replace =
        |token: &str| send("PUT", &format!("{}/emulator/container-token", running.url), &[], token).status;

    assert_eq!((status("emulator-container-token"), status("second")), (200, 400));
    assert_eq!(replace("second"), 204);
    assert_eq!((status("emulator-container-token"), status("second")), (400, 200));
    for token in ["", "two\nlines"] {
        assert_eq!(replace(token), 400, "{token:?}");
    }
    assert_eq!(status("second"), 200);
}

#[test]
fn an_attribute_condition_tells_the_task_from_the_instance() {
    let running =
        start(Settings { allowed_role: Some("sanskey-task-role".to_owned()), ..Settings::default() });
    let task = ask(&running, TASK, &[]);
    let exchanged = |key: &AwsKey| {
        let token = Signing::honest(key, &running.settings().audience).envelope().subject_token();
        exchange(&running, &token).status
    };

    assert_eq!(exchanged(&key(&task)), 200);
    assert_eq!(exchanged(&running.issue_role_key()), 400);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let default = Settings::default;
    for settings in [
        Settings { task_role: "path/role".to_owned(), ..default() },
        Settings { pod_role: String::new(), ..default() },
        Settings { task_credentials_id: String::new(), ..default() },
        Settings { container_token: "two\nlines".to_owned(), ..default() },
    ] {
        assert!(Emulator::start(settings.clone()).is_err(), "{settings:?}");
    }
}
