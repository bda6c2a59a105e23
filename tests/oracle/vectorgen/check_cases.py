"""What a check finds in configurations, from AIP-4117 and Google's documentation.

Of each finding: its severity, its code, its field, and words that must be in its message or its hint.
"""

import json

NAME = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/providers/provider"
OF_WORKFORCE = "//iam.googleapis.com/locations/global/workforcePools/pool/providers/provider"
OAUTH = "urn:ietf:params:oauth:token-type:"
ACCOUNT = "app@project.iam.gserviceaccount.com"
IMPERSONATION = "service_account_impersonation_url"
VERIFICATION = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
METADATA = "http://169.254.169.254/latest"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ3b3JrbG9hZCJ9.c2lnbmF0dXJl"
KEY = "-----BEGIN PRIVATE KEY-----\nbWFkZSB1cA==\n-----END PRIVATE KEY-----\n"


def checks():
    yield from _sound()
    yield from _errors()
    yield from _one_cause()
    yield from _endpoints()
    yield from _audiences()
    yield from _token_urls()
    yield from _service_accounts()
    yield from _sources()
    yield from _unknown_fields()
    yield from _keys()


def _sound():
    yield _check("sound-file", "Nothing to say.", _config(), [])
    yield _check("sound-aws", "Nothing to say of AWS.", _aws(), [])
    yield _check(
        "sound-everything",
        "Every field that a library of Google's reads or gcloud writes, and remarks.",
        _config(
            token_info_url="https://sts.googleapis.com/v1/introspect",
            client_id="client",
            client_secret="made-up-client-secret",
            quota_project_id="project",
            scopes=["scope"],
            trust_boundary={},
            cloud_resource_manager_url="https://cloudresourcemanager.googleapis.com",
            credential_source={
                "file": "/var/run/token",
                "format": {"type": "json", "subject_token_field_name": "token"},
                "cred_verification_url": "https://sts.amazonaws.com",
            },
            _comment="of the owner",
            **{"$schema": "x", "//": "y"},
        ),
        [],
        secrets=["made-up-client-secret"],
    )
    yield _check(
        "sound-fleet",
        "A cluster of a fleet has an identity namespace for its audience.",
        _config(audience="identitynamespace:project.svc.id.goog:https://gkehub.googleapis.com/x"),
        [],
    )
    yield _check(
        "sound-unique-id",
        "A service account by its unique ID, and an address with an encoded sign.",
        _impersonated(
            _config(**{IMPERSONATION: _url("123456789012345678901")}),
            **{IMPERSONATION: _url("app%40project.iam.gserviceaccount.com")},
        ),
        [],
    )

    login = {
        "type": "external_account_authorized_user",
        "audience": OF_WORKFORCE,
        "client_id": "client",
        "client_secret": "made-up-client-secret",
        "refresh_token": "made-up-refresh-token",
        "token_url": "https://sts.googleapis.com/v1/oauthtoken",
        "token_info_url": "https://sts.googleapis.com/v1/introspect",
        "revoke_url": "https://sts.googleapis.com/v1/revoke",
    }
    secrets = ["made-up-client-secret", "made-up-refresh-token"]
    yield _check("sound-login", "The login of a person, which is secret.", login, [], secrets=secrets)
    yield _check(
        "login-that-is-wrong",
        "All that is wrong with a login.",
        _impersonated({**login, "client_secret": None, "refresh_token": None, "revoke_uri": "x", "token_url": "y"}),
        [
            _error("config_field_missing", "source_credentials.refresh_token", "gcloud auth application-default login"),
            _error("config_field_missing", "source_credentials.client_secret", "gcloud auth application-default login"),
            _error("config_field_invalid", "source_credentials.token_url", "https://"),
            _warning("field_unknown", "source_credentials.revoke_uri", "Write revoke_url"),
        ],
    )

    yield _check(
        "login-that-is-elsewhere",
        "What is refused only when it is used.",
        {
            **login,
            "token_info_url": "https://sts.example.com/v1/introspect",
            "revoke_url": "http://sts.googleapis.com/v1/revoke",
        },
        [
            _warning("url_refused_later", "token_info_url", "sts.example.com"),
            _warning("url_refused_later", "revoke_url", "http://sts.googleapis.com"),
        ],
        secrets=secrets,
    )


