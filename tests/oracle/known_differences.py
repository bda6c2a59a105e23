"""Every known difference between google-auth and sanskey: what google-auth does, with all of these applied, is exactly
what sanskey does.

README.md lists the same reasons by the same names, and test_same_requests.py asserts that each is met with.
"""

import base64
import json
import re
import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

import sanskey
import side_by_side
from config_draws import default_sts
from google_client import CLOUD_PLATFORM
from vectorgen import world


class Difference(NamedTuple):
    name: str
    reason: str
    apply: Callable
    """A function of the case that returns the one that google-auth treats as sanskey treats this one, or ``None``; or
    a function of the case and of what google-auth did that changes the latter."""
    is_of_case: bool


KNOWN = []
PASSING = {408, 429, 500, 502, 503, 504}
TARGET = "x-goog-cloud-target-resource"


def as_if(name, reason):
    """sanskey does with a case what google-auth does with another one."""
    return lambda function: KNOWN.append(Difference(name, reason, function, True))


def instead(name, reason):
    """sanskey does something else in the same case."""
    return lambda function: KNOWN.append(Difference(name, reason, function, False))


def expected(case):
    """What sanskey is to do, and the names of the differences that took part."""
    ran, seen = side_by_side.theirs(case), set()
    for known in KNOWN:
        if known.is_of_case:
            other = known.apply(case)
            if other is None or other == case:
                continue
            case, before, ran = other, ran, side_by_side.theirs(other)
        else:
            before, ran = ran, ran.copy()
            known.apply(case, ran)
        if ran != before:
            seen.add(known.name)
    return ran, seen


# Cases that are like other cases. --------------------------------------------------------------------------------------


@as_if("empty-variable", "An empty variable counts as not set; google-auth takes it for a region or a session token.")
def _(case):
    return case.changed(env={name: value for name, value in case.env.items() if value})


@as_if("region-of-zone", "The region is read out of a zone of any form; google-auth cuts off the last character.")
def _(case):
    status, zone = case.servers.get(world.REGION_URL, (404, ""))
    match = re.match(r"([a-z]+(-[a-z]+)+-[0-9])", zone)
    return case.with_server(world.REGION_URL, (status, match[1] + "a")) if match else None


@as_if("no-region", "What is no zone is refused; google-auth signs for a region that cannot be.")
def _(case):
    _, zone = case.servers.get(world.REGION_URL, (404, ""))
    return None if re.match(r"([a-z]+-)+[0-9]", zone) else case.with_server(world.REGION_URL, (404, ""))


@as_if(
    "china", "In the regions of China the usual URL of AWS STS ends in `.com.cn`; google-auth takes the URL as it is."
)
def _(case):
    if not is_aws(case) or not isinstance(case.config.get("credential_source"), dict):
        return None
    _, zone = case.servers.get(world.REGION_URL, (200, ""))
    region = case.env.get("AWS_REGION", case.env.get("AWS_DEFAULT_REGION", zone))
    url = case.source.get("regional_cred_verification_url") or ""
    if region.startswith("cn-"):
        return case.with_source(regional_cred_verification_url=re.sub(r"\.com(?=[/?])", ".com.cn", url) or None)


@as_if("text-trimmed", "White space and a byte order mark around a token are taken away; google-auth sends them along.")
def _(case):
    source = case.source if isinstance(case.config.get("credential_source"), dict) else {}
    if source.get("format", {}).get("type") == "json":
        return None
    if case.kind == "file" and source.get("file") in case.files:
        return case.with_file(source["file"], case.files[source["file"]].lstrip("\ufeff").strip())
    if case.kind == "url" and source.get("url") in case.servers:
        status, text = case.servers[source["url"]]
        return case.with_server(source["url"], (status, text.lstrip("\ufeff").strip()))


@as_if("success", "Every status from 200 to 299 is a success; google-auth takes 200 alone for one.")
def _(case):
    servers = {url: (200 if 200 <= status <= 299 else status, text) for url, (status, text) in case.servers.items()}
    return case.changed(servers=servers)


@as_if("default-scope", "Without scopes, cloud-platform is asked for; google-auth asks for none, which Google refuses.")
def _(case):
    return None if case.scopes else case.changed(scopes=[CLOUD_PLATFORM])


