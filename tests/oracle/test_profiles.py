"""Drawn AWS configuration files: sanskey finds in them what botocore's session finds, or both refuse."""

import hashlib
import json
from pathlib import Path
from urllib.parse import unquote

import botocore.session
import pytest
import sanskey
from aws_profiles import HOME, botocore_follows, sanskey_follows
from played_host import PlayedHost, exchange
from profile_draws import ProfileDraw
from vectorgen import world
from vectorgen.signing import caller_identity_token

FILES = 300
README = Path(__file__).with_name("README.md")


def test_drawn_files(seed, tmp_path):
    seen = {"refused": 0, "steps": 0, "keys alone": 0, "two roles": 0}
    for case in range(FILES):
        draw = ProfileDraw(seed, f"profiles {case}")
        config, credentials, names = draw.files()
        for name in [*names, "nobody"]:
            theirs = botocore_follows(config, credentials, name, tmp_path / "aws")
            ours = sanskey_follows(config, credentials, name)
            drawn = f"seed {seed}, case {case}, profile {name!r}\n{config}\n----\n{credentials}"
            same(ours, theirs, drawn)
            count(seen, ours)
    assert min(seen.values()) >= 5, f"seed {seed}: too few of one kind: {seen}"


def same(ours, theirs, drawn):
    if isinstance(theirs, str) or isinstance(ours, str):
        assert isinstance(theirs, str) == isinstance(ours, str), f"{theirs}\n{ours}\n{drawn}"
        return
    steps, credentials, region = theirs
    proof = caller_identity_token(credentials, region, world.AUDIENCE, world.NOW)
    assert ours == ([named_by_its_file(step) for step in steps], proof), drawn


def named_by_its_file(step):
    if step[0] != "login":
        return step
    return "login", f"{HOME}/.aws/sso/cache/{hashlib.sha1(step[1].encode()).hexdigest()}.json"


def count(seen, ours):
    if isinstance(ours, str):
        seen["refused"] += 1
    else:
        seen["steps" if ours[0] else "keys alone"] += 1
        seen["two roles"] += sum(step[0] == "role" for step in ours[0]) > 1


K1, K2 = (f"AKIA{n}EXAMPLEEXAMPLE" for n in "12")
KEYS = f"aws_access_key_id = {K1}\naws_secret_access_key = secret-one\n"
OTHER_KEYS = f"aws_access_key_id = {K2}\naws_secret_access_key = secret-two\n"
DEMO = f"[profile demo]\n{KEYS}"
ROLE = "[profile demo]\nrole_arn = arn:aws:iam::123456789012:role/demo\nsource_profile = demo\n"
LOGIN = "sso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n"
ASSIGNED = "sso_account_id = 123456789012\nsso_role_name = Demo\n"
PROGRAM = "credential_process = /opt/keys\n"

# Each with its reason in README.md: the two files, and the last step and key, or the error, of botocore and of sanskey.
KNOWN_DIFFERENCES = {
    "a byte order mark": (f"\ufeff{DEMO}", None, "ConfigParseError", K1),
    "blanks in the brackets": (f"[ profile demo ]\n{KEYS}", None, "ProfileNotFound", K1),
    "empty brackets": (f"[]\n{DEMO}", None, "ConfigParseError", K1),
    "a nested line that is no setting": (f"{DEMO}s3 =\n  nonsense\n", None, "ConfigParseError", K1),
    "two sections of the default profile": (f"[profile default]\n{KEYS}[default]\n{OTHER_KEYS}", None, K2, K1),
    "an empty setting": (f"{DEMO}role_arn =\n", None, "PartialCredentialsError", K1),
    "a duration that is no number": (f"{ROLE}{KEYS}duration_seconds = 1h\n", None, "role", "aws_profile_invalid"),
    "a role that is no ARN": (f"{ROLE}{KEYS}".replace("arn:aws:iam::", ""), None, "role", "aws_profile_invalid"),
    "a key on two lines": (f"{DEMO.rstrip()}\n  more\n", None, K1, "aws_profile_invalid"),
    "lines that end in carriage returns": (DEMO.replace("\n", "\r"), None, K1, "aws_profile_invalid"),
    "both names of a session token": (
        f"{DEMO}aws_session_token = new\naws_security_token = old\n",
        None,
        f"{K1} old",
        f"{K1} new",
    ),
    "a session whose profile has the portal": (
        f"[profile demo]\nsso_session = s\n{ASSIGNED}{LOGIN}[sso-session s]\nx = y\n",
        None,
        "InvalidConfigError",
        "portal",
    ),
    "a profile without credentials": ("[profile demo]\n", None, "no credentials", "aws_profile_invalid"),
    "a code of a person's device": (f"{ROLE}{KEYS}mfa_serial = x\n", None, "Refused", "aws_source_unsupported"),
}


@pytest.mark.parametrize("name", KNOWN_DIFFERENCES)
def test_known_differences(name, tmp_path):
    config, credentials, theirs, ours = KNOWN_DIFFERENCES[name]
    profile = "default" if "default" in name else "demo"
    their = botocore_follows(config, credentials, profile, tmp_path / "aws")
    if not isinstance(their, str):
        their = their[0], caller_identity_token(*their[1:], world.AUDIENCE, world.NOW)
    assert summary(their) == theirs
    assert summary(sanskey_follows(config, credentials, profile)) == ours
    assert f"- {name[0].upper()}{name[1:]}" in README.read_text(encoding="utf-8")


def test_known_differences_in_variables(monkeypatch, tmp_path):
    """Which profile it is, and where the file is."""
    (tmp_path / "config").write_text("[profile one]\nregion = eu-west-1\n[profile two]\nregion = eu-west-2\n")
    env = {"AWS_PROFILE": "one", "AWS_DEFAULT_PROFILE": "two", "AWS_CONFIG_FILE": "$FOLDER/config", "HOME": "/home"}
    for name, value in {**env, "FOLDER": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    assert botocore.session.Session().get_config_variable("region") == "eu-west-2"

    host = PlayedHost(
        env, {"$FOLDER/config": f"[profile one]\n{KEYS}[profile two]\n{OTHER_KEYS}"}, serve=answer_of_google
    )
    host.run(exchange(world.config(), aws_region="us-east-1"), world.NOW)
    assert f"Credential={K1}" in unquote(unquote(host.action("sts").body))
    for name in ["A variable in the path", "Both variables of a profile"]:
        assert f"- {name}" in README.read_text(encoding="utf-8")


def answer_of_google(_, __):
    return sanskey.HttpResponse(200, [], json.dumps(world.federated_answer()))


def summary(followed):
    """The error, the last step, or the key and its token."""
    if isinstance(followed, str):
        return followed
    steps, proof = followed
    if steps:
        return steps[-1][0]
    headers = {each["key"]: each["value"] for each in json.loads(unquote(proof))["headers"]}
    key = headers["authorization"].split("Credential=")[1].split("/")[0]
    return " ".join([key, *([headers["x-amz-security-token"]] if "x-amz-security-token" in headers else [])])
