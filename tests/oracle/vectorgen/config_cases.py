"""Credential configurations: what is accepted, what is refused, and with which error."""

import json

from . import world
from .transcript import Exchange
from .world import config, token_config


def summaries():
    """``config_summary`` vectors of accepted configurations."""
    yield _accepted("aws-federated", "What gcloud writes without a service account.", config())
    yield _accepted(
        "aws-impersonation",
        "What gcloud writes for a service account with a token lifetime.",
        config(impersonate=True, service_account_impersonation={"token_lifetime_seconds": 2400}),
        service_account_impersonation_url=world.IMPERSONATION_URL,
        service_account_email=world.SERVICE_ACCOUNT,
        token_lifetime_seconds=2400,
    )
    yield _accepted(
        "every-field",
        "Every field that has a meaning.",
        config(
            quota_project_id="quota-project", client_id="client.apps.example", client_secret="client-secret-example"
        ),
        quota_project_id="quota-project",
        client_id="client.apps.example",
        secrets=["client-secret-example"],
    )
    yield _accepted(
        "token-url-default",
        "Without token_url the universe's global STS is used.",
        config(without=["token_url"]),
    )
    yield _accepted(
        "token-url-default-of-universe",
        "The default token_url follows universe_domain.",
        config(without=["token_url"], universe_domain="s3nsapis.fr"),
        token_url="https://sts.s3nsapis.fr/v1/token",
        universe_domain="s3nsapis.fr",
    )
    yield _accepted(
        "universe-domain-default",
        "Without universe_domain it is googleapis.com.",
        config(without=["universe_domain"]),
    )
    yield _accepted("empty-file", "An empty field counts as absent.", config(source={"file": ""}))
    yield _accepted("imds-v1", "The IMDSv2 field is optional.", config(imds_v2=False))

    for kind, token_type, source in [
        ("file", world.JWT, {"file": "/token"}),
        ("url", world.SAML, {"url": "http://169.254.169.254/token"}),
        ("executable", world.ID_TOKEN, {"executable": {"command": "/bin/token"}}),
        ("certificate", world.MTLS, {"certificate": {"use_default_certificate_config": True}}),
    ]:
        about = f"A source of the kind {kind}."
        whole = token_config(source, token_type=token_type)
        yield _accepted(kind, about, whole, source=kind, subject_token_type=token_type)
    whole = token_config({"certificate": {"use_default_certificate_config": True}}, token_type=world.MTLS)
    del whole["token_url"]
    yield _accepted(
        "token-url-default-of-certificate",
        "A certificate is of use at the endpoint for mutual TLS only.",
        whole,
        source="certificate",
        subject_token_type=world.MTLS,
        token_url="https://sts.mtls.googleapis.com/v1/token",
    )
    login = {
        "type": "external_account_authorized_user",
        "refresh_token": "refresh-token-example",
        "client_id": "client",
        "client_secret": "client-secret-example",
    }
    yield _accepted(
        "authorized-user",
        "A person's login, with what it must have.",
        login,
        type="external_account_authorized_user",
        audience="",
        subject_token_type="",
        source="authorized_user",
        token_url="https://sts.googleapis.com/v1/oauthtoken",
        client_id="client",
        project_number=None,
        secrets=["refresh-token-example", "client-secret-example"],
    )


def refusals():
    """Exchanges that end before the first question."""
    for name, about, fault_of, whole in _refused():
        text = whole if isinstance(whole, str) else None
        case = Exchange(name, about, config=None if text is not None else whole, config_text=text)
        yield case.fails(fault_of.pop("code"), "config", stage="config", **fault_of)


def _refused():
    yield "not-json", "The text is not JSON.", {"code": "config_not_json"}, "external_account"
    yield "empty", "The text is empty.", {"code": "config_not_json"}, ""
    yield "not-an-object", "The JSON is not an object.", {"code": "config_not_json"}, json.dumps([config()])
    yield "truncated", "The file was cut off.", {"code": "config_not_json"}, json.dumps(config())[:-40]
    yield from _types()
    yield from _fields()
    yield from _sources()
    yield from _urls()
    yield from _token_sources()


