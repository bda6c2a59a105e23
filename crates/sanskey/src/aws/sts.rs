//! AWS's own Security Token Service: its endpoints, its requests, its answers.
//!
//! Source: <https://docs.aws.amazon.com/STS/latest/APIReference/>. Requests are forms, answers are XML.

use std::time::Duration;

use super::calls::{AssumeRole, GetSessionToken, GetWebIdentityToken};
use super::region;
use super::xml::Element;
use crate::aws::Credentials;
use crate::desk::Answer;
use crate::error::{Error, ErrorCode, Stage};
use crate::http::{HttpRequest, Method};
use crate::secret::Secret;
use crate::server::Server;
use crate::sigv4;
use crate::time::UnixTime;
use crate::url::{HttpUrl, is_visible_ascii, push_form_field};

pub(crate) const SERVER: Server = Server {
    name: "AWS STS",
    stage: Stage::AwsSts,
    timeout: Duration::from_secs(10),
    first_delay: Duration::from_secs(1),
    retry_unreachable: true,
    connection_hint: "See that the AWS region is right, and that this machine can reach its STS endpoint: routes, firewalls, proxies, or a VPC endpoint for com.amazonaws.REGION.sts. AWS_ENDPOINT_URL_STS names another endpoint.",
    rejected: ErrorCode::AwsStsRejected,
    unavailable: ErrorCode::AwsStsUnavailable,
    malformed: ErrorCode::AwsStsMalformed,
};

/// Where requests go, and the region that they are signed for.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) region: String,
}

/// Which of the addresses of a region to use.
#[derive(Clone, Copy, Default)]
pub(crate) struct Variant {
    pub(crate) fips: bool,
    pub(crate) dual_stack: bool,
}

impl Endpoint {
    /// The regional endpoint: <https://docs.aws.amazon.com/general/latest/gr/sts.html>.
    pub(crate) fn of_region(region: &str, variant: Variant) -> Self {
        // In GovCloud the usual endpoints have FIPS 140 modules.
        let has_own_fips_host = variant.fips && (variant.dual_stack || !region.starts_with("us-gov-"));
        let host = if has_own_fips_host { "sts-fips" } else { "sts" };
        let suffix =
            if variant.dual_stack { region::dual_stack_suffix(region) } else { region::dns_suffix(region) };
        Self { url: format!("https://{host}.{region}.{suffix}/"), region: region.to_owned() }
    }

    /// The request of a call that needs no signature.
    fn unsigned(&self, form: Secret) -> HttpRequest {
        self.post(form).header("content-type", FORM)
    }

    /// Over http the endpoint is on this machine, where no proxy has to read along.
    fn post(&self, form: Secret) -> HttpRequest {
        let request = HttpRequest::new(Method::Post, &*self.url, SERVER.timeout).body(form);
        if self.url.starts_with("http:") { request.bypassing_proxies() } else { request }
    }

    /// The request, signed with these credentials at this time.
    fn signed(&self, form: Secret, credentials: &Credentials, now: UnixTime) -> Result<HttpRequest, Error> {
        let request = sigv4::Request {
            method: Method::Post.as_str(),
            url: &self.url,
            headers: &[("content-type", FORM)],
            body: form.expose().as_bytes(),
        };
        let signed = sigv4::sign(&request, credentials, &self.region, "sts", now)
            .map_err(|error| error.at(Stage::AwsSts))?;
        let mut request = self.post(form);
        // Who sends the request derives `host` from the URL, as the signature does.
        request.headers = signed.headers.into_iter().filter(|header| header.name != "host").collect();
        Ok(request)
    }

    pub(crate) fn assume_role_with_web_identity(
        &self,
        role_arn: &str,
        session_name: Option<&str>,
        token: &Secret,
    ) -> HttpRequest {
        let mut form = Form::new("AssumeRoleWithWebIdentity", token.expose().len());
        form.push("RoleArn", role_arn);
        form.push("RoleSessionName", session_name.unwrap_or(AssumeRole::DEFAULT_SESSION_NAME));
        form.push("WebIdentityToken", token.expose());
        self.unsigned(form.finish())
    }

