"""Worlds for an exchange, drawn at random and reproducible: a configuration, and all that it leads to.

Most draws are what gcloud writes and servers answer. Some are odd but legal, and some wrong; ``known_differences``
says where the two clients part over them.
"""

import copy
import json
import string
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from draws import Draw
from vectorgen import certificates, world

SCOPES = [f"https://www.googleapis.com/auth/{name}" for name in ["devstorage.read_only", "bigquery", "pubsub"]]
WORKFORCE = "//iam.googleapis.com/locations/global/workforcePools/staff/providers/okta"
SOURCES = ["environment", "instance", "file", "url", "executable", "certificate"]
KINDS = [*SOURCES, "person"]
ERRORS = [
    json.dumps(
        {"error": "invalid_grant", "error_description": "The audience does not match.", "error_uri": "https://e.x"}
    ),
    json.dumps({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "Permission denied on it."}}),
    "<html>Bad gateway</html>",
    "",
]
STATUSES = [201, 202, 299, 300, 302, 307, 400, 401, 403, 404, 408, 429, 499, 500, 501, 502, 503, 504, 599]


@dataclass
class Case:
    """What both clients are given."""

    kind: str
    config: dict
    scopes: list = field(default_factory=list)
    env: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    """Texts by path."""
    program: tuple = (0, "")
    """Exit code and output of the one program there is."""
    servers: dict = field(default_factory=dict)
    """Status and text by URL, whatever is asked there."""
    now: int = world.NOW
    endpoints: str = "any"

    def answer(self, url):
        return self.servers.get(unquote(url) if url.startswith(world.ROLE_URL) else url, (404, ""))

    def changed(self, **changes):
        return replace(copy.deepcopy(self), **changes)

    def with_config(self, **fields):
        return self.changed(config={**copy.deepcopy(self.config), **fields})

    def with_source(self, **fields):
        return self.with_config(credential_source={**self.source, **fields})

    def with_server(self, url, answer):
        return self.changed(servers={**self.servers, url: answer})

    def with_file(self, path, text):
        return self.changed(files={**self.files, path: text})

    @property
    def source(self):
        return self.config["credential_source"]

    @property
    def token_url(self):
        return self.config.get("token_url")

    @property
    def impersonation_url(self):
        return self.config.get("service_account_impersonation_url")


