"""What a workload does in the name of its configuration's service account, besides getting its access token."""

from __future__ import annotations

from .driver import API_CLIENT, run
from .exchange import Exchange
from .goals import DelegatedAccessToken, DownscopedAccessToken, IdToken, SignBlob, SignJwt, SignUrl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from typing import Any

    from typing_extensions import Unpack

    from .aliases import ConfigLike, FetchOptions, Goal, Headers, Scopes
    from .token import SignedBlob, SignedJwt, SignedUrl, Token


def fetch_id_token(
    config: ConfigLike, audience: str, *, include_email: bool = True, **options: Unpack[FetchOptions]
) -> Token:
    """Gets an ID token of the configuration's service account, for services that want to know who calls.

    `audience` is whom it is for, such as the URL of a Cloud Run service. The workload needs no more than
    `roles/iam.workloadIdentityUser` on the account. `expires_at` is the token's own. The options are those of
    `fetch_token`, and so is what is raised; so it is for all functions of this module.
    """
    token: Token = _fetch(config, IdToken(audience, include_email), options)
    return token


def sign_blob(config: ConfigLike, payload: bytes, **options: Unpack[FetchOptions]) -> SignedBlob:
    """Has the service account sign bytes. The workload needs `roles/iam.serviceAccountTokenCreator` on the account."""
    signed: SignedBlob = _fetch(config, SignBlob(payload), options)
    return signed


def sign_jwt(config: ConfigLike, claims: Mapping[str, object] | str, **options: Unpack[FetchOptions]) -> SignedJwt:
    """Has the service account sign a JWT with these claims, a dict or its JSON text.

    The workload needs `roles/iam.serviceAccountTokenCreator` on the account.
    """
    signed: SignedJwt = _fetch(config, SignJwt(claims), options)
    return signed


def sign_url(
    config: ConfigLike,
    bucket: str,
    object: str,
    expires_in: float | timedelta,
    *,
    method: str = "GET",
    headers: Headers = (),
    query: Headers = (),
    virtual_hosted: bool = False,
    bucket_bound_host: str | None = None,
    **options: Unpack[FetchOptions],
) -> SignedUrl:
    """Makes a URL of Cloud Storage that carries the service account's permission (version 4).

    `expires_in` is whole seconds, 1 to 604,800 (a week), or a `timedelta`; a fraction of a second is dropped. `method`
    is `GET`, `HEAD`, `PUT`, `DELETE`, `POST`, or `RESUMABLE` for the start of a resumable upload. `headers` must be
    sent with the request exactly so; `query` are further parameters. `virtual_hosted` and `bucket_bound_host` choose
    the form of the URL, as `goals.SignUrl` says. The workload needs `roles/iam.serviceAccountTokenCreator` on the
    account, and the account a role on the object.
    """
    goal = SignUrl(bucket, object, expires_in, method, headers, query, virtual_hosted, bucket_bound_host)
    signed: SignedUrl = _fetch(config, goal, options)
    return signed


def fetch_delegated_token(
    config: ConfigLike, subject: str, scopes: Scopes, *, token_url: str | None = None, **options: Unpack[FetchOptions]
) -> Token:
    """Gets an access token for a person of a Google Workspace domain, for whom the service account acts.

    `scopes` are what an administrator has allowed the account to do for people (domain-wide delegation). The workload
    needs `roles/iam.serviceAccountTokenCreator` on the account.
    """
    token: Token = _fetch(config, DelegatedAccessToken(subject, scopes, token_url), options)
    return token


def fetch_downscoped_token(
    config: ConfigLike,
    access_boundary: Mapping[str, object] | str,
    *,
    scopes: Scopes = None,
    **options: Unpack[FetchOptions],
) -> Token:
    """Gets an access token that is good for less than the configuration allows, with or without a service account.

    `access_boundary` is a Credential Access Boundary, `{"accessBoundaryRules": [...]}`, or its JSON text.
    """
    token: Token = _fetch(config, DownscopedAccessToken(access_boundary, scopes), options)
    return token


def _fetch(config: ConfigLike, goal: Goal, options: FetchOptions) -> Any:
    rest: dict[str, Any] = {**options}
    drive = [rest.pop(name, None) for name in ("host", "on_step", "on_exchange")]
    return run(Exchange(config, goal, api_client=API_CLIENT, **rest), *drive)
