"""Platforms that put the token itself into a variable.

* GitLab, "OpenID Connect (OIDC) authentication using ID tokens"
* CircleCI, "Using OpenID Connect tokens in jobs"; Bitbucket, "Integrate Pipelines with resource
  servers using OIDC"; HCP Terraform, "Manually generate workload identity tokens"; Vercel, "OIDC
  federation reference"
"""

from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .platform_exchange import USUAL_AUDIENCE, PlatformExchange, config, expired, jwt, missing
from .protocol import failed, http
from .world import NOW

ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"

# The issuer, the subject and the variables that are asked for, the one that counts first.
VARIABLES = {
    "bitbucket": (
        "Bitbucket Pipelines",
        "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
        "{c3f9d4a2-0b7e-4a53-8d6f-2e1a5b9c7d30}:{8b1f6e0a-4c2d-4e7f-9a3b-5d6c7e8f9a0b}",
        ["BITBUCKET_STEP_OIDC_TOKEN"],
    ),
    "circleci": (
        "CircleCI",
        "https://oidc.circleci.com/org/5f4dcc3b-5aa7-4a6d-9f1e-0c2b3a4d5e6f",
        "org/5f4dcc3b/project/1a2b3c4d/user/9f8e7d6c/vcs-origin/github.com/acme/deploy/vcs-ref/refs/heads/main",
        ["CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN"],
    ),
    "gitlab": (
        "GitLab CI/CD",
        "https://gitlab.com",
        "project_path:acme/deploy:ref_type:branch:ref:main",
        ["GITLAB_OIDC_TOKEN"],
    ),
    "terraform_cloud": (
        "HCP Terraform",
        "https://app.terraform.io",
        "organization:acme:project:Default Project:workspace:deploy:run_phase:apply",
        ["TFC_WORKLOAD_IDENTITY_TOKEN"],
    ),
    "vercel": (
        "Vercel",
        "https://oidc.vercel.com/acme",
        "owner:acme:project:shop:environment:production",
        ["VERCEL_OIDC_TOKEN"],
    ),
}


def variable_token(platform, **claims):
    _, issuer, subject, _ = VARIABLES[platform]
    return jwt(issuer, subject, USUAL_AUDIENCE, **claims)


def _with_variable(name, about, platform, values, token, names=None, **fields):
    case = PlatformExchange(name, about, config=config(platform, **fields)).proof(token)
    return case.env(values, names=names)


