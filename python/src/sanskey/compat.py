"""For programs that use `scalesec-gcp-workload-identity`: its `TokenService`, with the same arguments.

    from sanskey.compat import TokenService  # was: from scalesec_gcp_workload_identity.main import TokenService

boto3 is not needed: the credentials with which the role is taken on are found where sanskey finds them. A default
profile counts if `AWS_PROFILE` names it; `aws_credentials=boto3.Session()` brings whatever boto3 finds.
"""

from __future__ import annotations

from .config import CredentialConfig
from .driver import fetch_token
from .errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .aliases import AwsCredentialsLike, Scopes
    from .protocol import HttpHost

_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
"""How the names of regions begin outside the partition `aws`."""


class TokenService:
    """Takes on an AWS role, and gets tokens of a Google Cloud service account with it.

    The session of the role has the name of the role, so that the subject in Google Cloud stays what it was:
    `arn:aws:sts::ACCOUNT:assumed-role/ROLE/ROLE`. What is different: AWS is asked in its region, the audience is
    signed, requests have timeouts and are tried again, errors are a `SanskeyError` (`ConfigError` is a `ValueError`
    too), None as the lifetime or the scopes means the default, and no repr shows the token.
    """

    def __init__(
        self,
        gcp_project_number: str,
        gcp_workload_id: str,
        gcp_workload_provider: str,
        gcp_service_account_email: str,
        aws_account_id: str,
        aws_role_name: str,
        aws_region: str,
        gcp_token_lifetime: str | None = "3600s",  # noqa: S107 - no password
        gcp_token_scopes: Scopes = "https://www.googleapis.com/auth/cloud-platform",  # noqa: S107
        *,
        aws_credentials: AwsCredentialsLike | None = None,
        host: HttpHost | None = None,
    ) -> None:
        """`gcp_token_lifetime` is seconds with an `s`, `gcp_token_scopes` is separated by commas or spaces, or a list.

        `aws_credentials` and `host` are those of `fetch_token`. Raises `ConfigError` for arguments that cannot work.
        """
        self.gcp_project_number = _part("gcp_project_number", gcp_project_number)
        self.gcp_workload_id = _part("gcp_workload_id", gcp_workload_id)
        self.gcp_provider = _part("gcp_workload_provider", gcp_workload_provider)
        self.gcp_service_account_email = _part("gcp_service_account_email", gcp_service_account_email)
        self.gcp_token_lifetime = gcp_token_lifetime
        self.gcp_token_scopes = gcp_token_scopes
        self.gcp_sa_token: str | None = None
        """The token that `get_token` has returned last."""
        self.aws_account_id = _part("aws_account_id", aws_account_id)
        self.aws_role_name = _part("aws_role_name", aws_role_name, allowed="/")
        self.aws_region = _part("aws_region", aws_region)
        if not self.gcp_project_number.isdecimal():
            raise _invalid("gcp_project_number", "must be the number of the project, not its id")
        self.x_goog_cloud_target_resource = (
            f"//iam.googleapis.com/projects/{self.gcp_project_number}/locations/global"
            f"/workloadIdentityPools/{self.gcp_workload_id}/providers/{self.gcp_provider}"
        )
        self._config = CredentialConfig.from_dict(self._fields())
        self._credentials = aws_credentials
        self._host = host

    def get_token(self) -> tuple[str, str]:
        """A new access token, and when it expires, as RFC 3339 text. Raises `SanskeyError`."""
        token = fetch_token(
            self._config,
            scopes=self.gcp_token_scopes,
            host=self._host,
            aws_credentials=self._credentials,
            aws_region=self.aws_region,
        )
        self.gcp_sa_token = token.value
        return token.value, f"{token.expires_at:%Y-%m-%dT%H:%M:%SZ}"

    def _fields(self) -> dict[str, object]:
        """The configuration that says the same."""
        partition = next((name for start, name in _PARTITIONS.items() if self.aws_region.startswith(start)), "aws")
        role = {
            "role_arn": f"arn:{partition}:iam::{self.aws_account_id}:role/{self.aws_role_name}",
            "role_session_name": self.aws_role_name.rpartition("/")[2],
        }
        metadata = "http://169.254.169.254/latest"
        fields: dict[str, object] = {
            "type": "external_account",
            "audience": self.x_goog_cloud_target_resource,
            "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
            "token_url": "https://sts.googleapis.com/v1/token",
            "service_account_impersonation_url": (
                "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
                f"{self.gcp_service_account_email}:generateAccessToken"
            ),
            "credential_source": {
                "environment_id": "aws1",
                "url": f"{metadata}/meta-data/iam/security-credentials",
                "imdsv2_session_token_url": f"{metadata}/api/token",
                "regional_cred_verification_url": (
                    "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
                ),
            },
            "sanskey": {"aws_assume_role": [role]},
        }
        lifetime = _seconds(self.gcp_token_lifetime)
        if lifetime is not None:
            fields["service_account_impersonation"] = {"token_lifetime_seconds": lifetime}
        return fields

    def __repr__(self) -> str:
        return f"TokenService({self.gcp_service_account_email!r}, {self.aws_role_name!r})"


def _part(name: str, value: object, *, allowed: str = "") -> str:
    """Becomes a part of a URL or of an ARN, so it must not end that part. Numbers are often passed as an int."""
    text = str(value) if isinstance(value, (str, int)) else ""
    if not text or not text.isascii() or not all(sign.isalnum() or sign in f"@+=,._-{allowed}" for sign in text):
        raise _invalid(name, "must be a str of letters, digits and a few marks")
    return text


def _seconds(lifetime: object) -> int | None:
    """`"3600s"`, as Google's APIs write it. Which numbers are possible, the core knows."""
    if lifetime is None:
        return None
    if isinstance(lifetime, str) and len(lifetime) <= 7 and lifetime.endswith("s") and lifetime[:-1].isdecimal():
        return int(lifetime[:-1])
    raise _invalid("gcp_token_lifetime", 'must be a number of seconds with an s, such as "3600s", or None')


def _invalid(name: str, problem: str) -> ConfigError:
    return ConfigError(
        f"{name} {problem}.",
        code="config_field_invalid",
        stage="config",
        field=name,
        hint="Correct the argument; often it comes from a variable that is not set.",
    )
