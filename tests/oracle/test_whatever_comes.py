"""Whatever the environment, files and servers say: an exchange ends soon, with a token or an error, and tells no secret."""

import re

import sanskey
from draws import Draw
from marked_exchange import One
from vectorgen import world

EXCHANGES = 3000
# Five requests at most, three times each with a wait in between and once more for the clock; and the files.
MOST_ROUNDS = 5 * 6 + 4
FAILURES = ["timeout", "unreachable", "denied", "unsupported", "other"]
STATUSES = [100, 204, 301, 400, 401, 403, 404, 408, 429, 500, 503, 599]
SNIPPETS = [*"\"'<>&{}[]=%\n\r\0 é😀", "\ufeff", "\u2028", "]]>", "&#0;", "\\u0000", "%00"]
WHOLE = ["", "null", "[]", "{}", '""', "<x/>", "<?xml ?>", "<!DOCTYPE x>", "[default]", "\ufeff", "&#x110000;", "1e999"]
REFUSALS = [
    world.sts_refusal("RequestExpired", "Signature expired"),
    world.sts_refusal("Throttling", "Rate exceeded"),
    '{"error": "RequestTimeTooSkewed", "error_description": 7}',
]
DATES = ["Tue, 02 Jan 2024 05:04:05 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "x"]


class Spoiled(One):
    """An exchange of its own, in which much goes wrong."""

    def __init__(self, number, draw):
        super().__init__(number, draw)
        self.draw = draw
        for texts in (self.env, self.files):
            for name in texts:
                if draw.chance(0.1):
                    texts[name] = spoiled(draw, texts[name])
        if draw.chance(0.1):
            name = draw.random.choice(["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSO"])
            self.env[name] = spoiled(draw, "https://example.com:8443/path")
        answer = self.host.answer
        self.host.answer = lambda ask: self.spoil(answer, ask)

    def spoil(self, answer, ask):
        if isinstance(ask.action, sanskey.Wait):
            return None
        if self.draw.chance(0.03):
            return sanskey.HostFailure(self.draw.random.choice(FAILURES), spoiled(self.draw, "it did not work"))
        first = sanskey.Ask(re.sub(r"(?<!assume-role)-(\d|clock)$", "", ask.id), ask.action)
        if isinstance(ask.action, sanskey.RunCommand):
            written = spoiled(self.draw, world.process_output(self.found))
            exit_code = self.draw.random.choice([0, 0, 0, 1, None])
            return sanskey.CommandOutput(exit_code, written, spoiled(self.draw, "no such login"))
        reply = sanskey.HttpResponse(200, [], "us-east-1a") if first.id == "aws-region" else answer(first)
        return self.spoiled_response(reply) if isinstance(reply, sanskey.HttpResponse) else reply

    def spoiled_response(self, response):
        status, headers, body = response.status, [], response.body
        if self.draw.chance(0.1):
            body = self.draw.random.choice(REFUSALS) if self.draw.chance(0.4) else spoiled(self.draw, body)
        if self.draw.chance(0.15):
            status = self.draw.random.choice(STATUSES)
        if self.draw.chance(0.5):
            headers = [
                ("Date", self.draw.random.choice(DATES)),
                ("Retry-After", self.draw.random.choice(["1", "-1", "9" * 30])),
            ]
        return sanskey.HttpResponse(status, headers, body)


def spoiled(draw, text):
    first, last = sorted(draw.random.randint(0, len(text)) for _ in range(2))
    kind = draw.random.randrange(5)
    if kind == 0:
        return text[:first]
    if kind == 1:
        return text[:first] + draw.random.choice(SNIPPETS) + text[first:]
    if kind == 2:
        return text[:first] + text[last:]
    return text * 2 if kind == 3 else draw.random.choice(WHOLE)


def test_an_exchange_ends_soon_and_tells_no_secret(seed):
    codes = set()
    for case in range(EXCHANGES):
        drawn = f"seed {seed}, case {case}"
        one = Spoiled(case, Draw(seed, f"spoiled {case}"))
        shown = repr(one.exchange)
        try:
            while not one.step():
                assert len(one.host.rounds) <= MOST_ROUNDS, drawn
            end = "a token"
        except sanskey.SanskeyError as error:
            end = "misuse" if error.fault == "misuse" else error.code
            shown += f"{error!r} {error} {error.error} {error.error_description}"
        # Neither the host nor the caller did anything wrong; `bug` has the fault misuse, too.
        assert end != "misuse", f"{drawn}: {shown}"
        codes.add(end)
        secrets = [*one.found[1:], *one.last[1:], f"authorization-{one.mark}", f"login-{one.mark}"]
        assert [secret for secret in secrets if secret in shown] == [], drawn
    assert len(codes) >= 20, f"seed {seed}: too few kinds of end: {codes}"