def _errors():
    yield _check("not-json", "No JSON, and so no field.", "{", [_error("config_not_json", None, "too early")])
    yield _check(
        "every-error",
        "All that is wrong is said at once, in the order in which the fields are read.",
        {
            "type": "external_account",
            "subject_token_type": 5,
            "token_url": "sts.googleapis.com",
            "universe_domain": "GOOGLEAPIS.COM",
            IMPERSONATION: "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a",
            "service_account_impersonation": {"token_lifetime_seconds": 60},
            "client_id": "a:b",
            "quota_project_id": "a b",
            "workforce_pool_user_project": ["1"],
            "sanskey": {
                "aws_asume_role": [],
                "aws_assume_role": [{"role_session_name": "a b", "duration_seconds": 1}, 5],
            },
            "credential_source": {
                "environment_id": "aws2",
                "region_url": "ftp://169.254.169.254",
                "regional_cred_verification_url": "http://sts.amazonaws.com",
            },
        },
        [
            _error("config_field_invalid", "client_id", "colon"),
            _error("config_field_invalid", "universe_domain", "lower case"),
            _error("config_field_invalid", "token_url", "https://"),
            _error("config_field_invalid", "sanskey.aws_asume_role", "aws_assume_role"),
            _error("config_field_invalid", "sanskey.aws_assume_role[1]", "not a JSON object"),
            _error("config_field_missing", "sanskey.aws_assume_role[0].role_arn", "no field"),
            _error("config_field_invalid", "sanskey.aws_assume_role[0].role_session_name", "2 to 64"),
            _error("config_field_invalid", "sanskey.aws_assume_role[0].duration_seconds", "900"),
            _error("config_field_missing", "audience", "no field"),
            _error("config_field_invalid", "subject_token_type", "not a text"),
            _error("config_field_invalid", IMPERSONATION, ":generateAccessToken"),
            _error("config_field_invalid", "service_account_impersonation.token_lifetime_seconds", "600"),
            _error("config_field_invalid", "quota_project_id", "space"),
            _error("config_field_invalid", "workforce_pool_user_project", "not a text"),
            _error("config_field_invalid", "credential_source.environment_id", "aws1"),
            _error("config_field_invalid", "credential_source.region_url", "https://"),
            _error("config_field_invalid", "credential_source.regional_cred_verification_url", "https://"),
            _warning("imds_v1", "credential_source.imdsv2_session_token_url", "--enable-imdsv2"),
        ],
    )
    yield _check(
        "errors-of-a-url",
        "Headers, and a format without the name that it needs.",
        _config(
            credential_source={
                "url": "http://169.254.169.254/token",
                "headers": {"Host": "made-up-header-value", "X-One": "a\nb", "X-Two": "good"},
                "format": {"type": "json"},
            }
        ),
        [
            _error("config_field_invalid", "credential_source.headers.Host", "can be sent"),
            _error("config_field_invalid", "credential_source.headers.X-One", "characters"),
            _error("config_field_missing", "credential_source.format.subject_token_field_name", "JSON"),
        ],
        secrets=["made-up-header-value"],
    )
    yield _check(
        "errors-inside",
        "Fields within source_credentials are named in full.",
        _impersonated({"type": "external_account", "credential_source": {}}, **{IMPERSONATION: None}),
        [
            _error("config_field_missing", IMPERSONATION, "no field"),
            _error("config_field_missing", "source_credentials.audience", "no field"),
            _error("config_field_missing", "source_credentials.subject_token_type", "no field"),
            _error("config_source_unsupported", "source_credentials.credential_source", "none of"),
        ],
    )
    yield _check(
        "type-misspelt",
        "With a source it is meant to be one, and the rest is read too.",
        _config(type="external-account", audience=None),
        [
            _error("config_type_unsupported", "type", "external_account"),
            _error("config_field_missing", "audience", "no field"),
        ],
    )


