//! The agents that give a container the credentials of its role: that of ECS, and that of EKS Pod Identity.
//!
//! Sources: "Task IAM role" in the Amazon ECS Developer Guide, "Learn how EKS Pod Identity works" in the Amazon
//! EKS User Guide and the method `AssumeRoleForPodIdentity` of its API reference; for the forms of the answers,
//! the agents' own sources (github.com/aws/amazon-ecs-agent, github.com/aws/eks-pod-identity-agent).

use http::Method;
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    answers::{Answer, Request},
    aws_keys::{AwsKey, whole_seconds},
    settings::Settings,
    store::Store,
};

const TASKS: &str = "/v2/credentials";
const PODS: &str = "/v1/credentials";

/// Whether a path belongs to one of the agents.
pub(crate) fn has_path(path: &str) -> bool {
    path == PODS || path == TASKS || path.starts_with("/v2/credentials/")
}

/// Answers a request to one of the agents.
pub(crate) fn answer(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Answer {
    if request.method != Method::GET {
        return Answer::text(405, "Method Not Allowed\n");
    }
    if request.path == PODS {
        pod_credentials(store, settings, request, now)
    } else {
        task_credentials(store, settings, request, now)
    }
}

/// The ECS agent knows a task by the id in the path, which nobody else is told. It asks for no authorization,
/// and does not mind one.
fn task_credentials(
    store: &mut Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Answer {
    let id = request.path.strip_prefix(TASKS).unwrap_or_default().trim_start_matches('/');
    if id.is_empty() {
        return task_refusal("NoIdInRequest", "CredentialsV2Request: No ID in the request");
    }
    if id != settings.task_credentials_id {
        return task_refusal("InvalidIdInRequest", "CredentialsV2Request: Credentials not found");
    }
    let key = store.keep_aws_key(AwsKey::of_task_role(settings, now));
    Answer::json(
        200,
        &json!({
            "RoleArn": format!("arn:aws:iam::{}:role/{}", settings.account, settings.task_role),
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
            "Token": key.session_token,
            "Expiration": key.expires_at.map(whole_seconds),
        }),
    )
}

fn task_refusal(code: &str, message: &str) -> Answer {
    Answer::json(400, &json!({ "code": code, "message": message, "HTTPErrorCode": 400 }))
}

/// The EKS agent demands the pod's token, alone and as it is, and has EKS check it.
fn pod_credentials(store: &mut Store, settings: &Settings, request: &Request, now: OffsetDateTime) -> Answer {
    let Some(token) = request.header("authorization").filter(|token| !token.is_empty()) else {
        return Answer::text(400, "Service account token cannot be empty\n");
    };
    if token != store.container_token.as_deref().unwrap_or(&settings.container_token) {
        // The form is the agent's; the code is that of the API reference, whose message is inferred.
        return Answer::text(
            400,
            "(InvalidTokenException): The token is not valid for this cluster., fault: client\n",
        );
    }
    let key = store.keep_aws_key(AwsKey::of_pod_role(settings, now));
    Answer::json(
        200,
        &json!({
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
            "Token": key.session_token,
            "AccountId": key.account,
            "Expiration": key.expires_at.map(whole_seconds),
        }),
    )
}
