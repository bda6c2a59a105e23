//! The names of fields that somebody reads, and what a name that nobody reads may have been meant to be.

/// By their paths the objects of an `external_account`, and their fields. Those that sanskey itself has no use for are read by
/// one of Google's libraries, or written by gcloud.
pub(super) const EXTERNAL_ACCOUNT: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "type",
            "audience",
            "subject_token_type",
            "actor_token_type",
            "token_url",
            "token_info_url",
            "service_account_impersonation_url",
            "service_account_impersonation",
            "credential_source",
            "client_id",
            "client_secret",
            "quota_project_id",
            "workforce_pool_user_project",
            "universe_domain",
            "sanskey",
            "scopes",
            "trust_boundary",
            "cloud_resource_manager_url",
        ],
    ),
    ("service_account_impersonation", &["token_lifetime_seconds"]),
    (
        "credential_source",
        &[
            "environment_id",
            "region_url",
            "url",
            "regional_cred_verification_url",
            "cred_verification_url",
            "imdsv2_session_token_url",
            "file",
            "headers",
            "format",
            "executable",
            "certificate",
            "sanskey",
        ],
    ),
    ("credential_source.format", &["type", "subject_token_field_name", "actor_token_field_name"]),
    (
        "credential_source.executable",
        &["command", "timeout_millis", "output_file", "interactive_timeout_millis"],
    ),
    (
        "credential_source.certificate",
        &["use_default_certificate_config", "certificate_config_location", "trust_chain_path"],
    ),
    (
        "credential_source.sanskey",
        &[
            "platform",
            "audience",
            "client_id",
            "client_secret_variable",
            "resource",
            "scope",
            "token_url",
            "variable",
        ],
    ),
];

pub(super) const EXTERNAL_ACCOUNT_AUTHORIZED_USER: &[(&str, &[&str])] = &[(
    "",
    &[
        "type",
        "audience",
        "client_id",
        "client_secret",
        "refresh_token",
        "token",
        "expiry",
        "token_url",
        "token_info_url",
        "revoke_url",
        "quota_project_id",
        "universe_domain",
        "scopes",
        "trust_boundary",
    ],
)];

pub(super) const IMPERSONATED_SERVICE_ACCOUNT: &[(&str, &[&str])] = &[(
    "",
    &[
        "type",
        "service_account_impersonation_url",
        "delegates",
        "quota_project_id",
        "source_credentials",
        "universe_domain",
        "scopes",
        "trust_boundary",
    ],
)];

/// What an unknown name at this place was probably meant to be: a name like it at the same place, or the place
/// where a field of this name belongs.
pub(super) fn probable(levels: &[(&str, &[&str])], place: &str, name: &str) -> Option<String> {
    let here = levels.iter().filter(|(path, _)| *path == place).flat_map(|(_, names)| names.iter());
    if let Some(near) = here.copied().find(|known| is_near(name, known)) {
        return Some(near.to_owned());
    }
    let (path, known) = levels
        .iter()
        .flat_map(|(path, names)| names.iter().map(move |known| (*path, *known)))
        .find(|(_, known)| *known == name)?;
    Some(if path.is_empty() { known.to_owned() } else { format!("{path}.{known}") })
}

/// Whether at most two letters make the difference, or only capitals, hyphens and underscores.
fn is_near(name: &str, known: &str) -> bool {
    let plain = |text: &str| -> Vec<u8> {
        text.bytes().filter(|b| !matches!(b, b'_' | b'-' | b' ')).map(|b| b.to_ascii_lowercase()).collect()
    };
    let (name, known) = (plain(name), plain(known));
    // A short name is another one after two changes.
    let changes = if known.len() < 6 { 1 } else { 2 };
    name.len().abs_diff(known.len()) <= changes && differ_by(&name, &known, changes)
}

/// The distance of Damerau and Levenshtein, as far as it matters.
fn differ_by(a: &[u8], b: &[u8], changes: usize) -> bool {
    match (a, b) {
        ([], rest) | (rest, []) => rest.len() <= changes,
        ([x, a_rest @ ..], [y, b_rest @ ..]) => {
            if x == y {
                return differ_by(a_rest, b_rest, changes);
            }
            let Some(left) = changes.checked_sub(1) else { return false };
            let is_swapped = match (a_rest, b_rest) {
                ([x2, a_rest @ ..], [y2, b_rest @ ..]) if x == y2 && x2 == y => {
                    differ_by(a_rest, b_rest, left)
                }
                _ => false,
            };
            is_swapped
                || differ_by(a_rest, b_rest, left)
                || differ_by(a_rest, b, left)
                || differ_by(a, b_rest, left)
        }
    }
}