def _one_cause():
    yield _check(
        "key-of-a-service-account",
        "Of another type nothing else is said.",
        {"type": "service_account", "project_id": "project", "private_key": KEY, "token_uri": "https://example.com"},
        [_error("config_type_unsupported", "type", "key")],
        secrets=["bWFkZSB1cA=="],
    )
    yield _check(
        "one-cause-type-of-token",
        "Where the type of the token is missing, nobody says that it is not the source's.",
        _config(subject_token_type=None),
        [_error("config_field_missing", "subject_token_type", "no field")],
    )
    yield _check(
        "one-cause-source",
        "Which of two sources is meant is not known, so nothing is said of either.",
        _config(credential_source={"file": 5, "url": "nonsense", "format": {"type": "xml"}}),
        [_error("config_source_ambiguous", "credential_source.url", "both file and url")],
    )
    yield _check(
        "one-cause-universe",
        "A universe that cannot be read has no hosts, which would be elsewhere.",
        _config(universe_domain="S3NSAPIS.FR", token_url="https://sts.s3nsapis.fr/v1/token"),
        [_error("config_field_invalid", "universe_domain", "lower case")],
    )
    yield _check(
        "one-cause-certificate",
        "A place of the certificate that is no text is nevertheless a place.",
        _certificate({"certificate_config_location": 5}),
        [_error("config_field_invalid", "credential_source.certificate.certificate_config_location", "not a text")],
    )
    yield _check(
        "one-cause-workforce",
        "Without an audience nobody knows whether it is a workforce's.",
        _config(audience=None, workforce_pool_user_project="1"),
        [_error("config_field_missing", "audience", "no field")],
    )
    yield _check(
        "one-cause-web-identity",
        "What cannot be read says nevertheless that a JWT is wanted, which needs no signed request.",
        _aws(
            subject_token_type=OAUTH + "jwt",
            sanskey={"aws_web_identity_token": True},
            regional_cred_verification_url=None,
        ),
        [_error("config_field_invalid", "sanskey.aws_web_identity_token", "not a JSON object")],
    )


def _endpoints():
    elsewhere = _impersonated(
        _aws(
            token_url="https://sts.example.com/v1/token",
            **{IMPERSONATION: "https://example.com/v1/projects/-/serviceAccounts/" + ACCOUNT + ":generateAccessToken"},
            region_url="http://127.0.0.1:8080/zone",
            url="https://example.net/role",
            imdsv2_session_token_url="http://169.254.169.254:8080/token",
            regional_cred_verification_url="https://sts.{region}.example.org",
        ),
        **{IMPERSONATION: "http://localhost/v1/projects/-/serviceAccounts/" + ACCOUNT + ":generateAccessToken"},
    )
    inner = "source_credentials."
    google = [
        (inner + "token_url", "https://sts.example.com"),
        (inner + IMPERSONATION, "https://example.com"),
        (IMPERSONATION, "http://localhost"),
        (inner + "credential_source.region_url", "http://127.0.0.1"),
        (inner + "credential_source.url", "https://example.net"),
        (inner + "credential_source.imdsv2_session_token_url", "169.254.169.254"),
        (inner + "credential_source.regional_cred_verification_url", "sts.us-east-1.example.org"),
    ]
    on_loopback = {IMPERSONATION, inner + "credential_source.region_url"}
    for endpoints, refused in [
        ("google", google),
        ("loopback", [each for each in google if each[0] not in on_loopback]),
        ("any", []),
    ]:
        yield _check(
            f"endpoints-{endpoints}",
            "Every URL that leads elsewhere.",
            elsewhere,
            [_error("config_url_refused", field, says) for field, says in refused],
            endpoints=endpoints,
        )
    yield _check(
        "endpoints-of-a-broken-file",
        "URLs are looked at also where the source cannot be read.",
        _config(token_url="https://sts.example.com/v1/token", credential_source=None),
        [
            _error("config_field_missing", "credential_source", "no field"),
            _error("config_url_refused", "token_url", "sts.example.com"),
        ],
    )
    yield _check(
        "endpoints-of-another-universe",
        "All endpoints must be in the one universe.",
        _config(
            universe_domain="s3nsapis.fr",
            **{IMPERSONATION: _url(ACCOUNT)},
        ),
        [
            _error("config_url_refused", "token_url", "s3nsapis.fr"),
            _error("config_url_refused", IMPERSONATION, "s3nsapis.fr"),
        ],
    )

    client = {
        "platform": "oauth2_client_credentials",
        "token_url": "https://adfs.example.com/token",
        "client_id": "client",
        "client_secret_variable": "SECRET",
    }
    with_client = _config(credential_source={"sanskey": client})
    about = "An identity provider that the program has to name."
    field = "credential_source.sanskey.token_url"
    yield _check("endpoints-unnamed", about, with_client, [_error("config_url_refused", field, "token_servers")])
    yield _check("endpoints-named", about, with_client, [], token_servers=["adfs.example.com"])


