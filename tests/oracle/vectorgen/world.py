"""The names, keys and addresses that the vectors use. All keys and tokens are made up."""

from .protocol import AWS4_REQUEST
from .signing import VERIFICATION_URL, Credentials

NOW = 1704164645  # 2024-01-02T03:04:05Z

AUDIENCE = "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/pool/providers/prov"
TOKEN_URL = "https://sts.googleapis.com/v1/token"
SERVICE_ACCOUNT = "deployer@my-project.iam.gserviceaccount.com"
IMPERSONATION_URL = (
    f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{SERVICE_ACCOUNT}:generateAccessToken"
)

METADATA = "http://169.254.169.254/latest"
REGION_URL = f"{METADATA}/meta-data/placement/availability-zone"
ROLE_URL = f"{METADATA}/meta-data/iam/security-credentials"
SESSION_URL = f"{METADATA}/api/token"
ROLE = "sanskey-demo-role"

# The access key pair is the one of AWS's own signing examples.
LONG_TERM = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
TEMPORARY = LONG_TERM._replace(session_token="tok/en+==")
INSTANCE = Credentials(
    "ASIAIOSFODNN7EXAMPLE",
    "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
    "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJHMEUCIQ+Dx/zL8=",
)
CONTAINER = Credentials(
    "ASIACONTAINEREXAMPLE",
    "9vTaskRoleK7MDENG/bPxRfiCY+hYdBqEXAMPLEK",
    "IQoJb3JpZ2luX2VjTASK//////////8BEgl1cy13ZXN0LTIiRzBFAiEA+x/zM9=",
)

ECS_AGENT = "http://169.254.170.2"
ECS_PATH = "/v2/credentials/2f4a7c1e-6a0b-4b53-9c0e-5d1f3a7b9e24"
POD_IDENTITY_AGENT = "http://169.254.170.23/v1/credentials"
POD_TOKEN_FILE = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token"
POD_TOKEN = "eyJhbGciOiJub25lIn0.eyJhdWQiOlsicG9kcy5la3MuYW1hem9uYXdzLmNvbSJdfQ.pod-token-example"

IMDS_SESSION = "AQAEAImdsSessionExample-_x0A=="
FEDERATED_TOKEN = "ya29.d.federated-example-0001"
SERVICE_ACCOUNT_TOKEN = "ya29.c.service-account-example-0001"


def config(*, imds_v2=True, impersonate=False, without=(), source=None, **fields):
    """The configuration that ``gcloud iam workload-identity-pools create-cred-config --aws`` writes.

    ``source`` adds to or replaces members of ``credential_source``, ``fields`` those of the top
    level, ``without`` names members of either to leave out.
    """
    credential_source = {
        "environment_id": "aws1",
        "region_url": REGION_URL,
        "url": ROLE_URL,
        "regional_cred_verification_url": VERIFICATION_URL,
    }
    if imds_v2:
        credential_source["imdsv2_session_token_url"] = SESSION_URL
    credential_source.update(source or {})
    whole = {
        "universe_domain": "googleapis.com",
        "type": "external_account",
        "audience": AUDIENCE,
        "subject_token_type": AWS4_REQUEST,
        "token_url": TOKEN_URL,
        "credential_source": credential_source,
    }
    if impersonate:
        whole["service_account_impersonation_url"] = IMPERSONATION_URL
    whole.update(fields)
    for name in without:
        credential_source.pop(name, None)
        whole.pop(name, None)
    return whole


def role_credentials(credentials=INSTANCE):
    """What IMDS says about the credentials of the instance's role."""
    return {
        "Code": "Success",
        "LastUpdated": "2024-01-02T03:00:00Z",
        "Type": "AWS-HMAC",
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "Token": credentials.session_token,
        "Expiration": "2024-01-02T09:30:00Z",
    }


def container_credentials(credentials=CONTAINER):
    """What the ECS agent says about the credentials of the task's role."""
    return {
        "RoleArn": "arn:aws:iam::123456789012:role/sanskey-task-role",
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "Token": credentials.session_token,
        "Expiration": "2024-01-02T09:30:00Z",
    }


def environment(credentials, **more):
    values = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
    }
    if credentials.session_token is not None:
        values["AWS_SESSION_TOKEN"] = credentials.session_token
    return {**values, **more}


def federated_answer(**changes):
    """The success answer of Google STS; a change to ``None`` leaves the member out."""
    answer = {
        "access_token": FEDERATED_TOKEN,
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": 3599,
    }
    return _changed(answer, changes)


def service_account_answer(**changes):
    """The success answer of generateAccessToken; a change to ``None`` leaves the member out."""
    return _changed({"accessToken": SERVICE_ACCOUNT_TOKEN, "expireTime": "2024-01-02T04:04:05Z"}, changes)


def _changed(answer, changes):
    return {name: value for name, value in {**answer, **changes}.items() if value is not None}
