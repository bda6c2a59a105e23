"""Exchanges with a named profile of the AWS configuration files: keys and roles. Logins and programs are apart."""

from . import world
from .aws_transcript import CONFIG_FILE, CREDENTIALS_FILE, HOME, AwsExchange
from .container_cases import ECS, ECS_URL, POD_IDENTITY
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .protocol import failed, file
from .world import (
    INSTANCE,
    POD_IDENTITY_AGENT,
    POD_TOKEN,
    POD_TOKEN_FILE,
    PROFILE,
    ROLES,
    TEMPORARY,
    config,
    environment,
)

PROFILE_ENV = {"AWS_REGION": "us-east-1", "AWS_PROFILE": "demo", "HOME": HOME}
FIRST, SECOND = ({"role_arn": arn} for arn in ROLES)


def keys(credentials=PROFILE):
    text = f"aws_access_key_id = {credentials[0]}\naws_secret_access_key = {credentials[1]}\n"
    return text + (f"aws_session_token = {credentials[2]}\n" if credentials[2] else "")


KEYS = f"[profile demo]\n{keys()}"
OTHER_KEYS = keys(TEMPORARY)
OF_A_ROLE = f"[profile demo]\nrole_arn = {ROLES[0]}\n"


def exchanges():
    yield from choices()
    yield from files()
    yield from texts()
    yield from regions()
    yield from roles()
    yield from credential_sources()


def failures():
    yield from of_the_files()
    yield from of_the_profile()
    yield from of_the_chain()


def profile(name, about, config_file, credentials_file=None, env=None, **options):
    """An exchange that has read both files."""
    case = AwsExchange(f"profile-{name}", about, **options).env({**PROFILE_ENV, **(env or {})})
    return case.files(config_file, credentials_file).secret(*PROFILE[1:])


def with_keys(case, credentials=PROFILE):
    return case.found(credentials).sts().token(FEDERATED_EXPIRY)


