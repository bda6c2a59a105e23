"""What botocore and sanskey make of a profile: whose keys they use, and what they ask for on the way.

Both are told the same: a role gives keys that are derived from its ARN and from the keys that asked for it.
"""

import base64
import datetime
import hashlib
import json
import shutil
from contextlib import ExitStack
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import botocore.credentials
import botocore.session
import botocore.utils
import sanskey
from botocore.exceptions import BotoCoreError
from played_host import PlayedHost, exchange
from vectorgen import world
from vectorgen.signing import Credentials

NOW = world.NOW
HOME = "/home/demo"
TOKEN_FILE = "/token"
FAR = datetime.datetime(2100, 1, 1, tzinfo=datetime.timezone.utc)
PARAMETERS = ["RoleArn", "RoleSessionName", "ExternalId", "DurationSeconds"]
REGION_OF_INSTANCE = "us-east-1"


def derived(*parts):
    """Keys that are the same for the same parts."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    text = base64.b32encode(digest).decode().rstrip("=")
    return Credentials(f"ASIA{text[:16]}", text[16:], f"token/{text[:20]}")


ENVIRONMENT, CONTAINER, INSTANCE = (derived(each) for each in ["environment", "container", "instance"])


class Refused(Exception):
    pass


# botocore.


def botocore_follows(config, credentials, profile, folder):
    """The steps, the last keys, and the region; or the name of the error."""
    steps = []
    with ExitStack() as stack:
        for target, name, replacement in _patches(steps, folder):
            stack.enter_context(mock.patch.object(target, name, replacement))
        stack.enter_context(mock.patch.dict("os.environ", _environment(config, credentials, folder)))
        try:
            session = botocore.session.Session(profile=profile)
            session.create_client = lambda _, **arguments: _Client(steps, **arguments)
            resolver = botocore.credentials.create_credential_resolver(session)
            # What follows after the profile is another identity, which sanskey does not fall through to.
            names = [type(each).__name__ for each in resolver.providers]
            resolver.providers = resolver.providers[: names.index("OriginalEC2Provider")]
            for provider in resolver.providers:
                provider._prompter = _no_person
            found = resolver.load_credentials()
            if found is None:
                return "no credentials"
            keys = found.get_frozen_credentials()
            region = session.get_config_variable("region") or REGION_OF_INSTANCE
        except (BotoCoreError, Refused, ValueError) as error:
            return type(error).__name__
    return steps, Credentials(keys.access_key, keys.secret_key, keys.token or None), region


def _environment(config, credentials, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "token").write_text("web-identity-token")
    for name, text in [("config", config), ("credentials", credentials)]:
        if text is not None:
            (folder / name).write_bytes(text.encode())
    return {
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        **world.environment(ENVIRONMENT),
    }


def _patches(steps, folder):
    def given(step, credentials):
        def load(_):
            steps.append((step,))
            return botocore.credentials.Credentials(*credentials)

        return load

    def cached_login(_, start_url, session_name=None):
        steps.append(("login", session_name or start_url))
        return {"accessToken": "login-token", "expiresAt": "2100-01-01T00:00:00Z"}

    def run(_, line):
        argv = botocore.compat.compat_shell_split(line)
        steps.append(("process", *argv))
        id, secret, token = derived("process", *argv)
        return {"access_key": id, "secret_key": secret, "token": token, "expiry_time": None}

    yield botocore.credentials.ContainerProvider, "load", given("container", CONTAINER)
    yield botocore.credentials.InstanceMetadataProvider, "load", given("instance", INSTANCE)
    yield botocore.utils.SSOTokenLoader, "__call__", cached_login
    yield botocore.credentials.ProcessProvider, "_retrieve_credentials_using", run
    yield botocore.utils.FileWebIdentityTokenLoader, "__call__", lambda _: (folder / "token").read_text()


class _Client:
    """A client of AWS STS or of the portal that notes what it is asked."""

    def __init__(self, steps, aws_access_key_id="", **_):
        self.steps = steps
        self.key = aws_access_key_id

    def assume_role(self, **params):
        return self._role("role", params)

    def assume_role_with_web_identity(self, **params):
        return self._role("web identity", params)

    def get_role_credentials(self, roleName, accountId, accessToken):
        assert accessToken == "login-token"
        self.steps.append(("portal", accountId, roleName))
        id, secret, token = derived("portal", accountId, roleName)
        return {
            "roleCredentials": {
                "accessKeyId": id,
                "secretAccessKey": secret,
                "sessionToken": token,
                "expiration": int(FAR.timestamp() * 1000),
            }
        }

    def _role(self, kind, params):
        self.steps.append(_role_step(kind, params, self.key))
        id, secret, token = derived(kind, params["RoleArn"], self.key)
        return {"Credentials": {"AccessKeyId": id, "SecretAccessKey": secret, "SessionToken": token, "Expiration": FAR}}


def _role_step(kind, params, key):
    """Without a name that botocore makes up, or that stands in sanskey's place for none."""
    named = [(name, str(params[name])) for name in PARAMETERS if name in params]
    made_up = ("RoleSessionName", "sanskey"), ("RoleSessionName", params.get("RoleSessionName"))
    is_made_up = str(params.get("RoleSessionName", "")).startswith("botocore-session-")
    return kind, key, *(pair for pair in named if pair != made_up[0] and not (is_made_up and pair == made_up[1]))


