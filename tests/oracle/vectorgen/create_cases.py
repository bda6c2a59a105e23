"""New configurations, as ``gcloud iam workload-identity-pools create-cred-config`` writes them (gcloud 528).

The order of the members, the defaults and the URLs are gcloud's; ``json.dumps`` with an indentation of two is what it
writes with.
"""

import json

PROVIDER = "projects/123456789012/locations/global/workloadIdentityPools/pool/providers/provider"
WORKFORCE = "locations/global/workforcePools/pool/providers/provider"
ACCOUNT = "app@project.iam.gserviceaccount.com"
OAUTH = "urn:ietf:params:oauth:token-type:"
METADATA = "http://169.254.169.254/latest"


def creations():
    yield from _of_aws()
    yield from _of_azure()
    yield from _of_files()
    yield from _of_urls()
    yield from _of_programs()
    yield from _of_certificates()
    yield from _of_certificate_files()
    yield from _of_platforms()
    yield from _of_workforces()
    yield from _names()
    yield from _texts()
    yield from _refusals()


def _of_aws():
    for name, about, imdsv2, source in [
        ("aws", "With sessions of the metadata service, unless they are declined.", None, _aws(imdsv2=True)),
        ("aws-imdsv1", "Without them, as gcloud does if it is not told.", False, _aws(imdsv2=False)),
    ]:
        yield _made(name, about, {"kind": "aws", "imdsv2": imdsv2}, source, token_type=_AWS_TYPE)
    yield _made(
        "aws-service-account",
        "A service account, and a lifetime of its tokens.",
        {"kind": "aws"},
        _aws(imdsv2=True),
        token_type=_AWS_TYPE,
        service_account=ACCOUNT,
        token_lifetime_seconds=7200,
    )
    yield _made(
        "aws-subject-token-type-ignored",
        "AWS has one type of token; another is not taken from the parameters.",
        {"kind": "aws"},
        _aws(imdsv2=True),
        token_type=_AWS_TYPE,
        given={"subject_token_type": OAUTH + "jwt"},
    )
    yield _made(
        "universe-domain",
        "Another universe: its hosts, and the resource names of Google.",
        {"kind": "aws"},
        _aws(imdsv2=True),
        token_type=_AWS_TYPE,
        universe_domain="s3nsapis.fr",
        service_account=ACCOUNT,
    )
    yield _made(
        "sts-region",
        "The Security Token Service of a region, which gcloud has no flag for.",
        {"kind": "aws"},
        _aws(imdsv2=True),
        token_type=_AWS_TYPE,
        sts="https://sts.europe-west3.rep.googleapis.com",
        given={"sts_region": "europe-west3"},
    )


def _of_azure():
    for name, about, uri, resource in [
        ("azure", "The provider's own URI is the application's.", None, f"https://iam.googleapis.com/{PROVIDER}"),
        ("azure-app-id-uri", "An application's URI is written as it is.", "api://a b/ü", "api://a b/ü"),
    ]:
        url = f"http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource={resource}"
        source = {
            "url": url,
            "headers": {"Metadata": "True"},
            "format": {"type": "json", "subject_token_field_name": "access_token"},
        }
        if uri and not uri.isascii():
            # gcloud would write it, and no client could send it.
            error = {"code": "config_field_invalid", "field": "credential_source.url"}
            yield _refused(name, "A URI that no request can hold.", {"kind": "azure", "app_id_uri": uri}, error)
        else:
            yield _made(name, about, {"kind": "azure", "app_id_uri": uri}, source)
    uri = "api://00000000-0000-0000-0000-000000000000"
    url = f"http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource={uri}"
    source = {
        "url": url,
        "headers": {"Metadata": "True"},
        "format": {"type": "json", "subject_token_field_name": "access_token"},
    }
    yield _made("azure-api-uri", "The usual form of such a URI.", {"kind": "azure", "app_id_uri": uri}, source)


def _of_files():
    path = "/var/run/token"
    yield _made("file", "A file that holds the token.", {"kind": "file", "path": path}, {"file": path})
    yield _made(
        "file-text",
        "The format is written if it is given.",
        {"kind": "file", "path": path, "format": "text"},
        {"file": path, "format": {"type": "text"}},
    )
    yield _made(
        "file-json",
        "JSON, with the field that holds the token.",
        {"kind": "file", "path": path, "format": "json", "json_field": "id_token"},
        {"file": path, "format": {"type": "json", "subject_token_field_name": "id_token"}},
    )
    yield _made(
        "file-saml",
        "Another type of token.",
        {"kind": "file", "path": path},
        {"file": path},
        token_type=OAUTH + "saml2",
        given={"subject_token_type": OAUTH + "saml2"},
    )


