//! The emulator over real loopback HTTP.

mod aws_rules;
mod azure;
mod cloud_storage;
mod command;
mod containers;
mod delegation;
mod downscoping;
mod faults;
mod github_actions;
mod identity_center;
mod impersonation;
mod metadata;
mod mtls;
mod outbound;
mod server;
mod service_account;
mod signed_urls;
mod sts;
mod sts_roles;
mod sts_signatures;
mod support;
mod token_exchange;
mod web_identity;
mod workforce;
mod workload;
