"""People who have logged in through a workforce pool: refresh, rotation, what a token is worth, revocation."""

from . import protocol, world
from .exchange_failures import HTML
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .protocol import CLOUD_PLATFORM, WAITED, http, wait
from .transcript import Exchange, numbered
from .world import NOW

AUDIENCE = "//iam.googleapis.com/locations/global/workforcePools/my-pool/providers/my-provider"
CLIENT_ID = "workforce-client"
CLIENT_SECRET = "workforce-client-secret-example"
REFRESH_TOKEN = "refresh+token/example==0001"
NEXT_REFRESH_TOKEN = "refresh+token/example==0002"
TOKEN_URL = "https://sts.googleapis.com/v1/oauthtoken"
TOKEN_INFO_URL = "https://sts.googleapis.com/v1/introspect"
REVOKE_URL = "https://sts.googleapis.com/v1/revoke"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"
REVOCATION = {"goal": "revocation"}


def login(without=(), **changes):
    """As gcloud writes it for ``auth application-default login --login-config``."""
    whole = {
        "audience": AUDIENCE,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "revoke_url": REVOKE_URL,
        "token_info_url": TOKEN_INFO_URL,
        "token_url": TOKEN_URL,
        "type": "external_account_authorized_user",
        **changes,
    }
    return {name: value for name, value in whole.items() if name not in without}