def exchanges():
    for platform, (title, _, _, names) in VARIABLES.items():
        token = variable_token(platform)
        yield (
            _with_variable(
                f"platform-{platform.replace('_', '-')}",
                f"{title} has the token in a variable.",
                platform,
                {names[0]: token},
                token,
                names,
            )
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    gitlab = variable_token("gitlab")
    yield (
        _with_variable(
            "platform-gitlab-impersonation",
            "A service account, for a token of a platform.",
            "gitlab",
            {"GITLAB_OIDC_TOKEN": gitlab},
            gitlab,
            impersonate=True,
        )
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        _with_variable(
            "platform-gitlab-variable",
            "In GitLab the job chooses the name of the variable.",
            "gitlab",
            {"GOOGLE_ID_TOKEN": gitlab},
            gitlab,
            variable="GOOGLE_ID_TOKEN",
        )
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _with_variable(
            "platform-gitlab-id-token",
            "The token may be called an ID token, which it is.",
            "gitlab",
            {"GITLAB_OIDC_TOKEN": gitlab},
            gitlab,
            subject_token_type=ID_TOKEN,
        )
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _with_variable(
            "platform-environment",
            "Any variable may hold the token.",
            "environment",
            {"MY_OIDC_TOKEN": gitlab},
            gitlab,
            variable="MY_OIDC_TOKEN",
        )
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _with_variable(
            "platform-environment-line-break",
            "What surrounds the token is taken away: some put a line break after it.",
            "environment",
            {"MY_OIDC_TOKEN": f" {gitlab}\r\n"},
            gitlab,
            variable="MY_OIDC_TOKEN",
        )
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _with_variable(
            "platform-environment-not-a-jwt",
            "What is not a JWT is for Google to judge.",
            "environment",
            {"MY_OIDC_TOKEN": "opaque token/with+signs=="},
            "opaque token/with+signs==",
            variable="MY_OIDC_TOKEN",
        )
        .secret("opaque%20token%2Fwith%2Bsigns%3D%3D")
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    first, second = variable_token("circleci"), variable_token("circleci", exp=NOW + 600)
    _, _, _, names = VARIABLES["circleci"]
    yield (
        _with_variable(
            "platform-circleci-both",
            "CircleCI sets two variables. The second version of the token counts, whose subject also names the source of the change.",
            "circleci",
            {names[1]: second, names[0]: first},
            first,
            names,
        )
        .token_secret(second)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    for state, values in [("unset", {}), ("empty", {names[0]: ""}), ("blank", {names[0]: " \n"})]:
        yield (
            _with_variable(
                f"platform-circleci-first-version-{state}",
                f"Where the variable of the second version is {state}, the first version counts.",
                "circleci",
                {**values, names[1]: second},
                second,
                names,
            )
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    for name, about, exp in [
        ("none", "A JWT need not say when its time is over.", None),
        ("text", "A time that is no number is for Google to judge.", "2024-01-02T00:00:00Z"),
    ]:
        token = variable_token("gitlab", exp=exp)
        yield (
            _with_variable(f"platform-jwt-exp-{name}", about, "gitlab", {"GITLAB_OIDC_TOKEN": token}, token)
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    second_left = variable_token("gitlab", exp=NOW + 1)
    yield (
        _with_variable(
            "platform-jwt-one-second-left",
            "A JWT is good until the second that it names.",
            "gitlab",
            {"GITLAB_OIDC_TOKEN": second_left},
            second_left,
        )
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def failures():
    yield from variables_missing()
    yield from jwts_out_of_date()


def variables_missing():
    hints = {
        "bitbucket": "Bitbucket",
        "circleci": "OIDC",
        "gitlab": "id_tokens",
        "terraform_cloud": "TFC_WORKLOAD_IDENTITY_AUDIENCE",
        "vercel": "Vercel",
    }
    for platform, (title, _, _, names) in VARIABLES.items():
        for state, values in [("unset", {}), ("empty", dict.fromkeys(names, ""))]:
            case = PlatformExchange(
                f"platform-{platform.replace('_', '-')}-{state}",
                f"{title} gave no token: {' and '.join(names)} {state}.",
                config=config(platform),
            )
            yield missing(case.env(values, names=names), hint_contains=hints[platform])
    yield missing(
        PlatformExchange(
            "platform-environment-blank",
            "A variable with nothing but blanks holds no token.",
            config=config("environment", variable="MY_OIDC_TOKEN"),
        ).env({"MY_OIDC_TOKEN": " \r\n\t"})
    )
    for kind, code in [("unsupported", "host_unsupported"), ("denied", "host_denied"), ("other", "host_failed")]:
        yield (
            PlatformExchange(
                f"platform-environment-{kind}",
                f"The host's answer to the question for the environment: {kind}.",
                config=config("environment", variable="MY_OIDC_TOKEN"),
            )
            .env(reply=failed(kind, "the environment cannot be read"), names=["MY_OIDC_TOKEN"])
            .fails(code, "host", stage="source", ask_id="env")
        )
    token = variable_token("gitlab")
    refusal = {"error": "invalid_grant", "error_description": f"Cannot read {token}, sorry."}
    yield (
        _with_variable(
            "platform-token-quoted-by-sts",
            "A refusal that quotes the token is passed on without it.",
            "gitlab",
            {"GITLAB_OIDC_TOKEN": token},
            token,
        )
        .sts(http(400, refusal))
        .fails(
            "sts_rejected",
            "remote",
            stage="sts",
            ask_id="sts",
            status=400,
            error="invalid_grant",
            error_description="Cannot read [redacted], sorry.",
        )
    )
    part = token[60:]
    refusal = {"error": "invalid_grant", "error_description": f"Cannot read …{part}"}
    yield (
        _with_variable(
            "platform-end-of-token-quoted-by-sts",
            "A quotation of the token's end does not hold the signature.",
            "gitlab",
            {"GITLAB_OIDC_TOKEN": token},
            token,
        )
        .sts(http(400, refusal))
        .fails(
            "sts_rejected",
            "remote",
            stage="sts",
            ask_id="sts",
            status=400,
            error="invalid_grant",
            error_description=f"Cannot read …{part.rsplit('.', 1)[0]}.[redacted]",
        )
    )


def jwts_out_of_date():
    for name, about, exp in [
        (
            "hour",
            "A JWT that was good an hour ago is not shown to Google, who would not say what is wrong.",
            NOW - 3600,
        ),
        ("second", "A JWT is not good in the second that it names any more.", NOW),
        ("fraction", "The time may have a fraction.", NOW - 0.5),
    ]:
        token = variable_token("gitlab", exp=exp)
        yield expired(
            _with_variable(f"platform-jwt-expired-{name}", about, "gitlab", {"GITLAB_OIDC_TOKEN": token}, token)
        )
    token = variable_token("gitlab", exp=NOW + 1)
    yield expired(
        _with_variable(
            "platform-jwt-expired-on-the-way",
            "A JWT that was good at the first try, and is not at the second.",
            "gitlab",
            {"GITLAB_OIDC_TOKEN": token},
            token,
        )
        .sts(http(503, ""))
        .wait("sts-2", 1000)
    )