def _token_sources():
    def invalid(name, about, field, source, token_type=world.JWT, code="config_field_invalid"):
        return name, about, {"code": code, "field": field}, token_config(source, token_type=token_type)

    of = "credential_source."
    file, url = {"file": "/token"}, {"url": "http://169.254.169.254/token"}
    for kind, source, token_type in [
        ("file", file, world.AWS4_REQUEST),
        ("url", url, world.MTLS),
        ("executable", {"executable": {"command": "/bin/token"}}, world.MTLS),
        ("certificate", {"certificate": {"use_default_certificate_config": True}}, world.JWT),
    ]:
        about = f"A source of the kind {kind} gives no token of this type."
        yield invalid(f"subject-token-type-of-{kind}", about, "subject_token_type", source, token_type)
    for name, given, field, code in [
        ("unknown", {"type": "xml"}, "format.type", "config_field_invalid"),
        ("upper-case", {"type": "JSON"}, "format.type", "config_field_invalid"),
        ("not-an-object", "json", "format", "config_field_invalid"),
        ("without-field", {"type": "json"}, "format.subject_token_field_name", "config_field_missing"),
        (
            "with-empty-field",
            {"type": "json", "subject_token_field_name": ""},
            "format.subject_token_field_name",
            "config_field_missing",
        ),
    ]:
        yield invalid(f"format-{name}", "The format is wrong.", of + field, {**file, "format": given}, code=code)
    for name, key, value in [
        *((f"of-http-{key}", key, "x") for key in ("Host", "Content-Length", "Transfer-Encoding", "TE", "Connection")),
        ("two-lines", "x-a", "yes\r\nx-injected: yes"),
        ("non-ascii", "x-a", "yés"),
        ("number", "x-a", 7),
    ]:
        yield invalid(
            f"header-{name}", "A header that is not sent.", f"{of}headers.{key}", {**url, "headers": {key: value}}
        )
    for name, key in [("empty-name", ""), ("name-with-colon", "x:a"), ("name-two-lines", "x\r\ny")]:
        source = {**url, "headers": {key: "x"}}
        yield invalid(f"header-{name}", "No name of a header.", of + "headers", source)
    source = {**url, "headers": {"X-A": "1", "x-a": "2"}}
    yield invalid("header-twice", "One name in two spellings.", of + "headers.x-a", source)
    yield invalid("headers-list", "Headers are an object.", of + "headers", {**url, "headers": [["x", "y"]]})
    for name, given, field, code in [
        ("without-command", {}, ".command", "config_field_missing"),
        ("blank-command", {"command": "  "}, ".command", "config_field_invalid"),
        ("empty-program", {"command": "'' x"}, ".command", "config_field_invalid"),
        ("open-quote", {"command": "/bin/token 'x"}, ".command", "config_field_invalid"),
        ("backslash-at-end", {"command": "/bin/token \\"}, ".command", "config_field_invalid"),
        ("not-an-object", "/bin/token", "", "config_field_invalid"),
        *(
            (
                f"timeout-{value}",
                {"command": "/bin/token", "timeout_millis": value},
                ".timeout_millis",
                "config_field_invalid",
            )
            for value in (0, 4999, 120001, "5000", 5000.5)
        ),
    ]:
        source = {"executable": given}
        yield invalid(f"executable-{name}", "A program that is not run.", f"{of}executable{field}", source, code=code)
    default = "use_default_certificate_config"
    for name, given in [
        ("neither", {}),
        ("false", {default: False}),
        ("both", {default: True, "certificate_config_location": "/c.json"}),
        ("text", {default: "true"}),
    ]:
        about = "Either the usual place or another one is named."
        yield invalid(f"certificate-{name}", about, f"{of}certificate.{default}", {"certificate": given}, world.MTLS)


def _types():
    unsupported = "config_type_unsupported"
    for kind in ("service_account", "authorized_user"):
        yield (
            f"type-{kind.replace('_', '-')}",
            f"A file of the type {kind} is not a workload identity configuration.",
            {"code": unsupported, "field": "type"},
            config(type=kind),
        )
    yield (
        "type-missing",
        "The type is missing.",
        {"code": "config_field_missing", "field": "type"},
        config(without=["type"]),
    )