class ConfigDraw(Draw):
    """Draws cases; files are named as if they stood in ``folder``."""

    def __init__(self, seed, case, folder, turn=0):
        super().__init__(seed, f"{case} {turn}")
        self.folder = folder
        self.turn = turn

    def case(self, kind=None, oddity=None):
        self.kind = kind or self.random.choice(KINDS)
        self.env, self.files, self.servers, self.program = {}, {}, {}, (0, "")
        self.universe = "s3nsapis.fr" if self.chance(0.2) else "googleapis.com"
        if self.kind == "person":
            return self.person()
        source, token_type = getattr(self, f"{self.kind}_source")()
        config = self.config(source, token_type)
        case = Case(
            self.kind,
            config,
            self.random.sample(SCOPES, self.random.choice([0, 1, 1, 2, 3])),
            self.env,
            self.files,
            self.program,
            self.servers,
            self.random.randint(1_500_000_000, 2_500_000_000),
            self.random.choice(["any", "any", "google"]),
        )
        case.servers[config["token_url"]] = (200, json.dumps(self.federated()))
        if case.impersonation_url:
            case.servers[case.impersonation_url] = (200, json.dumps(self.service_account()))
        if oddity:
            oddity(self, case)
            return replace(case, endpoints="any")
        if self.chance(0.2):
            url = self.random.choice(sorted(case.servers))
            # While a region is waited for, sanskey goes on with the role: no order to compare.
            statuses = STATUSES if url != world.REGION_URL else [201, 302, 401, 404, 501]
            status = self.random.choice(statuses)
            text = case.servers[url][1] if status < 300 else self.random.choice(ERRORS)
            case.servers[url] = (status, text)
        return case

    def pick(self, odd):
        """One of a list whose every member must have its turn."""
        return odd[self.turn % len(odd)]

    # The configuration.

    def config(self, source, token_type):
        config = {"type": "external_account", "subject_token_type": token_type, "credential_source": source}
        is_workforce = self.kind in ("file", "url", "executable") and self.chance(0.3)
        config["audience"] = WORKFORCE if is_workforce else world.AUDIENCE
        config["token_url"] = f"https://{self.service('sts')}/v1/token"
        optional = {
            "universe_domain": (0.9 if self.universe == "googleapis.com" else 1, lambda: self.universe),
            "token_info_url": (0.5, lambda: f"https://sts.{self.universe}/v1/introspect"),
            "quota_project_id": (0.3, lambda: self.random.choice(["my-quota-project", "example.com:project-1"])),
            "client_id": (0.2, lambda: "client" + self.text(0, 12).replace(":", "")),
            "client_secret": (0.2, lambda: self.random.choice([self.text(0, 30), "s?>e/+ %41&=ü"])),
            "service_account_impersonation_url": (0.5, self.impersonation),
            "an_unknown_field": (0.1, lambda: {"x": [1, None]}),
        }
        if is_workforce:
            optional["workforce_pool_user_project"] = (0.7, lambda: self.random.choice(["4711", "my-project-1"]))
        for name, (probability, draw) in optional.items():
            if self.chance(probability):
                config[name] = draw()
        if self.chance(0.4):
            seconds = self.random.choice([600, 1800, 3600, 43200, self.random.randint(600, 43200)])
            config["service_account_impersonation"] = {"token_lifetime_seconds": seconds}
        return config

    def person(self):
        """The login of a person, whose token is refreshed."""
        url = f"https://{self.service('sts')}/v1/oauthtoken"
        config = {
            "type": "external_account_authorized_user",
            "audience": WORKFORCE,
            "refresh_token": self.of(string.ascii_letters + string.digits + "+/=&% ü", 10, 60),
            "token_url": url,
            "client_id": "client" + self.text(0, 12).replace(":", ""),
            "client_secret": "s" + self.text(0, 30),
            "universe_domain": self.universe,
        }
        if self.chance(0.5):
            config["quota_project_id"] = "my-quota-project"
        answer = {**self.federated(), "token_type": "Bearer"}
        if self.chance(0.5):
            answer["refresh_token"] = self.of(string.ascii_letters, 10, 60)
        status, text = 200, json.dumps(answer)
        if self.chance(0.2):
            status, text = self.random.choice(STATUSES), self.random.choice([text, *ERRORS[:2]])
        if self.chance(0.4):
            config.pop(self.random.choice(["refresh_token", "token_url", "client_id", "client_secret", "audience"]))
        default = f"https://sts.{self.universe}/v1/oauthtoken"
        servers = {config.get("token_url", default): (status, text)}
        now = self.random.randint(1_500_000_000, 2_500_000_000)
        return Case("person", config, servers=servers, now=now, endpoints=self.random.choice(["any", "google"]))

    def service(self, name):
        domain = self.universe
        forms = [f"{name}.{domain}"] * 3 + [f"{name}.mtls.{domain}", f"{name}.europe-west3.rep.{domain}"]
        return self.random.choice(forms)

    def impersonation(self):
        email = self.of(string.ascii_lowercase + string.digits + "-", 6, 20) + "@my-project.iam.gserviceaccount.com"
        return f"https://{self.service('iamcredentials')}/v1/projects/-/serviceAccounts/{email}:generateAccessToken"

    # The sources.

    def environment_source(self):
        key = self.credentials()
        self.env |= world.environment(key)
        if key.session_token is None and self.chance(0.1):
            self.env["AWS_SESSION_TOKEN"] = ""
        self.env[self.random.choice(["AWS_REGION", "AWS_DEFAULT_REGION"])] = self.region_name()
        if self.chance(0.2):
            self.env["AWS_DEFAULT_REGION"] = "sa-east-1"
        return self.aws_source(), world.AWS4_REQUEST

    def instance_source(self):
        source = self.aws_source()
        needs = self.random.choice(["both", "both", "region", "credentials"])
        if needs == "region":
            self.env |= world.environment(self.credentials())
        if needs == "credentials":
            self.env["AWS_REGION"] = self.region_name()
        role = self.name(1, 64).replace("%", "")
        key = self.credentials()
        self.servers |= {
            world.SESSION_URL: (200, self.of(string.ascii_letters + "-_==", 10, 56)),
            world.REGION_URL: (200, self.zone()),
            world.ROLE_URL: (200, role),
            f"{world.ROLE_URL}/{role}": (200, json.dumps(world.role_credentials(key))),
        }
        for name in ("imdsv2_session_token_url", *(["region_url"] if needs == "credentials" else [])):
            if self.chance(0.4):
                source.pop(name, None)
        return source, world.AWS4_REQUEST

    def aws_source(self):
        source = world.config()["credential_source"]
        source["regional_cred_verification_url"] = self.random.choice(
            [
                source["regional_cred_verification_url"],
                "https://sts.{region}.amazonaws.com/?Version=2011-06-15&Action=GetCallerIdentity",
                "https://sts-fips.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
                "https://sts.{region}.amazonaws.com.cn?Action=GetCallerIdentity&Version=2011-06-15",
            ]
        )
        return source

    def region_name(self):
        return self.random.choice(["us-east-1", "eu-west-3", "us-gov-east-1", "ap-southeast-7", "cn-north-1"])

    def zone(self):
        kind = self.random.random()
        if kind < 0.8:
            return self.region_name() + self.random.choice("abcdef")
        return self.random.choice(
            ["us-west-2-lax-1a", "us-east-1-wl1-bos-wlz-1", "us-east-1", "us-east-1a\n", "us-gov-west-1a\r\n"]
        )

    def file_source(self):
        path = f"{self.folder}/{self.random.choice(['token', 'tökén', 'a token', 'tok%20en'])}"
        source, text, token_type = self.token_text()
        self.files[path] = text
        return {"file": path, **source}, token_type

    def url_source(self):
        azure = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=api%3A%2F%2Fapp"
        url = self.random.choice([azure, "https://idp.example:8443/token?a=b%20c&d=+", "http://127.0.0.1:5000/"])
        source, text, token_type = self.token_text()
        self.servers[url] = (200, text)
        if self.chance(0.6):
            source["headers"] = self.random.choice(
                [{"Metadata": "True"}, {"Authorization": "bearer a+b/c=", "X-Tenant": "x y"}, {}]
            )
        return {"url": url, **source}, token_type

    def token_text(self):
        """What says how the token stands in a text, that text, and the token's type."""
        token_type = self.random.choice([world.JWT, world.ID_TOKEN, world.SAML])
        token = self.token(token_type)
        if self.chance(0.5):
            name = self.random.choice(["access_token", "id token", "tökén", "a.b"])
            spaced = self.random.choice([None, 1])
            text = json.dumps({"other": 1, name: token}, indent=spaced, ensure_ascii=self.chance(0.5))
            return {"format": {"type": "json", "subject_token_field_name": name}}, text, token_type
        if self.chance(0.1):
            token = self.random.choice([f"{token}\n", f" {token}", f"{token}\r\n"])
        # An empty format says nothing, and so does one with nothing but its type.
        return self.random.choice([{}, {"format": {"type": "text"}}, {"format": {}}]), token, token_type

    def token(self, token_type):
        if token_type == world.SAML:
            return self.of(string.ascii_letters + string.digits + "+/=", 20, 80)
        if self.chance(0.3):
            # Only Google knows what it takes.
            return "x" + self.text(0, 60) + "&a=b+c%20ü"
        claims = {"iss": "https://idp.example", "sub": self.text(1, 20)}
        if self.chance(0.5):
            claims["exp"] = self.random.choice([4_000_000_000, 4_000_000_000.5])
        return world.jwt(claims)

    def executable_source(self):
        token_type = self.random.choice([world.JWT, world.ID_TOKEN, world.SAML])
        self.env["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"] = "1"
        words = self.random.choice(
            ["/bin/token", "/bin/token --flag  'two words'", '/bin/token "a \\" b" c\\ d', "'/opt/my tools/token' é %s"]
        )
        executable = {"command": words}
        if self.chance(0.4):
            executable["timeout_millis"] = self.random.choice([5000, 30000, 120000, self.random.randint(5000, 120000)])
        self.program = (0, json.dumps(self.response(token_type)))
        if self.chance(0.5):
            path = f"{self.folder}/kept"
            executable["output_file"] = path
            kept = self.random.random()
            if kept < 0.5:
                self.files[path] = json.dumps(self.response(token_type))
            elif kept < 0.7:
                self.files[path] = json.dumps({**self.response(token_type), "expiration_time": 1_400_000_000})
            elif kept < 0.8:
                self.files[path] = json.dumps(self.failure())
            elif kept < 0.9:
                self.files[path] = ""
        if self.chance(0.15):
            self.program = self.random.choice(
                [(0, json.dumps(self.failure())), (1, ""), (1, json.dumps(self.failure()))]
            )
        return {"executable": executable}, token_type

    def response(self, token_type):
        kind = token_type
        if token_type != world.SAML:
            # Both names of a JWT are as good as the other.
            kind = self.random.choice([world.JWT, world.ID_TOKEN])
        field_name = "saml_response" if kind == world.SAML else "id_token"
        return {
            "version": 1,
            "success": True,
            "token_type": kind,
            field_name: self.token(token_type),
            "expiration_time": self.random.choice([4_000_000_000, 4_000_000_001]),
        }

    def failure(self):
        return {"version": 1, "success": False, "code": self.random.choice(["401", 7]), "message": "No such caller."}

    def certificate_source(self):
        cert, key, chain = (f"{self.folder}/{name}.pem" for name in ("cert", "key", "chain"))
        self.files[cert] = certificates.LEAF
        if self.chance(0.3):
            self.files[cert] += certificates.INTERMEDIATE
        self.files[key] = "the key is of no matter here"
        certificate = {}
        if self.chance(0.5):
            links = [certificates.LEAF, certificates.INTERMEDIATE, certificates.ROOT]
            self.files[chain] = "".join(self.random.choice([links, links[1:], links[:1], [], links[::-1]]))
            certificate["trust_chain_path"] = chain
        config = json.dumps({"cert_configs": {"workload": {"cert_path": cert, "key_path": key}}})
        place = self.random.choice(["explicit", "variable", "gcloud", "home"])
        if place == "explicit":
            certificate["certificate_config_location"] = path = f"{self.folder}/config.json"
        else:
            certificate["use_default_certificate_config"] = True
        if place == "variable":
            self.env["GOOGLE_API_CERTIFICATE_CONFIG"] = path = f"{self.folder}/config.json"
        if place == "gcloud":
            self.env["CLOUDSDK_CONFIG"] = f"{self.folder}/gcloud"
            path = f"{self.folder}/gcloud/certificate_config.json"
        self.env["HOME"] = f"{self.folder}/home"
        if place == "home":
            path = f"{self.folder}/home/.config/gcloud/certificate_config.json"
        self.files[path] = config
        return {"certificate": certificate}, world.MTLS

    # The answers.

    def federated(self):
        more = self.random.choice([{}, {}, {"scope": "x", "extra": {"a": 1}}])
        answer = world.federated_answer(**more)
        answer["expires_in"] = self.random.choice([3599, 3600, 43200, 1, 0, "3599", self.random.randint(1, 100000)])
        answer["access_token"] = "ya29.d." + self.of(string.ascii_letters + string.digits + "-_.~+/=", 10, 60)
        if self.chance(0.1):
            answer["expires_in"] = self.random.choice([3599.5, "soon", None])
        if self.chance(0.05):
            del answer[self.random.choice(["expires_in", "access_token", "token_type"])]
        return answer

    def service_account(self):
        times = ["2099-01-02T04:04:05Z", "2030-12-31T23:59:59Z"]
        if self.chance(0.15):
            times = [
                "2030-01-02T04:04:05.123456789Z",
                "2030-01-02T05:04:05+01:00",
                "2030-01-02T04:04:05.5-00:30",
                "soon",
            ]
        answer = world.service_account_answer(expireTime=self.random.choice(times))
        if self.chance(0.06):
            del answer[self.random.choice(["accessToken", "expireTime"])]
        return answer

    # What is odd or wrong in the configuration itself.

    def without_token_url(self, case):
        """What is asked there is answered where the default is."""
        answer = case.servers[case.config.pop("token_url")]
        case.servers[f"https://{default_sts(case.config)}/v1/token"] = answer

    def without_a_required_field(self, case):
        required = ["audience", "subject_token_type", "credential_source"]
        source = {"environment": ["environment_id", "regional_cred_verification_url"], "executable": ["command"]}
        name = self.pick(required + source.get(case.kind, []))
        place = case.config if name in required else case.source.get("executable", case.source)
        place[name] = None
        if self.chance(0.5):
            del place[name]

    def with_a_wrong_field(self, case):
        path, value = self.pick(
            [
                ("audience", "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/ü x"),
                ("client_id", "a:b"),
                ("client_id", 5),
                ("client_secret", ""),
                ("credential_source", {}),
                ("credential_source", "file"),
                ("quota_project_id", "my project"),
                ("quota_project_id", ""),
                ("service_account_impersonation", None),
                ("service_account_impersonation", {"token_lifetime_seconds": self.random.choice([599, 43201, 1])}),
                ("service_account_impersonation", {"token_lifetime_seconds": "1800"}),
                ("service_account_impersonation_url", "https://iamcredentials.googleapis.com/v1/a@b:signBlob"),
                ("service_account_impersonation_url", "iamcredentials.googleapis.com/a@b:generateAccessToken"),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                ("subject_token_type", "urn:ietf:params:aws:token-type:aws4_request"),
                ("token_url", "sts.googleapis.com/v1/token"),
                ("token_url", "https://sts.googleapis.com.evil.example/v1/token"),
                ("workforce_pool_user_project", "4711"),
                ("workforce_pool_user_project", ""),
            ]
        )
        case.config[path] = value
        if path == "token_url":
            case.servers[value] = (200, json.dumps(self.federated()))
        if path == "service_account_impersonation_url":
            case.servers[value] = (200, json.dumps(self.service_account()))

    def with_a_wrong_source(self, case):
        """Of the kind's own, or of two kinds at once."""
        certificate = {"certificate_config_location": f"{self.folder}/config.json"}
        more = {
            "environment": [{"environment_id": name} for name in ["aws2", "aws01", "gcp1", ""]],
            "file": [
                {"url": "http://127.0.0.1:5000/"},
                {"certificate": certificate},
                {"format": {"type": "xml"}},
                {"format": {"type": "json"}},
                {"format": {"type": "JSON", "subject_token_field_name": "a"}},
                {"file": f"{self.folder}/elsewhere"},
                {"environment_id": "aws1"},
            ],
            "url": [{"executable": {"command": "x"}}, {"headers": {"X-Number": 5}}, {"headers": {"Host": "a.example"}}],
            "executable": [
                {"executable": {"command": "/bin/token", "timeout_millis": millis}} for millis in [0, 4999, 120001]
            ]
            + [{"executable": {"command": "/bin/token 'open"}}, {"file": "/token"}],
            "certificate": [
                {"certificate": {}},
                {"certificate": {"use_default_certificate_config": False}},
                {"certificate": {**certificate, "use_default_certificate_config": True}},
                {"certificate": {"certificate_config_location": f"{self.folder}/elsewhere"}},
            ],
        }
        case.source.update(self.pick(more.get(case.kind, [{"environment_id": "aws3"}])))
        if case.kind == "file" and "certificate" in case.source:
            case.files[f"{self.folder}/cert.pem"] = certificates.LEAF
            pair = {"cert_path": f"{self.folder}/cert.pem", "key_path": f"{self.folder}/key.pem"}
            case.files[f"{self.folder}/config.json"] = json.dumps({"cert_configs": {"workload": pair}})

    def with_odd_tokens(self, case):
        """In what a platform gives, where it gives something."""
        texts = {
            "file": lambda: case.files.__setitem__(case.source["file"], self.odd_token(case.source)),
            "url": lambda: case.servers.__setitem__(case.source["url"], (200, self.odd_token(case.source))),
            "executable": lambda: self.odd_response(case),
            "environment": lambda: case.env.update(self.pick(ODD_VARIABLES)),
            "certificate": lambda: case.files.__setitem__(f"{self.folder}/cert.pem", self.pick(ODD_PEMS)),
            "instance": lambda: case.servers.__setitem__(world.REGION_URL, (200, self.pick(["", "x", "?"]))),
        }
        texts[case.kind]()

    def odd_token(self, source):
        name = source.get("format", {}).get("subject_token_field_name", "a")
        expired = world.jwt({"exp": 1_400_000_000})
        if source.get("format", {}).get("type") == "json":
            return self.pick(
                [
                    "",
                    "null",
                    "[]",
                    "{}",
                    "no",
                    *(json.dumps({name: each}) for each in [expired, "", 5, None, "\ufeffx"]),
                ]
            )
        return self.pick([expired, "", " ", "\ufeffx", "\n"])

    def odd_response(self, case):
        token_type = case.config["subject_token_type"]
        response = self.response(token_type)
        name = "id_token" if "id_token" in response else "saml_response"
        other = world.SAML if token_type != world.SAML else world.JWT
        changes = [
            {"version": 0},
            {"version": 2},
            {"version": "1"},
            {"version": None},
            {"success": None},
            {"success": False},
            {"expiration_time": case.now - 1},
            {"expiration_time": case.now},
            {"expiration_time": None},
            {"token_type": other, "saml_response": "saml", "id_token": "jwt"},
            {"token_type": "urn:x"},
            {"token_type": None},
            {name: None},
            {name: ""},
        ]
        changed = [{**response, **each} for each in changes]
        said = [json.dumps({name: value for name, value in each.items() if value is not None}) for each in changed]
        text = self.pick(["", "no", "[]", *said])
        path = case.source["executable"].get("output_file")
        if path and self.chance(0.5):
            case.files[path] = text
        else:
            case.files.pop(path, None)
            case.program = (0, text)


