//! A certificate authority of the emulator's own, and the certificates that it makes: the server's, and those of
//! workloads.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256,
};
use rsa::{RsaPrivateKey, pkcs8::EncodePrivateKey as _};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::json;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::{
    answers::{Answer, Request, google_error},
    store::Store,
};

const RSA_BITS: usize = 2048;
const FRESH: &str = "a fresh key signs a certificate of constants and checked texts";

/// Longer than any clock of the emulator can be wrong.
const BEGIN: OffsetDateTime = datetime!(2000-01-01 00:00 UTC);
const END: OffsetDateTime = datetime!(2049-12-31 00:00 UTC);

/// What a workload is called if nobody says otherwise.
pub(crate) const WORKLOAD: &str = "sanskey-workload";
/// How long its certificate is valid.
const LEAF_LIFETIME: Duration = Duration::days(30);
/// A certificate is valid from a while ago, for clients whose clock is behind.
const ISSUED_BEFORE: Duration = Duration::hours(1);
/// More intermediates than the emulated provider accepts.
const DEEPEST: usize = 12;

/// A root, and one certificate between it and the workloads'.
pub(crate) struct Authority {
    root: Issuer,
    intermediate: Issuer,
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// A certificate and what belongs to it.
pub(crate) struct Leaf {
    pub(crate) certificate: Certificate,
    pub(crate) key: KeyPair,
    /// What stands between the certificate and the root, beginning at the certificate.
    pub(crate) chain: Vec<CertificateDer<'static>>,
}

/// What a workload's certificate is to be like.
pub(crate) struct Wanted {
    pub(crate) common_name: Option<String>,
    pub(crate) organizational_unit: Option<String>,
    pub(crate) key: KeyKind,
    pub(crate) begin: OffsetDateTime,
    pub(crate) end: OffsetDateTime,
    /// How many certificates stand between it and the root.
    pub(crate) depth: usize,
    pub(crate) is_for_servers: bool,
}

/// A kind of key.
#[derive(Clone, Copy)]
pub(crate) enum KeyKind {
    P256,
    P384,
    Rsa,
}

impl Wanted {
    /// What every rule of Google's allows.
    pub(crate) fn ordinary(now: OffsetDateTime) -> Self {
        Self {
            common_name: Some(WORKLOAD.to_owned()),
            organizational_unit: None,
            key: KeyKind::P256,
            begin: now - ISSUED_BEFORE,
            end: now + LEAF_LIFETIME,
            depth: 1,
            is_for_servers: false,
        }
    }

    /// What the query of a request asks for.
    fn of(request: &Request, now: OffsetDateTime) -> Result<Self, &'static str> {
        let seconds = |name: &str| -> Result<Option<Duration>, &'static str> {
            let text = request.parameter(name);
            let number = text.map(|text| text.parse::<i32>()).transpose();
            let problem = "begin and end are seconds from now.";
            Ok(number.map_err(|_| problem)?.map(|seconds| Duration::seconds(i64::from(seconds))))
        };
        let end = seconds("end")?.unwrap_or(LEAF_LIFETIME);
        let begin = seconds("begin")?.unwrap_or(Duration::ZERO.min(end) - ISSUED_BEFORE);
        let depth = request.parameter("depth").map_or(Ok(1), |text| text.parse());
        let common_name = request.parameter("cn").unwrap_or_else(|| WORKLOAD.to_owned());
        Ok(Self {
            common_name: Some(common_name).filter(|name| !name.is_empty()),
            organizational_unit: request.parameter("ou"),
            key: match request.parameter("key").as_deref() {
                None | Some("p256") => KeyKind::P256,
                Some("p384") => KeyKind::P384,
                Some("rsa") => KeyKind::Rsa,
                Some(_) => return Err("key is none of p256, p384 and rsa."),
            },
            begin: now + begin,
            end: now + end,
            depth: depth.ok().filter(|depth| *depth <= DEEPEST).ok_or("depth is not a number up to 12.")?,
            is_for_servers: request.parameter("for-servers").is_some(),
        })
    }
}

impl KeyKind {
    fn draw(self) -> KeyPair {
        let drawn = match self {
            Self::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
            Self::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
            Self::Rsa => {
                let key = RsaPrivateKey::new(&mut p256::elliptic_curve::rand_core::OsRng, RSA_BITS)
                    .expect("there are enough primes");
                let document = key.to_pkcs8_der().expect("a fresh key has a PKCS #8 form");
                let document = PrivatePkcs8KeyDer::from(document.as_bytes());
                KeyPair::from_pkcs8_der_and_sign_algo(&document, &PKCS_RSA_SHA256)
            }
        };
        drawn.expect("the system draws keys")
    }
}

impl Authority {
    /// An authority that nobody trusts yet.
    pub(crate) fn new() -> Self {
        let root =
            Issuer::self_signed(authority("sanskey emulator root"), KeyKind::P256.draw()).expect(FRESH);
        let intermediate = below(&root, "sanskey emulator intermediate");
        Self { root, intermediate }
    }