def _audiences():
    tail = NAME.removeprefix("//iam.googleapis.com/")
    for name, audience, says in [
        ("with-scheme", "https:" + NAME, "https:"),
        ("without-host", tail, "full name"),
        ("of-another-host", "//iam.s3nsapis.fr/" + tail, "every universe"),
        ("of-a-project-id", NAME.replace("123456789012", "my-project"), "my-project"),
        ("of-a-pool", NAME.removesuffix("/providers/provider"), "PROVIDER"),
        ("of-a-principal", "principal:" + NAME.replace("providers/", "subject/"), "full name"),
        ("with-slash", NAME + "/", "full name"),
    ]:
        about = "An audience that is not the full name of a provider."
        yield _check(
            f"audience-{name}", about, _config(audience=audience), [_warning("audience_unlikely", "audience", says)]
        )
    yield _check(
        "audience-that-is-a-token",
        "A token in its place is not shown.",
        _config(audience=JWT),
        [_warning("key_material", "audience", "revoke")],
        secrets=[JWT.split(".")[2]],
    )
    workforce = _config(audience=OF_WORKFORCE, subject_token_type=OAUTH + "id_token")
    yield _check(
        "workforce-without-project",
        "Google refuses it.",
        workforce,
        [_warning("workforce_project_missing", "workforce_pool_user_project", "bill")],
    )
    yield _check("workforce-with-client", "A client has a project of its own.", {**workforce, "client_id": "a"}, [])


def _token_urls():
    about = "A host or a path of Google's that does not exist."
    for name, url, says in [
        ("region-first", "https://europe-west3-sts.googleapis.com/v1/token", "sts.REGION.rep.googleapis.com"),
        ("region-without-rep", "https://sts.europe-west3.googleapis.com/v1/token", "sts.REGION.rep.googleapis.com"),
        ("other-universe", "https://sts.s3nsapis.fr/v1/token", "universe"),
        ("path", "https://sts.googleapis.com/token", "/v1/token"),
    ]:
        yield _check(
            f"token-url-{name}",
            about,
            _config(token_url=url),
            [_warning("token_url_unlikely", "token_url", says)],
            endpoints="any",
        )
    yield _check(
        "token-url-region-refused",
        "Where it is refused, the hint tells the right form nevertheless.",
        _config(token_url="https://sts.europe-west3.googleapis.com/v1/token"),
        [_error("config_url_refused", "token_url", "sts.REGION.rep.googleapis.com")],
    )
    yield _check(
        "token-url-of-mtls",
        "Mutual TLS without a certificate.",
        _config(token_url="https://sts.mtls.googleapis.com/v1/token"),
        [_warning("mtls_mismatch", "token_url", "https://sts.googleapis.com/v1/token")],
    )
    yield _check(
        "token-url-without-mtls",
        "A certificate that nobody asks for.",
        _certificate({"use_default_certificate_config": True}, token_url="https://sts.googleapis.com/v1/token"),
        [_warning("mtls_mismatch", "token_url", "https://sts.mtls.googleapis.com/v1/token")],
    )


