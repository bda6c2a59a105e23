//! The part of the command line that is about X.509 and workforce pools.

use std::{io, path::PathBuf};

use clap::Args;
use sanskey_emulator::{Running, Settings};

/// Mutual TLS and X.509, workforce pools, actors.
#[derive(Args)]
pub(crate) struct GoogleArguments {
    /// Serve mutual TLS at a second port, and write into this folder what a workload with an X.509
    /// certificate needs: credentials.json, credentials-federated.json, `certificate_config.json`,
    /// client.pem, client-key.pem, chain.pem, and ca.pem, which clients are to trust
    #[arg(long, value_name = "FOLDER")]
    mtls_out: Option<PathBuf>,

    /// Full resource name of the provider that takes X.509 certificates
    #[arg(long, value_name = "NAME", default_value_t = Settings::default().x509_audience)]
    x509_audience: String,

    /// Write a configuration (`external_account`) for the provider of a workforce pool
    #[arg(long, value_name = "FILE")]
    workforce_config_out: Option<PathBuf>,

    /// Write a configuration of the type `external_account_authorized_user`, with a refresh token
    #[arg(long, value_name = "FILE")]
    authorized_user_config_out: Option<PathBuf>,

    /// Full resource name of the provider of the workforce pool
    #[arg(long, value_name = "NAME", default_value_t = Settings::default().workforce_audience)]
    workforce_audience: String,

    /// The audience of the people's tokens, which the cluster's issuer signs
    #[arg(long, value_name = "TEXT", default_value_t = Settings::default().workforce_oidc_client)]
    workforce_oidc_client: String,

    /// The OAuth client of the workforce pool
    #[arg(long, value_name = "ID", default_value_t = Settings::default().workforce_client_id)]
    workforce_client_id: String,

    /// The secret of that client
    #[arg(long, value_name = "SECRET", default_value_t = Settings::default().workforce_client_secret)]
    workforce_client_secret: String,

    /// The person whom refresh tokens stand for
    #[arg(long, value_name = "SUBJECT", default_value_t = Settings::default().workforce_subject)]
    workforce_subject: String,

    /// Refuse token exchanges without an actor's token, which the cluster's issuer signs for the provider
    #[arg(long)]
    demand_actor: bool,
}

impl GoogleArguments {
    /// Writes what was given into settings.
    pub(crate) fn apply(&self, settings: &mut Settings) {
        settings.mtls = self.mtls_out.is_some();
        settings.x509_audience.clone_from(&self.x509_audience);
        settings.workforce_audience.clone_from(&self.workforce_audience);
        settings.workforce_oidc_client.clone_from(&self.workforce_oidc_client);
        settings.workforce_client_id.clone_from(&self.workforce_client_id);
        settings.workforce_client_secret.clone_from(&self.workforce_client_secret);
        settings.workforce_subject.clone_from(&self.workforce_subject);
        settings.demand_actor = self.demand_actor;
    }

    /// The files with one configuration each, and what is in them.
    pub(crate) fn configs<'a>(&'a self, running: &Running) -> Vec<(&'a PathBuf, String)> {
        let workforce = self.workforce_config_out.iter().map(|path| (path, running.workforce_config()));
        let person =
            self.authorized_user_config_out.iter().map(|path| (path, running.authorized_user_config()));
        workforce.chain(person).collect()
    }

    /// Writes the files of a workload with a certificate, if they are wanted.
    pub(crate) fn write_mtls_files(&self, running: &Running) -> io::Result<()> {
        let Some(folder) = &self.mtls_out else { return Ok(()) };
        running.write_mtls_files(folder).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot write to {}: {error}", folder.display()))
        })
    }
}
