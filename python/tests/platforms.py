"""The environments of AWS in which workloads run, as the emulator plays them."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from conftest import Emulator

TASK_PATH = "/v2/credentials/2f4a7c1e-6a0b-4b53-9c0e-5d1f3a7b9e24"
SERVICE_ACCOUNT = "sanskey-demo@sanskey-demo.iam.gserviceaccount.com"

EXCHANGE = ["POST /v1/token 200", f"POST /v1/projects/-/serviceAccounts/{SERVICE_ACCOUNT}:generateAccessToken 200"]
ROLES_PATH = "/latest/meta-data/iam/security-credentials"
OF_AN_INSTANCE = [
    "PUT /latest/api/token 200",
    "GET /latest/meta-data/placement/availability-zone 200",
    f"GET {ROLES_PATH} 200",
    f"GET {ROLES_PATH}/sanskey-demo-role 200",
    *EXCHANGE,
]
OF_A_BUILD = [f"GET {TASK_PATH} 200", *EXCHANGE]
OF_A_POD = ["POST / 200", *EXCHANGE]
OF_A_FUNCTION = EXCHANGE


def instance(emulator: Emulator) -> dict[str, str]:
    """EC2: nothing is set but the configuration."""
    return {"GOOGLE_APPLICATION_CREDENTIALS": str(emulator.config)}


def build(emulator: Emulator) -> dict[str, str]:
    """CodeBuild, whose credentials come from an endpoint as those of ECS do."""
    return {
        "GOOGLE_APPLICATION_CREDENTIALS": str(emulator.config),
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": emulator.url + TASK_PATH,
        "AWS_EXECUTION_ENV": "AWS_ECS_EC2",
        "CODEBUILD_BUILD_ID": "shop:6f0d8b4e-33f3-4d93-8d5f-2c8e4a9b7c11",
    }


def pod(emulator: Emulator, token_file: Path) -> dict[str, str]:
    """EKS with IRSA, which mounts a token into the pod. Its AWS STS is the emulator."""
    return {
        "GOOGLE_APPLICATION_CREDENTIALS": str(emulator.config),
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/sanskey-irsa-role",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token_file),
        "AWS_ENDPOINT_URL_STS": emulator.url,
    }


def mount_pod_token(emulator: Emulator, token_file: Path, query: str = "") -> None:
    """Puts a new token into the file, as the kubelet does now and then."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{emulator.url}/emulator/web-identity-token{query}", timeout=10) as got:
        token_file.write_bytes(got.read())


def function(emulator: Emulator) -> dict[str, str]:
    """Lambda, which gives a process the keys of its role when it starts."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{emulator.url}{ROLES_PATH}/sanskey-demo-role", timeout=10) as got:
        keys = json.load(got)
    opener.open(urllib.request.Request(f"{emulator.url}/emulator/requests", method="DELETE"), timeout=10).close()
    return {
        "GOOGLE_APPLICATION_CREDENTIALS": str(emulator.config),
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["Token"],
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
        "AWS_LAMBDA_FUNCTION_NAME": "events",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    }


def allow_loopback(folder: Path) -> dict[str, str]:
    """The variables of a process whose `sanskey` takes endpoints on this machine, as it takes Google's."""
    (folder / "sitecustomize.py").write_text(
        "import sanskey\n"
        "for function in (sanskey.fetch_token, sanskey.aio.fetch_token):\n"
        "    function.__kwdefaults__['endpoints'] = 'loopback'\n"
    )
    return {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