def _no_person(_):
    raise Refused


# sanskey.


def sanskey_follows(config, credentials, profile):
    """The steps of sanskey and the proof that it makes at their end; or the code of its error."""
    steps = []
    files = {"/f/config": config, "/f/credentials": credentials, TOKEN_FILE: "web-identity-token"}
    env = {
        "AWS_CONFIG_FILE": "/f/config",
        "AWS_SHARED_CREDENTIALS_FILE": "/f/credentials",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/role",
        "HOME": HOME,
        **world.environment(ENVIRONMENT),
    }
    host = _Host(env, files, steps)
    try:
        host.run(exchange(world.config(), aws_profile=profile), NOW)
    except sanskey.SanskeyError as error:
        return error.code
    return steps, dict(parse_qsl(host.action("sts").body))["subject_token"]


class _Host(PlayedHost):
    def __init__(self, env, files, steps):
        super().__init__(env, files, serve=self.play)
        self.steps = steps

    def answer(self, ask):
        match ask.action:
            case sanskey.RunCommand(argv):
                self.asks.append(ask)
                self.steps.append(("process", *argv))
                return sanskey.CommandOutput(0, world.process_output(derived("process", *argv)), "")
            case sanskey.ReadFile(path) if "/sso/cache/" in path:
                self.asks.append(ask)
                self.steps.append(("login", path))
                return json.dumps({"accessToken": "login-token", "expiresAt": "2100-01-01T00:00:00Z"})
        return super().answer(ask)

    def play(self, ask_id, request):
        form = dict(parse_qsl(request.body))
        query = dict(parse_qsl(urlsplit(request.url).query))
        match ask_id.rstrip("0123456789-"):
            case "imds-session":
                return _ok("session")
            case "aws-region":
                return _ok(REGION_OF_INSTANCE + "a")
            case "aws-role":
                return _ok("role")
            case "aws-credentials":
                self.steps.append(("instance",))
                return _ok(json.dumps(world.role_credentials(derived("instance"))))
            case "container-credentials":
                self.steps.append(("container",))
                return _ok(json.dumps(world.container_credentials(derived("container"))))
            case "sso-credentials":
                self.steps.append(("portal", query["account_id"], query["role_name"]))
                return _ok(json.dumps(world.portal_answer(derived("portal", query["account_id"], query["role_name"]))))
            case "assume-role":
                key = dict(request.headers)["authorization"].split("Credential=")[1].split("/")[0]
                return self._role("role", form, key)
            case "assume-role-with-web-identity":
                return self._role("web identity", form, "")
            case "sts":
                return _ok(json.dumps(world.federated_answer()))
        raise AssertionError(ask_id)

    def _role(self, kind, form, key):
        self.steps.append(_role_step(kind, form, key))
        credentials = world.sts_credentials(derived(kind, form["RoleArn"], key))
        return _ok(world.sts_answer(form["Action"], credentials))


def _ok(text):
    return sanskey.HttpResponse(200, [], text)