def _of_urls():
    url = "http://169.254.169.254/token"
    yield _made("url", "A server that gives the token.", {"kind": "url", "url": url}, {"url": url})
    yield _made(
        "url-headers",
        "Headers stay in their order.",
        {"kind": "url", "url": url, "headers": [["X-Second", "2"], ["A-First", "1"]], "json_field": "value"},
        {
            "url": url,
            "headers": {"X-Second": "2", "A-First": "1"},
            "format": {"type": "json", "subject_token_field_name": "value"},
        },
    )
    secret = "made-up-bearer-value"
    yield _made(
        "url-secret-header",
        "What a header says is written into the file, and nowhere else.",
        {"kind": "url", "url": url, "headers": [["Authorization", f"Bearer {secret}"]]},
        {"url": url, "headers": {"Authorization": f"Bearer {secret}"}},
        secrets=[secret],
    )
    yield _refused(
        "url-header-of-two-lines",
        "A header that would be two, which an error does not repeat.",
        {"kind": "url", "url": url, "headers": [["Authorization", f"Bearer {secret}\r\nX-Other: 1"]]},
        {"code": "config_field_invalid", "field": "credential_source.headers.Authorization"},
        secrets=[secret],
    )
    yield _refused(
        "url-header-twice",
        "A header that is there twice, of which a reader of the file would take one.",
        {"kind": "url", "url": url, "headers": [["X-One", "1"], ["X-Two", "2"], ["X-One", secret]]},
        {"code": "config_field_invalid", "field": "credential_source.headers"},
        secrets=[secret],
    )


def _of_programs():
    yield _made(
        "executable",
        "The timeout is 30 seconds if none is given.",
        {"kind": "executable", "command": "/usr/bin/token --quiet"},
        {"executable": {"command": "/usr/bin/token --quiet", "timeout_millis": 30000}},
    )
    yield _made(
        "executable-output-file",
        "A timeout and an output file.",
        {"kind": "executable", "command": "token", "timeout_millis": 5000, "output_file": "/tmp/token"},
        {"executable": {"command": "token", "timeout_millis": 5000, "output_file": "/tmp/token"}},
    )


def _of_certificates():
    for name, about, given, source in [
        ("certificate", "The usual place.", {}, {"use_default_certificate_config": True}),
        (
            "certificate-location",
            "A file of its own, and a chain.",
            {"config_location": "/etc/cert.json", "trust_chain_path": "/etc/chain.pem"},
            {"certificate_config_location": "/etc/cert.json", "trust_chain_path": "/etc/chain.pem"},
        ),
    ]:
        yield _made(
            name,
            f"{about} Both services are reached by mutual TLS.",
            {"kind": "certificate", **given},
            {"certificate": source},
            token_type=OAUTH + "mtls",
            mtls=".mtls",
            service_account=ACCOUNT,
        )


def _of_certificate_files():
    """The second file of X.509, which names the certificate and its key."""
    for name, about, cert_path, key_path in [
        ("certificate-file", "The file that a certificate's configuration leads to.", "/etc/cert.pem", "/etc/key.pem"),
        ("certificate-file-escapes", "Paths of Windows, with an umlaut.", "C:\\Schlüssel\\cert.pem", "C:\\key.pem"),
    ]:
        text = json.dumps({"cert_configs": {"workload": {"cert_path": cert_path, "key_path": key_path}}}, indent=2)
        params = {"cert_path": cert_path, "key_path": key_path}
        yield _vector(name, about, params, {"text": text}, function="certificate_config")