# What is odd, how many turns it has, and how often each is drawn.
ODDITIES = [
    (ConfigDraw.without_token_url, 1, 3),
    (ConfigDraw.without_a_required_field, 5, 4),
    (ConfigDraw.with_a_wrong_field, 19, 3),
    (ConfigDraw.with_a_wrong_source, 7, 4),
    (ConfigDraw.with_odd_tokens, 8, 8),
]
# A program's answer may be written now or kept, and the kept one matters where there is a file for it.
KEPT = (ConfigDraw.with_odd_tokens, 17, 40)


def cases(seed, count, folder):
    """As many usual cases, and every odd one; each with what draws it again."""
    for number in range(count):
        yield (number,), ConfigDraw(seed, number, folder).case()
    for kind in SOURCES:
        for oddity, turns, times in [*ODDITIES, *([KEPT] if kind == "executable" else [])]:
            for turn in range(turns):
                for number in range(times):
                    name = f"{kind} {oddity.__name__} {number}"
                    yield (name, turn), ConfigDraw(seed, name, folder, turn).case(kind, oddity)


ODD_VARIABLES = [
    {"AWS_REGION": ""},
    {"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-west-1"},
    {"AWS_SESSION_TOKEN": ""},
    {"AWS_REGION": "us east 1"},
]
ODD_PEMS = [
    "",
    "no certificate",
    "Subject: somebody\n" + certificates.LEAF,
    certificates.LEAF.replace("-----END", "+++++END"),
    certificates.LEAF.replace("M", "*"),
]


def default_sts(config):
    """Where a configuration leads that does not say so."""
    domain = config.get("universe_domain", "googleapis.com")
    return f"sts.mtls.{domain}" if config["subject_token_type"] == world.MTLS else f"sts.{domain}"
