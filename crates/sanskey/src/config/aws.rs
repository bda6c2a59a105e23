//! `credential_source` of a workload on AWS.

use super::endpoints::EndpointPolicy;
use super::fields::{Fields, Problems};
use crate::error::ErrorCode;
use crate::url::HttpUrl;

/// Where an AWS workload finds its region and its credentials. What the environment does not hold
/// comes from the EC2 instance metadata service (IMDS).
#[derive(Clone, Debug, Hash)]
pub(crate) struct AwsSource {
    /// IMDS: the availability zone.
    pub(crate) region_url: Option<String>,
    /// IMDS: the name of the role, and below it the role's credentials.
    pub(crate) credentials_url: Option<String>,
    /// IMDS version 2: where a session begins. Version 1 is used where it is not configured.
    pub(crate) session_token_url: Option<String>,
    /// The `GetCallerIdentity` request to sign; `{region}` stands for the region.
    pub(crate) verification_url_template: String,
}

impl AwsSource {
    /// `is_signed_request`: whether the proof is a signed request, which needs a URL.
    pub(super) fn read(fields: &mut Fields<'_>, is_signed_request: bool) -> Self {
        if fields.required(Fields::text, "environment_id") != "aws1" {
            fields.invalid(
                "environment_id",
                "names an environment or a version of it that is not known; the one that is known is aws1",
            );
        }
        let template = fields.text(VERIFICATION_URL);
        if template.is_none() && is_signed_request {
            fields.missing(VERIFICATION_URL, VERIFICATION_URL_HINT);
        }
        let source = Self {
            region_url: fields.url("region_url"),
            credentials_url: fields.url("url"),
            session_token_url: fields.url("imdsv2_session_token_url"),
            verification_url_template: template.unwrap_or_else(|| USUAL_VERIFICATION_URL.to_owned()),
        };
        source.check_verification_url(fields);
        source
    }

    /// `path` is that of the source.
    pub(super) fn check_endpoints(&self, policy: EndpointPolicy, path: &str, problems: &Problems) {
        let metadata_urls = [
            ("region_url", &self.region_url),
            ("url", &self.credentials_url),
            ("imdsv2_session_token_url", &self.session_token_url),
        ];
        for (name, url) in metadata_urls {
            if let Some(url) = url {
                policy.check_metadata(&format!("{path}.{name}"), url, problems);
            }
        }
        policy.check_aws_sts(
            &format!("{path}.{VERIFICATION_URL}"),
            &self.example_of_verification_url(),
            problems,
        );
    }

    fn example_of_verification_url(&self) -> String {
        self.verification_url_template.replace("{region}", "us-east-1")
    }

    /// The URL is only signed and handed over, never requested, so all it has to be is a URL.
    fn check_verification_url(&self, fields: &Fields<'_>) {
        let example = self.example_of_verification_url();
        let problem = match HttpUrl::split(&example) {
            Err(problem) => problem,
            Ok(url) if !url.https => "does not begin with https://",
            Ok(_) if !example.bytes().all(|b| b.is_ascii_graphic()) => {
                "has a space or a character outside ASCII"
            }
            Ok(_) => return,
        };
        let field = fields.path_of(VERIFICATION_URL);
        let message = format!("The field {field} of the credential configuration {problem}.");
        fields.refuse(ErrorCode::ConfigFieldInvalid, VERIFICATION_URL, message, VERIFICATION_URL_HINT);
    }
}

const VERIFICATION_URL: &str = "regional_cred_verification_url";
pub(super) const USUAL_VERIFICATION_URL: &str =
    "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";
/// [`USUAL_VERIFICATION_URL`] in words.
const VERIFICATION_URL_HINT: &str =
    "Its usual value is https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15.";
