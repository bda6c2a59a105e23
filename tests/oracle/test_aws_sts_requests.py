"""Drawn calls to AWS: sanskey's requests are botocore's, and it reads the same out of the answers."""

import hashlib
import json
from urllib.parse import parse_qsl

import aws_client
import pytest
import sanskey
from botocore.exceptions import ClientError, EndpointVariantError
from draws import Draw
from played_host import PlayedHost, exchange
from vectorgen import world
from vectorgen.protocol import AWS_FORM
from vectorgen.signing import Credentials, sign

CASES = 300
REGIONS = aws_client.regions()
TOKEN_FILE = "/token"
OUR_NAMES = {
    "RoleArn": "role_arn",
    "RoleSessionName": "role_session_name",
    "ExternalId": "external_id",
    "DurationSeconds": "duration_seconds",
    "Policy": "policy",
    "PolicyArns": "policy_arns",
    "SourceIdentity": "source_identity",
    "SigningAlgorithm": "signing_algorithm",
    "Audience": "audience",
}
# botocore has no such endpoints; sanskey takes the suffix that botocore's own partitions.json names.
WITHOUT_DUAL_STACK = ("eu-isoe-", "us-isof-")
# What botocore sends besides: who it is, and which attempt of which call this is.
THEIRS_ALONE = {"amz-sdk-invocation-id", "amz-sdk-request", "content-length", "user-agent"}


def test_every_request_of_a_chain(seed):
    """Web identity or a key, perhaps a session, some roles, perhaps a JWT: each call with the keys of the one before."""
    for case in range(CASES):
        draw = Draw(seed, f"aws sts {case}")
        drawn = f"seed {seed}, case {case}"
        now, chain = int(draw.now()), Chain(draw)
        host = PlayedHost(chain.env, {TOKEN_FILE: f"{chain.token}\n"}, serve=lambda _, __, c=chain: c.serve())
        outcome = host.run(exchange(world.config(), **chain.options), now)
        assert outcome.value == world.FEDERATED_TOKEN, drawn

        ours = [ask.action for ask in host.asks if isinstance(ask.action, sanskey.HttpRequest)]
        credentials = chain.credentials
        assert len(ours) == len(chain.calls) + 1, drawn
        for (operation, params, answer), our in zip(chain.calls, ours, strict=False):
            signing = None if "WebIdentityToken" in params else credentials
            their, result = aws_client.call(
                "sts",
                operation,
                params,
                region=chain.region,
                now=now,
                answer=answer,
                credentials=signing,
                fips=chain.fips,
                dual_stack=chain.dual_stack,
            )
            same_request(our, their, signing, chain.region, now, drawn)
            if "Credentials" in result:
                read = result["Credentials"]
                credentials = Credentials(read["AccessKeyId"], read["SecretAccessKey"], read["SessionToken"])
        proof = form(ours[-1].body)["subject_token"]
        if "WebIdentityToken" in result:
            assert proof == result["WebIdentityToken"], drawn
        else:
            ours = sanskey.caller_identity_token(
                sanskey.AwsCredentials(*credentials), chain.region, world.AUDIENCE, now
            )
            assert proof == ours, f"{drawn}: the last keys sign the proof, as test_signatures.py checks that they do"


