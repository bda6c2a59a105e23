"""Exchanges with a profile whose credentials a program writes: ``credential_process``."""

import json

from .exchange_failures import HTML
from .exchange_success import FEDERATED_EXPIRY
from .profile_cases import FIRST, OF_A_ROLE, keys, profile
from .protocol import command_output, failed
from .world import PROCESS, process_output

ASK = "credential-process"
PROGRAM = ["/opt/bin/keys", "--for", "demo"]
TEXT = "[profile demo]\ncredential_process = /opt/bin/keys --for demo\n"


def exchanges():
    def done(case):
        return case.sts().token(FEDERATED_EXPIRY)

    yield done(profile("process", "A program writes the credentials; it is given no variables.", TEXT).process(PROGRAM))
    for name, about, line, argv in [
        (
            "quotes",
            "Quotes keep words together.",
            '"/opt/my keys" --a \'b c\' --d="e f"g',
            ["/opt/my keys", "--a", "b c", "--d=e fg"],
        ),
        (
            "backslashes",
            "So do backslashes.",
            r"/opt/my\ keys a\"b \\ 'c\d' \"e\\\"",
            ["/opt/my keys", 'a"b', "\\", "c\\d", '"e\\"'],
        ),
        ("empty-words", "Empty words are words.", "keys '' \"\"", ["keys", "", ""]),
        (
            "no-shell",
            "Nothing is a shell's: no variables, pipes or comments.",
            "keys $HOME ~ *|cat; >x & # y `z` $(w)",
            ["keys", "$HOME", "~", "*|cat;", ">x", "&", "#", "y", "`z`", "$(w)"],
        ),
        ("blanks", "Blanks may be several.", "keys   a\tb", ["keys", "a", "b"]),
    ]:
        yield done(profile(f"process-{name}", about, f"[profile demo]\ncredential_process = {line}\n").process(argv))

    def wrote(name, about, credentials=PROCESS, **changes):
        output = command_output(process_output(credentials, **changes), stderr="a word on standard error")
        case = profile(f"process-wrote-{name}", about, TEXT).process(PROGRAM, output)
        return done(case.found(credentials))

    yield wrote(
        "long-term-keys",
        "Long-term keys have no token and no end.",
        PROCESS._replace(session_token=None),
        SessionToken=None,
        Expiration=None,
    )
    yield wrote("much", "Other members do not matter.", AccountId="123456789012", Note=[1, {"a": None}])
    yield wrote("almost-over", "Credentials are good until the second of their end.", Expiration="2024-01-02T03:04:06Z")
    yield wrote(
        "offset", "The end may be in another time zone, with fractions.", Expiration="2024-01-02T05:04:06.5+02:00"
    )
    case = profile(
        "role-of-own-process",
        "A profile that names itself, and has a program beside a key: the program's keys take on the role, as for botocore.",
        f"{OF_A_ROLE}source_profile = demo\n{keys()}{TEXT.splitlines()[1]}\n",
    )
    yield done(case.process(PROGRAM).assume_role(FIRST))
    case = profile(
        "role-of-process",
        "A role that is taken on with the keys of a program.",
        f"{OF_A_ROLE}source_profile = base\n" + TEXT.replace("demo]", "base]"),
    )
    yield done(case.process(PROGRAM).assume_role(FIRST))


def failures():
    for name, line in [("quote", "keys 'open"), ("backslash", "keys \\")]:
        yield profile(
            f"process-open-{name}",
            "A command line that does not end is refused.",
            f"[profile demo]\ncredential_process = {line}\n",
        ).fails("aws_profile_invalid", "config", stage="source")

    def ran(name, about, reply):
        return profile(f"process-{name}", about, TEXT).process(PROGRAM, reply).secret(*PROCESS[1:])

    for name, about, reply in [
        (
            "exit-code",
            "The program ends with an exit code; what it wrote is not repeated.",
            command_output(process_output(), exit_code=3, stderr="no login: run keys login"),
        ),
        ("signal", "The program is ended by a signal.", command_output(exit_code=None)),
        (
            "quotes-its-output",
            "What it says on standard error is shown without the keys that it wrote.",
            command_output(process_output(), exit_code=1, stderr=process_output()),
        ),
        (
            "quotes-its-token",
            "Nor is a part of what it wrote.",
            command_output(process_output(), exit_code=1, stderr=f"cannot keep {PROCESS[2]}, nor {PROCESS[1]}"),
        ),
    ]:
        yield ran(name, about, reply).fails("aws_process_failed", "host", stage="source", ask_id=ASK)
    for kind, code, retryable in [
        ("timeout", "host_timeout", True),
        ("denied", "host_denied", False),
        ("unsupported", "host_unsupported", False),
        ("other", "host_failed", False),
    ]:
        yield ran(
            f"failed-{kind}",
            f"A failure of the kind {kind}: the hint says which program it was.",
            failed(kind, "it did not run"),
        ).fails(code, "host", stage="source", ask_id=ASK, retryable=retryable, hint_contains="credential_process")
    for name, about, text in [
        ("nothing", "Nothing.", ""),
        ("html", "A page.", HTML),
        ("two-objects", "Two objects.", process_output() + process_output()),
        ("not-an-object", "A list.", "[]"),
        ("version-2", "Another version.", process_output(Version=2)),
        ("version-text", "A version that is text.", process_output(Version="1")),
        ("without-version", "No version.", process_output(Version=None)),
        ("without-id", "AccessKeyId is missing.", process_output(AccessKeyId=None)),
        ("without-secret", "SecretAccessKey is missing.", process_output(SecretAccessKey=None)),
        ("empty-secret", "SecretAccessKey is empty.", process_output(SecretAccessKey="")),
        ("token-two-lines", "A token that would add a header of its own.", process_output(SessionToken="a\r\nb: c")),
        ("expired", "Credentials that are over.", process_output(Expiration="2024-01-02T03:04:05Z")),
        ("expiry-not-a-time", "An end that is no time.", process_output(Expiration="in an hour")),
        (
            "lower-case",
            "The names of members have capitals.",
            json.dumps({k.lower(): v for k, v in json.loads(process_output()).items()}),
        ),
    ]:
        yield ran(f"malformed-{name}", about, command_output(text)).fails(
            "aws_process_malformed", "host", stage="source", ask_id=ASK
        )
