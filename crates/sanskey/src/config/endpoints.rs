//! Which hosts a credential configuration may lead to: [`EndpointPolicy`].
//!
//! A configuration is often written by somebody else than the one who runs the workload, and Google
//! asks to validate it before use
//! (<https://cloud.google.com/docs/authentication/external/externally-sourced-credentials>). Without
//! a check, whoever can change the file can have the workload's proof of identity sent to himself.

use super::fields::Problems;
use crate::error::{Error, ErrorCode};
use crate::url::HttpUrl;

/// Which hosts the URLs of a configuration may name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndpointPolicy {
    /// Any host. For a configuration that the caller wrote or checked.
    Any,
    /// Google's own endpoints, over https on the standard port, the clouds' metadata services, and GitHub's
    /// token service.
    #[default]
    Google,
    /// As [`EndpointPolicy::Google`], and this machine: for emulators.
    Loopback,
}

/// The published universes. A configuration cannot vouch for a domain of its own.
pub(super) const UNIVERSE_DOMAINS: [&str; 2] = ["googleapis.com", "s3nsapis.fr"];

/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html> and
/// <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token>
const LINK_LOCAL_HOSTS: [&str; 2] = ["169.254.169.254", "[fd00:ec2::254]"];

/// Suffixes of AWS STS hosts: most regions, China, dual-stack.
const AWS_SUFFIXES: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];

impl EndpointPolicy {
    /// An endpoint of a Google API: `service` is `sts` or `iamcredentials`, `domain` is the
    /// configuration's universe. All endpoints must be in one universe, since each gets the token of
    /// the one before.
    pub(super) fn check_google(
        self,
        field: &str,
        service: &str,
        domain: &str,
        url: &str,
        problems: &Problems,
    ) {
        if domain.is_empty() {
            return; // It was given and wrong.
        }
        let expected = if UNIVERSE_DOMAINS.contains(&domain) {
            format!("the {service} endpoint of {domain} over https")
        } else {
            format!("in a universe that is published ({domain} is not)")
        };
        self.check(field, url, problems, &expected, |url, host| {
            url.https && matches!(url.port, None | Some(443)) && is_google_host(host, service, domain)
        });
    }

    /// The EC2 instance metadata service.
    pub(super) fn check_metadata(self, field: &str, url: &str, problems: &Problems) {
        let expected = "the EC2 metadata service, 169.254.169.254 or [fd00:ec2::254]";
        self.check(field, url, problems, expected, |url, host| {
            LINK_LOCAL_HOSTS.contains(&host) && matches!((url.https, url.port), (_, None) | (false, Some(80)))
        });
    }

    /// A server that gives tokens to workloads: the clouds' metadata services (Azure's among them), that of
    /// GitHub Actions, and over https those that the caller has named.
    pub(super) fn check_token_server(self, field: &str, url: &str, named: &[String], problems: &Problems) {
        let expected = "a cloud's metadata service (169.254.169.254), GitHub's token service, or one of the option token_servers";
        self.check(field, url, problems, expected, |url, host| {
            let is_standard_port =
                matches!((url.https, url.port), (_, None) | (false, Some(80)) | (true, Some(443)));
            let is_github = url.https && host.ends_with(".actions.githubusercontent.com");
            let is_named = url.https && named.iter().any(|name| name.eq_ignore_ascii_case(host));
            is_named || (is_standard_port && (LINK_LOCAL_HOSTS.contains(&host) || is_github))
        });
    }

    /// An AWS STS endpoint, which Google calls. It is never on this machine.
    pub(super) fn check_aws_sts(self, field: &str, url: &str, problems: &Problems) {
        let policy = if self == Self::Loopback { Self::Google } else { self };
        policy.check(field, url, problems, "an endpoint of AWS STS over https", |url, host| {
            url.https && matches!(url.port, None | Some(443)) && is_aws_sts_host(host)
        });
    }

    fn check(
        self,
        field: &str,
        url: &str,
        problems: &Problems,
        expected: &str,
        is_expected: impl Fn(&HttpUrl<'_>, &str) -> bool,
    ) {
        let Ok(split) = HttpUrl::split(url) else {
            // An empty one was given and wrong.
            if !url.is_empty() {
                problems.note(Error::bug("A URL was not checked when it was read."));
            }
            return;
        };
        let host = split.host.to_ascii_lowercase();
        let allowed = match self {
            Self::Any => true,
            Self::Google => is_expected(&split, &host),
            Self::Loopback => is_expected(&split, &host) || split.is_loopback(),
        };
        if allowed {
            return;
        }
        let scheme = if split.https { "https" } else { "http" };
        problems.note(Error::config(
            ErrorCode::ConfigUrlRefused,
            field,
            format!(
                "The field {field} of the credential configuration leads to {scheme}://{host}, which is not {expected}."
            ),
            "Correct the URL. Only for a configuration that you wrote or checked yourself, allow other hosts with the option `endpoints` (`any`, or `loopback` for this machine).",
        ));
    }
}

/// Whether a URL leads to a metadata service or to this machine, which no proxy can reach.
pub(crate) fn is_out_of_reach_of_proxies(url: &str) -> bool {
    HttpUrl::split(url)
        .is_ok_and(|url| url.is_loopback() || LINK_LOCAL_HOSTS.contains(&&*url.host.to_ascii_lowercase()))
}

/// The forms that Google documents, at a published universe domain: `sts`, `sts.mtls`,
/// `sts.REGION.rep`, `sts.REGION.rep.mtls`, and `sts-NAME.p` of Private Service Connect.
pub(super) fn is_google_host(host: &str, service: &str, domain: &str) -> bool {
    let prefix = host.strip_suffix(domain).and_then(|prefix| prefix.strip_suffix('.'));
    let Some(rest) = prefix.and_then(|prefix| prefix.strip_prefix(service)) else { return false };
    if !UNIVERSE_DOMAINS.contains(&domain) {
        return false;
    }
    let labels: Vec<&str> = rest.split('.').collect();
    match labels.as_slice() {
        [""] | ["", "mtls"] => true,
        ["", region, "rep"] | ["", region, "rep", "mtls"] => !region.is_empty(),
        [name, "p"] => name.len() > 1 && name.starts_with('-'),
        _ => false,
    }
}

/// `sts` and `sts-fips`, global and regional, in each partition
/// (<https://docs.aws.amazon.com/general/latest/gr/sts.html>).
fn is_aws_sts_host(host: &str) -> bool {
    AWS_SUFFIXES.iter().filter_map(|suffix| host.strip_suffix(suffix)).any(|prefix| {
        let (service, region) = prefix.split_once('.').unwrap_or((prefix, "global"));
        let is_region = region == "global" || crate::aws::region::of_zone(region) == Some(region);
        matches!(service, "sts" | "sts-fips") && is_region
    })
}
