//! What an emulator plays: which account, role, provider and service account, and how strictly.

use std::{io, time::Duration};

use http::HeaderValue;

use crate::{
    aws_roles::{Role, Trust},
    azure::Azure,
    clock,
    github_actions::GithubActions,
    google_sts,
};

/// Everything that can be set about one emulator. The default is a small, self-consistent world.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a rule that is on or off")]
pub struct Settings {
    /// Port on 127.0.0.1; 0 lets the system choose.
    pub port: u16,
    /// Full resource name of the workload identity pool provider, beginning with `//iam.googleapis.com/`.
    pub audience: String,
    /// The AWS account that the provider trusts; `None` means [`account`](Self::account).
    pub provider_account: Option<String>,
    /// E-mail of the one service account that federated tokens may impersonate.
    pub service_account: String,
    /// The number by which Google knows that account: `sub` of its ID tokens, and its OAuth 2.0 client.
    pub service_account_id: String,
    /// Whether federated identities have `roles/iam.workloadIdentityUser` on it: they get its access tokens and ID
    /// tokens.
    pub workload_identity_user: bool,
    /// Whether they have `roles/iam.serviceAccountTokenCreator` on it, too: they get the same, and signatures.
    pub token_creator: bool,
    /// The people of a Google Workspace domain for whom the service account may act.
    pub people: Vec<String>,
    /// The scopes for which it may do so.
    pub delegated_scopes: Vec<String>,
    /// The buckets of Cloud Storage. The first one is the one that the emulator's own address leads to.
    pub buckets: Vec<String>,
    /// The AWS account that the instance runs in: twelve digits.
    pub account: String,
    /// Name of the role that the instance metadata service offers.
    pub role: String,
    /// The instance id: it becomes the session name at the end of the caller's ARN.
    pub instance_id: String,
    /// Name of the role that the ECS agent gives to a task.
    pub task_role: String,
    /// The id with which a task asks the ECS agent: the end of `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`.
    pub task_credentials_id: String,
    /// Name of the role that the EKS Pod Identity agent gives to a pod.
    pub pod_role: String,
    /// The token that the EKS Pod Identity agent demands as `Authorization`, until
    /// `PUT /emulator/container-token` replaces it.
    pub container_token: String,
    /// What the metadata service answers for the availability zone, as it is.
    pub availability_zone: String,
    /// Whether metadata may be read without a session token (version 1 of the service).
    pub imds_v1: bool,
    /// Stands for an attribute condition of the provider: only this role is let in. `None` lets every role
    /// in.
    pub allowed_role: Option<String>,
    /// Refuse headers in the AWS request beyond the five that Google documents, instead of warning.
    pub strict_headers: bool,
    /// How far `x-amz-date` may lie in the future. Google documents no tolerance at all; see
    /// [`aws_identity::Expectations::future_tolerance`](crate::aws_identity::Expectations::future_tolerance).
    pub future_tolerance: Duration,
    /// Whether `constraints/iam.allowServiceAccountCredentialLifetimeExtension` covers the service account:
    /// tokens may then live for 12 hours instead of one.
    pub lifetime_extension: bool,
    /// The roles that AWS STS gives keys for.
    pub roles: Vec<Role>,
    /// The URL of the cluster's issuer of web identity tokens, which [`Trust::Pod`] trusts.
    pub pod_issuer: String,
    /// The URL of the account's own issuer of web identity tokens: that of `GetWebIdentityToken`.
    pub outbound_issuer: String,
    /// Whether the account has enabled outbound web identity federation.
    pub outbound_federation: bool,
    /// Name of the permission set whose keys the portal of IAM Identity Center gives out.
    pub sso_role: String,
    /// The start URL of that portal.
    pub sso_start_url: String,
    /// Full resource name of a second provider, which takes web identity tokens of AWS in place of signed requests.
    pub oidc_audience: String,
    /// The issuer that this provider trusts; `None` means [`outbound_issuer`](Self::outbound_issuer).
    pub oidc_issuer: Option<String>,
    /// The audiences that this provider allows; none means its own name, with or without `https:` before it.
    pub oidc_allowed_audiences: Vec<String>,
    /// Serve a second port, over TLS that asks for the client's certificate.
    pub mtls: bool,
    /// Full resource name of a third provider, which takes X.509 certificates.
    pub x509_audience: String,
    /// Full resource name of a provider of a workforce pool, which takes the tokens of the cluster's issuer.
    pub workforce_audience: String,
    /// The audience that this provider allows: the id of a client at the issuer.
    pub workforce_oidc_client: String,
    /// The OAuth client of the workforce pool, and its secret.
    pub workforce_client_id: String,
    /// See [`workforce_client_id`](Self::workforce_client_id).
    pub workforce_client_secret: String,
    /// The person whom the emulator's refresh tokens stand for.
    pub workforce_subject: String,
    /// Whether token exchanges need the token of an actor beside the subject's (`actorProviders`).
    pub demand_actor: bool,
    /// Azure: managed identities, and Microsoft Entra for pods of AKS.
    pub azure: Azure,
    /// A job of GitHub Actions.
    pub github_actions: GithubActions,
    /// How far the emulator's clock is ahead, until `PUT /emulator/clock` sets it anew; less than none if it is
    /// behind.
    pub clock_offset_seconds: i64,
    /// Let web pages of this origin call the emulator, for example `http://127.0.0.1:8080`. `None` allows no
    /// page.
    pub allow_origin: Option<String>,
    /// How long a client may take to send the head of a request, and again for its body.
    pub client_timeout: Duration,
    /// The emulator stops after this time.
    pub lifetime: Duration,
    /// The emulator stops after this many requests.
    pub max_requests: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            audience: "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool/providers/sanskey-aws".to_owned(),
            provider_account: None,
            service_account: "sanskey-demo@sanskey-demo.iam.gserviceaccount.com".to_owned(),
            service_account_id: "109876543210987654321".to_owned(),
            workload_identity_user: true,
            token_creator: true,
            people: vec!["ana@example.com".to_owned()],
            delegated_scopes: vec![
                "https://www.googleapis.com/auth/calendar.readonly".to_owned(),
                "https://www.googleapis.com/auth/drive.readonly".to_owned(),
            ],
            buckets: vec!["sanskey-demo-bucket".to_owned(), "sanskey-other-bucket".to_owned()],
            account: "123456789012".to_owned(),
            role: "sanskey-demo-role".to_owned(),
            instance_id: "i-0123456789abcdef0".to_owned(),
            task_role: "sanskey-task-role".to_owned(),
            task_credentials_id: "2f4a7c1e-6a0b-4b53-9c0e-5d1f3a7b9e24".to_owned(),
            pod_role: "sanskey-pod-role".to_owned(),
            container_token: "emulator-container-token".to_owned(),
            availability_zone: "us-east-1a".to_owned(),
            imds_v1: true,
            allowed_role: None,
            strict_headers: false,
            future_tolerance: Duration::from_secs(5),
            lifetime_extension: false,
            roles: default_roles(),
            pod_issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/5A45CE1C0FFEE4A6B8D2E0F1A3C5B7D9".to_owned(),
            outbound_issuer: "https://5a45ce1c-0ffe-4a6b-8d2e-0f1a3c5b7d9e.tokens.sts.global.api.aws".to_owned(),
            outbound_federation: true,
            sso_role: "sanskey-sso-role".to_owned(),
            sso_start_url: "https://sanskey.awsapps.com/start".to_owned(),
            oidc_audience: "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool/providers/sanskey-oidc".to_owned(),
            oidc_issuer: None,
            oidc_allowed_audiences: Vec::new(),
            mtls: false,
            x509_audience: "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool/providers/sanskey-x509".to_owned(),
            workforce_audience: "//iam.googleapis.com/locations/global/workforcePools/sanskey-workforce/providers/sanskey-people".to_owned(),
            workforce_oidc_client: "sanskey-people".to_owned(),
            workforce_client_id: "sanskey-client".to_owned(),
            workforce_client_secret: "emulator-client-secret".to_owned(),
            workforce_subject: "ana@example.com".to_owned(),
            demand_actor: false,
            azure: Azure::default(),
            github_actions: GithubActions::default(),
            clock_offset_seconds: 0,
            allow_origin: None,
            client_timeout: Duration::from_secs(30),
            lifetime: Duration::from_mins(10),
            max_requests: 10_000,
        }
    }
}

