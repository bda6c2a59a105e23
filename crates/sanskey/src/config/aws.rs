//! `credential_source` of a workload on AWS.

use super::endpoints::EndpointPolicy;
use super::fields::{Fields, missing};
use crate::error::{Error, ErrorCode};

/// Where an AWS workload finds its region and its credentials. What the environment does not hold
/// comes from the EC2 instance metadata service (IMDS).
#[derive(Clone, Debug)]
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
    pub(super) fn read(fields: &mut Fields<'_>, is_signed_request: bool) -> Result<Self, Error> {
        let environment_id = fields.required(Fields::text, "environment_id")?;
        if environment_id != "aws1" {
            return Err(fields.invalid(
                "environment_id",
                "names an environment or a version of it that is not known; the one that is known is aws1",
            ));
        }
        let template = match fields.text(VERIFICATION_URL)? {
            None if is_signed_request => {
                return Err(missing(
                    format!("credential_source.{VERIFICATION_URL}"),
                    "Its usual value is https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15.",
                ));
            }
            template => template,
        };
        let source = Self {
            region_url: fields.url("region_url")?,
            credentials_url: fields.url("url")?,
            session_token_url: fields.url("imdsv2_session_token_url")?,
            verification_url_template: template.unwrap_or_else(|| USUAL_VERIFICATION_URL.to_owned()),
        };
        source.check_verification_url()?;
        Ok(source)
    }

    pub(super) fn check_endpoints(&self, policy: EndpointPolicy) -> Result<(), Error> {
        let metadata_urls = [
            ("credential_source.region_url", &self.region_url),
            ("credential_source.url", &self.credentials_url),
            ("credential_source.imdsv2_session_token_url", &self.session_token_url),
        ];
        for (field, url) in metadata_urls {
            if let Some(url) = url {
                policy.check_metadata(field, url)?;
            }
        }
        policy.check_aws_sts(
            &format!("credential_source.{VERIFICATION_URL}"),
            &self.verification_url_template.replace("{region}", "us-east-1"),
        )
    }

    /// The URL is only signed and handed over, never requested, so all it has to be is a URL.
    fn check_verification_url(&self) -> Result<(), Error> {
        let example = self.verification_url_template.replace("{region}", "us-east-1");
        let problem = match crate::url::HttpUrl::split(&example) {
            Err(problem) => problem,
            Ok(url) if !url.https => "does not begin with https://",
            Ok(_) if !example.bytes().all(|b| b.is_ascii_graphic()) => {
                "has a space or a character outside ASCII"
            }
            Ok(_) => return Ok(()),
        };
        let field = format!("credential_source.{VERIFICATION_URL}");
        Err(Error::config(
            ErrorCode::ConfigFieldInvalid,
            &field,
            format!("The field {field} of the credential configuration {problem}."),
            "Its usual value is https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15.",
        ))
    }
}

const VERIFICATION_URL: &str = "regional_cred_verification_url";
pub(super) const USUAL_VERIFICATION_URL: &str =
    "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";
