//! `generateIdToken`: an `OpenID` Connect token of the service account, which Google signs.
//!
//! Source: the reference of the method; the claims are those of
//! <https://cloud.google.com/docs/authentication/token-types#id-contents>.

use serde_json::json;

use super::{Call, fields::Fields};
use crate::{answers::Answer, store::Store};

/// Who signs ID tokens.
const ISSUER: &str = "https://accounts.google.com";
const LIFETIME_SECONDS: i64 = 3600;

pub(super) fn generate(call: &Call<'_>, store: &Store, fields: &Fields) -> Result<Answer, Answer> {
    fields.only(&["audience", "includeEmail", "organizationNumberIncluded", "useEmailAzp"])?;
    let audience = fields.text("audience")?;
    let include_email = fields.switch("includeEmail")?;
    // The reference does not have this field, and Google's own clients send it. What it does is in its name.
    let use_email_azp = fields.switch("useEmailAzp")?;
    let include_organization = fields.switch("organizationNumberIncluded")?;
    call.authorize(fields)?;

    let now = call.now.unix_timestamp();
    let mut claims = json!({
        "aud": audience,
        "azp": if use_email_azp { call.service_account } else { &call.settings.service_account_id },
        "exp": now + LIFETIME_SECONDS,
        "iat": now,
        "iss": ISSUER,
        "sub": call.settings.service_account_id,
    });
    if include_email {
        claims["email"] = json!(call.service_account);
        claims["email_verified"] = json!(true);
    }
    if include_organization {
        // The reference: null where the account is in no organization, as here.
        claims["google"] = json!({ "organization_number": null });
    }
    Ok(Answer::json(200, &json!({ "token": store.signing_keys.of_google().sign(&claims) })))
}