/// The subject of the pods that the default roles trust.
pub(crate) const POD_SUBJECT: &str = "system:serviceaccount:default:sanskey";

/// A role for pods, one that everybody in the account may assume, and one that only the latter may assume.
fn default_roles() -> Vec<Role> {
    vec![
        Role::new("sanskey-irsa-role", Trust::Pod(POD_SUBJECT.to_owned())),
        Role::new("sanskey-hub-role", Trust::Account),
        Role::new("sanskey-spoke-role", Trust::Role("sanskey-hub-role".to_owned()))
            .with_external_id("sanskey-external-id"),
    ]
}

impl Settings {
    /// Refuses a world in which no exchange could ever succeed.
    pub(crate) fn check(&self) -> io::Result<()> {
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_name = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let is_role = |text: &str| is_name(text) && !text.contains('/');
        for (holds, problem) in [
            (google_sts::is_provider_name(&self.audience), "the audience is not the full name of a provider"),
            (
                google_sts::is_provider_name(&self.oidc_audience),
                "the second audience is not the full name of a provider",
            ),
            (
                google_sts::is_provider_name(&self.x509_audience),
                "the third audience is not the full name of a provider",
            ),
            (
                google_sts::is_provider_name(&self.workforce_audience)
                    && self.workforce_audience.contains("/workforcePools/"),
                "the workforce audience is not the full name of a workforce provider",
            ),
            (self.has_distinct_audiences(), "two providers have the same name"),
            (
                is_name(&self.workforce_client_id) && !self.workforce_client_id.contains(':'),
                "the id of the OAuth client is not a name",
            ),
            (is_name(&self.workforce_client_secret), "the secret of the OAuth client is not a word"),
            (is_name(&self.workforce_subject), "the person is not a name"),
            (is_account(&self.account), "the account is not twelve digits"),
            (is_account(self.trusted_account()), "the provider's account is not twelve digits"),
            (is_role(&self.role), "the role is not a role's name"),
            (is_role(&self.task_role), "the task's role is not a role's name"),
            (is_role(&self.pod_role), "the pod's role is not a role's name"),
            (is_role(&self.sso_role), "the permission set is not a role's name"),
            (is_name(&self.task_credentials_id), "the id of the task's credentials is not an id"),
            (is_header_value(&self.container_token), "the container's token cannot be a header value"),
            (is_name(&self.instance_id), "the instance id is not a name"),
            (is_name(&self.service_account), "the service account is not an e-mail address"),
            (self.buckets.iter().all(|name| is_bucket(name)), "a bucket's name cannot be one"),
            (is_number(&self.service_account_id), "the service account's number is not one"),
            (
                self.roles.iter().all(|role| role.is_valid(self)),
                "a role that can be assumed has neither a name nor an ARN",
            ),
            (self.pod_issuer.starts_with("https://"), "the cluster's issuer is not an https URL"),
            (self.outbound_issuer.starts_with("https://"), "the account's issuer is not an https URL"),
            (self.clock_offset_seconds.abs() <= clock::FURTHEST, "the clock is more than ten years wrong"),
            (self.allow_origin.as_deref().is_none_or(is_header_value), "the origin cannot be a header value"),
        ] {
            if !holds {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
            }
        }
        match self.azure.problem().or_else(|| self.github_actions.problem()) {
            Some(problem) => Err(io::Error::new(io::ErrorKind::InvalidInput, problem)),
            None => Ok(()),
        }
    }

