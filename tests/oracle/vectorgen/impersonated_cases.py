"""``impersonated_service_account``: a service account that is reached from an ``external_account``."""

from . import world
from .exchange_success import IMPERSONATED_EXPIRY
from .protocol import CLOUD_PLATFORM, http, impersonation_request
from .transcript import Exchange
from .world import LONG_TERM, config, environment

TARGET = "target@other-project.iam.gserviceaccount.com"
TARGET_URL = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken"
TARGET_TOKEN = "ya29.c.target-account-example-0002"
DELEGATE = "between@my-project.iam.gserviceaccount.com"


def exchanges():
    yield _reached(
        "impersonated-from-federated",
        "The federated token becomes the service account; the scopes are those of the last token.",
        config(),
        scopes=["https://www.googleapis.com/auth/bigquery"],
    )
    yield _reached(
        "impersonated-from-service-account",
        "A service account becomes another one.",
        config(impersonate=True),
        scopes=["https://www.googleapis.com/auth/bigquery"],
    )
    yield _reached(
        "impersonated-delegates",
        "Delegates are named in full, whichever way they are written; the quota project is the outer one's.",
        config(),
        delegates=[DELEGATE, f"projects/-/serviceAccounts/second.{DELEGATE}"],
        sent=[f"projects/-/serviceAccounts/{DELEGATE}", f"projects/-/serviceAccounts/second.{DELEGATE}"],
        quota_project_id="outer-project",
    )


def failures():
    case = _begun("impersonated-rejected", "The last service account may not be used.", config(impersonate=True))
    case.round(_ask("impersonate", world.SERVICE_ACCOUNT_TOKEN, None, [], http(403, _denied())))
    yield _outer(case, config(impersonate=True)).fails(
        "impersonation_rejected",
        "remote",
        stage="impersonation",
        ask_id="impersonate",
        status=403,
        error="PERMISSION_DENIED",
        error_description="Permission denied on resource (or it may not exist).",
    )


def refusals():
    for name, about, code, field, change in [
        (
            "impersonated-without-url",
            "The service account is missing.",
            "config_field_missing",
            "service_account_impersonation_url",
            {"service_account_impersonation_url": ""},
        ),
        (
            "impersonated-id-token-url",
            "The URL is of another method.",
            "config_field_invalid",
            "service_account_impersonation_url",
            {"service_account_impersonation_url": TARGET_URL.replace("AccessToken", "IdToken")},
        ),
        (
            "impersonated-without-source",
            "There is nothing to begin with.",
            "config_field_missing",
            "source_credentials",
            {"source_credentials": None},
        ),
        (
            "impersonated-from-user",
            "A person's own credentials are no workload's.",
            "config_type_unsupported",
            "source_credentials.type",
            {"source_credentials": {"type": "authorized_user"}},
        ),
        (
            "impersonated-twice",
            "An account behind an account behind an account is not written so.",
            "config_type_unsupported",
            "source_credentials.type",
            {"source_credentials": {"type": "impersonated_service_account"}},
        ),
        (
            "impersonated-delegates-no-list",
            "Delegates are a list.",
            "config_field_invalid",
            "delegates",
            {"delegates": DELEGATE},
        ),
        (
            "impersonated-source-url-refused",
            "The URLs of the source are checked, too.",
            "config_url_refused",
            "source_credentials.token_url",
            {"source_credentials": config(token_url="https://sts.example.com/v1/token")},
        ),
        (
            "impersonated-source-field",
            "A mistake in the source is named with its path.",
            "config_field_missing",
            "source_credentials.audience",
            {"source_credentials": config(without=["audience"])},
        ),
        (
            "impersonated-url-refused",
            "The URL leads elsewhere than to Google.",
            "config_url_refused",
            "service_account_impersonation_url",
            {"service_account_impersonation_url": TARGET_URL.replace("googleapis.com", "example.com")},
        ),
    ]:
        whole = {**_configuration(config()), **change}
        yield Exchange(name, about, config=whole).fails(code, "config", stage="config", field=field)


def _reached(name, about, source, *, scopes=(), delegates=(), sent=(), **fields):
    case = _begun(name, about, source, scopes)
    before = world.SERVICE_ACCOUNT_TOKEN if "service_account_impersonation_url" in source else world.FEDERATED_TOKEN
    answer = http(200, {"accessToken": TARGET_TOKEN, "expireTime": "2024-01-02T04:04:05Z"})
    case.round(_ask("impersonate", before, scopes, sent, answer))
    case.secret(TARGET_TOKEN)
    case.token(IMPERSONATED_EXPIRY, "service_account")
    case.result["outcome"]["token"]["value"] = TARGET_TOKEN
    return _outer(case, source, delegates=list(delegates), **fields) if delegates else _outer(case, source, **fields)


def _begun(name, about, source, scopes=()):
    """Up to the token that the outer service account is reached with."""
    case = Exchange(name, about, config={**source, "service_account_impersonation_url": TARGET_URL}, scopes=scopes)
    case.env({"AWS_REGION": "us-east-1", **environment(LONG_TERM)}).sts()
    if "service_account_impersonation_url" in source:
        answer = http(200, world.service_account_answer())
        request = impersonation_request(
            url=world.IMPERSONATION_URL, token=world.FEDERATED_TOKEN, scopes=[CLOUD_PLATFORM]
        )
        case.round(({"id": "impersonate-source", **request}, answer)).secret(world.SERVICE_ACCOUNT_TOKEN)
    return case


def _ask(ask_id, token, scopes, delegates, answer):
    request = impersonation_request(
        url=TARGET_URL, token=token, scopes=list(scopes or [CLOUD_PLATFORM]), delegates=delegates
    )
    return {"id": ask_id, **request}, answer


def _outer(case, source, **fields):
    case.config = {**_configuration(source), **fields}
    return case


def _configuration(source):
    """As gcloud writes it for ``auth application-default login --impersonate-service-account``."""
    return {
        "delegates": [],
        "service_account_impersonation_url": TARGET_URL,
        "source_credentials": source,
        "type": "impersonated_service_account",
    }


def _denied():
    message = "Permission denied on resource (or it may not exist)."
    return {"error": {"code": 403, "message": message, "status": "PERMISSION_DENIED"}}
