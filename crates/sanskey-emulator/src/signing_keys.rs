//! Keys that sign: those of the issuers of a cluster, of AWS, of Microsoft Entra, of GitHub Actions and of Google, and the
//! one that Google keeps for the service account.
//!
//! Each is drawn when it is first needed, so that an emulator that is never asked for tokens starts at once:
//! an RSA key takes some tenths of a second.

use std::cell::OnceCell;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use p256::{elliptic_curve::rand_core::OsRng, pkcs8::EncodePrivateKey as _};
use rsa::{RsaPrivateKey, pkcs1::EncodeRsaPrivateKey as _, traits::PublicKeyParts as _};
use serde_json::{Value, json};

use crate::{certificates, random};

const RSA_BITS: usize = 2048;

/// A private key, with the public half that its issuer publishes.
pub(crate) struct SigningKey {
    algorithm: Algorithm,
    id: String,
    private: EncodingKey,
    public: DecodingKey,
    /// The public half as RFC 7517 writes it.
    jwk: Value,
    /// The private half in PKCS #8, for what makes certificates of it.
    document: Vec<u8>,
}

impl SigningKey {
    /// A key on the curve P-256.
    fn es256() -> Self {
        let key = p256::ecdsa::SigningKey::random(&mut OsRng);
        let document = key.to_pkcs8_der().expect("a fresh key has a PKCS #8 form");
        let point = key.verifying_key().to_encoded_point(false);
        let (Some(x), Some(y)) = (point.x(), point.y()) else { unreachable!("the point is not compressed") };
        Self::on_curve(Algorithm::ES256, "P-256", document.as_bytes(), x, y)
    }

    /// A key on the curve P-384.
    fn es384() -> Self {
        let key = p384::ecdsa::SigningKey::random(&mut OsRng);
        let document = key.to_pkcs8_der().expect("a fresh key has a PKCS #8 form");
        let point = key.verifying_key().to_encoded_point(false);
        let (Some(x), Some(y)) = (point.x(), point.y()) else { unreachable!("the point is not compressed") };
        Self::on_curve(Algorithm::ES384, "P-384", document.as_bytes(), x, y)
    }

    fn on_curve(algorithm: Algorithm, curve: &str, document: &[u8], x: &[u8], y: &[u8]) -> Self {
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let public = DecodingKey::from_ec_components(&x, &y).expect("the coordinates are those of a point");
        let parameters = json!({ "kty": "EC", "crv": curve, "x": x, "y": y });
        Self::new(algorithm, EncodingKey::from_ec_der(document), public, document, parameters)
    }

    /// An RSA key.
    fn rs256() -> Self {
        let key = RsaPrivateKey::new(&mut OsRng, RSA_BITS).expect("there are enough primes");
        let private = key.to_pkcs1_der().expect("a fresh key has a PKCS #1 form");
        let document = key.to_pkcs8_der().expect("a fresh key has a PKCS #8 form");
        let n = URL_SAFE_NO_PAD.encode(key.n().to_bytes_be());
        let e = URL_SAFE_NO_PAD.encode(key.e().to_bytes_be());
        let public = DecodingKey::from_rsa_components(&n, &e).expect("the numbers are those of a key");
        let private = EncodingKey::from_rsa_der(private.as_bytes());
        let parameters = json!({ "kty": "RSA", "n": n, "e": e });
        Self::new(Algorithm::RS256, private, public, document.as_bytes(), parameters)
    }

    fn new(
        algorithm: Algorithm,
        private: EncodingKey,
        public: DecodingKey,
        document: &[u8],
        mut jwk: Value,
    ) -> Self {
        let id = random::hex(20);
        jwk["alg"] = json!(algorithm);
        jwk["kid"] = json!(id);
        jwk["use"] = json!("sig");
        Self { algorithm, id, private, public, jwk, document: document.to_vec() }
    }

    /// The name of the key.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// A certificate of this name that the key has signed itself, PEM.
    pub(crate) fn certificate(&self, common_name: &str) -> String {
        certificates::self_signed(&self.document, common_name)
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &self.private).expect("the key fits the algorithm")
    }

    /// A token whose claims are this text, byte for byte.
    pub(crate) fn sign_text(&self, claims: &str) -> String {
        let header = json!({ "alg": self.algorithm, "kid": self.id, "typ": "JWT" }).to_string();
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.sign_bytes(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// A signature of bytes. That of an RSA key is the one of PKCS #1 version 1.5, with SHA-256.
    pub(crate) fn sign_bytes(&self, message: &[u8]) -> Vec<u8> {
        let signature = jsonwebtoken::crypto::sign(message, &self.private, self.algorithm)
            .expect("the key fits the algorithm");
        URL_SAFE_NO_PAD.decode(signature).expect("the library encodes what it has signed")
    }

    /// Whether a signature of bytes is this key's.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = URL_SAFE_NO_PAD.encode(signature);
        jsonwebtoken::crypto::verify(&signature, message, &self.public, self.algorithm).unwrap_or(false)
    }
}

/// Why a token is not taken. Times and audiences are the caller's affair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unverified {
    /// It has not the form of a JWT.
    Malformed,
    /// No key has its id and its algorithm.
    UnknownKey,
    /// Its signature is not that of the key.
    WrongSignature,
}

/// The claims of a token, before anybody has looked at its signature.
pub(crate) fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    claims.is_object().then_some(claims)
}

