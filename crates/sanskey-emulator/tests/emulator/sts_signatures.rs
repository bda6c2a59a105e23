//! AWS STS: who signed, and what is wrong with a signature.

use crate::{
    sts::{FORM, Signature, assert_refused, element, form, issued, send_with, signed, unsigned},
    support::{Signing, get, send, start},
};
use sanskey_emulator::{AwsKey, Running, Settings};

const INVALID_TOKEN: &str = "The security token included in the request is invalid.";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";

fn caller_identity() -> String {
    form("GetCallerIdentity", &[])
}

#[test]
fn the_caller_is_whom_the_key_was_issued_to() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let answer = signed(&running, &key, "GetCallerIdentity", &[]);

    assert_eq!(answer.status, 200, "{}", answer.body);
    let id = answer.header("x-amzn-requestid").to_owned();
    assert_eq!(id.len(), 36);
    assert_eq!(
        answer.body,
        format!(
            r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:sts::123456789012:assumed-role/sanskey-demo-role/i-0123456789abcdef0</Arn>
    <UserId>{}</UserId>
    <Account>123456789012</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>{id}</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
"#,
            key.user_id
        )
    );
    let user = signed(&running, &running.issue_user_key("ana"), "GetCallerIdentity", &[]);
    assert_eq!(element(&user, "Arn"), "arn:aws:iam::123456789012:user/ana");
    let root = signed(&running, &running.issue_root_key(), "GetCallerIdentity", &[]);
    assert_eq!(element(&root, "Arn"), "arn:aws:iam::123456789012:root");
}

#[test]
fn every_region_is_served() {
    let running = start(Settings::default());
    let key = running.issue_role_key();

    for region in ["eu-central-1", "cn-north-1", "us-gov-west-1"] {
        let answer = Signature { region, ..Signature::honest(&key) }.call(&running, &caller_identity());
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[test]
fn a_call_has_to_be_signed() {
    let running = start(Settings::default());

    for action in ["GetCallerIdentity", "AssumeRole", "GetSessionToken", "GetWebIdentityToken"] {
        let message = "Request is missing Authentication Token";
        assert_refused(&unsigned(&running, &form(action, &[])), 403, "MissingAuthenticationToken", message);
    }
}

#[test]
fn the_header_has_to_be_whole() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let body = caller_identity();
    let with = |change: &dyn Fn(&str, &str) -> Option<String>| {
        let headers = Signature::honest(&key).headers(&running, &body).into_iter();
        let headers = headers.filter_map(|(name, value)| Some((name.clone(), change(&name, &value)?)));
        send_with(&running, &headers.collect::<Vec<_>>(), &body)
    };
    let authorization = |value: &'static str| {
        with(&move |name: &str, old: &str| {
            Some(if name == "authorization" { value.to_owned() } else { old.to_owned() })
        })
    };

    let three = "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' \
                 parameter. Authorization header requires 'SignedHeaders' parameter.";
    assert_refused(&authorization("Bearer x"), 400, "IncompleteSignature", three);
    let one = "Authorization header requires 'Signature' parameter.";
    let answer = authorization("AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host");
    assert_refused(&answer, 400, "IncompleteSignature", one);
    let form = "Authorization header is not a valid AWS4-HMAC-SHA256 header.";
    let answer = authorization("AWS3 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0");
    assert_refused(&answer, 400, "IncompleteSignature", form);
    let parts =
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.";
    let answer = authorization("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0");
    assert_refused(&answer, 400, "IncompleteSignature", parts);

    let undated = with(&|name, value| (name != "x-amz-date").then(|| value.to_owned()));
    let message = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
    assert_refused(&undated, 400, "IncompleteSignature", message);
    let misdated = with(&|name, value| Some(if name == "x-amz-date" { "today" } else { value }.to_owned()));
    let message =
        "Date must be in ISO-8601 'basic format'. Got 'today'. See http://en.wikipedia.org/wiki/ISO_8601";
    assert_refused(&misdated, 400, "IncompleteSignature", message);
}

#[test]
fn dates_have_to_be_within_a_quarter_of_an_hour() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let at = |offset| Signature { offset, ..Signature::honest(&key) }.call(&running, &caller_identity());

    for offset in [-890, -60, 60, 890] {
        assert_eq!(at(offset).status, 200, "{offset}");
    }
    for (offset, begin, middle, end) in [
        (-910, "Signature expired: ", " is now earlier than ", " - 15 min.)"),
        (-90_000, "Signature expired: ", " is now earlier than ", " - 15 min.)"),
        (910, "Signature not yet current: ", " is still later than ", " + 15 min.)"),
        (90_000, "Signature not yet current: ", " is still later than ", " + 15 min.)"),
    ] {
        let answer = at(offset);
        assert_eq!((element(&answer, "Code").as_str(), answer.status), ("SignatureDoesNotMatch", 403));
        let message = element(&answer, "Message");
        let dates = message.strip_prefix(begin).expect(&message).strip_suffix(end).expect(&message);
        let (date, others) = dates.split_once(middle).expect(&message);
        let (limit, now) = others.split_once(" (").expect(&message);
        for text in [date, limit, now] {
            assert!(text.len() == 16 && text.ends_with('Z'), "{message}");
        }
        assert_eq!(date < limit, offset < 0, "{message}");
        assert_eq!(limit < now, offset < 0, "{message}");
    }
}

