"""Buildkite: ``buildkite-agent oidc request-token``."""

from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .platform_exchange import USUAL_AUDIENCE, PlatformExchange, config, expired, jwt, missing, output
from .protocol import failed
from .world import NOW

TOKEN = jwt(
    "https://agent.buildkite.com",
    "organization:acme:pipeline:deploy:ref:refs/heads/main:commit:9f3182061f1e:step:deploy",
    USUAL_AUDIENCE,
)


class BuildkiteExchange(PlatformExchange):
    """An exchange whose token comes from the agent."""

    def agent(self, reply=None, audience=USUAL_AUDIENCE):
        ask = {
            "id": "buildkite-agent",
            "action": "run_command",
            "argv": ["buildkite-agent", "oidc", "request-token", "--audience", audience],
            "env": {},
            "timeout_ms": 30000,
        }
        self.proof(TOKEN)
        return self.round((ask, reply or output(0, f"{TOKEN}\n")))


def exchanges():
    yield (
        BuildkiteExchange(
            "buildkite",
            "Buildkite: the agent gives the token, for the audience that Google expects where the provider names no other.",
            config=config("buildkite", impersonate=True),
        )
        .agent()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        BuildkiteExchange(
            "buildkite-audience",
            "An audience of the provider's own is one argument, whatever is in it.",
            config=config("buildkite", audience="https://sanskey.example/;$(id)'\""),
        )
        .agent(audience="https://sanskey.example/;$(id)'\"")
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        BuildkiteExchange(
            "buildkite-warning",
            "What the agent says beside the token is no part of it.",
            config=config("buildkite"),
        )
        .agent(output(0, f"{TOKEN}\r\n", "2024-01-02 03:04:05 WARN  request failed, will retry\n"))
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def failures():
    def ended(name, about, reply, code="executable_failed", **members):
        return (
            BuildkiteExchange(f"buildkite-{name}", about, config=config("buildkite"))
            .agent(reply)
            .fails(code, "host", stage="source", ask_id="buildkite-agent", **members)
        )

    yield ended(
        "exit-code-1",
        "Outside of a job the agent has no access token.",
        output(1, "", "fatal: Failed to parse configuration: missing agent-access-token.\n"),
        hint_contains="jobs of Buildkite",
    )
    yield ended(
        "exit-code-with-output",
        "A program that failed has given no token, whatever it wrote.",
        output(94, f"{TOKEN}\n", ""),
    )
    yield ended(
        "exit-code-token-in-the-log",
        "What a program complains about is passed on without the token that it wrote.",
        output(1, f"{TOKEN}\n", f"debug: got {TOKEN}, and could not close the connection"),
    )
    yield ended("signal", "The agent was ended by a signal.", output(None))
    for kind, code, about in [
        ("unsupported", "host_unsupported", "The host cannot run programs, as in a worker or a web page."),
        ("denied", "host_denied", "The host may not run the program."),
        ("other", "host_failed", "There is no program of that name."),
        ("timeout", "host_timeout", "The program does not come to an end."),
    ]:
        yield ended(
            kind,
            about,
            failed(kind, "buildkite-agent cannot be run"),
            code,
            hint_contains="buildkite-agent",
            **({"retryable": True} if kind == "timeout" else {}),
        )
    for name, text in [("nothing", ""), ("blanks", " \r\n")]:
        yield missing(
            BuildkiteExchange(f"buildkite-{name}", "The agent wrote no token.", config=config("buildkite")).agent(
                output(0, text)
            ),
            ask_id="buildkite-agent",
        )
    token = jwt("https://agent.buildkite.com", "organization:acme", USUAL_AUDIENCE, exp=NOW - 1)
    yield expired(
        BuildkiteExchange("buildkite-jwt-expired", "So it is for a JWT from a program.", config=config("buildkite"))
        .agent(output(0, token))
        .token_secret(token)
    )