def _of_platforms():
    yield _made(
        "platform",
        "A platform that gcloud does not know.",
        {"kind": "github_actions"},
        {"sanskey": {"platform": "github_actions"}},
    )
    yield _made(
        "platform-settings",
        "What is said about a platform, in the order of the names.",
        {"kind": "azure_app_service", "resource": "api://app", "client_id": "client"},
        {"sanskey": {"platform": "azure_app_service", "client_id": "client", "resource": "api://app"}},
    )
    yield _refused(
        "platform-unknown",
        "A platform that nobody knows.",
        {"kind": "mainframe"},
        {"code": "config_field_invalid", "field": "credential_source.sanskey.platform"},
    )
    client = {
        "client_id": "workload",
        "client_secret_variable": "SECRET",
        "resource": "urn:pool",
        "token_url": "https://adfs.example.com/adfs/oauth2/token",
    }
    kind = "oauth2_client_credentials"
    yield _made(
        "platform-client-credentials",
        "An identity provider of one's own.",
        {"kind": kind, **client},
        {"sanskey": {"platform": kind, **client}},
    )
    yield _made("platform-caller", "The program itself.", {"kind": "caller"}, {"sanskey": {"platform": "caller"}})
    for name, path in [("kubernetes", None), ("kubernetes-path", "/var/run/pool/token")]:
        source = {"file": path or "/var/run/service-account/token", "format": {"type": "text"}}
        yield _made(
            name, "A pod's projected token, as Google's guide mounts it.", {"kind": "kubernetes", "path": path}, source
        )


def _of_workforces():
    yield _made(
        "workforce",
        "A workforce pool: another type of token, and a project to bill.",
        {"kind": "file", "path": "token"},
        {"file": "token"},
        provider=WORKFORCE,
        token_type=OAUTH + "id_token",
        workforce_pool_user_project="123",
    )
    yield _made(
        "workforce-interactive",
        "A program that may ask a person.",
        {
            "kind": "executable",
            "command": "login",
            "output_file": "out",
            "interactive_timeout_millis": 30000,
        },
        {
            "executable": {
                "command": "login",
                "timeout_millis": 30000,
                "output_file": "out",
                "interactive_timeout_millis": 30000,
            }
        },
        provider=WORKFORCE,
        token_type=OAUTH + "id_token",
        workforce_pool_user_project="123",
    )


_PARTS = {"project_number": "123456789012", "pool": "pool", "provider": "provider"}


def _names():
    yield _made(
        "provider-of-parts",
        "A provider by the project's number, the pool and its own name.",
        {"kind": "aws"},
        _aws(imdsv2=True),
        token_type=_AWS_TYPE,
        given=_PARTS,
    )
    for name, about, part, value in [
        ("parts-project-id", "The ID of a project in the place of its number.", "project_number", "my-project"),
        ("parts-pool-with-slash", "A pool that would change the name.", "pool", "pool/providers/other"),
        ("parts-without-pool", "A pool without a name.", "pool", ""),
        ("parts-provider-in-full", "The full name in the place of the last part.", "provider", PROVIDER),
    ]:
        error = {"code": "config_field_invalid", "field": "audience"}
        yield _refused(name, about, {"kind": "aws"}, error, **{**_PARTS, part: value})


def _texts():
    path = 'C:\\token "ü" \u2028 😀 \x7f\t\n'
    yield _made(
        "text-escapes", "Everything but plain ASCII is escaped.", {"kind": "file", "path": path}, {"file": path}
    )