def _service_accounts():
    head = "https://iamcredentials.googleapis.com"
    about = "A service account that cannot be one."
    for name, url, says in [
        ("without-address", _url("app"), "app"),
        ("person", _url("me@example.com"), "me@example.com"),
        ("project", _url(ACCOUNT).replace("/-/", "/my-project/"), "my-project"),
        ("nobody", head + "/v1/:generateAccessToken", "NAME@PROJECT"),
    ]:
        yield _check(
            f"service-account-{name}",
            about,
            _config(**{IMPERSONATION: url}),
            [_warning("service_account_unlikely", IMPERSONATION, says)],
        )
    yield _check(
        "service-account-host",
        "A host of Google's that is none.",
        _config(**{IMPERSONATION: _url(ACCOUNT).replace("iamcredentials", "iam")}),
        [_warning("service_account_unlikely", IMPERSONATION, "iamcredentials.googleapis.com")],
        endpoints="any",
    )
    lifetime = {"service_account_impersonation": {"token_lifetime_seconds": 43200}}
    field = "service_account_impersonation.token_lifetime_seconds"
    yield _check(
        "lifetime-extended",
        "More than an hour needs a permission.",
        _config(**{IMPERSONATION: _url(ACCOUNT)}, **lifetime),
        [_warning("lifetime_extended", field, "43200")],
    )
    yield _check(
        "lifetime-of-nobody",
        "A lifetime, and no service account.",
        _config(**lifetime),
        [_warning("field_without_effect", field, "service account")],
    )


def _sources():
    yield _check(
        "imds-v1",
        "Version 1 of the metadata service.",
        _aws(imdsv2_session_token_url=None),
        [_warning("imds_v1", "credential_source.imdsv2_session_token_url", "--enable-imdsv2")],
    )
    yield _check(
        "imds-not-at-all",
        "On Lambda nobody asks the metadata service.",
        _aws(imdsv2_session_token_url=None, url=None, region_url=None),
        [],
    )
    yield _check(
        "paths-relative",
        "A folder that only a shell knows.",
        _config(credential_source={"file": "~/token"}),
        [_warning("path_relative", "credential_source.file", "shell")],
    )
    yield _check(
        "paths-of-a-certificate",
        "Both paths, and one of Windows.",
        _certificate({"certificate_config_location": "C:\\config.json", "trust_chain_path": "chain.pem"}),
        [_warning("path_relative", "credential_source.certificate.trust_chain_path", "whole path")],
    )
    for name, command, says in [
        ("relative", "./get-token --secret made-up-argument", "depends"),
        ("home", "~/get-token --secret made-up-argument", "shell"),
        ("pipe", "/bin/cat /made-up-argument | /bin/tr a b", "|"),
        ("variable", '/bin/echo made-up-argument "$TOKEN"', "$"),
        ("substitution", "/bin/echo made-up-argument `date`", "`"),
        ("redirection", "/bin/token made-up-argument 2>/dev/null", ">"),
        ("list", "/bin/true made-up-argument && /bin/token", "&"),
    ]:
        yield _check(
            f"command-{name}",
            "No shell takes part.",
            _config(credential_source={"executable": {"command": command}}),
            [_warning("command_unlikely", "credential_source.executable.command", says)],
            secrets=["made-up-argument"],
        )
    for name, command in [
        ("of-a-shell", "/bin/sh -c 'cat x | tr a b > $OUT'"),
        ("quoted", "/bin/token 'a | b' \"x && y\" '$5' \\$HOME \\| https://example.com/?a=1&b=2;c"),
        ("by-name", "python3 /opt/token.py"),
    ]:
        about = "Nothing that a shell is needed for."
        yield _check(f"command-{name}", about, _config(credential_source={"executable": {"command": command}}), [])
    yield _check(
        "format-without-type",
        "Without the type the whole text is the token.",
        _config(credential_source={"file": "/token", "format": {"subject_token_field_name": "token"}}),
        [_warning("field_without_effect", "credential_source.format.subject_token_field_name", '"type": "json"')],
    )
    yield _check(
        "secret-without-client",
        "A client's secret, and no client.",
        _config(client_secret="made-up-client-secret"),
        [_warning("field_without_effect", "client_secret", "client_id")],
        secrets=["made-up-client-secret"],
    )
    yield _check(
        "calls-without-aws",
        "Roles of AWS, and a source that is not AWS.",
        _config(sanskey={"aws_assume_role": [{"role_arn": "arn:aws:iam::123456789012:role/name"}]}),
        [_warning("field_without_effect", "sanskey", "AWS")],
    )