@as_if("default-token-url", "Without a token_url it is the universe's; google-auth cannot go on.")
def _(case):
    if case.token_url or not case.config.get("subject_token_type"):
        return None
    return case.with_config(token_url=f"https://{default_sts(case.config)}/v1/token")


@as_if("default-token-url-of-person", "Likewise of a person's login; google-auth refuses it.")
def _(case):
    if case.kind == "person" and not case.token_url:
        domain = case.config["universe_domain"]
        return case.with_config(token_url=f"https://sts.{domain}/v1/oauthtoken")


@as_if("expires-in-text", "A person's lifetime may be a text with a number in it, as a workload's; google-auth fails.")
def _(case):
    answer = answer_of(case, case.token_url)
    if case.kind == "person" and answer is not None and str(answer.get("expires_in")).isdigit():
        return case.with_server(case.token_url, (200, json.dumps({**answer, "expires_in": int(answer["expires_in"])})))


def answer_of(case, url):
    """The object that is answered there, or ``None``."""
    status, text = case.servers.get(url, (404, ""))
    return json.loads(text) if status == 200 else None


@as_if("expires-in", "A lifetime that is missing or no number leaves a token that is over at once; google-auth fails.")
def _(case):
    answer = answer_of(case, case.token_url)
    if answer is not None and not re.fullmatch(r"[0-9.]+", str(answer.get("expires_in"))):
        return case.with_server(case.token_url, (200, json.dumps({**answer, "expires_in": 0})))


@as_if("whole-seconds", "Lifetimes are whole seconds; google-auth keeps a fraction.")
def _(case):
    answer = answer_of(case, case.token_url)
    if answer is not None and isinstance(answer.get("expires_in"), float):
        return case.with_server(case.token_url, (200, json.dumps({**answer, "expires_in": int(answer["expires_in"])})))


@as_if("no-token", "An answer without a token is an error; google-auth goes on with `None`.")
def _(case):
    answer = answer_of(case, case.token_url)
    if answer is not None and "access_token" not in answer:
        return case.with_server(case.token_url, (200, "[]"))


@as_if("expire-time", "An expireTime may have a fraction or an offset (RFC 3339); google-auth fails.")
def _(case):
    known = {
        "2030-01-02T04:04:05.123456789Z": "2030-01-02T04:04:05Z",
        "2030-01-02T05:04:05+01:00": "2030-01-02T04:04:05Z",
        "2030-01-02T04:04:05.5-00:30": "2030-01-02T04:34:05Z",
    }
    answer = answer_of(case, case.impersonation_url)
    if answer is not None and answer.get("expireTime") in known:
        answer["expireTime"] = known[answer["expireTime"]]
        return case.with_server(case.impersonation_url, (200, json.dumps(answer)))


@as_if("no-expire-time", "A missing expireTime leaves a token that is over at once; google-auth fails.")
def _(case):
    answer = answer_of(case, case.impersonation_url)
    if answer is not None and "expireTime" not in answer:
        answer["expireTime"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(case.now))
        return case.with_server(case.impersonation_url, (200, json.dumps(answer)))


@as_if(
    "file-and-certificate",
    "A file may have a certificate beside it, which is for the connection; google-auth refuses.",
)
def _(case):
    source = source_of(case)
    if not source.get("file") or "certificate" not in source:
        return None
    return case.with_config(credential_source={name: source[name] for name in source if name != "certificate"})


@as_if("kept-until-now", "A kept token that is good until this second is not used any more; google-auth uses it.")
def _(case):
    path = kept_path(case)
    if path and answer_from(case.files[path]).get("expiration_time") == case.now:
        return case.with_file(path, "")


def kept_path(case):
    """Where a program's answer is kept, if one is."""
    path = (source_of(case).get("executable") or {}).get("output_file") if case.kind == "executable" else None
    return path if path in case.files else None


# What sanskey sends otherwise. ------------------------------------------------------------------------------------------


def to_google(ran):
    return [*ran.of("sts"), *ran.of("impersonate")]


def is_aws(case):
    return case.kind in ("environment", "instance")


@instead("certificate-of-file", "That certificate is presented to Google.")
def _(case, ran):
    for request in to_google(ran):
        if case.kind == "file" and f"{case.source['file'].rpartition('/')[0]}/config.json" in case.files:
            paths = json.loads(case.files[f"{case.source['file'].rpartition('/')[0]}/config.json"])["cert_configs"]
            request["certificate"] = tuple(paths["workload"].values())


