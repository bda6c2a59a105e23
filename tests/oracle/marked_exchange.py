"""An exchange whose environment, files, keys and answers all have its own mark."""

import json
import re
from urllib.parse import parse_qsl, unquote

import sanskey
from played_host import PlayedHost, exchange
from vectorgen import world
from vectorgen.signing import Credentials, caller_identity_token

MARK = re.compile(r"mark(\d{4})")
REGIONS = ["us-east-1", "eu-west-3", "cn-north-1", "us-gov-west-1"]


class One:
    """An exchange with an environment of its own, in which everything has its mark."""

    def __init__(self, number, draw):
        self.mark = f"mark{number:04}"
        self.region = draw.random.choice(REGIONS)
        self.now = world.NOW + number
        self.found = self.credentials("found")
        self.last = self.credentials("role") if draw.chance(0.4) else self.found
        self.env = {"AWS_REGION": self.region, "HOME": f"/{self.mark}"}
        self.files, self.outputs = {}, {}
        getattr(
            self, draw.random.choice(["keys", "container", "instance", "web_identity", "profile", "program", "login"])
        )()
        roles = [sanskey.AssumeRole(self.role_arn())] if self.last is not self.found else None
        self.host = PlayedHost(self.env, self.files, self.outputs, self.serve)
        self.exchange = exchange(world.config(), aws_assume_role=roles)
        self.outcome = None

    def credentials(self, kind):
        return Credentials(
            f"ASIA{self.mark.upper()}{kind.upper()}", f"secret-{self.mark}-{kind}", f"token-{self.mark}-{kind}"
        )

    def role_arn(self):
        return f"arn:aws:iam::123456789012:role/{self.mark}"

    def keys(self):
        self.env |= world.environment(self.found)

    def container(self):
        self.env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = f"/{self.mark}"
        self.env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = f"/{self.mark}/token"
        self.files[f"/{self.mark}/token"] = f"authorization-{self.mark}"

    def instance(self):
        pass

    def web_identity(self):
        self.env |= {"AWS_WEB_IDENTITY_TOKEN_FILE": f"/{self.mark}/token", "AWS_ROLE_ARN": self.role_arn()}
        self.files[f"/{self.mark}/token"] = f"token-{self.mark}"

    def profile(self):
        self.env["AWS_PROFILE"] = self.mark
        id, secret, token = self.found
        self.files[f"/{self.mark}/.aws/credentials"] = (
            f"[{self.mark}]\naws_access_key_id={id}\naws_secret_access_key={secret}\naws_session_token={token}"
        )

    def program(self):
        self.env["AWS_PROFILE"] = self.mark
        self.files[f"/{self.mark}/.aws/config"] = f"[profile {self.mark}]\ncredential_process = keys {self.mark}"
        self.outputs["keys", self.mark] = sanskey.CommandOutput(
            0, world.process_output(self.found, Expiration=None), ""
        )

    def login(self):
        self.env["AWS_PROFILE"] = self.mark
        self.files[f"/{self.mark}/.aws/config"] = (
            f"[profile {self.mark}]\nsso_session = s\nsso_account_id = 1\nsso_role_name = {self.mark}\n"
            f"[sso-session s]\nsso_start_url = x\nsso_region = {self.region}"
        )
        login = {"accessToken": f"login-{self.mark}", "expiresAt": "2100-01-01T00:00:00Z"}
        # The name is the SHA-1 of the session's name, `printf s | sha1sum`.
        self.files[f"/{self.mark}/.aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json"] = json.dumps(login)

    def serve(self, ask_id, _):
        match ask_id:
            case "imds-session":
                text = f"session-{self.mark}"
            case "aws-role":
                text = f"role-{self.mark}"
            case "aws-credentials":
                text = json.dumps(world.role_credentials(self.found))
            case "container-credentials":
                text = json.dumps(world.container_credentials(self.found))
            case "sso-credentials":
                text = json.dumps(world.portal_answer(self.found))
            case "assume-role-with-web-identity":
                text = world.sts_answer("AssumeRoleWithWebIdentity", world.sts_credentials(self.found))
            case "assume-role-1":
                text = world.sts_answer("AssumeRole", world.sts_credentials(self.last))
            case "sts":
                text = json.dumps(world.federated_answer(access_token=f"federated-{self.mark}"))
        return sanskey.HttpResponse(200, [], text)

    def step(self):
        """One round; whether the end is reached."""
        self.outcome = self.host.step(self.exchange, self.now)
        return self.outcome is not None

    def check(self):
        assert self.outcome.value == f"federated-{self.mark}"
        proof = dict(parse_qsl(self.host.action("sts").body))["subject_token"]
        assert proof == caller_identity_token(self.last, self.region, world.AUDIENCE, self.now)
        for ask in self.host.asks:
            seen = unquote(unquote(self.text_of(ask.action))).lower()
            assert set(MARK.findall(seen)) <= {self.mark[4:]}, ask.id

    @staticmethod
    def text_of(action):
        if isinstance(action, sanskey.HttpRequest):
            return f"{action.url} {action.headers} {action.body}"
        return repr(action)