#[test]
fn the_key_has_to_be_known_and_come_with_its_session_token() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let refused = |key: &AwsKey| {
        assert_refused(
            &signed(&running, key, "GetCallerIdentity", &[]),
            403,
            "InvalidClientTokenId",
            INVALID_TOKEN,
        );
    };

    refused(&AwsKey { access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(), ..key.clone() });
    refused(&AwsKey { session_token: None, ..key.clone() });
    refused(&AwsKey { session_token: Some("other".to_owned()), ..key });
    refused(&AwsKey { session_token: Some("more".to_owned()), ..running.issue_user_key("ana") });
}

/// Keys for the asking.
fn spare_key(running: &Running, query: &str) -> AwsKey {
    let body = get(&format!("{}/emulator/aws-key?{query}", running.url), &[]).json();
    assert_eq!(body["Version"], 1);
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    AwsKey {
        access_key_id: text("AccessKeyId").unwrap(),
        secret_access_key: text("SecretAccessKey").unwrap(),
        session_token: text("SessionToken"),
        ..running.issue_user_key("other")
    }
}

#[test]
fn keys_for_the_asking_are_those_of_a_user_of_root_or_of_a_role() {
    let running = start(Settings::default());
    let arn = |query: &str| {
        element(&signed(&running, &spare_key(&running, query), "GetCallerIdentity", &[]), "Arn")
    };

    assert_eq!(arn(""), "arn:aws:iam::123456789012:user/sanskey");
    assert_eq!(arn("user=ana"), "arn:aws:iam::123456789012:user/ana");
    assert_eq!(arn("root"), "arn:aws:iam::123456789012:root");
    assert_eq!(arn("role=some"), "arn:aws:sts::123456789012:assumed-role/some/sanskey");
    let other = "role=arn:aws:iam::210987654321:role/some&session=mine";
    assert_eq!(arn(other), "arn:aws:sts::210987654321:assumed-role/some/mine");
    for query in ["role=", "role=a&lifetime=b"] {
        assert_eq!(get(&format!("{}/emulator/aws-key?{query}", running.url), &[]).status, 400, "{query}");
    }
}

#[test]
fn a_key_has_to_be_in_force() {
    let running = start(Settings::default());
    let message = "The security token included in the request is expired";

    let over = spare_key(&running, "role=some&lifetime=-1");
    assert_refused(&signed(&running, &over, "GetCallerIdentity", &[]), 403, "ExpiredToken", message);
    let not_yet = spare_key(&running, "role=some&lifetime=30");
    assert_eq!(signed(&running, &not_yet, "GetCallerIdentity", &[]).status, 200);
}

#[test]
fn the_signature_has_to_be_that_of_the_request() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let body = caller_identity();
    let refused = |answer, message| assert_refused(&answer, 403, "SignatureDoesNotMatch", message);

    let wrong_secret = AwsKey { secret_access_key: "wrong".to_owned(), ..key.clone() };
    refused(signed(&running, &wrong_secret, "GetCallerIdentity", &[]), MISMATCH);
    let mut headers = Signature::honest(&key).headers(&running, &body);
    refused(send_with(&running, &headers, &format!("{body}&More=1")), MISMATCH);
    let other_host = start(Settings::default());
    refused(send_with(&running, &Signature::honest(&key).headers(&other_host, &body), &body), MISMATCH);
    let pairs: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    refused(send("POST", &format!("{}/?a=b", running.url), &pairs, &body), MISMATCH);

    headers.push(("x-amz-more".to_owned(), "1".to_owned()));
    let message = "'x-amz-more' must be a 'SignedHeader' in the AWS Authorization.";
    refused(send_with(&running, &headers, &body), message);
    headers.pop();
    for (name, value) in &mut headers {
        if name == "authorization" {
            *value = value.replace(";host;", ";");
        }
    }
    let message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
    refused(send_with(&running, &headers, &body), message);
}

#[test]
fn the_scope_has_to_be_that_of_the_service() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let body = caller_identity();
    let refused = |signature: Signature<'_>, message: &str| {
        assert_refused(&signature.call(&running, &body), 403, "SignatureDoesNotMatch", message);
    };

    let message = "Credential should be scoped to correct service: 'sts'.";
    refused(Signature { service: "iam", ..Signature::honest(&key) }, message);
    let message = "Credential should be scoped to a valid region.";
    refused(Signature { region: "US", ..Signature::honest(&key) }, message);
    let yesterday: Vec<_> = Signature { offset: -86_400, ..Signature::honest(&key) }
        .headers(&running, &body)
        .into_iter()
        .filter(|(name, _)| name != "x-amz-date")
        .chain(
            Signature::honest(&key)
                .headers(&running, &body)
                .into_iter()
                .filter(|(name, _)| name == "x-amz-date"),
        )
        .collect();
    let answer = send_with(&running, &yesterday, &body);
    let message = element(&answer, "Message");
    assert!(
        message.starts_with("Date in Credential scope does not match YYYYMMDD from ISO-8601"),
        "{message}"
    );
}