/// The algorithm that a token's header names.
pub(crate) fn algorithm(token: &str) -> Option<String> {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    serde_json::from_slice::<Value>(&header).ok()?.get("alg")?.as_str().map(str::to_owned)
}

/// The claims of a token that one of the keys signed.
pub(crate) fn verify(token: &str, keys: &[&SigningKey]) -> Result<Value, Unverified> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Unverified::Malformed)?;
    claims(token).ok_or(Unverified::Malformed)?;
    let named = keys.iter().find(|key| Some(&key.id) == header.kid.as_ref() && key.algorithm == header.alg);
    verified_by(token, named.ok_or(Unverified::UnknownKey)?)
}

/// Likewise, where a token that names no key may be of this one.
pub(crate) fn verify_unnamed(token: &str, key: &SigningKey) -> Result<Value, Unverified> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Unverified::Malformed)?;
    if header.kid.is_some() || header.alg != key.algorithm {
        return verify(token, &[key]);
    }
    verified_by(token, key)
}

fn verified_by(token: &str, key: &SigningKey) -> Result<Value, Unverified> {
    // The library reads the system's clock, and the emulator has one of its own.
    let mut validation = Validation::new(key.algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    jsonwebtoken::decode::<Value>(token, &key.public, &validation)
        .map(|token| token.claims)
        .map_err(|_| Unverified::WrongSignature)
}

/// A set of keys as an issuer publishes it (RFC 7517).
pub(crate) fn key_set(keys: &[&SigningKey]) -> Value {
    json!({ "keys": keys.iter().map(|key| &key.jwk).collect::<Vec<_>>() })
}

/// The keys of all issuers, each drawn when it is first asked for.
#[derive(Default)]
pub(crate) struct SigningKeys {
    pod: OnceCell<SigningKey>,
    rs256: OnceCell<SigningKey>,
    es384: OnceCell<SigningKey>,
    entra: OnceCell<SigningKey>,
    github: OnceCell<SigningKey>,
    google: OnceCell<SigningKey>,
    service_account: OnceCell<SigningKey>,
}

impl SigningKeys {
    /// The key of the cluster. EKS signs with RSA; this one is quicker to draw, and AWS takes either.
    pub(crate) fn of_pods(&self) -> &SigningKey {
        self.pod.get_or_init(SigningKey::es256)
    }

    /// The RSA key of AWS's own issuer.
    pub(crate) fn rs256(&self) -> &SigningKey {
        self.rs256.get_or_init(SigningKey::rs256)
    }

    /// The key of AWS's own issuer on P-384.
    pub(crate) fn es384(&self) -> &SigningKey {
        self.es384.get_or_init(SigningKey::es384)
    }

    /// The key of Microsoft Entra, which signs for every directory.
    pub(crate) fn of_entra(&self) -> &SigningKey {
        self.entra.get_or_init(SigningKey::rs256)
    }

    /// The key of GitHub's issuer.
    pub(crate) fn of_github(&self) -> &SigningKey {
        self.github.get_or_init(SigningKey::rs256)
    }

    /// The key with which Google signs ID tokens.
    pub(crate) fn of_google(&self) -> &SigningKey {
        self.google.get_or_init(SigningKey::rs256)
    }

    /// The key that Google keeps for the service account.
    pub(crate) fn of_service_account(&self) -> &SigningKey {
        self.service_account.get_or_init(SigningKey::rs256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_texts_are_signed_as_they_are() {
        let keys = SigningKeys::default();
        let key = keys.of_service_account();
        let signature = key.sign_bytes(b"a");

        assert_eq!(signature.len(), RSA_BITS / 8);
        assert!(key.has_signed(b"a", &signature));
        assert!(!key.has_signed(b"b", &signature));
        assert!(!key.has_signed(b"a", &signature[1..]));
        assert!(!keys.of_google().has_signed(b"a", &signature));
        let token = key.sign_text("{ \"b\": 1.0, \"a\": 2 }");
        assert_eq!(verify(&token, &[key]), Ok(json!({ "a": 2, "b": 1.0 })));
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        assert_eq!(payload, b"{ \"b\": 1.0, \"a\": 2 }");
    }

    #[test]
    fn each_kind_of_key_verifies_what_it_signed_and_nothing_else() {
        let (keys, other) = (SigningKeys::default(), SigningKeys::default());
        for (key, stranger) in
            [(keys.of_pods(), other.of_pods()), (keys.rs256(), other.rs256()), (keys.es384(), other.es384())]
        {
            let claims = json!({ "sub": "a", "exp": 1 });
            let token = key.sign(&claims);
            assert_eq!(verify(&token, &[key]), Ok(claims));
            assert_eq!(verify(&token, &[stranger]), Err(Unverified::UnknownKey));

            let (signed, _) = token.rsplit_once('.').unwrap();
            let (_, foreign) = stranger
                .sign(&json!({}))
                .rsplit_once('.')
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .unwrap();
            assert_eq!(verify(&format!("{signed}.{foreign}"), &[key]), Err(Unverified::WrongSignature));
        }
        assert_eq!(verify("a.b.c", &[keys.of_pods()]), Err(Unverified::Malformed));
        assert_eq!(verify("a.b", &[keys.of_pods()]), Err(Unverified::Malformed));
    }
}
