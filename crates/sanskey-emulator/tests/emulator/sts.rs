//! A client of AWS STS that signs with AWS's own crate.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use sanskey_emulator::{AwsKey, Running};
use time::{Duration, OffsetDateTime};

use crate::support::{Answer, encoded, get, send};

pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");

pub(crate) const IRSA: &str = "arn:aws:iam::123456789012:role/sanskey-irsa-role";
pub(crate) const HUB: &str = "arn:aws:iam::123456789012:role/sanskey-hub-role";
pub(crate) const SPOKE: &str = "arn:aws:iam::123456789012:role/sanskey-spoke-role";

/// A form body for an action with some parameters.
pub(crate) fn form(action: &str, parameters: &[(&str, &str)]) -> String {
    let fixed = [("Action", action), ("Version", "2011-06-15")];
    let all = fixed.iter().chain(parameters).map(|(name, value)| format!("{name}={}", encoded(value)));
    all.collect::<Vec<_>>().join("&")
}

/// A call that is not signed.
pub(crate) fn unsigned(running: &Running, body: &str) -> Answer {
    send("POST", &running.url, &[FORM], body)
}

/// How a call is signed.
pub(crate) struct Signature<'a> {
    pub(crate) key: &'a AwsKey,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    /// Seconds from the present.
    pub(crate) offset: i64,
}

impl<'a> Signature<'a> {
    pub(crate) fn honest(key: &'a AwsKey) -> Self {
        Self { key, region: "us-east-1", service: "sts", offset: 0 }
    }

    /// The headers that sign a body for the emulator, `content-type` included.
    pub(crate) fn headers(&self, running: &Running, body: &str) -> Vec<(String, String)> {
        let identity = Credentials::new(
            &self.key.access_key_id,
            &self.key.secret_access_key,
            self.key.session_token.clone(),
            None,
            "test",
        )
        .into();
        let date = OffsetDateTime::now_utc() + Duration::seconds(self.offset);
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(SystemTime::from(date))
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let url = format!("{}/", running.url);
        let request =
            SignableRequest::new("POST", &url, [FORM].into_iter(), SignableBody::Bytes(body.as_bytes()))
                .unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        let mut headers: Vec<_> =
            instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        headers.push((FORM.0.to_owned(), FORM.1.to_owned()));
        headers
    }

    pub(crate) fn call(&self, running: &Running, body: &str) -> Answer {
        send_with(running, &self.headers(running, body), body)
    }
}

/// Sends a body with these headers.
pub(crate) fn send_with(running: &Running, headers: &[(String, String)], body: &str) -> Answer {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    send("POST", &running.url, &headers, body)
}

/// A call that is signed well.
pub(crate) fn signed(running: &Running, key: &AwsKey, action: &str, parameters: &[(&str, &str)]) -> Answer {
    Signature::honest(key).call(running, &form(action, parameters))
}

/// A web identity token of the cluster's issuer.
pub(crate) fn pod_token(running: &Running, query: &str) -> String {
    let answer = get(&format!("{}/emulator/web-identity-token?{query}", running.url), &[]);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// The text of the only element of this name.
#[track_caller]
pub(crate) fn element(answer: &Answer, name: &str) -> String {
    let start = format!("<{name}>");
    let mut found = answer.body.split(&start).skip(1);
    let (Some(rest), None) = (found.next(), found.next()) else { panic!("{name} in {}", answer.body) };
    rest.split_once(&format!("</{name}>")).expect("the element ends").0.to_owned()
}

/// The keys in an answer that has some.
#[track_caller]
pub(crate) fn issued(answer: &Answer) -> AwsKey {
    assert_eq!(answer.status, 200, "{}", answer.body);
    AwsKey {
        access_key_id: element(answer, "AccessKeyId"),
        secret_access_key: element(answer, "SecretAccessKey"),
        session_token: Some(element(answer, "SessionToken")),
        expires_at: None,
        account: String::new(),
        arn: String::new(),
        user_id: String::new(),
    }
}

/// Seconds until the keys in an answer end.
#[track_caller]
pub(crate) fn lifetime(answer: &Answer) -> i64 {
    let text = element(answer, "Expiration");
    let end = OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc3339).expect(&text);
    (end - OffsetDateTime::now_utc()).whole_seconds()
}

#[track_caller]
pub(crate) fn assert_refused(answer: &Answer, status: u16, code: &str, message: &str) {
    assert_eq!((element(answer, "Code").as_str(), answer.status), (code, status), "{}", answer.body);
    let said = element(answer, "Message").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    assert_eq!(said, message);
    assert_eq!(element(answer, "Type"), "Sender");
    assert!(answer.body.starts_with("<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"));
    assert_eq!(element(answer, "RequestId"), answer.header("x-amzn-requestid"));
    assert_eq!(answer.header("content-type"), "text/xml");
}