#[test]
fn an_action_has_to_be_known() {
    let running = start(Settings::default());
    let refused = |body: &str, code, message| assert_refused(&unsigned(&running, body), 400, code, message);

    let message = "Could not find operation DecodeX for version 2011-06-15";
    refused("Action=DecodeX&Version=2011-06-15", "InvalidAction", message);
    let message = "Could not find operation AssumeRole for version NO_VERSION_SPECIFIED";
    refused("Action=AssumeRole", "InvalidAction", message);
    let message = "Could not find operation <& for version 1";
    refused("Action=%3C%26&Version=1", "InvalidAction", message);
    refused("Version=2011-06-15", "MissingAction", "The request is missing an action.");
    let json = send("POST", &running.url, &[("content-type", "application/json")], "Action=AssumeRole");
    assert_refused(&json, 400, "MissingAction", "The request is missing an action.");
}

#[test]
fn sessions_of_a_user_are_the_user() {
    let running = start(Settings::default());
    let user = running.issue_user_key("ana");
    let answer = signed(&running, &user, "GetSessionToken", &[]);

    assert!(answer.body.starts_with(
        "<GetSessionTokenResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <GetSessionTokenResult>\n    \
         <Credentials>\n      <AccessKeyId>ASIA"
    ));
    let seconds = crate::sts::lifetime(&answer);
    assert!((43_190..=43_200).contains(&seconds), "{seconds}");
    let session = issued(&answer);
    let identity = signed(&running, &session, "GetCallerIdentity", &[]);
    assert_eq!(element(&identity, "Arn"), user.arn);
    assert_eq!(element(&identity, "UserId"), user.user_id);

    let message = "Cannot call GetSessionToken with session credentials";
    assert_refused(&signed(&running, &session, "GetSessionToken", &[]), 403, "AccessDenied", message);
    let role = running.issue_role_key();
    assert_refused(&signed(&running, &role, "GetSessionToken", &[]), 403, "AccessDenied", message);
}

#[test]
fn sessions_of_a_user_last_for_a_quarter_of_an_hour_to_one_and_a_half_days() {
    let running = start(Settings::default());
    let user = running.issue_user_key("ana");
    let lasting = |key: &AwsKey, seconds: &str| {
        signed(&running, key, "GetSessionToken", &[("DurationSeconds", seconds)])
    };

    for seconds in [900, 129_600] {
        let left = crate::sts::lifetime(&lasting(&user, &seconds.to_string()));
        assert!((seconds - 10..=seconds).contains(&left), "{left}");
    }
    let left = crate::sts::lifetime(&lasting(&running.issue_root_key(), "129600"));
    assert!((3590..=3600).contains(&left), "{left}");
    for (seconds, rule) in [
        ("899", "Member must have value greater than or equal to 900"),
        ("129601", "Member must have value less than or equal to 129600"),
    ] {
        let message = format!(
            "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: {rule}"
        );
        assert_refused(&lasting(&user, seconds), 400, "ValidationError", &message);
    }
    assert_refused(&lasting(&user, "long"), 400, "MalformedInput", "Invalid Argument");
}

#[test]
fn the_list_of_requests_names_the_action() {
    let running = start(Settings::default());
    unsigned(&running, &form("GetCallerIdentity", &[]));
    send("POST", &running.url, &[FORM], "");

    let [first, second] = &running.requests()[..] else { panic!("two requests") };
    assert_eq!((first.action.as_deref(), first.status), (Some("GetCallerIdentity"), 403));
    assert_eq!((second.action.as_deref(), second.path.as_str()), (None, "/"));
}

#[test]
fn parameters_may_stand_in_the_query_as_in_the_request_that_google_is_handed() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let url =
        format!("{}/?Action=GetCallerIdentity&Version=2011-06-15", running.url).replace("http:", "https:");
    let envelope = Signing { url: &url, ..Signing::honest(&key, &running.settings().audience) }.envelope();
    let headers: Vec<_> = envelope
        .headers
        .iter()
        .filter(|(name, _)| name != "host")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let url = url.replace("https:", "http:");

    let answer = send("POST", &url, &headers, "");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(element(&answer, "Arn"), key.arn);
    let got = send("GET", &url, &headers, "");
    assert_refused(&got, 403, "SignatureDoesNotMatch", MISMATCH);
    let bare = send("GET", &url, &[], "");
    let message = "Request is missing Authentication Token";
    assert_refused(&bare, 403, "MissingAuthenticationToken", message);
}
