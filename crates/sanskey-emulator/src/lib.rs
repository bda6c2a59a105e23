//! The other side of keyless access, on loopback: what the platforms of workloads and Google Cloud would answer.
//!
//! One process plays these services on one port:
//!
//! | path | service |
//! |---|---|
//! | `/latest/...` | the EC2 instance metadata service, versions 1 and 2 |
//! | `/v2/credentials/ID` | the ECS agent: credentials of a task's role |
//! | `/v1/credentials` | the EKS Pod Identity agent: credentials of a pod's role |
//! | `POST /` | AWS's Security Token Service: roles, sessions, web identities |
//! | `/id/.../keys` | the issuer of a cluster's web identity tokens, as EKS has one |
//! | `/.well-known/...` | AWS's own issuer of web identity tokens |
//! | `/federation/credentials` | the portal of IAM Identity Center |
//! | `/metadata/identity/oauth2/token` | Azure's instance metadata service: tokens of managed identities |
//! | `/msi/token` | the same for App Service, Functions and Container Apps |
//! | `/TENANT/oauth2/v2.0/token` | Microsoft Entra, for pods of AKS |
//! | `/.../idtoken` | the service that gives tokens to jobs of GitHub Actions |
//! | `/v1/token` | Google's Security Token Service, with the rules it documents for AWS credentials, for OIDC and for X.509; and tokens that can do less |
//! | `/v1/introspect`, `/v1/oauthtoken`, `/v1/revoke` | the same service's side for people of a workforce pool |
//! | `/v1/projects/-/serviceAccounts/EMAIL:METHOD` | Google's IAM Credentials API: access tokens, ID tokens, signatures |
//! | `/oauth2/v3/certs`, `/oauth2/v1/certs` | the keys of those ID tokens, as JWKS and as certificates |
//! | `/service_accounts/v1/...` | the keys of the service account, likewise |
//! | `/token` | Google's OAuth 2.0 token endpoint: tokens for people whom the service account acts for |
//! | `/BUCKET/OBJECT` | Cloud Storage, with tokens or signed URLs; also for requests with `Host: storage.googleapis.com` |
//! | `/emulator/...` | a window into the emulator itself: requests so far, what a token is, keys and tokens for the asking, faults, the clock |
//!
//! With [`Settings::mtls`] all of it is served at a second port as well, over TLS that asks for the client's certificate.
//!
//! Faults can be had at every service, and the clock can be set wrong: see `faults.rs` and `clock.rs`.
//!
//! Every key, session and token that it issues is drawn afresh, and is worth nothing anywhere else.
//! The emulator remembers the secret of each AWS key that it issued, so it can do what Google asks AWS to do:
//! recompute the signature of the handed-over `GetCallerIdentity` request. It does so with AWS's own crate
//! `aws-sigv4`, and shares no code with the clients that it tests.
//!
//! Answers have Google's shapes. The texts are those that Google documents or that users have reported; where
//! neither exists, a comment says that the text is inferred. Which rule refused a request is told in the
//! extra answer headers `x-emulator-rule` and `x-emulator-detail`, so that the bodies stay true to the
//! original.
//!
//! ```
//! use sanskey_emulator::{Emulator, Settings};
//!
//! let running = Emulator::start(Settings::default())?;
//! assert!(running.url.starts_with("http://127.0.0.1:"));
//! let config = running.credential_config();
//! assert!(config.contains("external_account"));
//! # Ok::<(), std::io::Error>(())
//! ```

mod access_boundary;
mod answers;
mod attributes;
pub mod aws_identity;
mod aws_keys;
mod aws_roles;
mod aws_signature;
mod aws_sts;
mod azure;
mod certificates;
mod clock;
mod cloud_storage;
mod container_agents;
mod credential_config;
mod cross_origin;
mod downscoping;
mod faults;
mod github_actions;
mod google_keys;
mod google_oauth;
mod google_oidc;
mod google_sts;
mod google_x509;
mod iam_credentials;
mod identity_center;
mod imds;
mod inspection;
mod issuers;
mod mtls_files;
mod outbound_issuer;
mod payload;
mod pod_issuer;
mod random;
mod routes;
mod server;
mod settings;
mod signing_keys;
mod spare_keys;
mod store;
mod sts_options;
mod tls;
mod workforce;

pub use aws_keys::AwsKey;
pub use aws_roles::{Role, Trust};
pub use azure::{Azure, Identity, TokenVersion};
pub use github_actions::GithubActions;
pub use server::{Emulator, Running, StopHandle, StopReason};
pub use settings::Settings;
pub use store::RequestRecord;