class Chain:
    """Drawn calls: the options that ask sanskey for them, botocore's parameters, and the answers."""

    def __init__(self, draw):
        self.fips, self.dual_stack = draw.chance(0.3), draw.chance(0.3)
        regions = [each for each in REGIONS if not (self.dual_stack and each.startswith(WITHOUT_DUAL_STACK))]
        self.region = draw.random.choice(regions)
        self.env = {"AWS_REGION": self.region}
        if self.fips:
            self.env["AWS_USE_FIPS_ENDPOINT"] = "true"
        if self.dual_stack:
            self.env["AWS_USE_DUALSTACK_ENDPOINT"] = "true"
        self.credentials, self.token = draw.credentials(), draw.of("abcXYZ019-_.", 4, 300)
        self.calls, self.options = [], {}
        if draw.chance(0.4):
            params = {"RoleArn": draw.role_arn(), "RoleSessionName": draw.name(2, 64), "WebIdentityToken": self.token}
            self.env |= {"AWS_WEB_IDENTITY_TOKEN_FILE": TOKEN_FILE, "AWS_ROLE_ARN": params["RoleArn"]}
            self.env["AWS_ROLE_SESSION_NAME"] = params["RoleSessionName"]
            self.add("assume_role_with_web_identity", "AssumeRoleWithWebIdentity", params, draw)
        elif draw.chance(0.5):
            self.options["aws_credentials"] = sanskey.AwsCredentials(*self.credentials)
        else:
            self.env |= world.environment(self.credentials)
        if draw.chance(0.4):
            params = {"DurationSeconds": draw.random.randint(900, 129600)} if draw.chance(0.5) else {}
            self.options["aws_get_session_token"] = sanskey.GetSessionToken(**ours_of(params))
            self.add("get_session_token", "GetSessionToken", params, draw)
        roles = [draw.role() for _ in range(draw.random.randint(0 if self.calls else 1, 3))]
        self.options["aws_assume_role"] = [sanskey.AssumeRole(**ours_of(role)) for role in roles]
        for role in roles:
            self.add("assume_role", "AssumeRole", role, draw)
        if draw.chance(0.4):
            params = {"Audience": [draw.text(1, 100)], "SigningAlgorithm": draw.random.choice(["RS256", "ES384"])}
            if draw.chance(0.5):
                params["DurationSeconds"] = draw.random.randint(60, 3600)
            self.options["aws_web_identity_token"] = sanskey.GetWebIdentityToken(**ours_of(params))
            inside = f"<WebIdentityToken>{draw.of('abcXYZ019-_.', 4, 300)}</WebIdentityToken>"
            self.calls.append(("get_web_identity_token", params, world.sts_answer("GetWebIdentityToken", inside)))
        answers = [answer for _, _, answer in self.calls]
        self.answers = iter([*answers, json.dumps(world.federated_answer())])

    def add(self, operation, action, params, draw):
        credentials = draw.credentials()
        credentials = credentials._replace(session_token=credentials.session_token or "token")
        self.calls.append((operation, params, world.sts_answer(action, world.sts_credentials(credentials))))

    def serve(self):
        return sanskey.HttpResponse(200, [], next(self.answers))


def ours_of(params):
    """The parameters by the names that sanskey has for them."""
    ours = {OUR_NAMES[name]: value for name, value in params.items()}
    if "policy_arns" in ours:
        ours["policy_arns"] = [each["arn"] for each in ours["policy_arns"]]
    if "audience" in ours:
        (ours["audience"],) = ours["audience"]
    return ours


def test_refusals_are_read_as_botocore_reads_them(seed):
    """Every error that botocore's model has for these calls, with drawn words."""
    model = aws_client.SESSION.get_service_model("sts")
    calls = {
        "AssumeRole": ("assume_role", {"RoleArn": world.ROLES[0], "RoleSessionName": "sanskey"}),
        "AssumeRoleWithWebIdentity": (
            "assume_role_with_web_identity",
            {"RoleArn": world.ROLES[0], "RoleSessionName": "sanskey", "WebIdentityToken": "a.b.c"},
        ),
        "GetSessionToken": ("get_session_token", {}),
        "GetWebIdentityToken": ("get_web_identity_token", {"Audience": ["x"], "SigningAlgorithm": "RS256"}),
    }
    seen = set()
    for action, (operation, params) in calls.items():
        for shape in model.operation_model(action).error_shapes:
            draw = Draw(seed, f"refusal {action} {shape.name}")
            code, status = shape.error_code, shape.metadata["error"]["httpStatusCode"]
            answer = world.sts_refusal(code, " ".join(draw.text(1, 30, spaces=False) for _ in range(3)))
            key = None if "WebIdentityToken" in params else world.TEMPORARY
            with pytest.raises(ClientError) as theirs:
                aws_client.call(
                    "sts",
                    operation,
                    params,
                    region="us-east-1",
                    now=world.NOW,
                    answer=answer,
                    status=status,
                    credentials=key,
                )
            ours = refusal(action, params, status, answer)
            their = theirs.value.response["Error"]
            assert (ours.error, ours.error_description) == (their["Code"], their["Message"]), f"seed {seed}, {action}"
            assert (ours.stage, ours.status) == ("aws_sts", status)
            seen.add(ours.code)
    assert seen == {"aws_sts_rejected", "aws_sts_unavailable"}


def refusal(action, params, status, answer):
    """The error of an exchange that makes this call, which is refused as often as it is made."""
    env = {"AWS_REGION": "us-east-1"}
    options = {
        "AssumeRole": {"aws_assume_role": sanskey.AssumeRole(world.ROLES[0])},
        "GetSessionToken": {"aws_get_session_token": sanskey.GetSessionToken()},
        "GetWebIdentityToken": {"aws_web_identity_token": sanskey.GetWebIdentityToken("x")},
    }.get(action, {})
    if action == "AssumeRoleWithWebIdentity":
        env |= {"AWS_WEB_IDENTITY_TOKEN_FILE": TOKEN_FILE, "AWS_ROLE_ARN": params["RoleArn"]}
    else:
        env |= world.environment(world.TEMPORARY)
    host = PlayedHost(env, {TOKEN_FILE: "a.b.c"}, serve=lambda *_: sanskey.HttpResponse(status, [], answer))
    with pytest.raises(sanskey.RemoteError) as refused:
        host.run(exchange(world.config(), **options), world.NOW)
    return refused.value


