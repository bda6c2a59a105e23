//! The emulator over real loopback HTTP.

mod aws_rules;
mod command;
mod containers;
mod impersonation;
mod metadata;
mod server;
mod support;
mod token_exchange;
mod workload;