@instead("accept", "sanskey says that it wants JSON; google-auth does not.")
def _(_, ran):
    for request in to_google(ran):
        request["headers"]["accept"] = "application/json"


@instead(
    "api-client",
    "Each tells Google's Security Token Service its own name in `x-goog-api-client`, and orders what follows.",
)
def _(_, ran):
    for request in ran.of("sts"):
        if "x-goog-api-client" in request["headers"]:
            language, _, product, *about = request["headers"]["x-goog-api-client"].split()
            own = f"sanskey/{sanskey.__version__}"
            named = dict(each.split("/") for each in about)
            order = [f"{name}/{named[name]}" for name in ("source", "sa-impersonation", "config-lifetime")]
            request["headers"]["x-goog-api-client"] = " ".join([language, own, product, *order])


@instead("lifetime-of-nobody", "A lifetime counts there only where there is somebody to impersonate.")
def _(case, ran):
    for request in ran.of("sts"):
        about = request["headers"].get("x-goog-api-client")
        if about and not case.impersonation_url:
            request["headers"]["x-goog-api-client"] = about.replace("config-lifetime/true", "config-lifetime/false")


@instead("api-client-of-impersonation", "The IAM Credentials API is not told what asks; google-auth tells it.")
def _(_, ran):
    for request in ran.of("impersonate"):
        request["headers"].pop("x-goog-api-client", None)


@instead("signed-target", "The target of an AWS proof is signed, as AIP-4117 shows, so that it is of use there only.")
def _(case, ran):
    for proof in proofs(case, ran):
        proof["headers"]["authorization"]["signed"].append(TARGET)


@instead("empty-body", "An AWS proof has an empty `body`, as AIP-4117 shows; google-auth's has none.")
def _(case, ran):
    for proof in proofs(case, ran):
        proof["body"] = ""


def proofs(case, ran):
    return [dict(request["body"])["subject_token"] for request in ran.of("sts") if is_aws(case)]


@instead(
    "scope-of-federated-token",
    "A token to impersonate with has the scope cloud-platform, as in Google's other clients; google-auth asks for `iam`.",
)
def _(_, ran):
    for request in ran.of("sts"):
        iam = ("scope", "https://www.googleapis.com/auth/iam")
        request["body"] = [("scope", CLOUD_PLATFORM) if each == iam else each for each in request["body"]]


@instead("options-once", "The `options` are encoded once, as all form fields are; google-auth encodes them twice.")
def _(_, ran):
    for request in ran.of("sts"):
        request["body"] = [
            (name, json.dumps(json.loads(unquote(value)), separators=(",", ":")) if name == "options" else value)
            for name, value in request["body"]
        ]


@instead("no-delegates", "Where there are no delegates, none are sent; google-auth sends `null`.")
def _(_, ran):
    for request in ran.of("impersonate"):
        assert request["body"].pop("delegates") is None


@instead(
    "quota-project",
    "The quota project is for what is called with the token; google-auth names it to the IAM Credentials API, too.",
)
def _(_, ran):
    for request in ran.of("impersonate"):
        request["headers"].pop("x-goog-user-project", None)


@instead(
    "one-session",
    "One session of the instance's metadata service does for region and credentials; google-auth opens two.",
)
def _(_, ran):
    sessions = [request for request in ran.requests if request["method"] == "PUT"]
    ran.requests = [request for request in ran.requests if not any(request is each for each in sessions[1:])]


@instead("role-at-once", "Region and role are asked for at once, so the role also where there is no region.")
def _(case, ran):
    if ran.requests and ran.requests[-1]["url"] == world.REGION_URL and "AWS_ACCESS_KEY_ID" not in case.env:
        ran.requests.append({**ran.requests[-1], "url": world.ROLE_URL})


@instead("role-encoded", "The name of a role is percent-encoded in the URL; google-auth puts it there as it is.")
def _(_, ran):
    for request in ran.requests:
        if request["url"].startswith(world.ROLE_URL):
            request["url"] = world.ROLE_URL + quote(request["url"].removeprefix(world.ROLE_URL))


