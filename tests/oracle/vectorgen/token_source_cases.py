"""What a token source asks for, and what it gives, call by call."""

from . import world
from .authorized_user_cases import Login, impersonated, login
from .aws_transcript import AwsExchange, ahead
from .exchange_success import IMPERSONATED_EXPIRY
from .protocol import http
from .service_account_cases import FILE, Account, id_token
from .token_exchange import TOKEN
from .transcript import Exchange
from .world import NOW, config, token_config

SECOND_TOKEN = "ya29.c.service-account-example-0002"
THIRD_TOKEN = "ya29.c.service-account-example-0003"
HOUR = 3600
ACCOUNT = token_config(FILE, impersonate=True)


class Source:
    """The calls of one token source. ``uptime`` goes on with ``now``, unless the clock is set."""

    def __init__(self, name, about, *, config, goal=None, options=None):
        self.whole = {
            "name": name,
            "about": about,
            "config": config,
            "goal": goal or {"goal": "access_token", "scopes": []},
            "options": {
                "endpoints": "google",
                "aws_credentials": None,
                "aws_region": None,
                "entropy": "",
                **(options or {}),
            },
        }
        self.now = NOW
        self.uptime = 1000
        self.calls = []
        self.secrets = []

    def later(self, seconds):
        """Time passes by both clocks."""
        self.now += seconds
        self.uptime += seconds
        return self

    def set_clock(self, seconds):
        """Somebody sets the clock."""
        self.now += seconds
        return self

    def call(self, result, *exchanges, call="token", **members):
        """One call. ``result`` is what it ends in; the exchanges are those that it makes, in their order."""
        self.calls.append(
            {
                "now": self.now,
                "uptime": self.uptime,
                "call": call,
                **members,
                "exchanges": [_steps(exchange) for exchange in exchanges],
                "result": result,
            }
        )
        for exchange in exchanges:
            self.secrets += [secret for secret in exchange.secrets if secret not in self.secrets]
        return self

    def to_json(self):
        return {**self.whole, "calls": self.calls, "secrets": self.secrets}


def sources():
    yield from _refreshes()
    yield from _failures()
    yield from _clocks()
    yield from _other_goals()
    yield from _states()


def _refreshes():
    first, second = token(), token(SECOND_TOKEN, NOW + 3500 + HOUR)
    yield (
        Source("refresh-ec2", "A refresh on EC2 costs two requests.", config=config(impersonate=True))
        .call(first, from_instance())
        .later(3300)
        .call(first)
        .later(200)
        .call(second, with_known_credentials(NOW + 3500, SECOND_TOKEN))
        .later(1)
        .call(second)
    )
    late = NOW + 23_155 - 60
    yield (
        Source("refresh-credentials-ended", "AWS credentials are got anew a minute before they end.", config=config())
        .call(federated(), from_instance(impersonate=False))
        .later(late - NOW - 1)
        .call(federated(late - 1), with_known_credentials(late - 1, impersonate=False))
        .later(HOUR)
        .call(federated(late - 1 + HOUR), from_instance(late - 1 + HOUR, impersonate=False, region="us-east-1"))
    )
    keys = {"AWS_ACCESS_KEY_ID": world.LONG_TERM.access_key_id, "AWS_SECRET_ACCESS_KEY": world.LONG_TERM[1]}
    keys["AWS_REGION"] = "eu-central-1"
    yield (
        Source("refresh-other-environment", "What was found under other circumstances is another's.", config=config())
        .call(federated(), from_instance(impersonate=False))
        .later(HOUR)
        .call(federated(NOW + HOUR), aws(NOW + HOUR, impersonate=False).env(keys).sts())
    )
    roles = [{"role_arn": role} for role in world.ROLES]
    yield (
        Source(
            "refresh-role-chain",
            "The credentials at the end of a chain of roles are used again.",
            config=config(),
            options={"aws_assume_role": roles},
        )
        .call(federated(), role_chain(NOW))
        .later(3400)
        .call(federated(NOW + 3400), role_chain(NOW + 3400, is_known=True))
        .later(3400)
        .call(federated(NOW + 6800), role_chain(NOW + 6800))
    )
    without_end = aws(impersonate=False).env({**keys}).sts(http(200, world.federated_answer(expires_in=None)))
    again = aws(NOW + 1, impersonate=False).env({**keys}).sts()
    yield (
        Source("refresh-unknown-end", "A token whose end is not told is given once.", config=config())
        .call(federated(NOW, 0), without_end)
        .later(1)
        .call(federated(NOW + 1), again)
    )


