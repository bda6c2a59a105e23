//! Hashing and the signing key.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::aws::Credentials;
use crate::error::Error;

pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// "Calculate the signature": the key is derived from the secret key over date, region, service and a
/// constant, then signs the string to sign.
pub(super) fn signature(
    credentials: &Credentials,
    date: &str,
    region: &str,
    service: &str,
    string_to_sign: &str,
) -> Result<String, Error> {
    let secret_key = Zeroizing::new(format!("AWS4{}", credentials.secret_access_key.expose()));
    let date_key = hmac_sha256(secret_key.as_bytes(), date)?;
    let region_key = hmac_sha256(&*date_key, region)?;
    let service_key = hmac_sha256(&*region_key, service)?;
    let signing_key = hmac_sha256(&*service_key, "aws4_request")?;
    let signature = hmac_sha256(&*signing_key, string_to_sign)?;
    Ok(hex(&*signature))
}

fn hmac_sha256(key: &[u8], text: &str) -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .map_err(|_| Error::bug("HMAC refused a key, though it takes keys of any length."))?;
    mac.update(text.as_bytes());
    Ok(Zeroizing::new(mac.finalize().into_bytes().into()))
}