@instead(
    "further-tries", "What may pass (408, 429, 500, 502, 503, 504) is tried three times; google-auth gives up at once."
)
def _(case, ran):
    if ran.requests and case.answer(ran.requests[-1]["url"])[0] in PASSING:
        ran.requests += [ran.requests[-1]] * 2


@instead(
    "program-variables",
    "A program is told what AIP-4117 lists; google-auth adds `ID` and `REVOKE`, which are gcloud's.",
)
def _(_, ran):
    for _, env, _ in ran.programs:
        for name in ("ID", "REVOKE"):
            env.pop(side_by_side.TOLD + name)


@instead(
    "program-email", "A program is told which service account it is for, as AIP-4117 says; google-auth forgets it."
)
def _(case, ran):
    for _, env, _ in ran.programs:
        if case.impersonation_url:
            email = case.impersonation_url.rpartition("/")[2].removesuffix(":generateAccessToken")
            env[side_by_side.TOLD + "IMPERSONATED_EMAIL"] = email


@instead("empty-text", "An empty text in a configuration counts as none; google-auth's quota project is empty then.")
def _(_, ran):
    ran.quota_project = ran.quota_project or None


# What sanskey refuses. --------------------------------------------------------------------------------------------------


def refusal(name, reason):
    """sanskey asks nothing of anybody where the function says so."""

    def note(is_refused):
        @instead(name, reason)
        def _(case, ran):
            if is_refused(case):
                ran.refuse()

    return note


def source_of(case):
    source = case.config.get("credential_source")
    return source if isinstance(source, dict) else {}


def is_google(url, service, domain):
    """Whether the host is one of those that Google documents for the service."""
    host = re.escape(service) + r"(\.[a-z0-9-]+\.rep)?(\.mtls)?\." + re.escape(domain)
    split = urlsplit(url)
    return split.scheme == "https" and re.fullmatch(host, split.netloc) is not None


@refusal("endpoints", "Only Google's and the metadata services' hosts are trusted, unless the caller says otherwise.")
def _(case):
    if case.endpoints == "any":
        return False
    domain = case.config.get("universe_domain", "googleapis.com")
    is_elsewhere = case.token_url and not is_google(case.token_url, "sts", domain)
    account = case.impersonation_url
    is_elsewhere = is_elsewhere or (account and not is_google(account, "iamcredentials", domain))
    return is_elsewhere or (
        case.kind == "url"
        and urlsplit(source_of(case).get("url", "http://169.254.169.254")).netloc != "169.254.169.254"
    )


@refusal(
    "required-fields", "audience and subject_token_type are required, as in AIP-4117; google-auth exchanges without."
)
def _(case):
    return case.kind != "person" and (not case.config.get("audience") or not case.config.get("subject_token_type"))


@refusal("subject-token-type", "The subject_token_type must be one that the kind of source can give.")
def _(case):
    token_type = case.config.get("subject_token_type")
    kinds = {"environment": world.AWS4_REQUEST, "instance": world.AWS4_REQUEST, "certificate": world.MTLS}
    if case.kind == "person":
        return False
    if case.kind in kinds:
        return token_type != kinds[case.kind]
    return token_type not in (world.JWT, world.ID_TOKEN, world.SAML)


@refusal("audience-text", "An audience and a quota project are visible ASCII, since they are sent in headers.")
def _(case):
    texts = [case.config.get("audience"), case.config.get("quota_project_id")]
    return any(text and not re.fullmatch("[!-~]+", text) for text in texts)


@refusal("text-is-text", "A field that is a text in AIP-4117 must be one in the file; google-auth takes numbers.")
def _(case):
    headers = source_of(case).get("headers") or {}
    texts = [case.config.get("client_id"), case.config.get("client_secret"), *headers.values()]
    return any(text is not None and not isinstance(text, str) for text in texts)


@refusal("client-id", "A client_id has no colon, which would end it (RFC 7617).")
def _(case):
    return ":" in str(case.config.get("client_id"))


@refusal("headers-of-http", "A configuration does not choose the headers that HTTP itself writes, such as Host.")
def _(case):
    return "Host" in (source_of(case).get("headers") or {})


@refusal("lifetime", "A lifetime is a whole number from 600 to 43200, as AIP-4117 says; google-auth sends any.")
def _(case):
    seconds = (case.config.get("service_account_impersonation") or {}).get("token_lifetime_seconds", 600)
    return type(seconds) is not int or not 600 <= seconds <= 43200


