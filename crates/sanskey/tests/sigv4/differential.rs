//! Freshly drawn requests, signed by this library and by AWS's crate `aws-sigv4`.
//!
//! `SANSKEY_SEED=TEXT` draws the same inputs again. Paths and queries are drawn in the form that they
//! have on the wire. Header values are ASCII, since `aws-sigv4` takes no other. Paths for S3 are
//! encoded strictly, as S3 itself does before it compares: `aws-sigv4` signs them as they come.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode,
};
use aws_sigv4::sign::v4;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::string::string_regex;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use proptest::{option, prop_assert_eq};
use sanskey::{Secret, UnixTime, aws, sigv4};

const CASES: u32 = 600;

#[test]
fn same_as_aws_sigv4() {
    let seed = std::env::var("SANSKEY_SEED").unwrap_or_else(|_| fresh_seed());
    println!("SANSKEY_SEED={seed} draws these {CASES} requests again");
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(seed.bytes()).for_each(|(byte, of_seed)| *byte = of_seed);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(
        Config { cases: CASES, failure_persistence: None, ..Config::default() },
        rng,
    );
    runner
        .run(&drawn(), |drawn| check(&drawn))
        .unwrap_or_else(|failure| panic!("SANSKEY_SEED={seed}: {failure}"));
}

#[derive(Clone, Debug)]
struct Drawn {
    method: &'static str,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    region: String,
    service: &'static str,
    seconds: i64,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let regex = |pattern: &str| string_regex(pattern).unwrap();
    // Each piece is what an encoder leaves as it is, or one encoded byte or character.
    let piece = || {
        proptest::prop_oneof![
            regex("[A-Za-z0-9._~-]{1,8}"),
            regex("(%20|%25|%2F|%3D|%26|%2B|%C3%BC|%E1%88%B4|%F0%9F%98%80|@|:|!)"),
        ]
    };
    let segment = || vec(piece(), 1..4).prop_map(|pieces| pieces.concat());
    let dots = select(vec![".", "..", ""]).prop_map(str::to_owned);
    let path = vec(proptest::prop_oneof![4 => segment(), 1 => dots], 0..5)
        .prop_map(|segments| segments.iter().map(|segment| format!("/{segment}")).collect::<String>());
    let parameter = (segment(), option::of(segment())).prop_map(|(name, value)| match value {
        Some(value) => format!("{name}={value}"),
        None => format!("{name}="),
    });
    let query = option::of(vec(parameter, 1..5).prop_map(|parameters| parameters.join("&")));
    let host =
        regex("[a-z][a-z0-9-]{0,10}[a-z0-9](\\.[a-z0-9]{1,8}){0,2}\\.amazonaws\\.com(:[1-9][0-9]{3})?");
    let url = (host, path, query).prop_map(|(host, path, query)| {
        let path = if path.is_empty() { "/".to_owned() } else { path };
        (format!("https://{host}"), query.map_or_else(|| path.clone(), |query| format!("{path}?{query}")))
    });
    let name = proptest::prop_oneof![
        3 => regex("[Xx]-[A-Za-z0-9-]{1,12}[A-Za-z0-9]"),
        1 => select(vec!["Content-Type", "accept", "User-Agent", "transfer-encoding", "x-goog-cloud-target-resource"])
            .prop_map(str::to_owned),
    ];
    let value = regex("[ ]{0,2}[!-~]{0,6}([ ]{1,4}[!-~]{1,6}){0,3}[ ]{0,2}");
    let key = (
        regex("(AKIA|ASIA)[A-Z2-7]{16}"),
        regex("[A-Za-z0-9/+]{40,70}"),
        option::of(regex("[A-Za-z0-9/+=]{1,900}")),
    );
    let place = (
        regex("(us|eu|ap|cn|us-gov)-(north|south|east|west|central)-[1-9]"),
        select(vec!["sts", "execute-api", "dynamodb", "s3", "bedrock"]),
        0_i64..7_000_000_000,
    );
    let message = (
        select(vec!["GET", "POST", "PUT", "DELETE", "HEAD"]),
        url,
        vec((name, value), 0..6),
        vec(any::<u8>(), 0..200),
    );
    (message, key, place).prop_map(
        |((method, (origin, target), headers, body), key, (region, service, seconds))| Drawn {
            method,
            url: if service == "s3" { origin + &strictly_encoded(&target) } else { origin + &target },
            headers,
            body,
            access_key_id: key.0,
            secret_access_key: key.1,
            session_token: key.2,
            region,
            service,
            seconds,
        },
    )
}

fn strictly_encoded(target: &str) -> String {
    target.replace('@', "%40").replace(':', "%3A").replace('!', "%21")
}

fn check(drawn: &Drawn) -> Result<(), TestCaseError> {
    let headers: Vec<(&str, &str)> = drawn.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let request =
        sigv4::Request { method: drawn.method, url: &drawn.url, headers: &headers, body: &drawn.body };
    let mut credentials = aws::Credentials::new(&*drawn.access_key_id, &*drawn.secret_access_key);
    credentials.session_token = drawn.session_token.clone().map(Secret::new);
    let now = UnixTime::from_seconds(drawn.seconds);
    let ours = sigv4::sign(&request, &credentials, &drawn.region, drawn.service, now)
        .map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(
        ours.signature.expose(),
        signature_of_aws_sigv4(drawn, &headers),
        "{:?}",
        ours.string_to_sign
    );
    Ok(())
}

fn signature_of_aws_sigv4(drawn: &Drawn, headers: &[(&str, &str)]) -> String {
    let identity = aws_credential_types::Credentials::new(
        &drawn.access_key_id,
        &drawn.secret_access_key,
        drawn.session_token.clone(),
        None,
        "drawn",
    )
    .into();
    let mut settings = SigningSettings::default();
    if drawn.service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&drawn.region)
        .name(drawn.service)
        .time(UNIX_EPOCH + Duration::from_secs(drawn.seconds.unsigned_abs()))
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let request = SignableRequest::new(
        drawn.method,
        &drawn.url,
        headers.iter().copied(),
        SignableBody::Bytes(&drawn.body),
    )
    .unwrap();
    aws_sigv4::http_request::sign(request, &parameters).unwrap().signature().to_owned()
}

fn fresh_seed() -> String {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos().to_string()
}