def _unknown_fields():
    yield _check(
        "unknown-fields",
        "Misspelt, in the wrong place, or of nobody.",
        _config(
            serviceAccountImpersonationUrl="x",
            token_lifetime_seconds=1800,
            owner="team",
            credential_source={
                "file": "/token",
                "fromat": {"type": "json"},
                "subject_token_field_name": "token",
            },
        ),
        [
            _warning("field_unknown", "owner", "Remove"),
            _warning("field_unknown", "serviceAccountImpersonationUrl", IMPERSONATION),
            _warning("field_unknown", "token_lifetime_seconds", "service_account_impersonation.token_lifetime_seconds"),
            _warning("field_unknown", "credential_source.fromat", "Write format"),
            _warning("field_unknown", "credential_source.subject_token_field_name", "credential_source.format."),
        ],
    )
    yield _check(
        "unknown-fields-inside",
        "In every object.",
        _impersonated(
            _config(
                **{IMPERSONATION: _url(ACCOUNT)},
                service_account_impersonation={"lifetime": 5},
                credential_source={"sanskey": {"platform": "github_actions", "audiense": "x"}},
            ),
            delegate=[],
        ),
        [
            _warning("field_unknown", "delegate", "Write delegates"),
            _warning("field_unknown", "source_credentials.service_account_impersonation.lifetime", "Remove"),
            _warning("field_unknown", "source_credentials.credential_source.sanskey.audiense", "Write audience"),
        ],
    )
    yield _check(
        "unknown-field-with-a-token",
        "A name that may be a token is not shown.",
        _config(**{JWT: "x"}),
        [_warning("field_unknown", "(not shown)", "Remove")],
        secrets=[JWT.split(".")[2]],
    )


def _keys():
    yield _check(
        "key-material",
        "What has no place in a file that is not secret.",
        _config(
            private_key=KEY,
            refresh_token="made-up-refresh-token",
            credential_source={"file": JWT, "secret_access_key": "made-up-secret-key"},
        ),
        [
            _warning("key_material", "credential_source.file", "revoke"),
            _warning("key_material", "credential_source.secret_access_key", "revoke"),
            _warning("key_material", "private_key", "revoke"),
            _warning("key_material", "refresh_token", "revoke"),
        ],
        secrets=["bWFkZSB1cA==", "made-up-refresh-token", "made-up-secret-key", JWT.split(".")[2]],
    )
    yield _check(
        "key-in-a-header",
        "Headers are made for tokens.",
        _config(
            credential_source={
                "url": "https://run.actions.githubusercontent.com/token",
                "headers": {"Authorization": "Bearer " + JWT, "access_token": JWT},
            }
        ),
        [],
        secrets=[JWT.split(".")[2]],
    )


def _config(**members):
    config = {
        "type": "external_account",
        "audience": NAME,
        "subject_token_type": OAUTH + "jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": "/var/run/token"},
    }
    return _given({**config, **members})


def _aws(**members):
    source = {
        "environment_id": "aws1",
        "region_url": METADATA + "/meta-data/placement/availability-zone",
        "url": METADATA + "/meta-data/iam/security-credentials",
        "regional_cred_verification_url": VERIFICATION,
        "imdsv2_session_token_url": METADATA + "/api/token",
    }
    for name in source.keys() & members.keys():
        source[name] = members.pop(name)
    kind = members.pop("subject_token_type", "urn:ietf:params:aws:token-type:aws4_request")
    return _config(subject_token_type=kind, credential_source=_given(source), **members)


def _certificate(certificate, token_url="https://sts.mtls.googleapis.com/v1/token"):
    source = {"certificate": certificate}
    return _config(subject_token_type=OAUTH + "mtls", token_url=token_url, credential_source=source)


def _impersonated(source, **members):
    config = {"type": "impersonated_service_account", IMPERSONATION: _url(ACCOUNT), "source_credentials": source}
    return _given({**config, **members})


def _given(members):
    return {name: value for name, value in members.items() if value is not None}


def _url(account):
    return f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}:generateAccessToken"


def _error(code, field, says):
    return {"severity": "error", "code": code, "field": field, "says": says}


def _warning(code, field, says):
    return {"severity": "warning", "code": code, "field": field, "says": says}


def _check(name, about, config, findings, *, endpoints="google", token_servers=(), secrets=()):
    text = config if isinstance(config, str) else json.dumps(config)
    return {
        "name": name,
        "about": about,
        "function": "check_config",
        "params": {"text": text, "options": {"endpoints": endpoints, "token_servers": list(token_servers)}},
        "result": {"findings": findings},
        "secrets": list(secrets),
    }