@refusal("absolute-url", "A URL begins with https:// or http://; google-auth leaves it to the transport to complain.")
def _(case):
    return any(url and "://" not in url for url in [case.token_url, case.impersonation_url])


@refusal("aws-version", "The environment is `aws1`; google-auth reads `aws01` as that, too.")
def _(case):
    return source_of(case).get("environment_id") == "aws01"


@refusal("program-timeout", "A timeout is from 5000 to 120000 ms; google-auth takes 0 for none.")
def _(case):
    return (source_of(case).get("executable") or {}).get("timeout_millis") == 0


@refusal("one-source", "A source is of one kind; google-auth runs a program, or asks AWS, whatever stands beside it.")
def _(case):
    return len(source_of(case).keys() & {"executable", "file", "environment_id", "certificate"}) > 1


@refusal(
    "region-text", "A region is lower-case letters, digits and dashes; google-auth puts any text into a host name."
)
def _(case):
    region = case.env.get("AWS_REGION", case.env.get("AWS_DEFAULT_REGION", "us-east-1"))
    return is_aws(case) and not re.fullmatch("[a-z0-9-]+", region)


# What sanskey makes of a platform's answers. ----------------------------------------------------------------------------


@instead("expired-proof", "A JWT whose time is over is not sent; Google would refuse it without saying why.")
def _(case, ran):
    for request in ran.of("sts")[:1]:
        end = expiry(dict(request["body"]).get("subject_token"))
        if end is not None and end <= case.now and case.config["subject_token_type"] != world.SAML:
            ran.fail_after("source")


def expiry(token):
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(parts[1] + "==")).get("exp")
    except ValueError:
        return None


@instead("token-is-text", "A token is a text; google-auth sends along what else stands in that field.")
def _(case, ran):
    for name, source in (("file", case.files), ("url", {url: text for url, (_, text) in case.servers.items()})):
        text = source.get(source_of(case).get(name))
        field = source_of(case).get("format", {}).get("subject_token_field_name")
        if case.kind == name and text and field and ran.requests:
            try:
                token = json.loads(text)[field]
            except (ValueError, KeyError, TypeError):
                continue
            if not isinstance(token, str):
                ran.fail_after("source")


@instead(
    "kept-malformed", "A kept answer that is malformed is an error, as AIP-4117 says; google-auth runs the program."
)
def _(case, ran):
    text = case.files.get(kept_path(case), "").strip()
    answer = answer_from(text)
    is_known = not answer.get("success") or answer.get("token_type") in (world.JWT, world.ID_TOKEN, world.SAML)
    if text and (answer.get("version") != 1 or not is_known) and ran.programs:
        ran.refuse()


def program(name, reason):
    """sanskey takes no token from such an answer of a program, kept or written now."""

    def note(is_refused):
        @instead(name, reason)
        def _(case, ran):
            if case.kind != "executable" or not isinstance(source_of(case).get("executable"), dict):
                return
            path = source_of(case)["executable"].get("output_file")
            if not ran.programs and ran.requests:
                if is_refused(case, answer_from(case.files[path])):
                    ran.fail_after()
            elif ran.programs and is_refused(case, answer_from(case.program[1])):
                ran.fail_after()

    return note


def answer_from(text):
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


@program("program-version", "The version of a program's answer is 1; google-auth takes 0, too.")
def _(_, answer):
    return answer.get("version") != 1


@program("program-token-type", "A program gives a token of the type that the configuration names, SAML or a JWT.")
def _(case, answer):
    return (answer.get("token_type") == world.SAML) != (case.config["subject_token_type"] == world.SAML)


@program("program-empty-token", "An empty token is none; google-auth sends it.")
def _(_, answer):
    return "" in (answer.get("id_token"), answer.get("saml_response"))


@program("program-expiry", "With an output file, a program says until when its token is good, as AIP-4117 says.")
def _(case, answer):
    return "output_file" in source_of(case)["executable"] and answer.get("success") and "expiration_time" not in answer


@program("program-until-now", "A token is over in the second that it is good until; google-auth sends it.")
def _(case, answer):
    return answer.get("expiration_time") == case.now
