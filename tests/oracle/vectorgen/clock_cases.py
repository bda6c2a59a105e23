"""Exchanges on machines whose clock is wrong: what a server rejects for its date is signed once more with its time."""

from . import world
from .aws_transcript import AwsExchange, ahead
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .protocol import http
from .world import NOW, TEMPORARY, config, environment

KEYS = environment(TEMPORARY, AWS_REGION="us-east-1")
ROLE = {"role_arn": world.ROLES[0]}
SECOND_ROLE = {"role_arn": world.ROLES[1]}
BEHIND = 1200  # The server is twenty minutes ahead.
EXPIRED = "Signature expired: 20240102T030405Z is now earlier than 20240102T030905Z (20240102T032405Z - 15 min.)"
NOT_YET = (
    "Signature not yet current: 20240102T030405Z is still later than 20240102T025905Z (20240102T024405Z + 15 min.)"
)


def refused(code, message, seconds, status=403):
    return http(status, world.sts_refusal(code, message), ahead(seconds))


def google_refused(message, seconds, headers=None):
    body = {"error": "invalid_grant", "error_description": message}
    return http(400, body, ahead(seconds) if headers is None else headers)


def exchanges():
    for name, code, message, seconds in [
        ("behind", "SignatureDoesNotMatch", EXPIRED, BEHIND),
        ("ahead", "SignatureDoesNotMatch", NOT_YET, -BEHIND),
        ("invalid-signature", "InvalidSignatureException", EXPIRED, BEHIND),
        ("request-expired", "RequestExpired", "Request has expired.", BEHIND),
        ("too-skewed", "RequestTimeTooSkewed", "The difference is too large.", -86400),
        ("a-minute", "SignatureDoesNotMatch", EXPIRED, 60),
    ]:
        yield (
            AwsExchange(
                f"clock-aws-{name}",
                f"AWS rejects the date with {code}: signed again with its time, as is everything after it.",
                aws_assume_role=[ROLE, SECOND_ROLE],
            )
            .env(KEYS)
            .assume_role(ROLE, refused(code, message, seconds))
            .clock(seconds)
            .assume_role(ROLE, attempt="clock")
            .assume_role(SECOND_ROLE)
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    yield (
        AwsExchange(
            "clock-google",
            "Google passes on that AWS rejects the date of the proof: the proof is made again with the time of Google's reply.",
            config=config(impersonate=True),
        )
        .env(KEYS)
        .sts(google_refused(f"Error from AWS: {EXPIRED}", BEHIND))
        .clock(BEHIND)
        .sts(attempt="clock")
        .impersonate()
        # By the clock of this machine, which is behind.
        .token(IMPERSONATED_EXPIRY - BEHIND)
    )
    yield (
        AwsExchange(
            "clock-session-token", "A session is asked for again with the server's time.", aws_get_session_token={}
        )
        .env(environment(world.LONG_TERM, AWS_REGION="us-east-1"))
        .get_session_token({}, refused("SignatureDoesNotMatch", EXPIRED, BEHIND))
        .clock(BEHIND)
        .get_session_token({}, attempt="clock")
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        AwsExchange("clock-aws-jwt", "A JWT is asked for again with the server's time.", aws_web_identity_token={})
        .env(KEYS)
        .get_web_identity_token({}, refused("SignatureDoesNotMatch", NOT_YET, -BEHIND))
        .clock(-BEHIND)
        .get_web_identity_token({}, attempt="clock")
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        AwsExchange(
            "clock-then-unavailable",
            "A server error after the correction is tried again, with the server's time.",
            aws_assume_role=[ROLE],
        )
        .env(KEYS)
        .assume_role(ROLE, refused("SignatureDoesNotMatch", EXPIRED, BEHIND))
        .clock(BEHIND)
        .assume_role(ROLE, http(503, ""), attempt="clock")
        .wait("assume-role-1-2", 1000)
        .assume_role(ROLE, attempt=2)
        .sts()
        .token(NOW + 1 + 3599)
    )
    case = AwsExchange(
        "clock-time-passes",
        "What was corrected by is added to the time of each poll.",
        aws_assume_role=[ROLE],
    ).env(KEYS)
    case.assume_role(ROLE, refused("SignatureDoesNotMatch", EXPIRED, BEHIND)).clock(BEHIND).at(NOW + 0)
    case.assume_role(ROLE, attempt="clock")
    case.at(NOW + 5)
    yield case.sts().token(NOW + 5 + 3599)


def failures():
    yield (
        AwsExchange("clock-aws-twice", "A second rejection is the error.", aws_assume_role=[ROLE])
        .env(KEYS)
        .assume_role(ROLE, refused("SignatureDoesNotMatch", EXPIRED, BEHIND))
        .clock(BEHIND)
        .assume_role(ROLE, refused("SignatureDoesNotMatch", EXPIRED, 2 * BEHIND), attempt="clock")
        .fails(**rejected_by_aws("assume-role-1-clock"))
    )
    yield (
        AwsExchange("clock-google-twice", "A second rejection by Google is the error, too.")
        .env(KEYS)
        .sts(google_refused(EXPIRED, BEHIND))
        .clock(BEHIND)
        .sts(google_refused(EXPIRED, BEHIND), attempt="clock")
        .fails(**rejected_by_google("sts-clock"))
    )
    for name, about, headers in [
        ("without-date", "A reply without a Date does not say what to correct.", []),
        ("small-skew", "A clock that is right enough is not what is wrong.", ahead(59)),
        ("more-than-a-day", "A clock that is off by more than a day would let no TLS be spoken.", ahead(86401)),
        ("date-unreadable", "A Date that cannot be read is none.", [("date", "yesterday")]),
    ]:
        yield (
            AwsExchange(f"clock-aws-{name}", about, aws_assume_role=[ROLE])
            .env(KEYS)
            .assume_role(ROLE, http(403, world.sts_refusal("SignatureDoesNotMatch", EXPIRED), headers))
            .fails(**rejected_by_aws("assume-role-1"))
        )
        yield (
            AwsExchange(f"clock-google-{name}", about)
            .env(KEYS)
            .sts(google_refused(EXPIRED, 0, headers))
            .fails(**rejected_by_google("sts"))
        )
    message = "The request signature we calculated does not match the signature you provided."
    yield (
        AwsExchange(
            "clock-other-refusal", "A refusal for another reason is no matter of the clock.", aws_assume_role=[ROLE]
        )
        .env(KEYS)
        .assume_role(ROLE, refused("SignatureDoesNotMatch", message, BEHIND))
        .fails(**{**rejected_by_aws("assume-role-1"), "error_description": message})
    )


def rejected_by_aws(ask_id):
    return {
        "code": "aws_sts_rejected",
        "fault": "remote",
        "stage": "aws_sts",
        "ask_id": ask_id,
        "status": 403,
        "error": "SignatureDoesNotMatch",
        "error_description": EXPIRED,
        "hint_contains": "clock",
    }


def rejected_by_google(ask_id):
    return {
        "code": "sts_rejected",
        "fault": "remote",
        "stage": "sts",
        "ask_id": ask_id,
        "status": 400,
        "error": "invalid_grant",
        "error_description": EXPIRED,
    }