    fn has_distinct_audiences(&self) -> bool {
        let all = [&self.audience, &self.oidc_audience, &self.x509_audience, &self.workforce_audience];
        all.iter().enumerate().all(|(index, name)| !all[..index].contains(name))
    }

    /// The subject of the first role that trusts pods.
    pub(crate) fn pod_subject(&self) -> &str {
        let mut subjects = self.roles.iter().filter_map(|role| match &role.trust {
            Trust::Pod(subject) => Some(subject.as_str()),
            Trust::Account | Trust::Role(_) => None,
        });
        subjects.next().unwrap_or(POD_SUBJECT)
    }

    /// The region of the availability zone.
    pub(crate) fn region(&self) -> &str {
        self.availability_zone.trim_end_matches(|last: char| last.is_ascii_lowercase())
    }

    /// The account that the provider trusts.
    pub(crate) fn trusted_account(&self) -> &str {
        self.provider_account.as_deref().unwrap_or(&self.account)
    }
}

/// <https://cloud.google.com/storage/docs/buckets#naming>, in short.
fn is_bucket(name: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    (3..=222).contains(&name.len()) && name.bytes().all(is_of_name)
}

/// Whether a text can stand in a header, and says something there.
pub(crate) fn is_header_value(text: &str) -> bool {
    !text.is_empty() && HeaderValue::from_str(text).is_ok()
}
