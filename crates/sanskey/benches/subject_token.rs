//! A subject token beside the same made with AWS's crate `aws-sigv4`: the two take turns in one run, so that a busy
//! machine slows both down. `cargo bench -p sanskey`, or `make bench` for all languages.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)] // a host, not the core

use std::hint::black_box;
use std::time::{Duration, Instant, UNIX_EPOCH};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sanskey::{CredentialConfig, UnixTime, aws};

const AUDIENCE: &str = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/providers/provider";
const REGION: &str = "us-east-2";
const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: i64 = 1_704_164_645;
const BATCH: Duration = Duration::from_millis(2);

fn main() {
    // Cargo passes `--bench`. A number says how often each takes its turn.
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(101);
    // As long as AWS makes them.
    let session_token = STANDARD
        .encode((0..540_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>());
    let mut credentials = aws::Credentials::new(ID, SECRET);
    credentials.session_token = Some(session_token.as_str().into());
    let ours = || {
        let now = UnixTime::from_seconds(NOW);
        aws::caller_identity_token(&credentials, REGION, AUDIENCE, now).unwrap().expose().len()
    };
    let theirs = || of_aws_sigv4(&session_token).len();
    let text = r#"{"type":"external_account","audience":"//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/prov","subject_token_type":"urn:ietf:params:aws:token-type:aws4_request","token_url":"https://sts.googleapis.com/v1/token","credential_source":{"environment_id":"aws1","regional_cred_verification_url":"https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}}"#;
    let config = || CredentialConfig::from_json(text).unwrap().audience().len();
    let value = || serde_json::from_str::<serde_json::Value>(text).unwrap().as_object().unwrap().len();

    println!("| Rust | sanskey | peer | times faster |\n|---|---|---|---|");
    row("a subject token, µs", "aws-sigv4", &turns(rounds, &ours, &theirs));
    row("a configuration, read and checked, µs", "serde_json alone", &turns(rounds, &config, &value));
}

/// The same with the crate that the AWS SDK signs with.
fn of_aws_sigv4(session_token: &str) -> String {
    let url = "https://sts.us-east-2.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";
    let host = "sts.us-east-2.amazonaws.com";
    let identity =
        aws_credential_types::Credentials::new(ID, SECRET, Some(session_token.to_owned()), None, "bench")
            .into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("sts")
        .time(UNIX_EPOCH + Duration::from_secs(NOW.unsigned_abs()))
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let headers = [("host", host), ("x-goog-cloud-target-resource", AUDIENCE)];
    let request = SignableRequest::new("POST", url, headers.into_iter(), SignableBody::Bytes(b"")).unwrap();
    let signed = aws_sigv4::http_request::sign(request, &parameters).unwrap();
    let (instructions, _) = signed.into_parts();
    let headers: Vec<_> = headers
        .into_iter()
        .chain(instructions.headers())
        .map(|(name, value)| serde_json::json!({ "key": name, "value": value }))
        .collect();
    let token = serde_json::json!({ "url": url, "method": "POST", "headers": headers, "body": "" });
    utf8_percent_encode(&token.to_string(), NON_ALPHANUMERIC).to_string()
}

/// The median seconds of one call of each.
fn turns(rounds: usize, ours: &dyn Fn() -> usize, theirs: &dyn Fn() -> usize) -> [f64; 2] {
    let calls = [ours, theirs];
    let sizes = calls.map(|call| {
        let start = Instant::now();
        let count = (0..1_000_000).map(|_| black_box(call())).take_while(|_| start.elapsed() < BATCH).count();
        u32::try_from(count).unwrap_or(u32::MAX).max(1)
    });
    let mut taken = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for ((call, size), times) in calls.iter().zip(sizes).zip(&mut taken) {
            let start = Instant::now();
            for _ in 0..size {
                black_box(call());
            }
            times.push(start.elapsed().as_secs_f64() / f64::from(size));
        }
    }
    taken.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}

fn row(what: &str, peer: &str, [ours, theirs]: &[f64; 2]) {
    println!("| {what} | {:.2} | {peer}: {:.2} | {:.1} |", ours * 1e6, theirs * 1e6, theirs / ours);
}