def _fields():
    for field in ("audience", "subject_token_type", "credential_source"):
        yield (
            f"{field.replace('_', '-')}-missing",
            f"{field} is missing.",
            {"code": "config_field_missing", "field": field},
            config(without=[field]),
        )
    yield (
        "verification-url-missing",
        "regional_cred_verification_url is missing.",
        {"code": "config_field_missing", "field": "credential_source.regional_cred_verification_url"},
        config(without=["regional_cred_verification_url"]),
    )
    invalid = "config_field_invalid"
    yield "audience-not-text", "audience is a number.", {"code": invalid, "field": "audience"}, config(audience=7)
    yield (
        "audience-empty",
        "An empty audience counts as missing.",
        {"code": "config_field_missing", "field": "audience"},
        config(audience=""),
    )
    yield (
        "audience-two-lines",
        "An audience becomes a header value, which has one line.",
        {"code": invalid, "field": "audience"},
        config(audience=world.AUDIENCE + "\nx-injected: yes"),
    )
    yield (
        "token-url-not-a-url",
        "token_url is no absolute URL.",
        {"code": invalid, "field": "token_url"},
        config(token_url="sts.googleapis.com/v1/token"),
    )
    for seconds in (599, 43201, "3600", 3600.5, -1):
        yield (
            f"lifetime-{seconds}" if not isinstance(seconds, str) else "lifetime-text",
            f"A token lifetime of {json.dumps(seconds)} is not a whole number of seconds from 600 to 43200.",
            {"code": invalid, "field": "service_account_impersonation.token_lifetime_seconds"},
            config(impersonate=True, service_account_impersonation={"token_lifetime_seconds": seconds}),
        )
    yield (
        "subject-token-type-of-another-source",
        "An AWS source gives AWS tokens.",
        {"code": invalid, "field": "subject_token_type"},
        config(subject_token_type="urn:ietf:params:oauth:token-type:jwt"),
    )
    yield (
        "quota-project-two-lines",
        "A quota project becomes a header value, which has one line.",
        {"code": invalid, "field": "quota_project_id"},
        config(quota_project_id="project\r\nx-injected: yes"),
    )
    yield (
        "client-id-with-colon",
        "In Basic authentication the first colon ends the name.",
        {"code": invalid, "field": "client_id"},
        config(client_id="client:apps", client_secret="client-secret-example"),
    )
    for name, domain in [("space", "a b"), ("path", "googleapis.com/v1/introspect?"), ("upper-case", "GoogleAPIs.com")]:
        yield (
            f"universe-domain-{name}",
            "A universe domain is a domain name.",
            {"code": invalid, "field": "universe_domain"},
            config(without=["token_url"], universe_domain=domain),
        )
    yield (
        "workforce-project-of-a-workload",
        "A workforce_pool_user_project goes with the audience of a workforce pool only.",
        {"code": invalid, "field": "workforce_pool_user_project"},
        config(workforce_pool_user_project="999"),
    )


def _sources():
    for name, about, value in [
        ("aws2", "aws2 is a version of the protocol that does not exist yet.", "aws2"),
        ("aws01", "The version is compared as text.", "aws01"),
        ("other-cloud", "Only AWS has an environment_id.", "azure1"),
    ]:
        yield (
            f"environment-{name}",
            about,
            {"code": "config_field_invalid", "field": "credential_source.environment_id"},
            config(source={"environment_id": value}),
        )
    file_source = {"file": "/var/run/token"}
    url_source = {"url": "https://example.com/token"}
    jwt = "urn:ietf:params:oauth:token-type:jwt"
    yield (
        "source-file-and-url",
        "A file and a URL together do not say which of them counts.",
        {"code": "config_source_ambiguous", "field": "credential_source.url"},
        config(subject_token_type=jwt, credential_source={**file_source, **url_source}),
    )
    yield (
        "source-aws-and-file",
        "An AWS source and a file together do not say which of them counts.",
        {"code": "config_source_ambiguous", "field": "credential_source.file"},
        config(source=file_source),
    )
    yield (
        "source-unknown",
        "A credential_source that names no source.",
        {"code": "config_source_unsupported", "field": "credential_source"},
        config(subject_token_type=jwt, credential_source={"future_source": {}}),
    )
    yield (
        "source-not-an-object",
        "credential_source must be an object.",
        {"code": "config_field_invalid", "field": "credential_source"},
        config(credential_source="aws1"),
    )