    /// The root: whoever trusts it believes the emulator's server, and the provider believes its workloads.
    pub(crate) fn root(&self) -> &Issuer {
        &self.root
    }

    /// The certificate with which the emulator serves TLS on loopback.
    pub(crate) fn server(&self) -> Leaf {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names).expect("they are an address and a name");
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "sanskey emulator");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        (params.not_before, params.not_after) = (BEGIN, END);
        params.use_authority_key_identifier_extension = true;
        let key = KeyKind::P256.draw();
        Leaf { certificate: params.signed_by(&key, &self.root).expect(FRESH), key, chain: Vec::new() }
    }

    /// A workload's certificate.
    pub(crate) fn leaf(&self, wanted: &Wanted) -> Leaf {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in [
            (DnType::CommonName, &wanted.common_name),
            (DnType::OrganizationalUnitName, &wanted.organizational_unit),
        ] {
            if let Some(text) = value {
                params.distinguished_name.push(kind, text.clone());
            }
        }
        (params.not_before, params.not_after) = (wanted.begin, wanted.end);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![if wanted.is_for_servers {
            ExtendedKeyUsagePurpose::ServerAuth
        } else {
            ExtendedKeyUsagePurpose::ClientAuth
        }];
        params.use_authority_key_identifier_extension = true;

        let key = wanted.key.draw();
        let Some(deeper) = wanted.depth.checked_sub(1) else {
            return Leaf {
                certificate: params.signed_by(&key, &self.root).expect(FRESH),
                key,
                chain: Vec::new(),
            };
        };
        let mut chain = vec![self.intermediate.der().clone()];
        let mut last: Option<Issuer> = None;
        for number in 0..deeper {
            let issuer = last.as_ref().unwrap_or(&self.intermediate);
            let next = below(issuer, &format!("sanskey emulator intermediate {}", number + 2));
            chain.insert(0, next.der().clone());
            last = Some(next);
        }
        let issuer = last.as_ref().unwrap_or(&self.intermediate);
        Leaf { certificate: params.signed_by(&key, issuer).expect(FRESH), key, chain }
    }
}

/// What an authority's certificate has.
fn authority(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (BEGIN, END);
    params
}

/// A certificate that an RSA key, in PKCS #8, has signed itself, PEM. It says what Google's certificates of service
/// accounts say of their use.
pub(crate) fn self_signed(key: &[u8], common_name: &str) -> String {
    let document = PrivatePkcs8KeyDer::from(key);
    let key = KeyPair::from_pkcs8_der_and_sign_algo(&document, &PKCS_RSA_SHA256)
        .expect("the key was drawn here, as an RSA key");
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    (params.not_before, params.not_after) = (BEGIN, END);
    pem([params.self_signed(&key).expect(FRESH).der()])
}

fn below(issuer: &Issuer, common_name: &str) -> Issuer {
    Issuer::signed_by(authority(common_name), KeyKind::P256.draw(), issuer).expect(FRESH)
}

/// Certificates as PEM (RFC 7468), one after the other.
pub(crate) fn pem<'a>(certificates: impl IntoIterator<Item = &'a CertificateDer<'static>>) -> String {
    certificates
        .into_iter()
        .map(|der| {
            let base64 = base64::engine::general_purpose::STANDARD.encode(der);
            let lines: Vec<_> = base64.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
        })
        .collect()
}

/// SHA-256 of a certificate's DER in unpadded base64url, as `bindCertFingerprint` has it: 43 characters.
pub(crate) fn fingerprint(der: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(der))
}

/// Whether a request came with the certificate that a token is bound to, if it is bound to one.
pub(crate) fn is_shown_if_bound(bound_to: Option<&str>, request: &Request) -> bool {
    let shown = request.client_certificate.as_deref().map(fingerprint);
    bound_to.is_none() || bound_to == shown.as_deref()
}

/// Answers `GET /emulator/client-certificate`: a workload's certificate, its key, and its chain, PEM. The query may
/// set `cn` and `ou` of the subject (an empty `cn` is none), `key`, `begin` and `end` in seconds from now, the number
/// of certificates between it and the root (`depth`), another authority (`foreign`), and another use (`for-servers`).
pub(crate) fn answer(store: &Store, request: &Request, now: OffsetDateTime) -> Answer {
    let wanted = match Wanted::of(request, now) {
        Ok(wanted) => wanted,
        Err(problem) => return google_error(400, "INVALID_ARGUMENT", problem, Vec::new()),
    };
    let leaf = if request.parameter("foreign").is_some() {
        Authority::new().leaf(&wanted)
    } else {
        store.authority().leaf(&wanted)
    };
    Answer::json(
        200,
        &json!({
            "certificate": pem([leaf.certificate.der()]),
            "key": leaf.key.serialize_pem(),
            "chain": pem(&leaf.chain),
            "fingerprint": fingerprint(leaf.certificate.der()),
        }),
    )
}
