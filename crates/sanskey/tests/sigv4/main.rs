//! Signatures compared with AWS's: its published cases, and its Rust crate on drawn inputs.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)] // a host, not the core

mod differential;
mod suite;
