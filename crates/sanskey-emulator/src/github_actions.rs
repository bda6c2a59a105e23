//! GitHub Actions: the service that gives a job tokens of GitHub's issuer, and what that issuer publishes.
//!
//! Sources: "`OpenID` Connect reference" in the GitHub documentation, sections "OIDC token claims" and "Methods for
//! requesting the OIDC token". The forms of the answers are those that `@actions/core` reads.

use http::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::{
    answers::{Answer, Request},
    random,
    settings::{Settings, is_header_value},
    signing_keys::key_set,
    store::Store,
};

const ISSUER_HOST: &str = "token.actions.githubusercontent.com";
/// A token lives for five minutes, and is good from ten minutes before.
const LIFETIME: Duration = Duration::minutes(5);
const GOOD_BEFORE: Duration = Duration::minutes(10);

/// A job, and where it asks for its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubActions {
    /// The path in `ACTIONS_ID_TOKEN_REQUEST_URL`, whose query is `api-version=2.0`.
    pub request_path: String,
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub request_token: String,
    /// Whether the job has the permission `id-token: write`.
    pub may_ask: bool,
    /// The URL of the issuer, which an enterprise can change.
    pub issuer: String,
    /// `OWNER/NAME`.
    pub repository: String,
    /// The branch or tag, such as `refs/heads/main`.
    pub git_ref: String,
    /// The environment that the job is for, which then stands in the subject.
    pub environment: Option<String>,
}

impl Default for GithubActions {
    fn default() -> Self {
        Self {
            request_path: "/4f7a1c93e2/00000000-0000-0000-0000-000000000000/_apis/distributedtask/hubs/Actions/plans/\
                           6b1d2f0a-94c3-4e7b-8d5a-1c3e5f7a9b20/jobs/12f1170f-54f2-53f3-20dd-22fc7dff55f9/idtoken"
                .to_owned(),
            request_token: "emulator-github-request-token".to_owned(),
            may_ask: true,
            issuer: format!("https://{ISSUER_HOST}"),
            repository: "sanskey-org/sanskey-app".to_owned(),
            git_ref: "refs/heads/main".to_owned(),
            environment: None,
        }
    }
}

impl GithubActions {
    /// Why this cannot work, if it cannot.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let is_repository = self.repository.split('/').map(str::is_empty).eq([false, false]);
        let is_path = self.request_path.starts_with('/') && !self.request_path.contains(['?', '#']);
        if !is_repository {
            Some("the repository is not OWNER/NAME")
        } else if !is_path || self.request_path.starts_with("/emulator/") {
            Some("the path at which jobs ask for tokens is not a path")
        } else if !is_header_value(&self.request_token) {
            Some("the job's token cannot be a header value")
        } else if !self.issuer.starts_with("https://") {
            Some("GitHub's issuer is not an https URL")
        } else {
            None
        }
    }

    fn owner(&self) -> &str {
        self.repository.split('/').next().unwrap_or_default()
    }

    fn subject(&self) -> String {
        match &self.environment {
            Some(environment) => format!("repo:{}:environment:{environment}", self.repository),
            None => format!("repo:{}:ref:{}", self.repository, self.git_ref),
        }
    }
}

/// Answers a request, if its path is that of the service or of one of the issuer's documents.
pub(crate) fn answer(
    store: &Store,
    settings: &Settings,
    request: &Request,
    now: OffsetDateTime,
) -> Option<Answer> {
    let job = &settings.github_actions;
    if request.path == job.request_path {
        return Some(token(store, job, request, now).unwrap_or_else(|refusal| refusal));
    }
    document(store, job, request)
}

/// The statuses are those that users have reported; the texts are inferred but for that of a wrong audience.
fn token(
    store: &Store,
    job: &GithubActions,
    request: &Request,
    now: OffsetDateTime,
) -> Result<Answer, Answer> {
    if request.method != Method::GET {
        return Err(refusal(405, "The requested resource does not support this method."));
    }
    if request.bearer() != Some(&job.request_token) {
        return Err(refusal(401, "The job's token is missing, wrong or over."));
    }
    if !job.may_ask {
        return Err(refusal(403, "The job has not the permission to ask for tokens."));
    }
    // It stands in the URL that the job is given; a client that loses it asks for something else.
    if request.parameter("api-version").as_deref() != Some("2.0") {
        return Err(refusal(400, "No api-version was supplied for the request."));
    }
    let usual = || format!("https://github.com/{}", job.owner());
    let audience = request.parameter("audience").filter(|text| !text.is_empty()).unwrap_or_else(usual);
    let value = store.signing_keys.of_github().sign(&claims(job, &audience, now));
    let count = value.len();
    Ok(Answer::json(200, &json!({ "count": count, "value": value })))
}

fn refusal(status: u16, message: &str) -> Answer {
    let body = json!({
        "$id": "1",
        "innerException": null,
        "message": message,
        "typeName": "GitHub.Services.Common.VssServiceException, GitHub.Services.Common",
        "typeKey": "VssServiceException",
        "errorCode": 0,
        "eventId": 3000,
    });
    Answer::json(status, &body)
}

/// What stands in the tokens of a job that a push has started.
fn claims(job: &GithubActions, audience: &str, now: OffsetDateTime) -> Value {
    let (owner, repository, git_ref) = (job.owner(), &job.repository, &job.git_ref);
    let kind = if git_ref.starts_with("refs/tags/") { "tag" } else { "branch" };
    let workflow = format!("{repository}/.github/workflows/deploy.yml@{git_ref}");
    let commit = "0d5b0a6e8f3c47b19e2d4a6c8b0f1e3d5c7a9b2d";
    let mut claims = json!({
        "jti": random::uuid(),
        "sub": job.subject(),
        "aud": audience,
        "ref": git_ref,
        "sha": commit,
        "repository": repository,
        "repository_owner": owner,
        "repository_owner_id": "65",
        "repository_id": "74",
        "repository_visibility": "private",
        "run_id": "6871234567",
        "run_number": "10",
        "run_attempt": "1",
        "actor": "ana",
        "actor_id": "12",
        "workflow": "deploy",
        "workflow_ref": workflow,
        "workflow_sha": commit,
        "job_workflow_ref": workflow,
        "job_workflow_sha": commit,
        "head_ref": "",
        "base_ref": "",
        "event_name": "push",
        "ref_protected": "false",
        "ref_type": kind,
        "runner_environment": "github-hosted",
        "iss": job.issuer,
        "nbf": (now - GOOD_BEFORE).unix_timestamp(),
        "exp": (now + LIFETIME).unix_timestamp(),
        "iat": now.unix_timestamp(),
    });
    if let Some(environment) = &job.environment {
        claims["environment"] = json!(environment);
    }
    claims
}

/// The issuer's configuration has the same path as that of AWS's issuer; the header `Host` tells them apart.
fn document(store: &Store, job: &GithubActions, request: &Request) -> Option<Answer> {
    match request.path.as_str() {
        "/.well-known/openid-configuration" if request.header("host") == Some(ISSUER_HOST) => {
            Some(Answer::json(
                200,
                &json!({
                    "issuer": job.issuer,
                    "jwks_uri": format!("{}/.well-known/jwks", job.issuer),
                    "subject_types_supported": ["public", "pairwise"],
                    "response_types_supported": ["id_token"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "scopes_supported": ["openid"],
                }),
            ))
        }
        "/.well-known/jwks" => Some(Answer::json(200, &key_set(&[store.signing_keys.of_github()]))),
        _ => None,
    }
}
