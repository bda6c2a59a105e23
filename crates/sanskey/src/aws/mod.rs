//! The parts of AWS that the proof of identity needs: credentials, regions, `GetCallerIdentity`.

mod caller_identity;
mod credentials;
pub(crate) mod region;

pub(crate) use caller_identity::VerificationUrl;
pub use caller_identity::caller_identity_token;
pub use credentials::Credentials;
