//! What a JWT says of itself (RFC 7519). No signature is checked: whoever is shown the token does that.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::time::UnixTime;

/// The claims, if the text is a JWT.
pub(crate) fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// The claim `exp` (section 4.1.4).
pub(crate) fn expiry(token: &str) -> Option<UnixTime> {
    claims(token)?.get("exp").and_then(time)
}

/// A `NumericDate` (section 2), which may have a fraction.
pub(crate) fn time(value: &Value) -> Option<UnixTime> {
    value.as_i64().map(UnixTime::from_seconds).or_else(|| {
        let whole = value.as_f64()?.trunc();
        #[allow(clippy::cast_possible_truncation)] // saturates
        Some(UnixTime::from_seconds(whole as i64))
    })
}
