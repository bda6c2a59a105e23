//! `signBlob` and `signJwt`: signatures by the key that Google keeps for the service account.
//!
//! Source: the references of the two methods. The key is RSA, and the signature PKCS #1 version 1.5 with SHA-256.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Call, fields::Fields, invalid_argument};
use crate::{answers::Answer, store::Store};

/// How far ahead the `exp` of a JWT may lie.
const LONGEST_SECONDS: i64 = 12 * 3600;

pub(super) fn sign_blob(call: &Call<'_>, store: &Store, fields: &Fields) -> Result<Answer, Answer> {
    fields.only(&["payload"])?;
    let payload = fields.bytes("payload")?;
    call.authorize(fields)?;

    let key = store.signing_keys.of_service_account();
    let signature = STANDARD.encode(key.sign_bytes(&payload));
    Ok(Answer::json(200, &json!({ "keyId": key.id(), "signedBlob": signature })))
}

pub(super) fn sign_jwt(call: &Call<'_>, store: &Store, fields: &Fields) -> Result<Answer, Answer> {
    fields.only(&["payload"])?;
    let claims = fields.text("payload")?;
    check_claims(claims, call.now.unix_timestamp())?;
    call.authorize(fields)?;

    let key = store.signing_keys.of_service_account();
    // That the claims are signed as they were written is inferred.
    Ok(Answer::json(200, &json!({ "keyId": key.id(), "signedJwt": key.sign_text(claims) })))
}

/// A JSON object; if it has an `exp`, that is a whole number, not in the past, and at most 12 hours ahead. The rules
/// are the reference's, the texts inferred.
fn check_claims(claims: &str, now: i64) -> Result<(), Answer> {
    let Ok(Value::Object(claims)) = serde_json::from_str(claims) else {
        return Err(invalid_argument("Payload must be a valid JSON object."));
    };
    let Some(expiry) = claims.get("exp") else { return Ok(()) };
    match expiry.as_i64() {
        Some(expiry) if expiry < now => Err(invalid_argument("The exp claim is in the past.")),
        Some(expiry) if expiry - now > LONGEST_SECONDS => {
            Err(invalid_argument("The exp claim is more than 12 hours in the future."))
        }
        Some(_) => Ok(()),
        None => Err(invalid_argument("The exp claim is not an integer.")),
    }
}