    pub(crate) fn assume_role(
        &self,
        call: &AssumeRole,
        credentials: &Credentials,
        now: UnixTime,
    ) -> Result<HttpRequest, Error> {
        let session_name = call.role_session_name.as_deref();
        let mut form = Form::new("AssumeRole", 0);
        form.push("RoleArn", &call.role_arn);
        form.push("RoleSessionName", session_name.unwrap_or(AssumeRole::DEFAULT_SESSION_NAME));
        for (position, arn) in call.policy_arns.iter().enumerate() {
            form.push(&format!("PolicyArns.member.{}.arn", position.saturating_add(1)), arn);
        }
        form.push_some("Policy", call.policy.as_deref());
        form.push_seconds(call.duration_seconds);
        form.push_some("ExternalId", call.external_id.as_deref());
        form.push_some("SourceIdentity", call.source_identity.as_deref());
        self.signed(form.finish(), credentials, now)
    }

    pub(crate) fn get_session_token(
        &self,
        call: &GetSessionToken,
        credentials: &Credentials,
        now: UnixTime,
    ) -> Result<HttpRequest, Error> {
        let mut form = Form::new("GetSessionToken", 0);
        form.push_seconds(call.duration_seconds);
        self.signed(form.finish(), credentials, now)
    }

    /// `audience` is that of the configuration, `//iam.googleapis.com/…`.
    pub(crate) fn get_web_identity_token(
        &self,
        call: &GetWebIdentityToken,
        audience: &str,
        credentials: &Credentials,
        now: UnixTime,
    ) -> Result<HttpRequest, Error> {
        let default_audience = format!("https:{audience}");
        let mut form = Form::new("GetWebIdentityToken", 0);
        form.push("Audience.member.1", call.audience.as_deref().unwrap_or(&default_audience));
        form.push_seconds(call.duration_seconds);
        form.push("SigningAlgorithm", call.signing_algorithm.as_deref().unwrap_or("RS256"));
        self.signed(form.finish(), credentials, now)
    }
}

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// The parameters of a call.
struct Form(String);

impl Form {
    fn new(action: &str, largest_value: usize) -> Self {
        // Large enough to hold it all, so that no copy of a secret is left behind by growing.
        let mut form = String::with_capacity(largest_value.saturating_mul(3).saturating_add(4096));
        push_form_field(&mut form, "Action", action);
        push_form_field(&mut form, "Version", "2011-06-15");
        Self(form)
    }

    fn push(&mut self, name: &str, value: &str) {
        push_form_field(&mut self.0, name, value);
    }

    fn push_some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.push(name, value);
        }
    }

    fn push_seconds(&mut self, seconds: Option<u32>) {
        if let Some(seconds) = seconds {
            self.push("DurationSeconds", &seconds.to_string());
        }
    }

    fn finish(self) -> Secret {
        Secret::new(self.0)
    }
}

/// The credentials in the answer to a call.
pub(crate) fn credentials(answer: &Answer, action: &str) -> Result<Credentials, Error> {
    let result = accept(answer, action)?;
    let (response, wrapper) = (format!("{action}Response"), format!("{action}Result"));
    let part = |name: &str| {
        result
            .text_at(&[&response, &wrapper, "Credentials", name])
            .ok_or_else(|| malformed(answer, &format!("to {action} with credentials that have no {name}")))
    };
    let expiration = result.text_at(&[&response, &wrapper, "Credentials", "Expiration"]);
    let credentials = Credentials::new(part("AccessKeyId")?.expose(), part("SecretAccessKey")?.clone())
        .with_session_token(part("SessionToken")?.clone())
        .ending(expiration.and_then(|time| UnixTime::from_rfc3339(time.expose())));
    match credentials.check() {
        Ok(()) => Ok(credentials),
        Err(_) => {
            Err(malformed(answer, &format!("to {action} with credentials that cannot be sent in a header")))
        }
    }
}

/// The JWT in the answer to `GetWebIdentityToken`.
pub(crate) fn web_identity_token(answer: &Answer) -> Result<Secret, Error> {
    const ACTION: &str = "GetWebIdentityToken";
    let result = accept(answer, ACTION)?;
    let path = ["GetWebIdentityTokenResponse", "GetWebIdentityTokenResult", "WebIdentityToken"];
    match result.text_at(&path).filter(|token| is_visible_ascii(token.expose())) {
        Some(token) => Ok(token.clone()),
        None => Err(malformed(answer, "to GetWebIdentityToken without a token")),
    }
}

