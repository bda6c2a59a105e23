//! Signatures compared with AWS's: its published cases, and its Rust crate on drawn inputs.

mod differential;
mod suite;
