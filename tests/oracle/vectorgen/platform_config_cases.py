"""Configurations whose source is a platform: what is read in them, and those that are refused."""

from . import protocol, world
from .azure_app_service_cases import CLIENT_ID, RESOURCE
from .platform_exchange import JWT, config
from .transcript import Exchange

SAML = "urn:ietf:params:oauth:token-type:saml2"


def summaries():
    """``config_summary`` vectors: one for each platform."""
    for platform, fields in [
        ("azure_app_service", {"resource": RESOURCE, "client_id": CLIENT_ID}),
        ("azure_workload_identity", {}),
        ("azure_workload_identity", {"resource": RESOURCE}),
        ("bitbucket", {}),
        ("buildkite", {"audience": "sanskey"}),
        ("circleci", {}),
        ("environment", {"variable": "MY_OIDC_TOKEN"}),
        ("github_actions", {"future_field": True}),
        ("gitlab", {"variable": "GOOGLE_ID_TOKEN"}),
        ("terraform_cloud", {}),
        ("vercel", {}),
    ]:
        more = "-with-resource" if platform == "azure_workload_identity" and fields else ""
        yield {
            "name": f"platform-{platform.replace('_', '-')}{more}",
            "about": f"The platform {platform}.",
            "function": "config_summary",
            "params": {"config": config(platform, impersonate=True, **fields)},
            "result": {
                "summary": {
                    "type": "external_account",
                    "audience": world.AUDIENCE,
                    "subject_token_type": JWT,
                    "source": "platform",
                    "token_url": world.TOKEN_URL,
                    "service_account_impersonation_url": world.IMPERSONATION_URL,
                    "service_account_email": world.SERVICE_ACCOUNT,
                    "token_lifetime_seconds": 3600,
                    "quota_project_id": None,
                    "universe_domain": "googleapis.com",
                    "client_id": None,
                    "project_number": "123456",
                }
            },
            "secrets": [],
        }


def refusals():
    """Exchanges that end before the first question."""
    field = "credential_source.sanskey"
    for name, about, code, where, whole in [
        (
            "not-an-object",
            "The platform is named in an object.",
            "config_field_invalid",
            field,
            {**config("vercel"), "credential_source": {"sanskey": "vercel"}},
        ),
        (
            "unnamed",
            "The platform must be named.",
            "config_field_missing",
            f"{field}.platform",
            {**config("vercel"), "credential_source": {"sanskey": {}}},
        ),
        (
            "unknown",
            "A platform that is not known, or not yet: Fly.io gives tokens through a Unix socket.",
            "config_field_invalid",
            f"{field}.platform",
            config("fly"),
        ),
        (
            "upper-case",
            "The name is compared as text.",
            "config_field_invalid",
            f"{field}.platform",
            config("GitHub_Actions"),
        ),
        (
            "number",
            "The name is a text.",
            "config_field_invalid",
            f"{field}.platform",
            config(7),
        ),
        (
            "app-service-without-resource",
            "Azure must be told for whom the token is.",
            "config_field_missing",
            f"{field}.resource",
            config("azure_app_service"),
        ),
        (
            "app-service-resource-empty",
            "An empty field counts as absent.",
            "config_field_missing",
            f"{field}.resource",
            config("azure_app_service", resource=""),
        ),
        (
            "app-service-resource-space",
            "A resource has no spaces.",
            "config_field_invalid",
            f"{field}.resource",
            config("azure_app_service", resource="api://sanskey demo"),
        ),
        (
            "app-service-client-id-number",
            "A client ID is a text.",
            "config_field_invalid",
            f"{field}.client_id",
            config("azure_app_service", resource=RESOURCE, client_id=7),
        ),
        (
            "aks-resource-two-lines",
            "A resource has one line.",
            "config_field_invalid",
            f"{field}.resource",
            config("azure_workload_identity", resource="api://sanskey\r\ndemo"),
        ),
        (
            "environment-without-variable",
            "The variable must be named.",
            "config_field_missing",
            f"{field}.variable",
            config("environment"),
        ),
        (
            "environment-variable-space",
            "The name of a variable has no spaces.",
            "config_field_invalid",
            f"{field}.variable",
            config("environment", variable="MY TOKEN"),
        ),
        (
            "gitlab-variable-list",
            "The name of a variable is a text.",
            "config_field_invalid",
            f"{field}.variable",
            config("gitlab", variable=["A", "B"]),
        ),
        (
            "github-audience-two-lines",
            "An audience has one line.",
            "config_field_invalid",
            f"{field}.audience",
            config("github_actions", audience="sanskey\r\nx-injected: yes"),
        ),
        (
            "buildkite-audience-number",
            "An audience is a text.",
            "config_field_invalid",
            f"{field}.audience",
            config("buildkite", audience=7),
        ),
        (
            "saml",
            "These platforms give JWTs, and no SAML.",
            "config_field_invalid",
            "subject_token_type",
            config("github_actions", subject_token_type=SAML),
        ),
        (
            "aws-token",
            "Nor do they give AWS tokens.",
            "config_field_invalid",
            "subject_token_type",
            config("github_actions", subject_token_type=protocol.AWS4_REQUEST),
        ),
    ]:
        # What gcloud does not write, its command is no help with.
        hint = {"hint_contains": "sanskey's own"} if where.startswith(f"{field}.") else {}
        yield Exchange(f"platform-{name}", about, config=whole).fails(
            code, "config", stage="config", field=where, **hint
        )
    for kind, source in [
        ("file", {"file": "/var/run/token"}),
        ("url", {"url": "http://169.254.169.254/token"}),
        ("executable", {"executable": {"command": "/bin/get-token"}}),
        ("certificate", {"certificate": {"use_default_certificate_config": True}}),
        ("environment-id", {"environment_id": "aws1"}),
    ]:
        whole = config("github_actions")
        whole["credential_source"].update(source)
        yield Exchange(
            f"platform-and-{kind}", "A platform and another source do not say which of them counts.", config=whole
        ).fails("config_source_ambiguous", "config", stage="config", field=field)
