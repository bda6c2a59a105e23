//! Whose certificate is this? The rules that Google documents for X.509 providers, one function each.
//!
//! Source: "Configure Workload Identity Federation with X.509 certificates". The rules are numbered X1 to X5; a
//! refusal names its rule. Signatures, dates and constraints of the chain are the affair of the crate `webpki`.
//!
//! | rule | says |
//! |---|---|
//! | X1 | the exchange comes over mutual TLS, and its list of certificates begins with that of the handshake |
//! | X2 | the chain leads to the provider's trust anchor, within limits of number, size, depth and kinds of keys |
//! | X3 | the workload's certificate is valid for 390 days at most |
//! | X5 | its subject has a common name, which becomes `google.subject` |
//!
//! Google documents the limits of X2 for the provider's trust store; that they hold for what a workload sends, too,
//! is inferred. So are all the texts but that of X5, that the extended key usage has to allow clients, and the
//! order of the rules. Revocation is not looked at.

use std::{collections::BTreeMap, time::Duration as StdDuration};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::{CertificateDer, UnixTime};
use time::{Duration, OffsetDateTime};
use webpki::{EndEntityCert, Error, KeyUsage, VerifiedPath, anchor_from_trusted_cert};
use x509_parser::{
    certificate::X509Certificate,
    prelude::{FromDer as _, GeneralSubtree},
    public_key::PublicKey,
};

use crate::aws_identity::Refusal;

const MOST_INTERMEDIATES: usize = 10;
const LARGEST_CERTIFICATE: usize = 32 * 1024;
/// The root and the workload's own included.
const DEEPEST_CHAIN: usize = 5;
const MOST_NAME_CONSTRAINTS: usize = 10;
const MOST_ALIKE: usize = 5;
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
const CURVES: [&str; 2] = ["1.2.840.10045.3.1.7", "1.3.132.0.34"]; // P-256 and P-384, RFC 5480 section 2.1.1.1
const LONGEST_LIFETIME: Duration = Duration::days(390);

/// An accepted certificate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) subject: String,
    pub(crate) expires_at: OffsetDateTime,
}

/// Applies every rule to a subject token, with the certificate that the client has shown to be its own.
pub(crate) fn verify(
    token: &str,
    of_handshake: Option<&[u8]>,
    anchor: &CertificateDer<'_>,
    now: OffsetDateTime,
) -> Result<Verified, Refusal> {
    let certificates = certificates(token)?;
    let [leaf, intermediates @ ..] = certificates.as_slice() else {
        return Err(malformed("the list of certificates is empty"));
    };
    x1_handshake(leaf, of_handshake)?;
    x2_sizes(&certificates)?;
    let parsed: Vec<X509Certificate<'_>> = certificates.iter().map(parse).collect::<Result<_, _>>()?;
    x2_keys(&parsed)?;
    x2_constraints(&parsed)?;
    x2_alike(&parsed[1..])?;
    x2_chain(leaf, intermediates, anchor, now)?;
    let expires_at = x3_lifetime(&parsed[0])?;
    Ok(Verified { subject: x5_subject(&parsed[0])?, expires_at })
}

fn refusal(rule: &'static str, description: &str, detail: &'static str) -> Refusal {
    Refusal { rule, error: "invalid_grant", description: description.to_owned(), detail }
}

fn malformed(detail: &'static str) -> Refusal {
    refusal("X1", "The subject token is not a list of X.509 certificates.", detail)
}

fn untrusted(detail: &'static str) -> Refusal {
    refusal("X2", "Unable to verify the certificate chain of the given credential.", detail)
}

/// A JSON list of DER certificates in the standard alphabet of base64, with padding.
fn certificates(token: &str) -> Result<Vec<CertificateDer<'static>>, Refusal> {
    let list: Vec<String> = serde_json::from_str(token)
        .map_err(|_| malformed("the subject token is not a JSON list of texts"))?;
    list.iter()
        .map(|text| STANDARD.decode(text).map(CertificateDer::from))
        .collect::<Result<_, _>>()
        .map_err(|_| malformed("a certificate is not base64"))
}

fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, Refusal> {
    match X509Certificate::from_der(certificate) {
        Ok(([], parsed)) => Ok(parsed),
        _ => Err(malformed("a certificate is not DER")),
    }
}

/// X1: the first certificate is the one of the handshake.
fn x1_handshake(leaf: &CertificateDer<'_>, of_handshake: Option<&[u8]>) -> Result<(), Refusal> {
    let description = "The certificate in the subject token is not the one of the mTLS connection.";
    match of_handshake {
        None => Err(refusal("X1", description, "the client has shown no certificate")),
        Some(shown) if shown != leaf.as_ref() => {
            Err(refusal("X1", description, "the first certificate is not that of the handshake"))
        }
        Some(_) => Ok(()),
    }
}

/// X2: at most ten certificates beside the workload's, of 32 KiB each.
fn x2_sizes(certificates: &[CertificateDer<'_>]) -> Result<(), Refusal> {
    if certificates.len() > MOST_INTERMEDIATES + 1 {
        return Err(untrusted("there are more than ten intermediate certificates"));
    }
    if certificates.iter().any(|certificate| certificate.len() > LARGEST_CERTIFICATE) {
        return Err(untrusted("a certificate is larger than 32 KB"));
    }
    Ok(())
}

/// X2: RSA of 2048 to 4096 bits, or ECDSA on P-256 or P-384.
fn x2_keys(certificates: &[X509Certificate<'_>]) -> Result<(), Refusal> {
    let is_accepted = |certificate: &X509Certificate<'_>| {
        let key = certificate.public_key();
        match key.parsed() {
            Ok(PublicKey::RSA(rsa)) => RSA_BITS.contains(&rsa.key_size()),
            Ok(PublicKey::EC(_)) => {
                let curve = key.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
                curve.is_some_and(|curve| CURVES.contains(&curve.to_id_string().as_str()))
            }
            _ => false,
        }
    };
    if certificates.iter().all(is_accepted) {
        return Ok(());
    }
    Err(untrusted("a key is neither RSA of 2048 to 4096 bits nor on P-256 or P-384"))
}

/// X2: at most ten name constraints.
fn x2_constraints(certificates: &[X509Certificate<'_>]) -> Result<(), Refusal> {
    let count = |certificate: &X509Certificate<'_>| -> Result<usize, Refusal> {
        let constraints =
            certificate.name_constraints().map_err(|_| malformed("name constraints are not DER"))?;
        let length = |list: &Option<Vec<GeneralSubtree<'_>>>| list.as_ref().map_or(0, Vec::len);
        Ok(constraints.map_or(0, |found| {
            length(&found.value.permitted_subtrees) + length(&found.value.excluded_subtrees)
        }))
    };
    let count = certificates.iter().map(count).sum::<Result<usize, _>>()?;
    if count > MOST_NAME_CONSTRAINTS {
        return Err(untrusted("there are more than ten name constraints"));
    }
    Ok(())
}

/// X2: at most five intermediates with the same subject and key.
fn x2_alike(intermediates: &[X509Certificate<'_>]) -> Result<(), Refusal> {
    let mut alike = BTreeMap::new();
    for certificate in intermediates {
        let count = alike.entry((certificate.subject().as_raw(), certificate.public_key().raw)).or_insert(0);
        *count += 1;
        if *count > MOST_ALIKE {
            return Err(untrusted("more than five intermediate certificates have the same subject and key"));
        }
    }
    Ok(())
}

/// X2: the chain leads to the trust anchor, and has five certificates at most.
fn x2_chain(
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    anchor: &CertificateDer<'_>,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let anchors = [anchor_from_trusted_cert(anchor).expect("the emulator's own root is a trust anchor")];
    let now = StdDuration::from_secs(now.unix_timestamp().try_into().unwrap_or_default());
    let check_depth = |path: &VerifiedPath<'_>| {
        let depth = path.intermediate_certificates().count() + 2;
        if depth > DEEPEST_CHAIN { Err(Error::MaximumPathDepthExceeded) } else { Ok(()) }
    };
    let leaf = EndEntityCert::try_from(leaf).map_err(|_| malformed("the first certificate is malformed"))?;
    let verified = leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        intermediates,
        UnixTime::since_unix_epoch(now),
        KeyUsage::client_auth(),
        None,
        Some(&check_depth),
    );
    verified.map(drop).map_err(|problem| {
        untrusted(match problem {
            Error::CertExpired { .. } => "a certificate has expired",
            Error::CertNotValidYet { .. } => "a certificate is not valid yet",
            Error::MaximumPathDepthExceeded => "the chain is longer than five certificates",
            Error::RequiredEkuNotFoundContext(_) => "the extended key usage does not allow clients",
            // An authority of the same name, with another key.
            Error::InvalidSignatureForPublicKey => "a signature of the chain is wrong",
            Error::UnknownIssuer => "no chain leads to the trust anchor",
            _ => "the chain is not valid",
        })
    })
}

