//! The command `sanskey-emulator`.

mod google_arguments;
mod platform_arguments;
mod service_account_arguments;
mod sts_arguments;

use std::{
    io::{self, Read as _, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, ValueEnum};
use google_arguments::GoogleArguments;
use platform_arguments::PlatformArguments;
use sanskey_emulator::{Emulator, Running, Settings};
use service_account_arguments::ServiceAccountArguments;
use sts_arguments::StsArguments;

/// What AWS, Azure and GitHub Actions give to workloads, Google STS, IAM Credentials and a small Cloud Storage on 127.0.0.1, for demos and tests of keyless access.
///
/// The first line on standard output is `listening on http://127.0.0.1:PORT`; with --mtls-out, a second one
/// names the port for mutual TLS. The emulator ends with its
/// lifetime, its number of requests, SIGTERM, or standard input if --stop-with-stdin is given. What it issues
/// is drawn afresh at each start and is worth nothing anywhere else.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    /// Port on 127.0.0.1; 0 lets the system choose
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// Write a credential configuration (`external_account`) that leads a client to this emulator
    #[arg(long, value_name = "FILE")]
    config_out: Option<PathBuf>,

    /// Leave impersonation out of that configuration: the client gets the federated token
    #[arg(long, requires = "config_out")]
    no_impersonation: bool,

    /// Write a configuration in which the client goes through a chain of roles (`sanskey.aws_assume_role`)
    #[arg(long, value_name = "FILE")]
    role_chain_config_out: Option<PathBuf>,

    /// Write a configuration whose proof is a web identity token of AWS (`sanskey.aws_web_identity_token`)
    #[arg(long, value_name = "FILE")]
    web_identity_config_out: Option<PathBuf>,

    /// Stop after this time
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    lifetime_seconds: u64,

    /// Stop after this many requests
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    max_requests: u64,

    /// Stop when standard input reaches its end
    #[arg(long)]
    stop_with_stdin: bool,

    /// Whether instance metadata can be read without a session token (version 1)
    #[arg(long, value_enum, value_name = "SWITCH", default_value_t = Switch::On)]
    imds_v1: Switch,

    /// AWS account that the instance runs in
    #[arg(long, value_name = "DIGITS", default_value_t = Settings::default().account)]
    account: String,

    /// Name of the instance's role
    #[arg(long, value_name = "NAME", default_value_t = Settings::default().role)]
    role: String,

    /// The instance's id, which becomes its session name
    #[arg(long, value_name = "ID", default_value_t = Settings::default().instance_id)]
    instance_id: String,

    /// Name of the role that the ECS agent gives to a task
    #[arg(long, value_name = "NAME", default_value_t = Settings::default().task_role)]
    task_role: String,

    /// The end of the path at which a task asks the ECS agent: /v2/credentials/ID
    #[arg(long, value_name = "ID", default_value_t = Settings::default().task_credentials_id)]
    task_credentials_id: String,

    /// Name of the role that the EKS Pod Identity agent gives to a pod
    #[arg(long, value_name = "NAME", default_value_t = Settings::default().pod_role)]
    pod_role: String,

    /// The token that the EKS Pod Identity agent demands, at /v1/credentials
    #[arg(long, value_name = "TOKEN", default_value_t = Settings::default().container_token)]
    container_token: String,

    /// The instance's availability zone
    #[arg(long, value_name = "ZONE", default_value_t = Settings::default().availability_zone)]
    region_zone: String,

    #[command(flatten)]
    sts: StsArguments,

    #[command(flatten)]
    google: GoogleArguments,

    #[command(flatten)]
    platforms: PlatformArguments,

    /// Full resource name of the workload identity pool provider
    #[arg(long, value_name = "NAME", default_value_t = Settings::default().audience)]
    audience: String,

    /// AWS account that the provider trusts [default: the instance's]
    #[arg(long, value_name = "DIGITS")]
    provider_account: Option<String>,

    /// Attribute condition of the provider: let only this role in
    #[arg(long, value_name = "NAME")]
    allowed_role: Option<String>,

    #[command(flatten)]
    service_account: ServiceAccountArguments,

    /// Refuse undocumented headers in the signed AWS request, instead of warning
    #[arg(long)]
    strict_headers: bool,

    /// How far the date of a signed AWS request may lie in the future
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    future_tolerance_seconds: u64,

    /// How far the emulator's clock is ahead; less than none if it is behind
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true)]
    clock_offset_seconds: i64,

    /// Let web pages of this origin call the emulator
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Option<String>,
}

/// Something that is on if nothing is said, or off.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

impl Arguments {
    fn settings(&self) -> Settings {
        let mut settings = Settings {
            port: self.port,
            audience: self.audience.clone(),
            provider_account: self.provider_account.clone(),
            account: self.account.clone(),
            role: self.role.clone(),
            instance_id: self.instance_id.clone(),
            task_role: self.task_role.clone(),
            task_credentials_id: self.task_credentials_id.clone(),
            pod_role: self.pod_role.clone(),
            container_token: self.container_token.clone(),
            availability_zone: self.region_zone.clone(),
            imds_v1: self.imds_v1 == Switch::On,
            allowed_role: self.allowed_role.clone(),
            strict_headers: self.strict_headers,
            future_tolerance: Duration::from_secs(self.future_tolerance_seconds),
            clock_offset_seconds: self.clock_offset_seconds,
            allow_origin: self.allow_origin.clone(),
            lifetime: Duration::from_secs(self.lifetime_seconds),
            max_requests: self.max_requests,
            ..Settings::default()
        };
        self.sts.apply(&mut settings);
        self.google.apply(&mut settings);
        self.service_account.apply(&mut settings);
        self.platforms.apply(&mut settings);
        settings
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sanskey-emulator: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let running = Emulator::start(arguments.settings())?;
    // Written before the line that callers wait for, so that the files are there when they read on.
    write_configs(arguments, &running)?;
    let mut stdout = io::stdout();
    writeln!(stdout, "listening on {}", running.url)?;
    if let Some(url) = &running.mtls_url {
        writeln!(stdout, "listening on {url} for mutual TLS")?;
    }
    stdout.flush()?;

    if arguments.stop_with_stdin {
        let stop = running.stop_handle();
        std::thread::spawn(move || {
            let _ = io::copy(&mut io::stdin().by_ref(), &mut io::sink());
            stop.stop();
        });
    }
    let reason = running.wait()?;
    eprintln!("sanskey-emulator: stopped ({reason})");
    Ok(())
}

fn write_configs(arguments: &Arguments, running: &Running) -> io::Result<()> {
    let config = if arguments.no_impersonation {
        running.credential_config_without_impersonation()
    } else {
        running.credential_config()
    };
    let own = [
        (&arguments.config_out, config),
        (&arguments.role_chain_config_out, running.role_chain_config()),
        (&arguments.web_identity_config_out, running.web_identity_config()),
    ];
    let wanted = own.iter().filter_map(|(path, config)| Some((path.as_ref()?, config.clone())));
    for (path, config) in wanted.chain(arguments.google.configs(running)) {
        std::fs::write(path, config + "\n").map_err(|error| {
            io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
        })?;
    }
    arguments.google.write_mtls_files(running)
}
