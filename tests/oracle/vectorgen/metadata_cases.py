"""Exchanges that say in the environment how the metadata service of EC2 is reached, or that it is not."""

from . import world
from .aws_transcript import AwsExchange
from .container_cases import ECS, ECS_URL
from .exchange_success import FEDERATED_EXPIRY
from .world import LONG_TERM, config, environment

REGION = {"AWS_REGION": "us-east-1"}
IPV6 = {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"}


def disabled(value="true"):
    return {"AWS_EC2_METADATA_DISABLED": value}


def exchanges():
    def on_instance(name, about, env):
        case = AwsExchange(f"metadata-{name}", about).env(env)
        return case.session().region_and_role().role_credentials().sts().token(FEDERATED_EXPIRY)

    for value in ["false", "1", ""]:
        yield on_instance(
            f"disabled-{value or 'empty'}", f"AWS_EC2_METADATA_DISABLED={value} leaves it on.", disabled(value)
        )
    yield on_instance(
        "over-ipv4", "The mode IPv4 leaves the address.", {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv4"}
    )
    for name, value in [("ipv6-mode", "IPv6"), ("ipv6-mode-lower-case", "ipv6")]:
        case = AwsExchange(
            f"metadata-{name}", f"The mode {value} takes the IPv6 address in place of the configured one."
        )
        case.config = config(
            source={key: url.replace("169.254.169.254", "[fd00:ec2::254]") for key, url in URLS.items()}
        )
        case.env({"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": value}).session().region_and_role().role_credentials()
        case.sts().token(FEDERATED_EXPIRY)
        # What is asked is as if the addresses were configured so; they are not.
        case.config = config()
        yield case
    local = {key: url.replace("169.254.169.254", "127.0.0.1:8080") for key, url in URLS.items()}
    case = AwsExchange(
        "metadata-ipv6-mode-elsewhere",
        "An address of one's own stays.",
        config=config(source=local),
        endpoints="loopback",
    )
    yield case.env(IPV6).session().region_and_role().role_credentials().sts().token(FEDERATED_EXPIRY)
    yield (
        AwsExchange("metadata-disabled-not-needed", "Who does not need it does not mind.")
        .env({**disabled(), **environment(LONG_TERM, **REGION)})
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        AwsExchange("metadata-disabled-container", "A container has credentials of its own.")
        .env({**disabled("TRUE"), **REGION, **ECS})
        .container(ECS_URL)
        .sts()
        .token(FEDERATED_EXPIRY)
    )


URLS = {"region_url": world.REGION_URL, "url": world.ROLE_URL, "imdsv2_session_token_url": world.SESSION_URL}


def failures():
    variable = "AWS_EC2_METADATA_DISABLED"
    for value in ["true", "True", "TRUE"]:
        yield (
            AwsExchange(
                f"metadata-disabled-{sum(map(str.isupper, value))}",
                f"{variable}={value}: the instance's role is not taken.",
            )
            .env({**disabled(value), **REGION})
            .fails("aws_credentials_unavailable", "config", stage="source", hint_contains=variable)
        )
    yield (
        AwsExchange("metadata-disabled-region", "Nor is the instance's region.")
        .env({**disabled(), **environment(LONG_TERM)})
        .fails("aws_region_unavailable", "config", stage="source", hint_contains=variable)
    )
    yield (
        AwsExchange(
            "metadata-disabled-supplied-credentials", "Nor is it with supplied credentials.", credentials=LONG_TERM
        )
        .env(disabled())
        .fails("aws_region_unavailable", "config", stage="source", hint_contains=variable)
    )
    yield (
        AwsExchange("metadata-disabled-supplied-region", "Nor is the role with a supplied region.", region="us-east-1")
        .env(disabled())
        .fails("aws_credentials_unavailable", "config", stage="source", hint_contains=variable)
    )