/// X3: 390 days at most.
fn x3_lifetime(leaf: &X509Certificate<'_>) -> Result<OffsetDateTime, Refusal> {
    let validity = leaf.validity();
    let (begin, end) = (validity.not_before.to_datetime(), validity.not_after.to_datetime());
    if end - begin > LONGEST_LIFETIME {
        let description = "The lifetime of the leaf certificate exceeds the limit of 390 days.";
        return Err(refusal("X3", description, "the certificate is valid for more than 390 days"));
    }
    Ok(end)
}

/// X5: the default mapping, `google.subject = assertion.subject.dn.cn`.
fn x5_subject(leaf: &X509Certificate<'_>) -> Result<String, Refusal> {
    let name = leaf.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
    name.filter(|name| !name.is_empty()).map(str::to_owned).ok_or_else(|| Refusal {
        rule: "X5",
        error: "unauthorized_client",
        description: "Could not obtain a value for google.subject from the given credential.".to_owned(),
        detail: "the certificate has no common name",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::{Authority, Leaf, Wanted};
    use rcgen::{
        CertificateParams, CustomExtension, DnType, GeneralSubtree as Subtree, KeyPair, NameConstraints,
        PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm,
    };
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2024-01-02 03:04:05 UTC);

    fn list(certificates: &[&[u8]]) -> String {
        let texts: Vec<String> = certificates.iter().map(|der| STANDARD.encode(der)).collect();
        serde_json::to_string(&texts).unwrap()
    }

    fn token(leaf: &Leaf) -> String {
        let mut certificates: Vec<&[u8]> = vec![leaf.certificate.der()];
        certificates.extend(leaf.chain.iter().map(AsRef::as_ref));
        list(&certificates)
    }

    /// The outcome for a certificate of the authority that the provider trusts.
    fn outcome(wanted: &Wanted) -> Result<Verified, (&'static str, &'static str)> {
        let authority = Authority::new();
        let leaf = authority.leaf(wanted);
        verify(&token(&leaf), Some(leaf.certificate.der()), authority.root().der(), NOW)
            .map_err(|refusal| (refusal.rule, refusal.detail))
    }

    /// The outcome for a token whose first certificate is that of the handshake.
    fn outcome_of(certificates: &[&[u8]], authority: &Authority) -> Result<Verified, &'static str> {
        verify(&list(certificates), Some(certificates[0]), authority.root().der(), NOW)
            .map_err(|refusal| refusal.detail)
    }

    /// A certificate that the root signs for whatever key.
    fn signed(
        authority: &Authority,
        key: &impl PublicKeyData,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "a");
        (params.not_before, params.not_after) = (NOW - Duration::DAY, NOW + Duration::DAY);
        change(&mut params);
        params.signed_by(key, authority.root()).unwrap().der().to_vec()
    }

    fn fresh() -> KeyPair {
        KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
    }

    #[test]
    fn a_good_certificate_is_its_common_name() {
        let verified = outcome(&Wanted::ordinary(NOW)).unwrap();
        assert_eq!(
            verified,
            Verified { subject: "sanskey-workload".to_owned(), expires_at: NOW + Duration::days(30) }
        );
        let direct = Wanted { depth: 0, ..Wanted::ordinary(NOW) };
        assert!(outcome(&direct).is_ok());
    }

    #[test]
    fn the_first_certificate_is_that_of_the_handshake() {
        let authority = Authority::new();
        let (leaf, other) = (authority.leaf(&Wanted::ordinary(NOW)), authority.leaf(&Wanted::ordinary(NOW)));
        let outcome = |token: &str, shown: Option<&[u8]>| {
            verify(token, shown, authority.root().der(), NOW)
                .map_err(|refusal| (refusal.rule, refusal.detail))
        };
        assert_eq!(outcome(&token(&leaf), None), Err(("X1", "the client has shown no certificate")));
        let wrong = Err(("X1", "the first certificate is not that of the handshake"));
        assert_eq!(outcome(&token(&leaf), Some(other.certificate.der())), wrong);
        let reversed = list(&[&leaf.chain[0], leaf.certificate.der()]);
        assert_eq!(outcome(&reversed, Some(leaf.certificate.der())), wrong);
    }

    #[test]
    fn the_token_is_a_json_list_of_base64_of_der() {
        let authority = Authority::new();
        let leaf = authority.leaf(&Wanted::ordinary(NOW));
        let der: &[u8] = leaf.certificate.der();
        let url_alphabet = format!("[\"{}\"]", base64::engine::general_purpose::URL_SAFE.encode([0xff; 30]));
        for (token, detail) in [
            (String::new(), "the subject token is not a JSON list of texts"),
            (STANDARD.encode(der), "the subject token is not a JSON list of texts"),
            ("[]".to_owned(), "the list of certificates is empty"),
            (url_alphabet, "a certificate is not base64"),
        ] {
            let refusal = verify(&token, Some(der), authority.root().der(), NOW).unwrap_err();
            assert_eq!((refusal.rule, refusal.detail), ("X1", detail));
        }
        assert_eq!(outcome_of(&[b"no DER"], &authority), Err("a certificate is not DER"));
        assert_eq!(outcome_of(&[&[der, b"more"].concat()], &authority), Err("a certificate is not DER"));
    }

    #[test]
    fn the_chain_leads_to_the_anchor() {
        let (authority, stranger) = (Authority::new(), Authority::new());
        let leaf = stranger.leaf(&Wanted::ordinary(NOW));
        let unknown = Err("no chain leads to the trust anchor");
        let wrong = Err("a signature of the chain is wrong");
        assert_eq!(
            outcome_of(&[leaf.certificate.der(), &leaf.chain[0]], &authority),
            wrong,
            "only the names are right"
        );
        let leaf = authority.leaf(&Wanted::ordinary(NOW));
        assert_eq!(outcome_of(&[leaf.certificate.der()], &authority), unknown, "the intermediate is missing");
        assert!(
            outcome_of(&[leaf.certificate.der(), &leaf.chain[0], authority.root().der()], &authority).is_ok()
        );
    }

    #[test]
    fn a_chain_has_five_certificates_at_most() {
        assert!(outcome(&Wanted { depth: 3, ..Wanted::ordinary(NOW) }).is_ok());
        assert_eq!(
            outcome(&Wanted { depth: 4, ..Wanted::ordinary(NOW) }),
            Err(("X2", "the chain is longer than five certificates"))
        );
    }

    #[test]
    fn dates_and_uses_are_checked() {
        let wanted = || Wanted::ordinary(NOW);
        for (wanted, detail) in [
            (Wanted { end: NOW - Duration::SECOND, ..wanted() }, "a certificate has expired"),
            (Wanted { begin: NOW + Duration::SECOND, ..wanted() }, "a certificate is not valid yet"),
            (Wanted { is_for_servers: true, ..wanted() }, "the extended key usage does not allow clients"),
        ] {
            assert_eq!(outcome(&wanted), Err(("X2", detail)));
        }
    }

    #[test]
    fn a_certificate_is_valid_for_390_days_at_most() {
        let lasting = |seconds: i64| {
            outcome(&Wanted { begin: NOW, end: NOW + Duration::seconds(seconds), ..Wanted::ordinary(NOW) })
        };
        assert!(lasting(390 * 86_400).is_ok());
        assert_eq!(lasting(390 * 86_400 + 1), Err(("X3", "the certificate is valid for more than 390 days")));
    }

    #[test]
    fn a_certificate_without_a_common_name_has_no_subject() {
        let nameless =
            Wanted { common_name: None, organizational_unit: Some("a".to_owned()), ..Wanted::ordinary(NOW) };
        assert_eq!(outcome(&nameless), Err(("X5", "the certificate has no common name")));
    }

    #[test]
    fn keys_are_rsa_of_2048_to_4096_bits_or_on_two_curves() {
        struct Key(Vec<u8>, &'static SignatureAlgorithm);
        impl PublicKeyData for Key {
            fn der_bytes(&self) -> &[u8] {
                &self.0
            }
            fn algorithm(&self) -> &'static SignatureAlgorithm {
                self.1
            }
        }
        /// RFC 8017, appendix A.1.1: a modulus of so many bytes, and 65537.
        fn rsa(bytes: u16) -> Key {
            let [high, low] = (bytes + 1).to_be_bytes();
            let [all_high, all_low] = (bytes + 1 + 4 + 5).to_be_bytes();
            let mut der = vec![0x30, 0x82, all_high, all_low, 0x02, 0x82, high, low, 0x00];
            der.extend(vec![0xc5; usize::from(bytes)]);
            der.extend([0x02, 0x03, 0x01, 0x00, 0x01]);
            Key(der, &PKCS_RSA_SHA256)
        }
        let authority = Authority::new();
        let refused = Err("a key is neither RSA of 2048 to 4096 bits nor on P-256 or P-384");
        let of_key = |key: &Key| outcome_of(&[&signed(&authority, key, |_| {})], &authority).map(drop);
        for (bytes, expected) in
            [(128, refused), (255, refused), (256, Ok(())), (512, Ok(())), (513, refused)]
        {
            assert_eq!(of_key(&rsa(bytes)), expected, "{bytes}");
        }
        let edwards = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        assert_eq!(outcome_of(&[&signed(&authority, &edwards, |_| {})], &authority).map(drop), refused);
    }

    #[test]
    fn certificates_are_few_and_small() {
        let authority = Authority::new();
        let key = fresh();
        let leaf = signed(&authority, &key, |_| {});
        let others: Vec<Vec<u8>> = (0..11).map(|_| signed(&authority, &fresh(), |_| {})).collect();
        let with = |count: usize| {
            let mut all: Vec<&[u8]> = vec![&leaf];
            all.extend(others.iter().take(count).map(Vec::as_slice));
            outcome_of(&all, &authority).map(drop)
        };
        assert_eq!(with(10), Ok(()));
        assert_eq!(with(11), Err("there are more than ten intermediate certificates"));

        let large = |bytes: usize| {
            let extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![0; bytes]);
            signed(&authority, &key, |params| params.custom_extensions = vec![extension])
        };
        let (small, large) = (large(32_000), large(32 * 1024));
        assert!(small.len() <= 32 * 1024);
        assert!(outcome_of(&[&small], &authority).is_ok());
        assert_eq!(outcome_of(&[&large], &authority), Err("a certificate is larger than 32 KB"));
    }

    #[test]
    fn constraints_and_lookalikes_are_few() {
        let authority = Authority::new();
        let (key, leaf) = (fresh(), signed(&authority, &fresh(), |_| {}));
        let constrained = |count: usize| {
            let names = (0..count).map(|number| Subtree::DnsName(format!("{number}.example"))).collect();
            signed(&authority, &key, |params| {
                params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
                params.name_constraints =
                    Some(NameConstraints { permitted_subtrees: names, excluded_subtrees: Vec::new() });
            })
        };
        assert!(outcome_of(&[&leaf, &constrained(10)], &authority).is_ok());
        assert_eq!(
            outcome_of(&[&leaf, &constrained(11)], &authority),
            Err("there are more than ten name constraints")
        );

        let alike: Vec<Vec<u8>> = (0..6).map(|_| signed(&authority, &key, |_| {})).collect();
        let with = |count: usize| {
            let mut all: Vec<&[u8]> = vec![&leaf];
            all.extend(alike.iter().take(count).map(Vec::as_slice));
            outcome_of(&all, &authority).map(drop)
        };
        assert_eq!(with(5), Ok(()));
        assert_eq!(with(6), Err("more than five intermediate certificates have the same subject and key"));
    }
}
