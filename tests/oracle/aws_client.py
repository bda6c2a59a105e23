"""botocore's own clients, whose requests are caught before they leave, and answered by the test."""

import datetime
import io
from contextlib import contextmanager
from unittest import mock

import botocore.awsrequest
import botocore.client
import botocore.session
from botocore.config import Config

SESSION = botocore.session.Session()


def call(
    service, operation, params, *, region, now, answer, status=200, credentials=None, fips=False, dual_stack=False
):
    """The request that botocore sends for a call, and what it reads out of the answer. A refusal is raised."""
    keys = dict(zip(KEY_NAMES, credentials, strict=True)) if credentials else {}
    config = Config(
        use_fips_endpoint=fips,
        use_dualstack_endpoint=dual_stack,
        retries={"total_max_attempts": 1},
        signature_version=None if credentials else botocore.UNSIGNED,
    )
    client = SESSION.create_client(service, region_name=region, config=config, **keys)
    caught = []

    def catch(request, **_):
        caught.append(request)
        return botocore.awsrequest.AWSResponse(request.url, status, {}, Raw(answer))

    client.meta.events.register("before-send", catch)
    with frozen(now):
        result = getattr(client, operation)(**params)
    (request,) = caught
    return request, result


KEY_NAMES = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"]


@contextmanager
def frozen(now):
    moment = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        yield


def endpoint(region, fips, dual_stack):
    """Where botocore sends calls to AWS STS."""
    config = Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual_stack)
    client = SESSION.create_client(
        "sts", region_name=region, config=config, aws_access_key_id="a", aws_secret_access_key="b"
    )
    operation = client.meta.service_model.operation_model("AssumeRole")
    context = {"client_config": client.meta.config}
    return client._ruleset_resolver.construct_endpoint(
        operation_model=operation, call_args={}, request_context=context
    ).url


def regions():
    """Every region of every partition, the global pseudo-regions left out."""
    partitions = SESSION.get_component("data_loader").load_data("partitions")["partitions"]
    return sorted(region for each in partitions for region in each["regions"] if not region.endswith("-global"))


class Raw(io.BytesIO):
    """What botocore reads a body from."""

    def __init__(self, text):
        super().__init__(text.encode())

    def stream(self, **_):
        yield self.read()
