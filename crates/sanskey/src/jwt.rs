//! What a JWT says of itself (RFC 7519). No signature is checked: whoever is shown the token does that.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::time::UnixTime;

/// The claim `exp` (section 4.1.4), if the text is a JWT that has one.
pub(crate) fn expiry(token: &str) -> Option<UnixTime> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let exp = claims.get("exp")?;
    exp.as_i64().map(UnixTime::from_seconds).or_else(|| {
        // A NumericDate may have a fraction.
        let whole = exp.as_f64()?.trunc();
        #[allow(clippy::cast_possible_truncation)] // saturates
        Some(UnixTime::from_seconds(whole as i64))
    })
}