def same_request(our, their, credentials, region, now, drawn):
    assert (our.method, our.url) == (their.method, their.url), drawn
    assert form(our.body) == form(their.body), drawn
    our_headers = dict(our.headers)
    assert len(our_headers) == len(our.headers), drawn
    their_headers = {name.lower(): text_of(value) for name, value in their.headers.items()}
    assert their_headers.keys() - our_headers.keys() == THEIRS_ALONE, drawn
    assert our_headers.keys() <= their_headers.keys(), drawn
    for name in our_headers.keys() - {"authorization"}:
        assert our_headers[name] == their_headers[name], f"{name}, {drawn}"
    if credentials is None:
        assert "authorization" not in our_headers, drawn
        return
    signed = sign("POST", our.url, [("content-type", AWS_FORM)], our.body.encode(), credentials, region, "sts", now)
    assert our_headers["authorization"] == dict(signed)["Authorization"], drawn
    # Not the signature itself: the forms differ in the order of their fields and in how they write a space.
    assert scope(our_headers) == scope(their_headers), drawn


def scope(headers):
    """Algorithm, key, date, region, service and the names of the signed headers."""
    return headers["authorization"].split(", Signature=")[0]


def form(body):
    text = text_of(body)
    pairs = parse_qsl(text, strict_parsing=True, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def text_of(value):
    return value.decode() if isinstance(value, bytes) else value


@pytest.mark.parametrize("fips", [False, True])
@pytest.mark.parametrize("dual_stack", [False, True])
def test_endpoints_of_all_regions(fips, dual_stack):
    without = []
    env = {"AWS_USE_FIPS_ENDPOINT": str(fips).lower(), "AWS_USE_DUALSTACK_ENDPOINT": str(dual_stack).lower()}
    for region in REGIONS:
        ours = first_request(env, aws_region=region, aws_get_session_token=sanskey.GetSessionToken()).url
        try:
            assert ours == aws_client.endpoint(region, fips, dual_stack) + "/", region
        except EndpointVariantError:
            without.append(region)
    assert len(REGIONS) > 30
    assert without == ([each for each in REGIONS if each.startswith(WITHOUT_DUAL_STACK)] if dual_stack else [])


def first_request(env, **options):
    """The first request of an exchange with supplied keys."""

    class Caught(Exception):
        pass

    def serve(_, request):
        raise Caught(request)

    key = sanskey.AwsCredentials(*world.LONG_TERM)
    with pytest.raises(Caught) as caught:
        PlayedHost(env, serve=serve).run(exchange(world.config(), aws_credentials=key, **options), world.NOW)
    return caught.value.args[0]


def test_requests_to_the_portal(seed):
    """IAM Identity Center: ``GetRoleCredentials``."""
    for case in range(100):
        draw = Draw(seed, f"sso {case}")
        drawn = f"seed {seed}, case {case}"
        region = draw.random.choice(REGIONS)
        account, role, token = draw.of("0123456789", 12, 12), draw.name(1, 64), draw.of("abcXYZ019-_.", 1, 200)
        keys = draw.credentials()
        start_url = "https://example.awsapps.com/start"
        cache = "/h/.aws/sso/cache/" + hashlib.sha1(start_url.encode()).hexdigest() + ".json"
        settings = {"sso_start_url": start_url, "sso_region": region, "sso_account_id": account, "sso_role_name": role}
        files = {
            "/h/.aws/config": "[profile p]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()),
            cache: json.dumps({"accessToken": token, "expiresAt": "2100-01-01T00:00:00Z"}),
        }
        portal = json.dumps(world.portal_answer(keys, sessionToken=keys.session_token or ""))
        answers = {"sso-credentials": portal, "sts": json.dumps(world.federated_answer())}
        host = PlayedHost(
            {"HOME": "/h", "AWS_PROFILE": "p", "AWS_REGION": "us-east-1"},
            files,
            serve=lambda ask_id, _, a=answers: sanskey.HttpResponse(200, [], a[ask_id]),
        )
        host.run(exchange(world.config()), world.NOW)

        params = {"roleName": role, "accountId": account, "accessToken": token}
        their, _ = aws_client.call("sso", "get_role_credentials", params, region=region, now=world.NOW, answer=portal)
        our = host.action("sso-credentials")
        assert our.method == their.method, drawn
        assert sorted_query(our.url) == sorted_query(their.url), drawn
        their_headers = {name.lower(): text_of(value) for name, value in their.headers.items()}
        assert dict(our.headers) == {
            "accept": "application/json",
            "x-amz-sso_bearer_token": their_headers["x-amz-sso_bearer_token"],
        }, drawn


def sorted_query(url):
    address, _, query = url.partition("?")
    return address, sorted(parse_qsl(query, strict_parsing=True))
