"""The steps of the sources and calls of AWS that go beyond environment keys, containers and instances."""

import hashlib
from email.utils import formatdate
from urllib.parse import urlencode

from . import protocol, world
from .protocol import http
from .signing import signature_of
from .transcript import Exchange, numbered

CALLS = ["aws_assume_role", "aws_get_session_token", "aws_web_identity_token"]
HOME = "/home/demo"
CONFIG_FILE = f"{HOME}/.aws/config"
CREDENTIALS_FILE = f"{HOME}/.aws/credentials"


class AwsExchange(Exchange):
    """An exchange with the options ``aws_profile``, ``aws_assume_role``, … of the core as keyword arguments."""

    def __init__(
        self,
        name,
        about,
        *,
        aws_profile=None,
        aws_assume_role=None,
        aws_get_session_token=None,
        aws_web_identity_token=None,
        **others,
    ):
        self.asked_for = {
            "aws_profile": aws_profile,
            "aws_assume_role": aws_assume_role,
            "aws_get_session_token": aws_get_session_token,
            "aws_web_identity_token": aws_web_identity_token,
        }
        super().__init__(name, about, **{"config": world.config(), **others})
        self.aws_sts_url = None
        self.hop = 0
        self.jwt = None
        self.jwt_type = protocol.JWT

    # Steps. Those that are given no reply get the one that lets the exchange go on. The reply to a signed request
    # may be a function of the request.

    def files(self, config, credentials=None, paths=(CONFIG_FILE, CREDENTIALS_FILE), replies=None):
        """The two files of AWS profiles, in one round. ``None`` means that there is no such file."""
        asks = [
            protocol.read_file(ask_id, path)
            for ask_id, path in zip(["aws-config-file", "aws-credentials-file"], paths, strict=True)
        ]
        return self.round(*zip(asks, replies or [protocol.file(config), protocol.file(credentials)], strict=True))

    def found(self, credentials, region=None):
        """Credentials, or a region, which a file that was read has said."""
        if credentials is not None:
            self._use(credentials)
        self.region = self.region or region
        return self

    def aws_sts_at(self, url):
        """Where the further calls to AWS STS go, in place of the usual endpoint."""
        self.aws_sts_url = url
        return self

    def token_file(self, path=world.TOKEN_FILE, text=world.WEB_IDENTITY_TOKEN, reply=None):
        return self.round(self.token_file_pair(path, text, reply))

    def token_file_pair(self, path=world.TOKEN_FILE, text=world.WEB_IDENTITY_TOKEN, reply=None):
        self.secret(text and text.strip())
        return protocol.read_file("web-identity-token", path), reply or protocol.file(text)

    def with_web_identity(self, role=world.WEB_IDENTITY_ROLE, session="sanskey", reply=None, attempt=1):
        action = "AssumeRoleWithWebIdentity"
        fields = [("RoleArn", role), ("RoleSessionName", session), ("WebIdentityToken", world.WEB_IDENTITY_TOKEN)]
        request = protocol.aws_sts_request(self._aws_sts_url(), action, fields)
        self.round(
            ({"id": numbered("assume-role-with-web-identity", attempt), **request}, reply or self._given(action))
        )
        return self if reply else self.found(world.WEB_IDENTITY)

    def assume_role(self, role, reply=None, attempt=1, credentials=None):
        """One hop; further attempts are at the same one. ``role`` has the members of the option."""
        if attempt == 1:
            self.hop += 1
        credentials = credentials or world.ASSUMED[self.hop - 1]
        fields = [("RoleArn", role["role_arn"]), ("RoleSessionName", role.get("role_session_name", "sanskey"))]
        fields += [(f"PolicyArns.member.{n}.arn", arn) for n, arn in enumerate(role.get("policy_arns", []), 1)]
        fields += _present(role, Policy="policy", DurationSeconds="duration_seconds")
        fields += _present(role, ExternalId="external_id", SourceIdentity="source_identity")
        self._signed(
            f"assume-role-{self.hop}", attempt, "AssumeRole", fields, reply or self._given("AssumeRole", credentials)
        )
        return self if reply else self.found(credentials)

    def get_session_token(self, call, reply=None, attempt=1):
        action = "GetSessionToken"
        fields = _present(call, DurationSeconds="duration_seconds")
        self._signed("get-session-token", attempt, action, fields, reply or self._given(action, world.SESSION))
        return self if reply else self.found(world.SESSION)

    def get_web_identity_token(self, call, reply=None, attempt=1):
        """AWS's own JWT, which from now on is the proof."""
        action = "GetWebIdentityToken"
        fields = [("Audience.member.1", call.get("audience", f"https:{self.config['audience']}"))]
        fields += _present(call, DurationSeconds="duration_seconds")
        fields += [("SigningAlgorithm", call.get("signing_algorithm", "RS256"))]
        inside = f"<WebIdentityToken>{world.AWS_JWT}</WebIdentityToken><Expiration>2024-01-02T03:09:05Z</Expiration>"
        self._signed(
            "get-web-identity-token", attempt, action, fields, reply or http(200, world.sts_answer(action, inside))
        )
        if not reply:
            self.jwt = world.AWS_JWT
            self.secret(self.jwt, self.jwt.rsplit(".", 1)[1])
        return self

    def sso_token(self, key, members, reply=None):
        """The cached login: ``key`` is the name of the session, or the start URL."""
        path = f"{HOME}/.aws/sso/cache/{hashlib.sha1(key.encode()).hexdigest()}.json"
        return self.secret(world.SSO_TOKEN).round(
            (protocol.read_file("sso-token", path), reply or protocol.file(members))
        )

    def sso_credentials(self, portal, account_id="123456789012", role_name="Demo", reply=None, attempt=1):
        url = f"{portal}/federation/credentials?" + urlencode({"account_id": account_id, "role_name": role_name})
        ask = protocol.sso_get(numbered("sso-credentials", attempt), url.replace("+", "%20"), world.SSO_TOKEN)
        self.round((ask, reply or http(200, world.portal_answer())))
        return self if reply else self.found(world.PORTAL)

    def process(self, argv, reply=None):
        ask = protocol.run_command("credential-process", argv, {}, protocol.PROCESS_TIMEOUT_MS)
        self.round((ask, reply or protocol.command_output(world.process_output())))
        return self if reply else self.found(world.PROCESS)

    def clock(self, seconds):
        """From now on signatures have the server's time, which is so far ahead."""
        self.skew = seconds
        return self

    def token(self, expires_at, kind=None):
        super().token(expires_at, kind)
        if self.skew:
            self.result["clock_skew_seconds"] = self.skew
        return self

    # Inside.

    def _signed(self, ask_id, attempt, action, fields, reply):
        request = protocol.aws_sts_request(
            self._aws_sts_url(), action, fields, self.credentials, self.region, self.now + self.skew
        )
        self.secret(signature_of(dict(request["headers"])["authorization"]))
        if callable(reply):
            reply = reply(request)
        self.round(({"id": numbered(ask_id, attempt), **request}, reply))

    def _given(self, action, credentials=world.WEB_IDENTITY):
        return http(200, world.sts_answer(action, world.sts_credentials(credentials)))

    def _aws_sts_url(self):
        return self.aws_sts_url or f"https://sts.{self.region}.amazonaws.com/"

    def _takes_env_keys(self):
        return super()._takes_env_keys() and self.asked_for["aws_profile"] is None

    def _env_names(self):
        calls = [self.asked_for[name] for name in CALLS] + [self.config.get("sanskey")]
        return protocol.env_names(
            region=not self.supplied_region,
            credentials=self.supplied is None,
            calls=any(call is not None for call in calls),
        )

    def _options(self):
        return {**super()._options(), **{name: value for name, value in self.asked_for.items() if value is not None}}

    def _proof(self):
        if self.jwt is None:
            return super()._proof()
        return self.jwt, self.jwt_type


def ahead(seconds, now=world.NOW):
    """The ``Date`` header of a server whose clock is so far ahead."""
    return [("date", formatdate(now + seconds, usegmt=True))]


def _present(call, **names):
    """The parameters that are given, as ``Name="member"``."""
    return [(name, str(call[member])) for name, member in names.items() if member in call]
