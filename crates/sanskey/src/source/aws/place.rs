//! Where the first credentials are.

use super::container::Container;
use super::imds::Imds;
use super::process::Process;
use super::sso::Sso;
use super::web_identity::WebIdentity;
use super::{environment, profile};
use crate::aws::{AssumeRole, Credentials};
use crate::desk::{Desk, Env, Flow};
use crate::error::{Error, Stage};
use crate::goal::Options;
use crate::secret::Secret;

/// A place with credentials, and what a profile says besides.
pub(super) struct Origin {
    pub(super) place: Place,
    /// The roles to take on with them, the first one first.
    pub(super) roles: Vec<AssumeRole>,
    pub(super) region: Option<String>,
}

pub(super) enum Place {
    /// In the caller's hands, in the environment, or in a file that has been read.
    Known(Credentials),
    WebIdentity(WebIdentity),
    Sso(Sso),
    Process(Process),
    Container(Container),
    Instance,
}

/// What was found there.
pub(super) enum Found {
    Credentials(Credentials),
    /// A token that AWS STS gives credentials for.
    WebIdentity(WebIdentity, Secret),
}

impl Origin {
    /// The first place that is configured: the caller's credentials or profile, the environment's access
    /// key, web identity, profile and container, the instance.
    pub(super) fn find(desk: &mut Desk, env: &Env, options: &Options) -> Flow<Self> {
        let profile = options.aws_profile.as_deref().filter(|name| !name.is_empty());
        if profile.is_some() && options.aws_credentials.is_some() {
            let message = "AWS credentials and an AWS profile were given, of which only one can be used.";
            return Err(Error::invalid_argument(message).at(Stage::Source).into());
        }
        if let Some(credentials) = &options.aws_credentials {
            credentials.check().map_err(|error| error.at(Stage::Source))?;
            return Ok(Place::Known(credentials.clone()).into());
        }
        if let Some(name) = profile {
            return profile::origin(desk, env, name);
        }
        if let Some(credentials) = environment::credentials_in(env)? {
            return Ok(Place::Known(credentials).into());
        }
        if let Some(identity) = WebIdentity::in_environment(env)? {
            return Ok(Place::WebIdentity(identity).into());
        }
        if let Some(name) = env.get("AWS_PROFILE").or_else(|| env.get("AWS_DEFAULT_PROFILE")) {
            return profile::origin(desk, env, name.expose());
        }
        if let Some(container) = Container::in_environment(env)? {
            return Ok(Place::Container(container).into());
        }
        Ok(Place::Instance.into())
    }
}

impl Origin {
    /// What is left of it for whoever has the credentials of the last role already.
    pub(super) fn after_all_roles(self, credentials: Credentials) -> Self {
        Self { place: Place::Known(credentials), roles: Vec::new(), region: self.region }
    }
}

impl From<Place> for Origin {
    fn from(place: Place) -> Self {
        Self { place, roles: Vec::new(), region: None }
    }
}

impl Place {
    /// Gets what is there. Nothing here needs the region.
    pub(super) fn look(self, desk: &mut Desk, imds: &Imds, session: Option<&Secret>) -> Flow<Found> {
        match self {
            Self::Known(credentials) => Ok(credentials),
            Self::WebIdentity(identity) => {
                let token = identity.token(desk)?;
                return Ok(Found::WebIdentity(identity, token));
            }
            Self::Sso(sso) => sso.credentials(desk),
            Self::Process(process) => process.credentials(desk),
            Self::Container(container) => container.credentials(desk),
            Self::Instance => imds.credentials(desk, session),
        }
        .map(Found::Credentials)
    }
}