def _failures():
    no_answer = http(503, "")
    first = token()

    def unavailable(now):
        case = known(now).sts(no_answer).wait("sts-2", 1000).sts(no_answer, attempt=2)
        return case.wait("sts-3", 2000).sts(no_answer, attempt=3)

    yield (
        Source(
            "renewal-fails",
            "A failed renewal keeps the token, and is not repeated for 15 s; nor is it remembered.",
            config=config(impersonate=True),
        )
        .call(first, from_instance())
        .later(3400)
        .call(first, unavailable(NOW + 3400))
        .later(3 + 14)
        .call(first)
        .later(1)
        .call(first, unavailable(NOW + 3418))
        .later(172)
        .call(error("sts_unavailable", retryable=True, status=503, ask_id="sts-3"), unavailable(NOW + 3590))
        .later(1)
        .call(token(SECOND_TOKEN, NOW + 3591 + HOUR), with_known_credentials(NOW + 3591, SECOND_TOKEN))
    )
    refusal = http(400, {"error": "invalid_grant", "error_description": "Invalid AWS credentials."})
    yield (
        Source(
            "renewal-refused-with-known-credentials",
            "What is remembered may have been revoked: after a refusal all of it is asked anew, at once.",
            config=config(impersonate=True),
        )
        .call(first, from_instance())
        .later(3600)
        .call(
            token(SECOND_TOKEN, NOW + 2 * HOUR),
            known(NOW + 3600).sts(refusal),
            from_instance(NOW + 3600, SECOND_TOKEN),
        )
    )
    refused = error(
        "sts_rejected", status=400, ask_id="sts", error="invalid_grant", error_description="Invalid AWS credentials."
    )
    yield (
        Source("first-refused", "A refusal is the caller's, and the next call asks again.", config=config())
        .call(refused, instance(impersonate=False).sts(refusal))
        .later(1)
        .call(federated(NOW + 1), from_instance(NOW + 1, impersonate=False))
    )
    yield (
        Source(
            "refresh-by-hand",
            "A token that somebody has refused is replaced, with everything asked anew.",
            config=config(),
        )
        .call(federated(), from_instance(impersonate=False))
        .later(10)
        .call(federated(NOW + 10), from_instance(NOW + 10, impersonate=False), call="refresh")
        .later(10)
        .call(refused, instance(NOW + 20, impersonate=False).sts(refusal), call="refresh")
        .call(federated(NOW + 10))
    )