class Login(Exchange):
    def __init__(self, name, about, *, config=None, **whole):
        super().__init__(name, about, config=login() if config is None else config, **whole)
        basic = protocol.basic_authorization(CLIENT_ID, CLIENT_SECRET)
        self.secret(REFRESH_TOKEN, CLIENT_SECRET, basic.removeprefix("Basic "))

    def form(self, ask_id, url, fields, reply, attempt=1):
        request = protocol.google_form(url, fields, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        return self.round(({"id": numbered(ask_id, attempt), **request}, reply))

    def refresh(self, reply=None, attempt=1, url=TOKEN_URL):
        fields = [("grant_type", "refresh_token"), ("refresh_token", REFRESH_TOKEN)]
        if reply is None:
            self.secret(world.FEDERATED_TOKEN)
        return self.form("refresh", url, fields, reply or http(200, world.federated_answer()), attempt)

    def introspect(self, token, reply, attempt=1, url=TOKEN_INFO_URL):
        fields = [("token", token), ("token_type_hint", ACCESS_TOKEN_TYPE)]
        return self.form("introspect", url, fields, reply, attempt)

    def revoke(self, reply, attempt=1):
        fields = [("token", REFRESH_TOKEN), ("token_type_hint", "refresh_token")]
        return self.form("revoke", REVOKE_URL, fields, reply, attempt)


def exchanges():
    yield Login("refresh", "A refresh token becomes an access token.").refresh().token(FEDERATED_EXPIRY)
    case = Login("scopes", "The scopes are those of the login, and not sent again.", scopes=["https://a.example/scope"])
    yield case.refresh().token(FEDERATED_EXPIRY)
    case = Login("rotation", "The new refresh token is told.").secret(NEXT_REFRESH_TOKEN, world.FEDERATED_TOKEN)
    case.refresh(http(200, world.federated_answer(refresh_token=NEXT_REFRESH_TOKEN))).token(FEDERATED_EXPIRY)
    case.result["outcome"]["token"]["refresh_token"] = NEXT_REFRESH_TOKEN
    yield case
    for name, value in [("empty", ""), ("number", 7)]:
        case = Login(f"rotation-{name}", "What is no text is no new refresh token.").secret(world.FEDERATED_TOKEN)
        yield case.refresh(http(200, world.federated_answer(refresh_token=value))).token(FEDERATED_EXPIRY)
    case = Login("token-url-default", "Without a token_url it is the universe's.", config=login(without=["token_url"]))
    yield case.refresh().token(FEDERATED_EXPIRY)
    config = login(without=["token_url"], universe_domain="s3nsapis.fr")
    case = Login("token-url-default-of-universe", "In another universe, too.", config=config)
    yield case.refresh(url="https://sts.s3nsapis.fr/v1/oauthtoken").token(FEDERATED_EXPIRY)
    config = login(without=["audience", "revoke_url", "token_info_url"], quota_project_id="billed")
    yield (
        Login("least", "What a refresh does not need may be missing.", config=config).refresh().token(FEDERATED_EXPIRY)
    )
    config = login(token="ya29.old-access-token-example", expiry="2024-01-02T04:00:00Z", scopes=["a"])
    case = Login("last-token", "The last access token that the file may hold is not used.", config=config)
    yield case.secret("ya29.old-access-token-example").refresh().token(FEDERATED_EXPIRY)
    yield from _behind_service_accounts()
    yield from _introspections()
    case = Login("revocation", "The login is revoked; the answer may be empty.", goal=REVOCATION)
    yield case.revoke(http(200)).outcome(**REVOCATION)
    case = Login("revocation-answer", "Whatever a success says.", goal=REVOCATION)
    yield case.revoke(http(200, "{}")).outcome(**REVOCATION)
    case = Login("revocation-retried", "A server error is tried again.", goal=REVOCATION).revoke(http(503))
    case.wait("revoke-2", 1000)
    yield case.revoke(http(200), 2).outcome(**REVOCATION)


def failures():
    def rejected(case, ask_id, status=400, hint_contains="", **members):
        whole = case.fails("sts_rejected", "remote", stage="sts", ask_id=ask_id, status=status, **members)
        if hint_contains:
            whole.result["error"]["hint_contains"] = hint_contains
        return whole

    over = {"error": "invalid_grant", "error_description": f"Token {REFRESH_TOKEN} has been expired or revoked."}
    told = {"error": "invalid_grant", "error_description": "Token [redacted] has been expired or revoked."}
    case = Login("refresh-invalid-grant", "A refresh token that is over; the server repeats it.")
    yield rejected(case.refresh(http(400, over)), "refresh", hint_contains="Log in again", **told)
    case = Login("refresh-invalid-client", "A client that is not known.")
    answer = {"error": "invalid_client"}
    yield rejected(case.refresh(http(401, answer)), "refresh", 401, "client_id", error="invalid_client")
    case = Login("revocation-invalid-grant", "There is nothing left to revoke.", goal=REVOCATION)
    yield rejected(case.revoke(http(400, over)), "revoke", hint_contains="Log in again", **told)
    case = _introspection("introspection-invalid-client", "A client that is not known.")
    case.introspect(world.FEDERATED_TOKEN, http(401, answer))
    yield rejected(case, "introspect", 401, "client_id", error="invalid_client")
    for name, body in [
        ("html", HTML),
        ("list", "[]"),
        ("without-token", {"refresh_token": NEXT_REFRESH_TOKEN}),
        ("bad-token", world.federated_answer(access_token="a b")),
    ]:
        case = Login(f"refresh-{name}", "A success that has no token.").secret(NEXT_REFRESH_TOKEN)
        case.refresh(http(200, body))
        yield case.fails("sts_malformed", "remote", stage="sts", ask_id="refresh", status=200)
    for name, body in [("html", HTML), ("without-active", {"username": "x"}), ("active-text", {"active": "true"})]:
        case = _introspection(f"introspection-{name}", "It does not say whether the token is good.")
        case.introspect(world.FEDERATED_TOKEN, http(200, body))
        yield case.fails("sts_malformed", "remote", stage="sts", ask_id="introspect", status=200)
    case = Login("refresh-unavailable", "Three server errors are enough.").refresh(http(503))
    for attempt, pause in ((2, 1000), (3, 2000)):
        case.round((wait(f"refresh-{attempt}-wait", pause), WAITED))
        case.refresh(http(503), attempt)
    yield case.fails("sts_unavailable", "remote", stage="sts", ask_id="refresh-3", status=503, retryable=True)


def refusals():
    for name, config, code, field, goal in [
        ("without-refresh-token", login(without=["refresh_token"]), "missing", "refresh_token", None),
        ("refresh-token-number", login(refresh_token=7), "invalid", "refresh_token", None),
        ("without-client", login(without=["client_id", "client_secret"]), "missing", "client_id", None),
        ("without-client-secret", login(without=["client_secret"]), "missing", "client_secret", None),
        ("bad-token-url", login(token_url="sts.googleapis.com"), "invalid", "token_url", None),
        ("bad-revoke-url", login(revoke_url="ftp://sts.googleapis.com"), "invalid", "revoke_url", None),
        ("audience-with-space", login(audience="a b"), "invalid", "audience", None),
        ("without-revoke-url", login(without=["revoke_url"]), "missing", "revoke_url", REVOCATION),
    ]:
        case = Login(f"login-{name}", "What a login must have.", config=config, goal=goal)
        yield case.fails(f"config_field_{code}", "config", stage="config", field=field)
    for name, change, goal in [
        ("token-url", {"token_url": "https://sts.example.com/v1/oauthtoken"}, None),
        ("revoke-url", {"revoke_url": "https://sts.example.com/v1/revoke"}, REVOCATION),
        ("token-info-url", {"token_info_url": "https://sts.example.com/v1/i"}, introspection(world.FEDERATED_TOKEN)),
    ]:
        case = Login(f"login-{name}-elsewhere", "What stands for a person goes to Google only.", goal=goal)
        case.config = login(**change)
        yield case.fails("config_url_refused", "config", stage="config", field=next(iter(change)))
    case = Exchange(
        "revocation-of-a-workload", "A workload has nothing to revoke.", config=world.config(), goal=REVOCATION
    )
    yield case.fails("config_type_unsupported", "config", stage="config", field="type")
    config = impersonated(login(without=["client_secret"]))
    case = Login("login-of-an-account-without-secret", "The path says where.", config=config)
    yield case.fails("config_field_missing", "config", stage="config", field="source_credentials.client_secret")


def misuse():
    for name, options in [
        ("proof", {"subject_token": "example-subject-token"}),
        ("actor", {"actor_token": "example-actor-token", "actor_token_type": protocol.JWT}),
        ("certificate", {"bind_to_certificate": True}),
        ("profile", {"aws_profile": "work"}),
    ]:
        case = Login(f"login-with-{name}", "A login needs no proof, and would go without.", options=options)
        yield case.fails("invalid_argument", "misuse")
    case = Login("introspection-of-nothing", "An empty token is none.", goal=introspection(""))
    yield case.fails("invalid_argument", "misuse")


def introspection(token):
    return {"goal": "introspection", "token": token}


def _introspection(name, about, token=world.FEDERATED_TOKEN, **whole):
    return Login(name, about, goal=introspection(token), **whole).secret(token)


def _introspections():
    answer = {
        "active": True,
        "username": "principal://iam.googleapis.com/locations/global/workforcePools/my-pool/subject/ada@example.com",
        "scope": f"{CLOUD_PLATFORM} openid",
        "client_id": CLIENT_ID,
        "sub": "subject-1",
        "iss": "https://sts.googleapis.com/",
        "exp": NOW + 3600,
        "iat": NOW,
        "token_type": "Bearer",
    }
    full = {
        "active": True,
        "username": answer["username"],
        "scopes": [CLOUD_PLATFORM, "openid"],
        "client_id": CLIENT_ID,
        "subject": "subject-1",
        "issuer": "https://sts.googleapis.com/",
        "expires_at": NOW + 3600,
        "issued_at": NOW,
    }
    nothing = dict.fromkeys(full) | {"scopes": []}
    for name, about, body, info in [
        ("active", "All that may be said of a token.", answer, full),
        (
            "inactive",
            "Of a token that is no good, nothing else is said.",
            {"active": False},
            nothing | {"active": False},
        ),
        (
            "odd-members",
            "What has another type than it should is left out.",
            {"active": True, "username": 7, "exp": "soon", "scope": [], "iat": 1.5},
            nothing | {"active": True},
        ),
    ]:
        case = _introspection(f"introspection-{name}", about)
        case.introspect(world.FEDERATED_TOKEN, http(200, body))
        yield case.outcome(goal="introspection", token_info=info)
    case = _introspection("introspection-default-url", "The endpoint of the universe.", token="a+b/c d=example")
    case.config = login(without=["token_info_url"])
    case.introspect("a+b/c d=example", http(200, {"active": False}))
    yield case.outcome(goal="introspection", token_info=nothing | {"active": False})
    case = Exchange(
        "introspection-of-a-workload",
        "A workload's token, too; its proof is not asked for.",
        config=world.config(impersonate=False),
        goal=introspection(world.FEDERATED_TOKEN),
    ).secret(world.FEDERATED_TOKEN)
    fields = [("token", world.FEDERATED_TOKEN), ("token_type_hint", ACCESS_TOKEN_TYPE)]
    case.round(({"id": "introspect", **protocol.google_form(TOKEN_INFO_URL, fields)}, http(200, {"active": True})))
    yield case.outcome(goal="introspection", token_info=nothing | {"active": True})


def _behind_service_accounts():
    scopes = ["https://www.googleapis.com/auth/devstorage.read_only"]
    for name, given in [("", scopes), ("-default-scope", [])]:
        case = Login(
            f"impersonation{name}",
            "A person becomes a service account, as gcloud's --impersonate-service-account has it.",
            config=impersonated(login()),
            scopes=given,
        )
        yield case.refresh().impersonate().token(IMPERSONATED_EXPIRY)
    case = Login("impersonation-rotation", "The new refresh token is told here, too.", config=impersonated(login()))
    case.refresh(http(200, world.federated_answer(refresh_token=NEXT_REFRESH_TOKEN)))
    case.secret(world.FEDERATED_TOKEN, NEXT_REFRESH_TOKEN).impersonate().token(IMPERSONATED_EXPIRY)
    case.result["outcome"]["token"]["refresh_token"] = NEXT_REFRESH_TOKEN
    yield case


def impersonated(source):
    return {
        "type": "impersonated_service_account",
        "service_account_impersonation_url": world.IMPERSONATION_URL,
        "source_credentials": source,
    }