def _refusals():
    aws = {"kind": "aws"}
    invalid = "config_field_invalid"
    for name, about, given, source, field in [
        (
            "project-id",
            "The ID of a project is not its number.",
            {"provider": PROVIDER.replace("123456789012", "my-project")},
            aws,
            "audience",
        ),
        ("provider-in-part", "A provider that is not named in full.", {"provider": "pool/provider"}, aws, "audience"),
        (
            "provider-of-nothing",
            "A provider without a name.",
            {"provider": PROVIDER.removesuffix("provider")},
            aws,
            "audience",
        ),
        (
            "lifetime-too-short",
            "A lifetime below ten minutes.",
            {"service_account": ACCOUNT, "token_lifetime_seconds": 599},
            aws,
            "service_account_impersonation.token_lifetime_seconds",
        ),
        (
            "lifetime-too-long",
            "A lifetime above twelve hours.",
            {"service_account": ACCOUNT, "token_lifetime_seconds": 43201},
            aws,
            "service_account_impersonation.token_lifetime_seconds",
        ),
        (
            "lifetime-of-nobody",
            "A lifetime without a service account.",
            {"token_lifetime_seconds": 3600},
            aws,
            "service_account_impersonation.token_lifetime_seconds",
        ),
        (
            "service-account-no-address",
            "A service account by its name.",
            {"service_account": "app"},
            aws,
            "service_account_impersonation_url",
        ),
        (
            "service-account-with-path",
            "A service account that would change the URL.",
            {"service_account": "a@b/../c"},
            aws,
            "service_account_impersonation_url",
        ),
        (
            "sts-region-with-dot",
            "A region that would change the host.",
            {"sts_region": "evil.example/"},
            aws,
            "token_url",
        ),
        (
            "workforce-without-project",
            "A workforce pool without a project to bill.",
            {"provider": WORKFORCE},
            {"kind": "file", "path": "t"},
            "workforce_pool_user_project",
        ),
        (
            "project-without-workforce",
            "A project to bill without a workforce pool.",
            {"workforce_pool_user_project": "1"},
            aws,
            "workforce_pool_user_project",
        ),
        (
            "timeout-too-short",
            "A timeout below five seconds.",
            {},
            {"kind": "executable", "command": "x", "timeout_millis": 4999},
            "credential_source.executable.timeout_millis",
        ),
        (
            "timeout-too-long",
            "A timeout above two minutes.",
            {},
            {"kind": "executable", "command": "x", "timeout_millis": 120001},
            "credential_source.executable.timeout_millis",
        ),
        (
            "interactive-workload",
            "A workload has nobody to ask.",
            {},
            {"kind": "executable", "command": "x", "output_file": "o", "interactive_timeout_millis": 30000},
            "credential_source.executable.interactive_timeout_millis",
        ),
        (
            "command-open-quote",
            "A command line with a quote that is not closed.",
            {},
            {"kind": "executable", "command": "x 'y"},
            "credential_source.executable.command",
        ),
        (
            "saml-of-aws-type",
            "A file with the token type of AWS.",
            {"subject_token_type": "urn:ietf:params:aws:token-type:aws4_request"},
            {"kind": "file", "path": "t"},
            "subject_token_type",
        ),
    ]:
        yield _refused(name, about, source, {"code": invalid, "field": field}, **given)


_AWS_TYPE = "urn:ietf:params:aws:token-type:aws4_request"


def _aws(*, imdsv2):
    source = {
        "environment_id": "aws1",
        "region_url": f"{METADATA}/meta-data/placement/availability-zone",
        "url": f"{METADATA}/meta-data/iam/security-credentials",
        "regional_cred_verification_url": (
            "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
        ),
    }
    if imdsv2:
        source["imdsv2_session_token_url"] = f"{METADATA}/api/token"
    return source


def _made(
    name,
    about,
    source,
    credential_source,
    *,
    token_type=OAUTH + "jwt",
    provider=PROVIDER,
    universe_domain=None,
    service_account=None,
    token_lifetime_seconds=None,
    workforce_pool_user_project=None,
    mtls="",
    sts=None,
    given=None,
    secrets=(),
):
    universe = universe_domain or "googleapis.com"
    sts = sts or f"https://sts{mtls}.{universe}"
    expected = {
        "universe_domain": universe,
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{provider}",
        "subject_token_type": token_type,
        "token_url": f"{sts}/v1/token",
        "credential_source": credential_source,
    }
    if workforce_pool_user_project:
        expected["workforce_pool_user_project"] = workforce_pool_user_project
    if service_account:
        expected["service_account_impersonation_url"] = (
            f"https://iamcredentials{mtls}.{universe}/v1/projects/-/serviceAccounts/{service_account}:generateAccessToken"
        )
        if token_lifetime_seconds:
            expected["service_account_impersonation"] = {"token_lifetime_seconds": token_lifetime_seconds}
    else:
        expected["token_info_url"] = f"{sts}/v1/introspect"
    params = {
        "provider": provider,
        "source": _without_none(source),
        "universe_domain": universe_domain,
        "service_account": service_account,
        "token_lifetime_seconds": token_lifetime_seconds,
        "workforce_pool_user_project": workforce_pool_user_project,
        **(given or {}),
    }
    result = {"text": json.dumps(expected, indent=2)}
    return _vector(name, about, params, result, secrets=secrets)


def _refused(name, about, source, error, *, secrets=(), **given):
    params = {"provider": PROVIDER, "source": _without_none(source), **given}
    members = {
        "code": error["code"],
        "fault": "config",
        "stage": "config",
        "field": error["field"],
        "ask_id": None,
        "status": None,
        "retryable": False,
        "error": None,
        "error_description": None,
    }
    return _vector(name, about, params, {"error": members}, secrets=secrets)


def _vector(name, about, params, result, *, function="create_config", secrets=()):
    return {
        "name": name,
        "about": about,
        "function": function,
        "params": _without_none(params),
        "result": result,
        "secrets": list(secrets),
    }


def _without_none(members):
    return {name: value for name, value in members.items() if value is not None}