def _clocks():
    yield (
        Source("clock-set-back", "The other clock tells that the token has ended.", config=config())
        .call(federated(), from_instance(impersonate=False))
        .later(1800)
        .set_clock(-7200)
        .call(federated())
        .later(1800)
        .call(federated(NOW - HOUR), from_instance(NOW - HOUR, impersonate=False))
        .later(1)
        .call(federated(NOW - HOUR))
    )
    a_day_ahead = NOW + 86_400
    yield (
        Source(
            "clock-set-forward", "A clock that is a day ahead, and then is not, costs one exchange.", config=config()
        )
        .call(federated(), from_instance(impersonate=False))
        .set_clock(86_400)
        .call(federated(a_day_ahead), from_instance(a_day_ahead, impersonate=False))
        .set_clock(-86_400)
        .call(federated(a_day_ahead))
        .later(HOUR)
        .call(federated(NOW + HOUR), from_instance(NOW + HOUR, impersonate=False))
    )

    for name, skew in [("behind", 600), ("ahead", -7000)]:
        given = {"accessToken": world.SERVICE_ACCOUNT_TOKEN, "expireTime": rfc3339(NOW + skew + HOUR)}
        case = instance().sts()
        case.secret(world.SERVICE_ACCOUNT_TOKEN)
        case.impersonate(http(200, given, ahead(skew)))
        yield (
            Source(
                f"clock-{name}",
                "The end of a service account's token is told by Google's clock, and kept by the host's.",
                config=config(impersonate=True),
            )
            .call(token(), case)
            .later(HOUR - 241)
            .call(token())
        )


def _other_goals():
    payload = {"goal": "sign_blob", "payload": "AAH/"}
    signed = {"outcome": {"goal": "sign_blob", "key_id": "key-1", "signature": "c2lnbmF0dXJl"}}
    answer = http(200, {"keyId": "key-1", "signedBlob": "c2lnbmF0dXJl"})

    def signing(case):
        return case.sign_blob(b"\x00\x01\xff", answer)

    # The first one ends after ten minutes. The platform writes another one into the file.
    rotated = world.jwt({"iss": "https://issuer.example", "sub": "workload", "exp": NOW + 4000})
    yield (
        Source("sign-twice", "The federated token is used again: a signature costs one request.", config=ACCOUNT)
        .call(signed, signing(account(NOW).reached()), call="fetch", goal=payload)
        .later(60)
        .call(signed, signing(account(NOW + 60)), call="fetch", goal=payload)
        .later(3240)
        .call(signed, signing(account(NOW + 3300, rotated).file(rotated).sts()), call="fetch", goal=payload)
    )
    end = NOW + HOUR
    claims = {"iss": "https://accounts.google.com", "aud": "https://service.example.com", "exp": end}
    jwt = world.jwt(claims)
    got = {"token": {"value": jwt, "expires_at": end, "kind": "id_token"}}
    yield (
        Source(
            "id-token",
            "An ID token is good until its own end.",
            config=ACCOUNT,
            goal=id_token(),
        )
        .call(got, account(NOW).reached().id_token(http(200, {"token": jwt})))
        .later(HOUR - 241)
        .call(got)
    )
    first = login()
    rotated = {**world.federated_answer(), "refresh_token": "second-refresh-token-example"}
    result = federated()
    result["token"]["refresh_token"] = "second-refresh-token-example"
    fields = [("grant_type", "refresh_token"), ("refresh_token", "second-refresh-token-example")]
    answer = http(200, world.federated_answer())
    next_one = Login("", "", config=first, now=NOW + HOUR).form("refresh", first["token_url"], fields, answer)
    next_one.secret("second-refresh-token-example", world.FEDERATED_TOKEN)
    yield (
        Source("refresh-token-replaced", "The newest refresh token is used.", config=first)
        .call(result, Login("", "", config=first).refresh(http(200, rotated)))
        .later(HOUR)
        .call(federated(NOW + HOUR), next_one)
    )
    person = impersonated(first)
    denied = {"error": {"code": 403, "message": "Permission denied.", "status": "PERMISSION_DENIED"}}
    told = {"status": 403, "error": "PERMISSION_DENIED", "error_description": "Permission denied."}
    again = Login("", "", config=person, now=NOW + 60).form("refresh", first["token_url"], fields, answer)
    yield (
        Source(
            "refresh-token-replaced-in-vain",
            "The old refresh token is good no more, even if the rest fails.",
            config=person,
        )
        .call(
            error("impersonation_rejected", stage="impersonation", ask_id="impersonate", **told),
            Login("", "", config=person).refresh(http(200, rotated)).impersonate(http(403, denied)),
        )
        .later(60)
        .call(token(expires_at=IMPERSONATED_EXPIRY), again.impersonate())
    )