fn accept(answer: &Answer, action: &str) -> Result<Element, Error> {
    let text = SERVER.accept(answer).map_err(|error| explain(error, action))?;
    Element::parse(text)
        .ok_or_else(|| malformed(answer, &format!("to {action} with something other than its XML")))
}

fn malformed(answer: &Answer, problem: &str) -> Error {
    SERVER.malformed(answer.response.status, problem).about_ask(&answer.ask_id)
}

/// What to do about a refusal. Source of the codes: "Errors" of each action in the API reference, and
/// "Common errors" there.
fn explain(error: Error, action: &str) -> Error {
    if error.code() != ErrorCode::AwsStsRejected {
        return error;
    }
    let hint = match (action, error.remote_error()) {
        ("AssumeRoleWithWebIdentity", Some("AccessDenied")) => {
            "Check the trust policy of the role: it must admit this token's issuer, subject (for EKS system:serviceaccount:NAMESPACE:NAME) and audience (sts.amazonaws.com) to sts:AssumeRoleWithWebIdentity."
        }
        ("AssumeRoleWithWebIdentity", Some("InvalidIdentityToken")) => {
            "Check that the token's issuer is an OIDC identity provider in the role's account, with the token's audience in its list, and that the token file is the one that the platform writes."
        }
        (_, Some("ExpiredTokenException" | "ExpiredToken")) => {
            "The token or the credentials are out of date. See that whoever provides them (kubelet, an agent, a login) still renews them."
        }
        ("AssumeRole", Some("AccessDenied")) => {
            "Check the trust policy of the role: it must admit the caller that the message names, with the external id if it demands one; the caller's own policy must allow sts:AssumeRole on the role."
        }
        ("GetSessionToken", Some("AccessDenied")) => {
            "Only the access key of an IAM user can ask for a session. Leave aws_get_session_token out for a role."
        }
        ("GetWebIdentityToken", Some("AccessDenied")) => {
            "Allow sts:GetWebIdentityToken in the policy of the caller that the message names."
        }
        (
            _,
            Some("OutboundWebIdentityFederationDisabled" | "OutboundWebIdentityFederationDisabledException"),
        ) => {
            "Turn on outbound identity federation in the AWS account: `aws iam enable-outbound-web-identity-federation`."
        }
        (_, Some("InvalidClientTokenId" | "UnrecognizedClientException")) => {
            "AWS does not know the access key. See that it exists and is active, that its session token belongs to it, and that the region is of its partition and enabled for the account."
        }
        (
            _,
            Some(
                "SignatureDoesNotMatch"
                | "InvalidSignatureException"
                | "RequestExpired"
                | "RequestTimeTooSkewed",
            ),
        ) => {
            "See that the secret access key belongs to the access key ID, and that the clock of this machine is right."
        }
        (_, Some("RegionDisabledException")) => {
            "Enable AWS STS for the region in the account settings of IAM, or set AWS_REGION to another region."
        }
        (_, Some("MalformedPolicyDocument" | "PackedPolicyTooLarge")) => {
            "Correct the session policy that is given with the role: JSON of at most 2048 characters."
        }
        (_, Some("ValidationError")) => {
            "Correct the parameter that the message names. A role that is taken on by a role has at most 3600 seconds."
        }
        _ => "The message is AWS's own. See the errors of the action in the AWS STS API reference.",
    };
    error.with_hint(hint)
}

/// An endpoint that the environment names, as for `AWS_ENDPOINT_URL_STS`. Over http it must be on this
/// machine, since what is sent there is worth as much as the credentials that come back.
pub(crate) fn custom_endpoint(variable: &str, url: &str) -> Result<String, Error> {
    let problem = match HttpUrl::split(url) {
        Err(problem) => problem,
        Ok(_) if !is_visible_ascii(url) => "has a space or a character outside ASCII",
        Ok(split) if split.query.is_some() => "has a query",
        Ok(split) if !split.https && !split.is_loopback() => "is http, and leads to another machine",
        Ok(split) if split.path.is_empty() => return Ok(format!("{url}/")),
        Ok(_) => return Ok(url.to_owned()),
    };
    Err(Error::new(
        ErrorCode::AwsEndpointRefused,
        format!("The address in {variable} {problem}."),
        "Set the variable to an https URL, or unset it to use the endpoint of the region. http is for this machine only.",
    )
    .at(Stage::Source))
}
