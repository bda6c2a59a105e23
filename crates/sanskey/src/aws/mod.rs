//! The parts of AWS that the proof of identity needs: credentials, regions, `GetCallerIdentity`, and the
//! calls to AWS's own Security Token Service.

mod caller_identity;
pub(crate) mod calls;
mod credentials;
pub(crate) mod region;
pub(crate) mod shared_config;
pub(crate) mod sts;
pub(crate) mod xml;

pub(crate) use caller_identity::VerificationUrl;
pub use caller_identity::caller_identity_token;
pub(crate) use calls::Calls;
pub use calls::{AssumeRole, GetSessionToken, GetWebIdentityToken};
pub use credentials::Credentials;