def _states():
    yield (
        Source(
            "state", "A state is gone on from; what has ended meanwhile is not used.", config=config(impersonate=True)
        )
        .call(token(), from_instance())
        .call({"imported": True}, call="import")
        .later(60)
        .call(token())
        .later(3540)
        .call({"imported": True}, call="import")
        .call(token(SECOND_TOKEN, NOW + 2 * HOUR), with_known_credentials(NOW + HOUR, SECOND_TOKEN))
    )
    yield (
        Source("state-clock-set-back", "By a clock that was set back a state's token is not trusted.", config=config())
        .call(federated(), from_instance(impersonate=False))
        .set_clock(-10)
        .call({"imported": True}, call="import")
        .call(federated(NOW - 10), with_known_credentials(NOW - 10, impersonate=False))
    )
    other = {"aws_assume_role": [{"role_arn": world.ROLES[0]}]}
    yield (
        Source("state-of-another", "A state of other options is not taken.", config=config())
        .call(federated(), from_instance(impersonate=False))
        .call({"imported": False}, call="import", options=other)
    )


# Results.


def token(value=world.SERVICE_ACCOUNT_TOKEN, expires_at=NOW + HOUR):
    return {"token": {"value": value, "expires_at": expires_at, "kind": "service_account"}}


def federated(got_at=NOW, lifetime=3599):
    return {"token": {"value": world.FEDERATED_TOKEN, "expires_at": got_at + lifetime, "kind": "federated"}}


def error(code, **members):
    nothing = dict.fromkeys(["stage", "field", "ask_id", "status", "error", "error_description"])
    return {"error": {"code": code, "fault": "remote", **nothing, "stage": "sts", "retryable": False, **members}}


# Exchanges.


def aws(now=NOW, impersonate=True, **members):
    return Exchange("", "", config=config(impersonate=impersonate, **members), now=now)


def instance(now=NOW, impersonate=True, region=None):
    """Up to the credentials of the instance. A region that is known is not asked for."""
    case = aws(now, impersonate).env()
    case.region = region
    return case.session().region_and_role().role_credentials()


def from_instance(now=NOW, value=world.SERVICE_ACCOUNT_TOKEN, impersonate=True, region=None):
    return _end(instance(now, impersonate, region).sts(), now, value, impersonate)


def known(now, impersonate=True):
    """Up to the credentials that are remembered."""
    case = aws(now, impersonate).env()
    case.region = "us-east-1"
    case._use(world.INSTANCE)
    return case


def with_known_credentials(now, value=world.SERVICE_ACCOUNT_TOKEN, impersonate=True):
    return _end(known(now, impersonate).sts(), now, value, impersonate)


def role_chain(now, is_known=False):
    roles = [{"role_arn": role} for role in world.ROLES]
    keys = world.environment(world.TEMPORARY, AWS_REGION="us-east-1")
    case = AwsExchange("", "", aws_assume_role=roles, now=now).env(keys)
    if is_known:
        return case.found(world.ASSUMED[1]).sts()
    return case.assume_role(roles[0]).assume_role(roles[1]).sts()


def account(now, proof=TOKEN):
    return Account("", "", {}, now=now, proof=proof)


def _end(case, now, value, impersonate):
    if not impersonate:
        return case
    case.secret(value)
    return case.impersonate(http(200, {"accessToken": value, "expireTime": rfc3339(now + HOUR)}))


def rfc3339(seconds):
    from datetime import datetime, timezone

    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _steps(exchange):
    """What the host is asked, in order, and answers."""
    steps = []
    for round in exchange.rounds:
        replies = {reply["id"]: reply for reply in round["replies"]}
        steps += [{"ask_id": ask["id"], "ask": ask, "reply": replies[ask["id"]]} for ask in round["asks"]]
    return steps
