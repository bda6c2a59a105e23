//! Keyless Google Cloud access for workloads that run elsewhere.
//!
//! A workload proves who it is with what its own platform gives it: on AWS a signed request, elsewhere a
//! token or a certificate. Google's Security Token Service exchanges the proof for a short-lived token
//! (Workload Identity Federation), which may impersonate a service account. A credential configuration (AIP-4117) says where the proof comes
//! from. No service-account key is involved.
//!
//! This crate decides everything and does nothing: it opens no socket, no file and no process, and
//! reads no clock, no environment and no random source. The host does, as it is asked:
//!
//! 1. Parse the configuration: [`CredentialConfig::from_json`].
//! 2. Begin: [`Exchange::new`].
//! 3. [`Exchange::poll`] gives the list of [`Ask`]s, or the [`Outcome`].
//! 4. Do what each [`Action`] says and give the [`Reply`]: [`Exchange::reply`]. Go on with 3.
//!
//! The layers below are of use alone, as pure functions: [`sigv4`], [`aws::caller_identity_token`],
//! [`sts`], [`impersonation`], [`introspection`], [`authorized_user`].
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::dbg_macro,
        clippy::expect_used,
        clippy::get_unwrap,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

mod ask;
pub mod authorized_user;
pub mod aws;
mod config;
mod delegation;
mod desk;
mod downscoping;
mod error;
mod exchange;
mod flow;
mod goal;
mod http;
mod iam_credentials;
pub mod impersonation;
pub mod introspection;
mod json;
mod jwt;
mod memory;
mod refusal;
mod secret;
mod server;
mod signed_url;
pub mod sigv4;
mod source;
mod state;
pub mod sts;
mod subject_token;
mod time;
mod token;
mod token_source;
mod url;
mod words;

pub use ask::{Action, Ask, CommandOutput, HostFailure, HostFailureKind, Reply};
pub use config::{
    ConfigParts, CredentialConfig, EndpointPolicy, Finding, FormatParts, Severity, SourceParts,
    certificate_config,
};
pub use error::{Error, ErrorCode, Fault, Stage};
pub use exchange::{Exchange, Step};
pub use goal::{ActorToken, CLOUD_PLATFORM_SCOPE, Goal, Options, Outcome};
pub use http::{ClientCertificate, Header, HttpRequest, HttpResponse, MAX_BODY_BYTES, Method};
pub use iam_credentials::{SignedBlob, SignedJwt};
pub use secret::Secret;
pub use signed_url::{SignedUrl, SignedUrlRequest, UrlStyle};
pub use subject_token::{SubjectTokenDescription, describe_subject_token};
pub use time::UnixTime;
pub use token::{Freshness, Token, TokenKind, request_headers};
pub use token_source::{Advice, Moment, Settled, TokenSource};

/// What README.md shows of this crate compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ReadmeExamples;
