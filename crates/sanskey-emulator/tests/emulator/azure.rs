//! Azure: tokens of managed identities and of pods of AKS, refusals, and what Google makes of the tokens.

use crate::{
    sts::pod_token,
    support::{Answer, CLOUD_PLATFORM, encoded, exchange_fields, get, post_form, send, start},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use sanskey_emulator::{Azure, Emulator, Identity, Running, Settings, TokenVersion};
use serde_json::{Value, json};

const VM: &str = "/metadata/identity/oauth2/token";
const APP: &str = "/msi/token";
const METADATA: (&str, &str) = ("metadata", "true");
const VERSION: &str = "api-version=2018-02-01";
const AUDIENCE: &str = "api://AzureADTokenExchange";

fn azure(azure: Azure) -> Settings {
    Settings { azure, ..Settings::default() }
}

/// The provider's own name, which is the application's id URI by default.
fn resource(running: &Running) -> String {
    format!("https:{}", running.settings().oidc_audience)
}

fn vm(running: &Running, query: &str) -> Answer {
    get(&format!("{}{VM}?{VERSION}&{query}", running.url), &[METADATA])
}

fn vm_token(running: &Running, more: &str) -> Answer {
    vm(running, &format!("resource={}{more}", encoded(&resource(running))))
}

fn app(running: &Running, query: &str) -> Answer {
    let header = ("x-identity-header", running.settings().azure.identity_header.as_str());
    get(&format!("{}{APP}?api-version=2019-08-01&{query}", running.url), &[header])
}

/// The claims, verified with the key that Entra publishes.
fn verified(running: &Running, token: &str) -> Value {
    let azure = &running.settings().azure;
    let keys = get(&format!("{}/{}/discovery/keys", running.url, azure.tenant), &[]).json();
    let keys: JwkSet = serde_json::from_value(keys).unwrap();
    let id = jsonwebtoken::decode_header(token).unwrap().kid.expect("the header names a key");
    let key = DecodingKey::from_jwk(keys.find(&id).expect("the key is published")).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_aud = false;
    jsonwebtoken::decode(token, &key, &validation).expect("the signature is right").claims
}

fn text(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap_or_else(|| panic!("{name} in {}", answer.body)).to_owned()
}

/// What Google's STS says to the token in an answer.
fn at_google(running: &Running, answer: &Answer) -> Answer {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = text(answer, "access_token");
    let mut fields = exchange_fields(&running.settings().oidc_audience, CLOUD_PLATFORM, &token);
    fields.retain(|(name, _)| *name != "subject_token_type");
    fields.push(("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"));
    post_form(running, &fields)
}

fn v1(running: &Settings) -> String {
    format!("https://sts.windows.net/{}/", running.azure.tenant)
}

#[track_caller]
fn assert_vm_refuses(answer: &Answer, description: &str) {
    assert_eq!(answer.json(), json!({ "error": "invalid_request", "error_description": description }));
    assert_eq!(answer.status, 400);
}

#[test]
fn a_machine_gets_a_token_of_its_own_identity() {
    let running = start(Settings::default());
    let answer = vm_token(&running, "");

    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    let identity = running.settings().azure.system_identity.clone().unwrap();
    assert_eq!((&body["token_type"], &body["resource"]), (&json!("Bearer"), &json!(resource(&running))));
    assert_eq!(body["client_id"], identity.client_id);
    // Every number is a text.
    assert_eq!((&body["expires_in"], &body["ext_expires_in"]), (&json!("86400"), &json!("86400")));
    let claims = verified(&running, &text(&answer, "access_token"));
    assert_eq!(body["expires_on"], claims["exp"].to_string());
    assert_eq!(body["not_before"], claims["nbf"].to_string());
    for (name, value) in [
        ("iss", v1(running.settings())),
        ("aud", resource(&running)),
        ("ver", "1.0".to_owned()),
        ("appid", identity.client_id),
        ("oid", identity.object_id.clone()),
        ("sub", identity.object_id),
        ("tid", running.settings().azure.tenant.clone()),
        ("xms_mirid", identity.resource_id),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
}

#[test]
fn a_machine_has_to_say_that_it_asks_for_metadata_itself() {
    let running = start(Settings::default());
    let url = format!("{}{VM}?{VERSION}&resource={}", running.url, encoded(&resource(&running)));

    let wanted = "Required metadata header not specified";
    assert_vm_refuses(&get(&url, &[]), wanted);
    assert_vm_refuses(&get(&url, &[("metadata", "yes")]), wanted);
    assert_eq!(get(&url, &[("Metadata", "True")]).status, 200);
    let forwarded = get(&url, &[METADATA, ("x-forwarded-for", "10.0.0.1")]);
    assert_eq!((forwarded.status, forwarded.json()["error"].as_str()), (400, Some("invalid_request")));
    assert_eq!(send("POST", &url, &[METADATA], "").status, 405);
}

#[test]
fn a_machine_has_to_ask_for_a_resource_that_there_is() {
    let running = start(Settings::default());
    let url = format!("{}{VM}", running.url);

    assert_vm_refuses(&vm(&running, ""), "Required query variable 'resource' is missing");
    assert_vm_refuses(&vm(&running, "resource="), "Required query variable 'resource' is missing");
    let without_version = get(&format!("{url}?resource=a"), &[METADATA]);
    assert_vm_refuses(&without_version, "Required query variable 'api-version' is missing");
    assert_eq!(get(&format!("{url}?api-version=2017-12-01&resource=a"), &[METADATA]).status, 400);

    let unknown = vm(&running, "resource=api://unknown");
    assert_eq!((unknown.status, text(&unknown, "error")), (400, "invalid_resource".to_owned()));
    let begin = format!(
        "AADSTS500011: The resource principal named api://unknown was not found in the tenant named {}. ",
        running.settings().azure.tenant
    );
    assert!(text(&unknown, "error_description").starts_with(&begin), "{}", unknown.body);
    for slash in ["", "/"] {
        let asked = format!("https://management.azure.com{slash}");
        let answer = vm(&running, &format!("resource={}", encoded(&asked)));
        assert_eq!(verified(&running, &text(&answer, "access_token"))["aud"], asked, "a slash stays");
    }
}

#[test]
fn a_machine_may_have_several_identities() {
    let assigned = [1, 2].map(|n| Identity::assigned(&format!("0000000{n}-1111-2222-3333-444444444444")));
    let running = start(azure(Azure { user_identities: assigned.to_vec(), ..Azure::default() }));
    let subject = |more: &str| {
        let answer = vm_token(&running, more);
        assert_eq!(answer.status, 200, "{}", answer.body);
        verified(&running, &text(&answer, "access_token"))["sub"].as_str().unwrap().to_owned()
    };

    let [one, two] = &assigned;
    assert_ne!(one.object_id, two.object_id);
    assert_eq!(subject(&format!("&client_id={}", one.client_id)), one.object_id);
    assert_eq!(subject(&format!("&object_id={}", two.object_id)), two.object_id);
    for name in ["mi_res_id", "msi_res_id"] {
        assert_eq!(subject(&format!("&{name}={}", encoded(&two.resource_id))), two.object_id);
    }
    let system = running.settings().azure.system_identity.clone().unwrap();
    assert_eq!(subject(""), system.object_id);
    for query in ["&client_id=unknown", "&object_id=unknown", "&mi_res_id=unknown", "&client_id="] {
        assert_vm_refuses(&vm_token(&running, query), "Identity not found");
    }
}

#[test]
fn without_an_identity_of_its_own_a_machine_has_to_choose() {
    let ids = ["00000001-1111-2222-3333-444444444444", "00000002-1111-2222-3333-444444444444"];
    let with = |count: usize| {
        let user_identities = ids[..count].iter().map(|id| Identity::assigned(id)).collect();
        start(azure(Azure { system_identity: None, user_identities, ..Azure::default() }))
    };

    assert_vm_refuses(&vm_token(&with(0), ""), "Identity not found");
    assert_eq!(text(&vm_token(&with(1), ""), "client_id"), ids[0]);
    let message = "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the \
                   token request";
    assert_vm_refuses(&vm_token(&with(2), ""), message);
}

#[test]
fn an_app_gets_a_token_with_its_secret() {
    let running = start(azure(Azure { identity_header: "app".to_owned(), ..Azure::default() }));
    let query = format!("resource={}", encoded(&resource(&running)));
    let answer = app(&running, &query);

    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    let claims = verified(&running, &text(&answer, "access_token"));
    let names: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["access_token", "client_id", "expires_on", "resource", "token_type"]);
    assert_eq!(body["expires_on"], claims["exp"].to_string());
    assert_eq!(claims["iss"], v1(running.settings()));

    let url = format!("{}{APP}?api-version=2019-08-01&{query}", running.url);
    for headers in [vec![], vec![("x-identity-header", "other")], vec![("secret", "app")]] {
        let answer = get(&url, &headers);
        assert_eq!((answer.status, &answer.json()["statusCode"]), (401, &json!(401)), "{headers:?}");
    }
    let slash = format!("{}/MSI/token/?api-version=2019-08-01&{query}", running.url);
    assert_eq!(get(&slash, &[("x-identity-header", "app")]).status, 200);
    assert_eq!(send("POST", &url, &[("x-identity-header", "app")], "").status, 405);
}

#[test]
fn an_app_is_told_what_is_wrong() {
    let running = start(Settings::default());
    let query = format!("resource={}", encoded(&resource(&running)));

    let unknown = app(&running, &format!("{query}&client_id=00000000-1111-2222-3333-444444444444"));
    assert_eq!(
        (unknown.status, text(&unknown, "message").as_str()),
        (400, "Unable to load the proper Managed Identity.")
    );
    assert_eq!(text(&unknown, "correlationId"), unknown.header("x-correlation-id"));
    let unknown = app(&running, "resource=api://unknown");
    assert!(text(&unknown, "message").starts_with("AADSTS500011: "), "{}", unknown.body);
    assert_eq!(app(&running, "").status, 400);
    let header = [("x-identity-header", running.settings().azure.identity_header.as_str())];
    assert_eq!(get(&format!("{}{APP}?api-version=2017-09-01&{query}", running.url), &header).status, 400);

    // Unlike a machine, an app that names none gets its own or nothing.
    let user = &running.settings().azure.user_identities[0];
    let answer = app(&running, &format!("{query}&client_id={}", user.client_id));
    assert_eq!(text(&answer, "client_id"), user.client_id);
    let running = start(azure(Azure { system_identity: None, ..Azure::default() }));
    assert_eq!(app(&running, &query).status, 400);
}

fn entra(running: &Running, tenant: &str, fields: &[(&str, &str)]) -> Answer {
    let body: Vec<_> =
        fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    let form = ("content-type", "application/x-www-form-urlencoded");
    send("POST", &format!("{}/{tenant}/oauth2/v2.0/token", running.url), &[form], &body.join("&"))
}

/// What a pod asks Entra for, with some fields in place of the good ones, or without those that are empty.
fn pod(running: &Running, assertion: &str, changes: &[(&'static str, &str)]) -> Answer {
    let azure = &running.settings().azure;
    let scope = format!("{}/.default", resource(running));
    let mut fields = vec![
        ("grant_type", "client_credentials"),
        ("client_id", &azure.application_id),
        ("scope", &scope),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    for (name, value) in changes {
        fields.retain(|(field, _)| field != name);
        fields.push((*name, *value));
    }
    fields.retain(|(_, value)| !value.is_empty());
    entra(running, &azure.tenant, &fields)
}

fn assertion(running: &Running, more: &str) -> String {
    pod_token(running, &format!("aud={}{more}", encoded(AUDIENCE)))
}

#[test]
fn a_pod_of_aks_gets_a_token_for_that_of_its_cluster() {
    let running = start(Settings::default());
    let azure = &running.settings().azure;
    let answer = pod(&running, &assertion(&running, ""), &[]);

    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
    let claims = verified(&running, &text(&answer, "access_token"));
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!(v1(running.settings())), &json!(resource(&running)))
    );
    assert_eq!(
        (&claims["appid"], &claims["sub"]),
        (&json!(azure.application_id), &json!(azure.application_object_id))
    );
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    assert_eq!(claims.get("xms_mirid"), None);
}

#[track_caller]
fn assert_entra_refuses(answer: &Answer, status: u16, error: &str, number: u32, said: &str) {
    let body = answer.json();
    assert_eq!((answer.status, &body["error"]), (status, &json!(error)), "{}", answer.body);
    assert_eq!(body["error_codes"], json!([number]));
    let description = body["error_description"].as_str().unwrap();
    let begin = format!("AADSTS{number}: {said}");
    assert!(description.starts_with(&begin), "{description}");
    let [trace, correlation, stamp] =
        ["trace_id", "correlation_id", "timestamp"].map(|name| body[name].as_str().unwrap());
    let end = format!(" Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}");
    assert!(description.ends_with(&end), "{description}");
    assert_eq!(body["error_uri"], format!("https://login.microsoftonline.com/error?code={number}"));
}

#[test]
fn a_pods_token_has_to_be_that_of_the_federated_credential() {
    let running = start(Settings::default());
    let with = |more: &str| pod(&running, &assertion(&running, more), &[]);
    let none = "No matching federated identity record found for presented assertion";

    assert_entra_refuses(
        &with("&iss=https://example.com/"),
        401,
        "invalid_client",
        700_211,
        &format!("{none} issuer 'https://example.com/'. "),
    );
    let subject = "system:serviceaccount:default:other";
    assert_entra_refuses(
        &with(&format!("&sub={subject}")),
        401,
        "invalid_client",
        700_213,
        &format!("{none} subject '{subject}'. "),
    );
    assert_entra_refuses(
        &pod(&running, &pod_token(&running, ""), &[]),
        401,
        "invalid_client",
        700_212,
        &format!("{none} audience 'sts.amazonaws.com'. "),
    );
    let range = "Client assertion is not within its valid time range. Current time: 2";
    assert_entra_refuses(&with("&lifetime=-301"), 401, "invalid_client", 700_024, range);
    assert_eq!(with("&lifetime=-200").status, 200);

    let failed = "Client assertion failed signature validation.";
    let stranger = assertion(&start(Settings::default()), "");
    assert_entra_refuses(&pod(&running, &stranger, &[]), 401, "invalid_client", 700_027, failed);
    let [one, other] = [assertion(&running, ""), assertion(&running, "&lifetime=60")];
    let mixed = format!("{}.{}", one.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
    assert_entra_refuses(&pod(&running, &mixed, &[]), 401, "invalid_client", 700_027, failed);
    for malformed in ["token", "a.b.c"] {
        let answer = pod(&running, malformed, &[]);
        assert_entra_refuses(&answer, 400, "invalid_request", 50_027, "JWT token is invalid or malformed.");
    }
}

#[test]
fn entra_looks_at_every_field() {
    let running = start(Settings::default());
    let token = assertion(&running, "");
    let with = |name: &'static str, value: &str| pod(&running, &token, &[(name, value)]);

    for name in ["grant_type", "client_id", "scope"] {
        let said = format!("The request body must contain the following parameter: '{name}'.");
        assert_entra_refuses(&with(name, ""), 400, "invalid_request", 900_144, &said);
    }
    let grant = with("grant_type", "password");
    assert_entra_refuses(&grant, 400, "unsupported_grant_type", 70_003, "The app requested");
    let unknown = "00000000-1111-2222-3333-444444444444";
    let said = format!("Application with identifier '{unknown}' was not found in the directory");
    assert_entra_refuses(&with("client_id", unknown), 400, "unauthorized_client", 700_016, &said);
    for scope in [resource(&running).as_str(), "/.default", "openid"] {
        let answer = with("scope", scope);
        assert_entra_refuses(&answer, 400, "invalid_scope", 1_002_012, "The provided value for scope");
    }
    let said = "The resource principal named api://unknown was not found";
    assert_entra_refuses(&with("scope", "api://unknown/.default"), 400, "invalid_resource", 500_011, said);
    let said =
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
    assert_entra_refuses(&with("client_assertion", ""), 401, "invalid_client", 7_000_218, said);
    assert_eq!(with("client_assertion_type", "other").status, 400);

    let answer = entra(&running, unknown, &[]);
    assert_entra_refuses(&answer, 400, "invalid_tenant", 90_002, &format!("Tenant '{unknown}' not found."));
    let url = format!("{}/{}/oauth2/v2.0/token", running.url, running.settings().azure.tenant);
    let json = send("POST", &url, &[("content-type", "application/json")], "{}");
    assert_entra_refuses(&json, 400, "invalid_request", 900_144, "The request body must contain");
    assert_eq!(get(&url, &[]).status, 404);
}

#[test]
fn google_takes_the_tokens_of_the_issuer_that_its_provider_names() {
    let issuer = v1(&Settings::default());
    let running = start(Settings { oidc_issuer: Some(issuer.clone()), ..Settings::default() });
    let query = format!("resource={}", encoded(&resource(&running)));
    let pods = assertion(&running, "");

    for answer in [vm(&running, &query), app(&running, &query), pod(&running, &pods, &[])] {
        let taken = at_google(&running, &answer);
        assert_eq!(taken.status, 200, "{}", taken.body);
        let bearer = format!("Bearer {}", text(&taken, "access_token"));
        let whoami = get(&format!("{}/emulator/whoami", running.url), &[("authorization", &bearer)]).json();
        let subject = verified(&running, &text(&answer, "access_token"))["sub"].as_str().unwrap().to_owned();
        assert!(whoami["subject"].as_str().unwrap().ends_with(&format!("/subject/{subject}")), "{whoami}");
    }
    // The wrong resource is the wrong audience.
    let refused = at_google(&running, &vm(&running, "resource=https://management.azure.com/"));
    assert_eq!((refused.status, refused.header("x-emulator-rule")), (400, "O6"));
    // The slash at the end of the issuer counts.
    let other = issuer.trim_end_matches('/').to_owned();
    let running = start(Settings { oidc_issuer: Some(other), ..Settings::default() });
    let refused = at_google(&running, &vm(&running, &query));
    assert_eq!((refused.status, refused.header("x-emulator-rule")), (400, "O5"));
}

#[test]
fn the_application_decides_about_the_version_of_its_tokens() {
    let second = Azure { token_version: TokenVersion::V2, ..Azure::default() };
    let tenant = &second.tenant;
    let v2 = format!("https://login.microsoftonline.com/{tenant}/v2.0");
    let settings = Settings {
        oidc_issuer: Some(v2.clone()),
        oidc_allowed_audiences: vec![second.resource_application_id.clone()],
        ..azure(second.clone())
    };
    let running = start(settings.clone());
    let answer = vm_token(&running, "");
    let claims = verified(&running, &text(&answer, "access_token"));

    assert_eq!((&claims["iss"], &claims["ver"]), (&json!(v2), &json!("2.0")));
    assert_eq!(claims["aud"], second.resource_application_id);
    assert_eq!(claims["azp"], second.system_identity.unwrap().client_id);
    assert_eq!(at_google(&running, &answer).status, 200);
    // Azure Resource Manager takes the first version.
    let answer = vm(&running, "resource=https://management.azure.com/");
    assert_eq!(verified(&running, &text(&answer, "access_token"))["ver"], "1.0");

    // The provider trusts version 1, and gets version 2: the usual mistake.
    let running = start(Settings { oidc_issuer: Some(v1(&settings)), ..settings });
    let refused = at_google(&running, &vm_token(&running, ""));
    assert_eq!((refused.status, refused.header("x-emulator-rule")), (400, "O5"));
}

#[test]
fn entra_publishes_both_issuers() {
    let running = start(Settings::default());
    let tenant = &running.settings().azure.tenant;

    for (path, issuer, keys) in [
        ("", v1(running.settings()), "discovery/keys"),
        ("/v2.0", format!("https://login.microsoftonline.com/{tenant}/v2.0"), "discovery/v2.0/keys"),
    ] {
        let url = format!("{}/{tenant}{path}/.well-known/openid-configuration", running.url);
        let configuration = get(&url, &[]).json();
        assert_eq!(configuration["issuer"], issuer);
        assert_eq!(configuration["jwks_uri"], format!("https://login.microsoftonline.com/{tenant}/{keys}"));
        assert_eq!(get(&format!("{}/{tenant}/{keys}", running.url), &[]).json()["keys"][0]["kty"], "RSA");
    }
}

#[test]
fn id_uris_can_be_chosen() {
    let uris = vec!["api://one".to_owned(), "api://two/".to_owned()];
    let running = start(azure(Azure { app_id_uris: uris, ..Azure::default() }));

    for (resource, status) in
        [("api://one", 200), ("api://one/", 200), ("api://two", 200), ("api://three", 400)]
    {
        assert_eq!(vm(&running, &format!("resource={resource}")).status, status, "{resource}");
    }
    assert_eq!(vm_token(&running, "").status, 400);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let default = Azure::default;
    for one in [
        Azure { tenant: "common".to_owned(), ..default() },
        Azure { application_id: String::new(), ..default() },
        Azure { identity_header: "two\nlines".to_owned(), ..default() },
        Azure { user_identities: vec![Identity::assigned("name")], ..default() },
    ] {
        assert!(Emulator::start(azure(one.clone())).is_err(), "{one:?}");
    }
}
