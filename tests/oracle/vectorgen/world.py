"""The names, keys and addresses that the vectors use. All keys and tokens are made up."""

import base64
import json
from xml.sax.saxutils import escape

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

TOKEN_FILE = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
WEB_IDENTITY_TOKEN = (
    "eyJhbGciOiJSUzI1NiIsImtpZCI6ImRlbW8ifQ.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6ZGVmYXVsdDpkZW1vIn0.web-identity_x"
)
WEB_IDENTITY_ROLE = "arn:aws:iam::123456789012:role/sanskey-pod-role"
WEB_IDENTITY = Credentials(
    "ASIAWEBIDENTITYEXMPL",
    "pOdRoLeUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEPD",
    "IQoJb3JpZ2luX2VjPOD//////////wEaCXVzLWVhc3QtMSJHMEUCIQ+Pd/zL8=",
)
ROLES = ["arn:aws:iam::123456789012:role/first", "arn:aws:iam::210987654321:role/path/second"]
ASSUMED = [
    Credentials("ASIAFIRSTROLEEXAMPLE", "fIrStRoLetnFEMI/K7MDENG+bPxRfiCYEXAMPLE1", "IQoJb3JpZ2luX2VjONE/+first=="),
    Credentials("ASIASECONDROLEEXMPLE", "sEcOnDrOlenFEMI/K7MDENG+bPxRfiCYEXAMPLE2", "IQoJb3JpZ2luX2VjTWO/+second=="),
]
SESSION = Credentials("ASIASESSIONEXAMPLE00", "sEsSiOnUtnFEMI/K7MDENG+bPxRfiCYEXAMPLESS", "FwoGZXIvYXdzSESSION/+=")
PORTAL = Credentials(
    "ASIAPORTALEXAMPLE000", "pOrTaLxUtnFEMI/K7MDENG+bPxRfiCYEXAMPLESO", "IQoJb3JpZ2luX2VjSSO/+portal=="
)
PROCESS = Credentials("ASIAPROCESSEXAMPLE00", "pRoCeSsUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEPR", "FwoGZXIvYXdzPROCESS/+=")
PROFILE = Credentials("AKIAPROFILEEXAMPLE00", "pRoFiLexUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEPF")
AWS_JWT = "eyJhbGciOiJFUzM4NCJ9.eyJpc3MiOiJodHRwczovL2V4YW1wbGUuc3RzLmdsb2JhbC5hcGkuYXdzIn0.outbound-signature_x"
SSO_TOKEN = "aoaAAAAAGSsoAccessTokenExample-_x"

SIGNATURE = "c2lnbmF0dXJlLW9mLXRoZS1leGFtcGxl"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"
MTLS = "urn:ietf:params:oauth:token-type:mtls"
SAML = "urn:ietf:params:oauth:token-type:saml2"

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


def token_config(source, *, token_type=JWT, impersonate=False, **fields):
    """A configuration of a workload that is not on AWS. ``source`` is the whole ``credential_source``."""
    whole = config(impersonate=impersonate, subject_token_type=token_type, **fields)
    return {**whole, "credential_source": source}


def jwt(claims):
    """An unsigned stand-in for a platform's token. Claims that are not a dictionary are taken as they are."""
    text = json.dumps(claims, separators=(",", ":")) if isinstance(claims, dict) else claims
    return ".".join([_base64url('{"alg":"RS256"}'), _base64url(text), SIGNATURE])


def _base64url(text):
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


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


STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def sts_answer(action, inside):
    """The success answer of AWS STS to an action, with these elements in its result."""
    return (
        f'<{action}Response xmlns="{STS_NAMESPACE}">\n  <{action}Result>\n    {inside}\n  </{action}Result>\n'
        "  <ResponseMetadata>\n    <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>\n  </ResponseMetadata>\n"
        f"</{action}Response>\n"
    )


def sts_credentials(credentials, **changes):
    """The element with credentials; a change to ``None`` leaves the element out."""
    elements = {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": "2024-01-02T04:04:05Z",
    }
    inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in _changed(elements, changes).items())
    return f"<Credentials>{inside}</Credentials>"


def sts_refusal(code, message):
    return (
        f'<ErrorResponse xmlns="{STS_NAMESPACE}">\n  <Error>\n    <Type>Sender</Type>\n    <Code>{code}</Code>\n'
        f"    <Message>{escape(message)}</Message>\n  </Error>\n"
        "  <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>\n</ErrorResponse>\n"
    )


def portal_answer(credentials=PORTAL, **changes):
    """What the portal of IAM Identity Center says; the expiry is in milliseconds."""
    role = {
        "accessKeyId": credentials.access_key_id,
        "secretAccessKey": credentials.secret_access_key,
        "sessionToken": credentials.session_token,
        "expiration": (NOW + 3600) * 1000,
    }
    return {"roleCredentials": _changed(role, changes)}


def process_output(credentials=PROCESS, **changes):
    """What a ``credential_process`` writes; a change to ``None`` leaves the member out."""
    members = {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": "2024-01-02T04:04:05Z",
    }
    return json.dumps(_changed(members, changes))


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
