"""Requests, credentials and times to sign, drawn at random and reproducible.

What is drawn is in the form that stands on the wire: path and query are percent-encoded already, since botocore
takes them to be.
"""

import json
import random
import string
from urllib.parse import quote

from vectorgen.signing import Credentials

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
REAL_REGIONS = [
    "us-east-1",
    "eu-central-2",
    "ap-southeast-4",
    "us-gov-west-1",
    "cn-north-1",
    "us-iso-east-1",
    "me-central-1",
]
SERVICES = ["sts", "iam", "execute-api", "dynamodb", "service", "es"]
TOKEN_CHARACTERS = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"
# Path characters that are allowed as they are, RFC 3986 section 3.3.
PATH_LITERALS = "!$&'()*+,;=:@-._~"
NAME_CHARACTERS = string.ascii_letters + string.digits + "+=,.@-_"
# Names with a meaning of their own in one of the two signers; user-agent stands for those that are not signed.
SPECIAL_NAMES = {
    "authorization",
    "baggage",
    "connection",
    "date",
    "expect",
    "host",
    "keep-alive",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "upgrade",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
}
FIRST_SECOND, LAST_SECOND = 0, 4102444800  # 1970 to 2100


class Draw:
    """One stream of drawn values."""

    def __init__(self, seed, case):
        self.random = random.Random(f"{seed}/{case}")

    def method(self):
        return self.random.choice(METHODS)

    def credentials(self):
        # Visible ASCII: anything else is refused, since no key of AWS's has it.
        secret = self.of(string.ascii_letters + string.digits + string.punctuation, 1, 90)
        token = self.of(string.ascii_letters + string.digits + "+/=_-.%\"'{}", 1, 300)
        return Credentials(
            self.of(string.ascii_uppercase + string.digits, 4, 24),
            secret,
            token if self.chance(0.6) else None,
        )

    def region(self):
        if self.chance(0.5):
            return self.random.choice(REAL_REGIONS)
        return (
            self.of(string.ascii_lowercase, 1, 4) + self.of(string.ascii_lowercase + string.digits + "-", 0, 20) + "9"
        )

    def service(self):
        return self.random.choice(SERVICES) if self.chance(0.7) else self.of(string.ascii_lowercase + "-", 1, 12) + "x"

    def now(self):
        """Seconds; the fraction is not part of any date."""
        seconds = self.random.randint(FIRST_SECOND, LAST_SECOND)
        return seconds + self.random.random() if self.chance(0.3) else seconds

    def audience(self):
        return "//iam.googleapis.com/" + self.of(
            string.ascii_letters + string.digits + "/-_.~!*'();:@&=+$,?#[]%\"", 1, 120
        )

    def url(self):
        url = self.random.choice(["https", "http"]) + "://" + self.host()
        if self.chance(0.9):
            url += self.path()
        if self.chance(0.7):
            url += "?" + self.query()
        return url

    def host(self):
        if self.chance(0.05):
            host = self.random.choice(["[::1]", "[fd00:ec2::254]", "127.0.0.1"])
        else:
            labels = [self.of(string.ascii_letters + string.digits, 1, 10) for _ in range(self.random.randint(1, 4))]
            host = ".".join(labels) + ".example"
        return host + self.random.choice(["", "", "", ":443", ":80", f":{self.random.randint(1, 65535)}"])

    def path(self):
        segments = [self.segment() for _ in range(self.random.randint(0, 5))]
        if segments and segments[-1] in (".", ".."):
            # A path that ends so ends in a slash (RFC 3986 section 5.2.4). botocore drops it.
            segments.append("end")
        return "/" + "/".join(segments)

    def segment(self):
        kind = self.random.random()
        if kind < 0.15:
            return self.random.choice(["", ".", "..", "...", ".a"])
        if kind < 0.6:
            return quote(self.text(0, 12), safe="")
        return self.of(string.ascii_letters + string.digits + PATH_LITERALS, 1, 12)

    def query(self):
        return "&".join(self.parameter() for _ in range(self.random.randint(1, 8)))

    def parameter(self):
        # Few names, so that some are drawn twice and are then ordered by their values.
        name = self.random.choice(["Action", "a", "A", "a-b", "a_b", "a.b", "a~b", "Version"])
        if self.chance(0.4):
            name = quote(self.text(1, 8), safe="") or "x"
        if self.chance(0.1):
            return name
        return name + "=" + quote(self.text(0, 16), safe="")

    def headers(self):
        pairs = [(self.header_name(), self.header_value()) for _ in range(self.random.randint(0, 6))]
        if pairs and self.chance(0.3):
            name = self.random.choice(pairs)[0]
            pairs.append((self.random.choice([name, name.upper(), name.lower()]), self.header_value()))
        if self.chance(0.1):
            pairs.append(("User-Agent", self.header_value()))
        if self.chance(0.2):
            pairs.append(("Host", self.host()))
        if self.chance(0.1):
            pairs.append(("X-Amz-Content-Sha256", self.random.choice(["UNSIGNED-PAYLOAD", "0" * 64])))
        return pairs

    def header_name(self):
        if self.chance(0.4):
            return self.random.choice(["Content-Type", "x-amz-target", "X-Amz-Meta-A", "x-goog-cloud-target-resource"])
        name = self.of(TOKEN_CHARACTERS, 1, 16)
        return "x-drawn" if name.lower() in SPECIAL_NAMES else name

    def header_value(self):
        words = [self.text(0, 10, spaces=False) for _ in range(self.random.randint(0, 4))]
        spaces = [self.random.choice([" ", "  ", "\t", " \t  ", ""]) for _ in range(len(words) + 1)]
        return spaces[0] + "".join(word + space for word, space in zip(words, spaces[1:], strict=True))

    def body(self):
        return self.random.randbytes(self.random.choice([0, 0, 1, 20, 2000]))

    def role(self):
        """The parameters of ``AssumeRole``, by the names of botocore."""
        role = {"RoleArn": self.role_arn(), "RoleSessionName": self.name(2, 64)}
        for name, draw in {
            "ExternalId": lambda: self.name(2, 200, "/:"),
            "DurationSeconds": lambda: self.random.randint(900, 43200),
            "Policy": lambda: json.dumps({"Statement": [], "Id": self.text(0, 40)}, ensure_ascii=self.chance(0.5)),
            "PolicyArns": lambda: [
                {"arn": f"arn:aws:iam::aws:policy/{self.name(1, 30)}"} for _ in range(self.random.randint(1, 10))
            ],
            "SourceIdentity": lambda: self.name(2, 64),
        }.items():
            if self.chance(0.5):
                role[name] = draw()
        return role

    def role_arn(self):
        partition = self.random.choice(["aws", "aws-cn", "aws-us-gov", "aws-iso"])
        account = self.of(string.digits, 12, 12)
        return f"arn:{partition}:iam::{account}:role/{self.of(NAME_CHARACTERS + '/', 0, 20)}{self.name(1, 64)}"

    def name(self, least, most, more=""):
        """What the names of roles, sessions and policies may be made of."""
        return self.of(NAME_CHARACTERS + more, least, most)

    def text(self, least, most, *, spaces=True):
        """Printable characters, from ASCII punctuation to emoji."""
        ranges = [(0x21, 0x7E), (0x21, 0x7E), (0xA1, 0x24F), (0x400, 0x4FF), (0x4E00, 0x4FFF), (0x1F600, 0x1F64F)]
        if spaces:
            ranges.append((0x20, 0x20))
        length = self.random.randint(least, most)
        return "".join(chr(self.random.randint(*self.random.choice(ranges))) for _ in range(length))

    def of(self, alphabet, least, most):
        return "".join(self.random.choices(alphabet, k=self.random.randint(least, most)))

    def chance(self, probability):
        return self.random.random() < probability