def choices():
    case = profile(
        "keys-impersonation",
        "A profile with an access key: both files are read, in one round.",
        KEYS,
        config=config(impersonate=True),
    )
    yield case.found(PROFILE).sts().impersonate().token(IMPERSONATED_EXPIRY)
    yield with_keys(
        profile("temporary-keys", "A profile with a session token.", f"[profile demo]\n{OTHER_KEYS}"), TEMPORARY
    )
    yield with_keys(
        profile(
            "security-token",
            "The session token's name of old.",
            f"[profile demo]\n{OTHER_KEYS}".replace("aws_session_token", "aws_security_token"),
        ),
        TEMPORARY,
    )
    two = f"[profile demo]\n{keys()}[profile other]\n{OTHER_KEYS}"
    yield with_keys(
        profile(
            "default-variable",
            "AWS_DEFAULT_PROFILE is read when AWS_PROFILE is not set.",
            two,
            env={"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": "other"},
        ),
        TEMPORARY,
    )
    yield with_keys(
        profile(
            "first-variable-wins",
            "AWS_PROFILE goes before AWS_DEFAULT_PROFILE.",
            two,
            env={"AWS_DEFAULT_PROFILE": "other"},
        )
    )
    yield with_keys(
        profile(
            "option-before-keys",
            "A profile that the caller names goes before keys and profile of the environment.",
            two,
            env=environment(INSTANCE),
            aws_profile="other",
        ).secret(*INSTANCE[1:]),
        TEMPORARY,
    )
    yield (
        AwsExchange("profile-after-keys", "Keys in the environment go before the profile that it names.")
        .env({**PROFILE_ENV, **environment(TEMPORARY)})
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        AwsExchange("profile-empty-option", "An empty name is none.", aws_profile="")
        .env({"AWS_REGION": "us-east-1", **environment(TEMPORARY)})
        .found(TEMPORARY)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield with_keys(profile("before-container", "A profile goes before the container's endpoint.", KEYS, env=ECS))
    for name, section in [("default", "default"), ("default-with-word", "profile default")]:
        yield with_keys(
            profile(
                f"named-{name}",
                f"The default profile is used if it is named; its section is [{section}].",
                f"[{section}]\n{keys()}",
                env={"AWS_PROFILE": "default"},
            )
        )
    yield (
        AwsExchange("profile-default-not-named", "Nobody named the default profile: no file is read.")
        .env({"AWS_REGION": "us-east-1", "HOME": HOME})
        .session()
        .region_and_role()
        .role_credentials()
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def files():
    def at(name, about, env, paths):
        case = AwsExchange(f"profile-file-{name}", about).env({**PROFILE_ENV, **env})
        return with_keys(case.files(KEYS, None, paths=paths))

    elsewhere = {"AWS_CONFIG_FILE": "/etc/aws config", "AWS_SHARED_CREDENTIALS_FILE": "relative/keys"}
    yield at("elsewhere", "The variables name other files.", elsewhere, ("/etc/aws config", "relative/keys"))
    yield at(
        "elsewhere-without-home",
        "Then a home directory need not be known.",
        {**elsewhere, "HOME": ""},
        ("/etc/aws config", "relative/keys"),
    )
    yield at(
        "below-home",
        "A tilde at the beginning is the home directory.",
        {"AWS_CONFIG_FILE": "~/a", "AWS_SHARED_CREDENTIALS_FILE": "~/b/~/c"},
        (f"{HOME}/a", f"{HOME}/b/~/c"),
    )
    yield at(
        "user-profile",
        "USERPROFILE is the home directory where HOME is not set.",
        {"HOME": "", "USERPROFILE": "C:\\Users\\demo"},
        ("C:\\Users\\demo/.aws/config", "C:\\Users\\demo/.aws/credentials"),
    )
    yield at(
        "home-with-slash",
        "A slash at the end of HOME is not doubled.",
        {"HOME": f"{HOME}/"},
        (CONFIG_FILE, CREDENTIALS_FILE),
    )
    yield with_keys(profile("only-credentials-file", "The file config may be missing.", None, f"[demo]\n{keys()}"))
    yield with_keys(
        profile(
            "credentials-file-wins",
            "Of a key that both files have, the one in credentials counts.",
            f"[profile demo]\n{OTHER_KEYS}",
            f"[demo]\n{keys()}aws_session_token = {TEMPORARY[2]}\n",
        ).secret(*TEMPORARY[1:]),
        PROFILE._replace(session_token=TEMPORARY[2]),
    )
    yield with_keys(
        profile(
            "key-of-one-file",
            "A key and its session token come from one file: that of another key is not sent with it.",
            f"[profile demo]\n{OTHER_KEYS}",
            f"[demo]\n{keys()}",
        ).secret(*TEMPORARY[1:])
    )
    case = profile(
        "of-both-files",
        "The region of one file, the key of the other.",
        "[profile demo]\nregion = eu-west-3\n",
        f"[demo]\n{keys()}",
        env={"AWS_REGION": ""},
    )
    yield with_keys(case.found(None, "eu-west-3"))


def texts():
    id, secret, _ = PROFILE
    for name, about, text, variable in [
        ("quoted", "A name may be quoted, and then have blanks.", f'[profile "my demo"]\n{keys()}', "my demo"),
        ("single-quoted", "The quotes may be single.", f"[profile 'my demo']\n{keys()}", "my demo"),
        ("tab", "Blanks before the name may be others.", f"[profile \t demo]\n{keys()}", "demo"),
        ("non-ascii", "A name may be of any characters.", f"[profile démo-日本]\n{keys()}", "démo-日本"),
        ("case", "Names of profiles differ by case.", f"[profile Demo]\n{OTHER_KEYS}[profile demo]\n{keys()}", "demo"),
        (
            "comments",
            "Lines that begin with # or ; are comments.",
            f"# one\n; two\n[profile demo] # three\n{keys()}  # four\n",
            "demo",
        ),
        (
            "spacing",
            "Blanks around names and values, or none, do not matter.",
            f"\n\n[profile demo]\naws_access_key_id={id}\naws_secret_access_key   =\t {secret}  \n",
            "demo",
        ),
        ("colons", "A colon is as good as an equals sign.", KEYS.replace(" = ", ": "), "demo"),
        ("upper-case", "Names of settings may be in upper case.", KEYS.replace("aws_access", "AWS_Access"), "demo"),
        ("crlf", "Lines may end as on Windows.", KEYS.replace("\n", "\r\n"), "demo"),
        ("byte-order-mark", "A mark that some editors put first is passed over.", f"\ufeff{KEYS}", "demo"),
        ("without-end", "The last line need not end.", KEYS.rstrip("\n"), "demo"),
        (
            "nested",
            "A block of settings below another setting is no part of the profile's own.",
            f"[profile demo]\ns3 =\n  max_concurrent_requests = 20\n  aws_access_key_id = wrong\n{keys()}",
            "demo",
        ),
        (
            "other-sections",
            "Other sections, also those of services, do not matter.",
            f"[plugins]\nx = y\n[services local]\nsts =\n  endpoint_url = https://sts.example.com\n[preview]\n{KEYS}",
            "demo",
        ),
    ]:
        yield with_keys(profile(f"text-{name}", about, text, env={"AWS_PROFILE": variable}))


def regions():
    of_profile = f"{KEYS}region = eu-west-3\n"
    case = profile(
        "region", "The region of the profile, where the environment has none.", of_profile, env={"AWS_REGION": ""}
    )
    yield with_keys(case.found(None, "eu-west-3"))
    yield with_keys(profile("region-after-environment", "The environment's region goes before.", of_profile))
    yield with_keys(profile("region-after-option", "So does the caller's.", of_profile, region="sa-east-1"))
    case = profile("region-from-metadata", "Without any region, the instance is asked.", KEYS, env={"AWS_REGION": ""})
    yield with_keys(case.found(PROFILE).session().region_and_role())
    case = profile(
        "region-of-first-profile",
        "The region is that of the profile that was named, not of the one that it refers to.",
        f"{OF_A_ROLE}source_profile = base\nregion = eu-north-1\n[profile base]\nregion = us-west-1\n{keys()}",
        env={"AWS_REGION": ""},
    )
    yield case.found(PROFILE, "eu-north-1").assume_role(FIRST).sts().token(FEDERATED_EXPIRY)


def roles():
    base = f"[profile base]\n{keys()}"
    case = profile(
        "role", "A role, and the profile with the keys to take it on.", f"{OF_A_ROLE}source_profile = base\n{base}"
    )
    yield case.found(PROFILE).assume_role(FIRST).sts().token(FEDERATED_EXPIRY)
    everything = {**FIRST, "role_session_name": "job-7", "external_id": "acme/7", "duration_seconds": 900}
    settings = "".join(f"{name} = {value}\n" for name, value in everything.items())
    case = profile(
        "role-every-setting",
        "All that a profile may say of a role.",
        f"[profile demo]\n{settings}source_profile = base\n",
        f"[base]\n{keys()}",
    )
    yield case.found(PROFILE).assume_role(everything).sts().token(FEDERATED_EXPIRY)
    case = profile(
        "two-roles",
        "From profile to profile: the last one's keys take on its own role first.",
        f"[profile demo]\nrole_arn = {ROLES[1]}\nsource_profile = middle\n"
        f"[profile middle]\nrole_arn = {ROLES[0]}\nsource_profile = base\n{base}",
    )
    yield case.found(PROFILE).assume_role(FIRST).assume_role(SECOND).sts().token(FEDERATED_EXPIRY)
    case = profile(
        "keys-end-a-chain",
        "A profile that has keys ends the chain with them, even if it has a role as well.",
        f"{OF_A_ROLE}source_profile = base\n{base}role_arn = {ROLES[1]}\nsource_profile = demo\n",
    )
    yield case.found(PROFILE).assume_role(FIRST).sts().token(FEDERATED_EXPIRY)
    case = profile(
        "role-of-own-keys", "A profile may name itself if it has keys.", f"{OF_A_ROLE}source_profile = demo\n{keys()}"
    )
    yield case.found(PROFILE).assume_role(FIRST).sts().token(FEDERATED_EXPIRY)
    case = profile(
        "role-of-default",
        "The source may be the default profile.",
        f"{OF_A_ROLE}source_profile = default\n[default]\n{keys()}",
    )
    yield case.found(PROFILE).assume_role(FIRST).sts().token(FEDERATED_EXPIRY)
    case = profile(
        "role-then-option",
        "The profile's role comes first, then a session and the roles that the caller wants: ids are numbered through.",
        f"{OF_A_ROLE}source_profile = base\n{base}",
        aws_assume_role=[SECOND],
        aws_get_session_token={},
    )
    yield case.found(PROFILE).assume_role(FIRST).get_session_token({}).assume_role(SECOND).sts().token(FEDERATED_EXPIRY)
    case = profile(
        "web-identity",
        "A profile with a token in a file.",
        f"[profile demo]\nrole_arn = {world.WEB_IDENTITY_ROLE}\nweb_identity_token_file = /tokens/t\nrole_session_name = job\n",
    )
    yield case.token_file("/tokens/t").with_web_identity(session="job").sts().token(FEDERATED_EXPIRY)
    case = profile(
        "role-of-web-identity",
        "A role that is taken on with the keys for such a token.",
        f"{OF_A_ROLE}source_profile = pod\n[profile pod]\nrole_arn = {world.WEB_IDENTITY_ROLE}\nweb_identity_token_file = {world.TOKEN_FILE}\n",
    )
    yield case.token_file().with_web_identity().assume_role(FIRST).sts().token(FEDERATED_EXPIRY)


def credential_sources():
    def role_of(source, about, env=None):
        return profile(f"role-of-{source.lower()}", about, f"{OF_A_ROLE}credential_source = {source}\n", env=env)

    case = role_of("Environment", "A role that is taken on with the environment's keys.")
    # With keys in the environment a profile is used only if the caller names it.
    case = AwsExchange(case.name, case.about, aws_profile="demo").env({**PROFILE_ENV, **environment(TEMPORARY)})
    case.files(f"{OF_A_ROLE}credential_source = Environment\n")
    yield case.found(TEMPORARY).assume_role(FIRST).sts().token(FEDERATED_EXPIRY)
    case = role_of("Ec2InstanceMetadata", "A role that is taken on with the instance's keys.")
    yield case.session().region_and_role().role_credentials().assume_role(FIRST).sts().token(FEDERATED_EXPIRY)
    case = role_of("EcsContainer", "A role that is taken on with the container's keys.", ECS)
    yield case.container(ECS_URL).assume_role(FIRST).sts().token(FEDERATED_EXPIRY)
    case = profile(
        "role-of-eks-container",
        "The container's endpoint may be the one of EKS Pod Identity.",
        f"{OF_A_ROLE}credential_source = EcsContainer\n",
        env=POD_IDENTITY,
    )
    case.container_token(POD_TOKEN_FILE, POD_TOKEN).container(POD_IDENTITY_AGENT, POD_TOKEN)
    yield case.assume_role(FIRST).sts().token(FEDERATED_EXPIRY)


def of_the_files():
    for name, about, text in [
        ("setting-before-section", "A setting stands in a section.", "region = us-east-1\n" + KEYS),
        ("neither", "A line is a section or a setting.", f"{KEYS}nonsense\n"),
        ("open-bracket", "A section has a bracket at its end.", f"[profile demo\n{keys()}"),
        ("repeated-section", "A section stands there once.", KEYS + KEYS),
        ("repeated-setting", "A setting stands in a section once.", f"{KEYS}{keys()}"),
        ("without-name", "A setting has a name.", f"{KEYS}= value\n"),
    ]:
        yield profile(f"broken-{name}", about, text).fails(
            "aws_profile_file_invalid", "config", stage="source", ask_id="aws-config-file"
        )
    yield profile("broken-credentials-file", "A broken file credentials is an error, too.", KEYS, "x\n").fails(
        "aws_profile_file_invalid", "config", stage="source", ask_id="aws-credentials-file"
    )
    yield (
        AwsExchange("profile-without-home", "Without a home directory there is no place to look.")
        .env({**PROFILE_ENV, "HOME": ""})
        .fails("aws_profile_file_invalid", "config", stage="source", hint_contains="HOME")
    )
    for kind, code in [("denied", "host_denied"), ("unsupported", "host_unsupported"), ("other", "host_failed")]:
        yield (
            AwsExchange(f"profile-file-{kind}", f"A failure of the kind {kind}: the hint names the variables.")
            .env(PROFILE_ENV)
            .files(None, replies=[failed(kind, "the file cannot be read"), file(None)])
            .fails(code, "host", stage="source", ask_id="aws-config-file", hint_contains="AWS_CONFIG_FILE")
        )


def of_the_profile():
    def invalid(name, about, text, **more):
        return profile(name, about, text, **more).fails("aws_profile_invalid", "config", stage="source")

    for name, about, text in [
        ("missing", "No file has the profile.", f"[profile other]\n{keys()}"),
        ("missing-without-word", "In the file config its section begins with the word profile.", f"[demo]\n{keys()}"),
        ("missing-files", "There are no files.", None),
        ("missing-source", "The profile that it refers to is not there.", f"{OF_A_ROLE}source_profile = base\n"),
    ]:
        yield profile(name, about, text, env=ECS).fails(
            "aws_profile_missing", "config", stage="source", hint_contains="[profile NAME]"
        )
    yield profile("missing-with-word", "In the file credentials it does not.", None, f"[profile demo]\n{keys()}").fails(
        "aws_profile_missing", "config", stage="source"
    )
    yield invalid(
        "without-credentials",
        "A profile without credentials does not fall through to the container's role.",
        "[profile demo]\nregion = us-east-1\n",
        env=ECS,
    )
    yield invalid(
        "empty-keys", "Empty settings are none.", "[profile demo]\naws_access_key_id =\naws_secret_access_key =\n"
    )
    yield invalid(
        "key-without-secret", "Half a key is a mistake.", f"[profile demo]\naws_access_key_id = {PROFILE[0]}\n"
    )
    yield invalid("key-without-id", "So is the other half.", f"[profile demo]\naws_secret_access_key = {PROFILE[1]}\n")
    yield profile(
        "key-of-two-files",
        "Halves in two files are no key, whichever file has which.",
        f"[profile demo]\naws_secret_access_key = {PROFILE[1]}\n",
        f"[demo]\naws_access_key_id = {PROFILE[0]}\n",
    ).fails("aws_profile_invalid", "config", stage="source")
    yield invalid("key-non-ascii", "A key is of ASCII characters.", f"{KEYS.rstrip()}ü\n")
    yield invalid("key-on-two-lines", "A key stands on one line.", f"{KEYS.rstrip()}\n  more\n")
    for name, about, text in [
        (
            "mfa",
            "A code of a person's device is not asked for.",
            f"{OF_A_ROLE}source_profile = demo\n{keys()}mfa_serial = arn:aws:iam::123456789012:mfa/demo\n",
        ),
        (
            "login",
            "A login of the AWS CLI cannot be used.",
            "[profile demo]\nlogin_session = arn:aws:iam::123456789012:user/demo\n",
        ),
    ]:
        yield profile(f"unsupported-{name}", about, text).fails(
            "aws_source_unsupported", "config", stage="source", hint_contains="export-credentials"
        )
    yield profile(
        "region-malformed",
        "A region that cannot be right is refused.",
        f"{KEYS}region = US EAST\n",
        env={"AWS_REGION": ""},
    ).fails("aws_region_unknown", "config", stage="source", hint_contains="AWS_REGION")


def of_the_chain():
    def invalid(name, about, text, **more):
        return profile(name, about, text, **more).fails("aws_profile_invalid", "config", stage="source")

    yield invalid(
        "cycle",
        "Two profiles that refer to each other.",
        f"{OF_A_ROLE}source_profile = other\n[profile other]\nrole_arn = {ROLES[1]}\nsource_profile = demo\n",
    )
    yield invalid(
        "cycle-of-others",
        "Two profiles that refer to each other, and a third one that leads there.",
        f"{OF_A_ROLE}source_profile = a\n"
        + "".join(f"[profile {a}]\nrole_arn = {ROLES[1]}\nsource_profile = {b}\n" for a, b in ["ab", "ba"]),
    )
    yield invalid("cycle-of-one", "A profile without keys that names itself.", f"{OF_A_ROLE}source_profile = demo\n")
    yield invalid("role-without-source", "A role, and nothing to take it on with.", OF_A_ROLE)
    yield invalid(
        "role-with-two-sources",
        "Both kinds of source.",
        f"{OF_A_ROLE}source_profile = x\ncredential_source = Environment\n",
    )
    yield invalid(
        "role-of-unknown-source", "A source of another name.", f"{OF_A_ROLE}credential_source = Environments\n"
    )
    yield invalid(
        "role-of-no-environment", "The environment has no keys.", f"{OF_A_ROLE}credential_source = Environment\n"
    )
    yield invalid(
        "role-of-no-container", "The environment names no container.", f"{OF_A_ROLE}credential_source = EcsContainer\n"
    )
    yield profile(
        "role-of-refused-container",
        "A container's address that is refused elsewhere is refused here.",
        f"{OF_A_ROLE}credential_source = EcsContainer\n",
        env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://credentials.example.com/role"},
    ).fails("aws_container_url_refused", "config", stage="source")
    yield invalid(
        "role-of-empty-profile",
        "The source has no credentials.",
        f"{OF_A_ROLE}source_profile = base\n[profile base]\nregion = us-east-1\n",
    )
    source = "credential_source = Ec2InstanceMetadata\n"
    yield invalid("role-duration-text", "A duration is a number.", f"{OF_A_ROLE}{source}duration_seconds = 1h\n")
    yield invalid(
        "role-duration-short",
        "A role has credentials for 900 seconds at least.",
        f"{OF_A_ROLE}{source}duration_seconds = 60\n",
    )
    yield invalid("role-not-an-arn", "A role is given by its ARN.", f"[profile demo]\nrole_arn = first\n{source}")
    yield invalid(
        "web-identity-without-role", "A token is for a role.", "[profile demo]\nweb_identity_token_file = /t\n"
    )
