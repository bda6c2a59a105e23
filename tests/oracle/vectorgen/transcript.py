"""Writes one exchange down, step by step, and keeps the list of its secrets."""

from urllib.parse import unquote

from . import protocol, world
from .protocol import CLOUD_PLATFORM, http
from .signing import VERIFICATION_URL, caller_identity_token, percent_encode, signature_of

NOTHING_ELSE = {
    "stage": None,
    "field": None,
    "ask_id": None,
    "status": None,
    "retryable": False,
    "error": None,
    "error_description": None,
}


def error(code, fault, **members):
    """An expected error: all nine members that a runner compares, and perhaps ``hint_contains``."""
    return {"error": {"code": code, "fault": fault, **NOTHING_ELSE, **members}}


class Exchange:
    """The steps of the AWS flow, each with the answer that lets it go on unless ``reply`` is given."""

    def __init__(
        self,
        name,
        about,
        *,
        config=None,
        config_text=None,
        scopes=(),
        credentials=None,
        region=None,
        endpoints="google",
        now=world.NOW,
        goal=None,
        options=None,
    ):
        self.name = name
        self.about = about
        self.config = config
        self.config_text = config_text
        self.scopes = list(scopes)
        self.supplied = credentials
        self.supplied_region = region
        self.endpoints = endpoints
        self.goal = goal
        self.more_options = options or {}
        self.start = self.now = now
        self.rounds = []
        self.end = None
        self.result = None
        self.secrets = []
        self.session_token = None
        self.region = region
        self.credentials = None
        self.skew = 0
        self.client_certificate = None
        self.sts_fields = {}
        self.tries = {}
        if credentials is not None:
            self._use(credentials)

    # Steps.

    def round(self, *pairs):
        """One poll: pairs of an ask and its reply. A reply of ``None`` is left unanswered."""
        answered = [(ask, reply) for ask, reply in pairs if reply is not None]
        written = {
            "asks": [self._with_its_try(ask) for ask, _ in pairs],
            "replies": [{"id": ask["id"], **reply} for ask, reply in answered],
        }
        if self.now != self._last_now():
            written = {"now": self.now, **written}
        self.rounds.append(written)
        return self

    def _with_its_try(self, ask):
        """Of a further try, and of the wait before it, the ask says which step it is about, and which try that is."""
        is_wait = ask["action"] == "wait"
        step = (ask["id"].removesuffix("-wait") if is_wait else ask["id"]).rpartition("-")[0]
        if step not in self.tries:
            self.tries[ask["id"]] = 1
            return ask
        attempt = self.tries[step] + 1
        if not is_wait:
            self.tries[step] = attempt
        return {**ask, "step": step, "attempt": attempt}

    def env(self, values=None, reply=None):
        values = values or {}
        self.region = self.region or values.get("AWS_REGION") or values.get("AWS_DEFAULT_REGION") or None
        if self._takes_env_keys() and values.get("AWS_ACCESS_KEY_ID") and values.get("AWS_SECRET_ACCESS_KEY"):
            self._use(
                world.Credentials(
                    values["AWS_ACCESS_KEY_ID"],
                    values["AWS_SECRET_ACCESS_KEY"],
                    values.get("AWS_SESSION_TOKEN") or None,
                )
            )
        return self.round((protocol.read_env(self._env_names()), reply or protocol.env(values)))

    def session(self, reply=None, attempt=1):
        url = self.config["credential_source"]["imdsv2_session_token_url"]
        self.session_token = world.IMDS_SESSION
        if reply is None:
            self.secret(world.IMDS_SESSION)
        ask = protocol.imds_session(url, numbered("imds-session", attempt))
        return self.round((ask, reply or http(200, world.IMDS_SESSION)))

    def region_and_role(self, zone="us-east-1a", region="us-east-1", role=world.ROLE, zone_reply=None, role_reply=None):
        """What is still unknown of the two, in one round."""
        pairs = []
        if self.region is None:
            pairs.append(self._region_pair(zone_reply or http(200, zone)))
            self.region = region
        if self.credentials is None:
            pairs.append(self._role_pair(role_reply or http(200, role)))
        return self.round(*pairs)

    def region_again(self, attempt, reply):
        return self.round(self._region_pair(reply, attempt))

    def role_again(self, attempt, reply):
        return self.round(self._role_pair(reply, attempt))

    def role_credentials(self, reply=None, path=world.ROLE, attempt=1, credentials=world.INSTANCE):
        if reply is None:
            self._use(credentials)
        url = self.config["credential_source"]["url"].rstrip("/") + "/" + path
        ask = protocol.imds_get(numbered("aws-credentials", attempt), url, self.session_token)
        return self.round((ask, reply or http(200, world.role_credentials(credentials))))

    def container_token(self, path, token, reply=None):
        """Reads the file with the authorization token of the container's endpoint."""
        return self.round(self.container_token_pair(path, token, reply))

    def container_token_pair(self, path, token, reply=None):
        self.secret(token)
        return protocol.container_token(path), reply or protocol.file(token)

    def container(self, url, authorization=None, reply=None, attempt=1):
        """Asks the container's endpoint for the credentials of its role."""
        return self.round(self.container_pair(url, authorization, reply, attempt))

    def container_pair(self, url, authorization=None, reply=None, attempt=1):
        self.secret(authorization)
        if reply is None:
            self._use(world.CONTAINER)
        ask = protocol.container_get(numbered("container-credentials", attempt), url, authorization)
        return ask, reply or http(200, world.container_credentials())

    def region_pair(self, zone, region):
        """Asks the metadata service for the zone, beside another step."""
        self.region = region
        return self._region_pair(http(200, zone))

    def sts(self, reply=None, attempt=1):
        ask = {"id": numbered("sts", attempt), **self._sts_request()}
        if reply is None:
            self.secret(world.FEDERATED_TOKEN)
        return self.round((ask, reply or http(200, world.federated_answer())))

    def impersonate(self, reply=None, attempt=1):
        request = protocol.impersonation_request(
            url=self.config["service_account_impersonation_url"],
            token=world.FEDERATED_TOKEN,
            scopes=self.scopes or [CLOUD_PLATFORM],
            lifetime_seconds=self.config.get("service_account_impersonation", {}).get("token_lifetime_seconds", 3600),
            client_certificate=self.client_certificate,
        )
        if reply is None:
            self.secret(world.SERVICE_ACCOUNT_TOKEN)
        ask = {"id": numbered("impersonate", attempt), **request}
        return self.round((ask, reply or http(200, world.service_account_answer())))

    def wait(self, ask_id, duration_ms, reply=protocol.WAITED):
        """The wait before a retry; time passes."""
        self.round((protocol.wait(f"{ask_id}-wait", duration_ms), reply))
        self.now += max(1, duration_ms // 1000)
        return self

    def at(self, now):
        self.now = now
        return self

    def subject_token(self, decodings):
        """The proof that the next request to STS sends: as in the form (0), as STS reads it (1), or unpacked (2)."""
        fields = dict(field.split("=", 1) for field in self._sts_request()["body"].split("&"))
        text = fields["subject_token"]
        for _ in range(decodings):
            text = unquote(text)
        return text

    def signature(self):
        """The signature in that proof."""
        return signature_in(self.subject_token(1))

    # Results.

    def outcome(self, **outcome):
        self._finish({"outcome": outcome})
        return self

    def token(self, expires_at, kind=None):
        impersonated = "service_account_impersonation_url" in self.config
        kind = kind or ("service_account" if impersonated else "federated")
        value = world.SERVICE_ACCOUNT_TOKEN if kind == "service_account" else world.FEDERATED_TOKEN
        token = {"value": value, "expires_at": expires_at, "kind": kind}
        self._finish({"outcome": {"goal": "access_token", "token": token}})
        return self

    def fails(self, code, fault, **members):
        self._finish(error(code, fault, **members))
        return self

    def secret(self, *texts):
        self.secrets += [text for text in texts if text and text not in self.secrets]
        return self

    def to_json(self):
        whole = {"name": self.name, "about": self.about}
        if self.config_text is not None:
            whole["config_text"] = self.config_text
        else:
            whole["config"] = self.config
        whole["goal"] = self.goal or {"goal": "access_token", "scopes": self.scopes}
        whole["options"] = {**self._options(), **self.more_options}
        whole["now"] = self.start
        whole["rounds"] = self.rounds
        if self.end is not None:
            whole["end"] = self.end
        whole["result"] = self.result
        whole["secrets"] = self.secrets
        return whole

    # Inside.

    def _takes_env_keys(self):
        return self.supplied is None

    def _env_names(self):
        return protocol.env_names(region=not self.supplied_region, credentials=self.supplied is None)

    def _options(self):
        return {
            "endpoints": self.endpoints,
            "aws_credentials": None if self.supplied is None else self.supplied._asdict(),
            "aws_region": self.supplied_region,
            "entropy": "",
        }

    def _proof(self):
        """The subject token and its type."""
        url = self.config["credential_source"].get("regional_cred_verification_url", VERIFICATION_URL)
        signed_at = self.now + self.skew
        token = caller_identity_token(self.credentials, self.region, self.config["audience"], signed_at, url)
        self.secret(signature_in(token))
        return token, protocol.AWS4_REQUEST

    def _sts_request(self):
        token, token_type = self._proof()
        client_id = self.config.get("client_id")
        client_secret = self.config.get("client_secret")
        if client_id is not None:
            basic = protocol.basic_authorization(client_id, client_secret)
            self.secret(client_secret, basic.removeprefix("Basic "))
        impersonated = "service_account_impersonation_url" in self.config
        return protocol.sts_request(
            token_url=self.config["token_url"],
            audience=self.config["audience"],
            subject_token=token,
            subject_token_type=token_type,
            scopes=[CLOUD_PLATFORM] if impersonated or not self.scopes else self.scopes,
            client_id=client_id,
            client_secret=client_secret,
            client_certificate=self.client_certificate,
            **self.sts_fields,
        )

    def _region_pair(self, reply, attempt=1):
        url = self.config["credential_source"]["region_url"]
        return protocol.imds_get(numbered("aws-region", attempt), url, self.session_token), reply

    def _role_pair(self, reply, attempt=1):
        url = self.config["credential_source"]["url"].rstrip("/")
        return protocol.imds_get(numbered("aws-role", attempt), url, self.session_token), reply

    def _use(self, credentials):
        self.credentials = credentials
        self.secret(*credentials[1:])
        if credentials.session_token and percent_encode(credentials.session_token) != credentials.session_token:
            self.secret(percent_encode(credentials.session_token))

    def _last_now(self):
        return next((r["now"] for r in reversed(self.rounds) if "now" in r), self.start)

    def _finish(self, result):
        if self.now != self._last_now():
            self.end = self.now
        self.result = result


def numbered(ask_id, attempt):
    """The id of a further attempt: a number, or ``clock`` for the one with the corrected time."""
    return ask_id if attempt == 1 else f"{ask_id}-{attempt}"


def signature_in(subject_token):
    """The signature's hex digits as they stand in a percent-encoded subject token."""
    return signature_of(subject_token.split("%22%7D", 1)[0].replace("%3D", "="))