def _urls():
    refused, invalid = "config_url_refused", "config_field_invalid"
    sts_urls = [
        ("other-host", refused, "https://example.com/v1/token", "a host that is not Google's"),
        ("suffix", refused, "https://sts.googleapis.com.evil.com/v1/token", "a host that only begins like Google's"),
        ("glued", refused, "https://evilsts.googleapis.com/v1/token", "a host that only ends like Google's"),
        ("glued-domain", refused, "https://sts.evilgoogleapis.com/v1/token", "a domain that only ends like Google's"),
        ("other-service", refused, "https://storage.googleapis.com/v1/token", "another Google service"),
        ("http", refused, "http://sts.googleapis.com/v1/token", "a scheme without encryption"),
        ("port", refused, "https://sts.googleapis.com:8443/v1/token", "another port"),
        ("loopback", refused, "http://127.0.0.1:8080/v1/token", "this machine, without the loopback policy"),
        (
            "userinfo",
            invalid,
            "https://sts.googleapis.com@evil.com/v1/token",
            "user information that looks like the host",
        ),
        ("password", invalid, "https://user:pass@sts.googleapis.com/v1/token", "user information"),
        (
            "backslash",
            invalid,
            "https://evil.com\\@sts.googleapis.com/v1/token",
            "a backslash, which some take for a slash",
        ),
        ("two-colons", invalid, "https://sts.googleapis.com::443/v1/token", "two colons before the port"),
        ("port-zero", invalid, "https://sts.googleapis.com:0443/v1/token", "a port that begins with a zero"),
        ("fragment", invalid, "https://sts.googleapis.com/v1/token#x", "a fragment"),
        ("space", invalid, "https://sts.googleapis.com/v1/ token", "a space"),
        ("two-lines", invalid, "https://sts.googleapis.com/v1/token\r\nx-injected: yes", "a line break"),
        ("other-scheme", invalid, "file:///etc/passwd", "a scheme other than https and http"),
    ]
    for name, code, url, what in sts_urls:
        yield (
            f"token-url-{name}",
            f"token_url is refused: {what}.",
            {"code": code, "field": "token_url"},
            config(token_url=url),
        )
    yield (
        "universe-of-a-stranger",
        "A configuration cannot vouch for a domain of its own.",
        {"code": refused, "field": "token_url"},
        config(universe_domain="evil.com", token_url="https://sts.evil.com/v1/token"),
    )
    yield (
        "universe-of-another",
        "The federated token of one universe is not sent to another.",
        {"code": refused, "field": "service_account_impersonation_url"},
        config(
            service_account_impersonation_url=world.IMPERSONATION_URL.replace("googleapis.com", "s3nsapis.fr"),
        ),
    )
    yield (
        "impersonation-url-other-method",
        "The URL names the method whose answer is understood.",
        {"code": invalid, "field": "service_account_impersonation_url"},
        config(
            service_account_impersonation_url=world.IMPERSONATION_URL.replace("AccessToken", "IdToken"),
        ),
    )
    yield (
        "impersonation-url-other-host",
        "The federated token is not sent to a host that is not Google's.",
        {"code": refused, "field": "service_account_impersonation_url"},
        config(
            service_account_impersonation_url="https://iamcredentials.googleapis.com.evil.com/v1/x:generateAccessToken"
        ),
    )
    for field, url in [
        ("region_url", "http://169.254.169.254.evil.com/latest/meta-data/placement/availability-zone"),
        ("url", "http://metadata.evil.com/latest/meta-data/iam/security-credentials"),
        ("imdsv2_session_token_url", "http://169.254.169.253/latest/api/token"),
    ]:
        yield (
            f"metadata-{field.replace('_', '-')}-other-host",
            f"{field} must lead to the metadata service.",
            {"code": refused, "field": f"credential_source.{field}"},
            config(source={field: url}),
        )
    query = "?Action=GetCallerIdentity&Version=2011-06-15"
    for name, code, url in [
        ("other-host", refused, "https://sts.{region}.amazonaws.com.evil.com" + query),
        ("http", invalid, "http://sts.{region}.amazonaws.com" + query),
    ]:
        yield (
            f"verification-url-{name}",
            "The signed request must be for AWS STS over https.",
            {"code": code, "field": "credential_source.regional_cred_verification_url"},
            config(source={"regional_cred_verification_url": url}),
        )


def _accepted(name, about, whole, secrets=(), **differences):
    summary = {
        "type": "external_account",
        "audience": world.AUDIENCE,
        "subject_token_type": world.AWS4_REQUEST,
        "source": "aws",
        "token_url": world.TOKEN_URL,
        "service_account_impersonation_url": None,
        "service_account_email": None,
        "token_lifetime_seconds": None,
        "quota_project_id": None,
        "universe_domain": "googleapis.com",
        "client_id": None,
        "project_number": "123456",
        **differences,
    }
    return {
        "name": name,
        "about": about,
        "function": "config_summary",
        "params": {"config": whole},
        "result": {"summary": summary},
        "secrets": list(secrets),
    }
