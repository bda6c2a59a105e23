"""What is asked in which environment: every combination of the places that credentials and region may come from.

The order is stated here once more, in plain words, and nothing of sanskey takes part in it.
"""

import hashlib
import itertools
import json
from typing import NamedTuple

import sanskey
from played_host import PlayedHost, exchange
from vectorgen import world
from vectorgen.signing import Credentials, caller_identity_token

CHOICES = {
    "credentials": [False, True],  # by the caller
    "profile": [False, True],  # by the caller
    "keys": ["none", "half", "whole"],
    "web_identity": ["none", "without role", "whole"],
    "aws_profile": [False, True],
    "aws_default_profile": [False, True],
    "container": ["none", "relative", "full", "both"],
    "metadata": ["enabled", "disabled"],
    "region": ["of the caller", "in the environment", "nowhere"],
}
Row = NamedTuple("Row", [(name, object) for name in CHOICES])
ROWS = [Row(*values) for values in itertools.product(*CHOICES.values())]
REGION_OF_INSTANCE, REGION_OF_PROFILE = "us-west-2", "eu-north-1"


# What must happen.


def source_of(row):
    """The first place that is configured, or the error: nothing falls through to another identity."""
    if row.credentials and row.profile:
        return "invalid_argument"
    if row.credentials:
        return "caller"
    if row.profile:
        return "profile with a program"
    if row.keys == "half":
        return "aws_credentials_incomplete"
    if row.keys == "whole":
        return "keys"
    if row.web_identity == "without role":
        return "aws_credentials_incomplete"
    if row.web_identity == "whole":
        return "web identity"
    if row.aws_profile:
        return "profile with keys"
    if row.aws_default_profile:
        return "profile with a login and a region"
    if row.container in ("relative", "both"):
        return "container of ECS"
    if row.container == "full":
        return "container of EKS"
    return "instance"


ASKS = {
    "caller": [],
    "profile with a program": ["credential-process"],
    "keys": [],
    "web identity": ["web-identity-token", "assume-role-with-web-identity"],
    "profile with keys": [],
    "profile with a login and a region": ["sso-token", "sso-credentials"],
    "container of ECS": ["container-token", "container-credentials"],
    "container of EKS": ["container-token", "container-credentials"],
    "instance": ["aws-role", "aws-credentials"],
}


def region_of(row):
    if row.region == "of the caller":
        return "ap-south-1"
    if row.region == "in the environment":
        return "us-east-1"
    return REGION_OF_PROFILE if source_of(row) == "profile with a login and a region" else None


def expected(row):
    """The rounds of asks, and the error after them or ``None``."""
    rounds = [] if row.credentials and row.region == "of the caller" else [["env"]]
    source, region = source_of(row), region_of(row)
    if source not in ASKS:
        return rounds, source
    if source.startswith("profile"):
        rounds.append(["aws-config-file", "aws-credentials-file"])
    if row.metadata == "disabled" and region is None:
        return rounds, "aws_region_unavailable"
    if row.metadata == "disabled" and source == "instance":
        return rounds, "aws_credentials_unavailable"
    first, *further = [[ask] for ask in ASKS[source]] or [[]]
    if region is None:
        first = ["aws-region", *first]
    if region is None or source == "instance":
        rounds.append(["imds-session"])
    rounds += [each for each in [first, *further] if each]
    return [*rounds, ["sts"]], None


# What is there.


def key_of(source):
    """Each place has a key of its own."""
    digest = hashlib.sha256(source.encode()).hexdigest()
    return Credentials(f"ASIA{digest[:16].upper()}", digest[16:56], f"token-{digest[56:]}")


START_URL = "https://demo.awsapps.com/start"
CONFIG = f"""
[profile program]
credential_process = /bin/keys
[profile login]
region = {REGION_OF_PROFILE}
sso_start_url = {START_URL}
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = Demo
"""
FILES = {
    "/home/.aws/config": CONFIG,
    "/home/.aws/credentials": "[keys]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n".format(
        *key_of("profile with keys")
    ),
    "/token": "web-identity-token",
    "/container-token": "container-token",
    f"/home/.aws/sso/cache/{hashlib.sha1(START_URL.encode()).hexdigest()}.json": json.dumps(
        {"accessToken": "login-token", "expiresAt": "2100-01-01T00:00:00Z"}
    ),
}
PROGRAM_WRITES = sanskey.CommandOutput(0, world.process_output(key_of("profile with a program")), "")


def environment(row):
    env = {"HOME": "/home", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/container-token"}
    if row.keys != "none":
        env |= world.environment(key_of("keys"))
    if row.keys == "half":
        del env["AWS_SECRET_ACCESS_KEY"]
    if row.web_identity != "none":
        env["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token"
    if row.web_identity == "whole":
        env["AWS_ROLE_ARN"] = world.WEB_IDENTITY_ROLE
    if row.aws_profile:
        env["AWS_PROFILE"] = "keys"
    if row.aws_default_profile:
        env["AWS_DEFAULT_PROFILE"] = "login"
    if row.container in ("relative", "both"):
        env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/ecs"
    if row.container in ("full", "both"):
        env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/eks"
    if row.metadata == "disabled":
        env["AWS_EC2_METADATA_DISABLED"] = "true"
    if row.region == "in the environment":
        env["AWS_REGION"] = "us-east-1"
    return env


def options(row):
    return {
        "aws_credentials": sanskey.AwsCredentials(*key_of("caller")) if row.credentials else None,
        "aws_profile": "program" if row.profile else None,
        "aws_region": "ap-south-1" if row.region == "of the caller" else None,
    }


def serve(ask_id, request):
    match ask_id:
        case "imds-session":
            text = "session"
        case "aws-region":
            text = REGION_OF_INSTANCE + "b"
        case "aws-role":
            text = "role"
        case "aws-credentials":
            text = json.dumps(world.role_credentials(key_of("instance")))
        case "container-credentials":
            place = "EKS" if request.url.endswith("/eks") else "ECS"
            text = json.dumps(world.container_credentials(key_of(f"container of {place}")))
        case "assume-role-with-web-identity":
            text = world.sts_answer("AssumeRoleWithWebIdentity", world.sts_credentials(key_of("web identity")))
        case "sso-credentials":
            text = json.dumps(world.portal_answer(key_of("profile with a login and a region")))
        case "sts":
            text = json.dumps(world.federated_answer())
    return sanskey.HttpResponse(200, [], text)


def test_every_combination():
    assert len(ROWS) == 3456
    seen = set()
    for row in ROWS:
        host, error = PlayedHost(environment(row), FILES, {("/bin/keys",): PROGRAM_WRITES}, serve), None
        try:
            host.run(exchange(world.config(), **options(row)), world.NOW)
        except sanskey.SanskeyError as refused:
            error = refused.code
        assert (host.rounds, error) == expected(row), row
        if error is None:
            check_proof(host, row)
        if source_of(row) != "instance":
            assert not {"aws-role", "aws-credentials"} & set(host.ids()), row
        seen.add((error, source_of(row), region_of(row)))
    assert len(seen) > 30


def check_proof(host, row):
    """The proof is signed with the key of that place, for that region."""
    form = dict(field.split("=") for field in host.action("sts").body.split("&"))
    region = region_of(row) or REGION_OF_INSTANCE
    proof = caller_identity_token(key_of(source_of(row)), region, world.AUDIENCE, world.NOW)
    assert form["subject_token"] == proof.replace("%", "%25"), row
