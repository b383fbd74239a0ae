"""The transport: raw JSON bodies over ``kubernetes.aio``'s ApiClient, which brings credentials, TLS and a pool.

The generated typed APIs are not used: they cost 25 MiB and 0.7 s, and drop fields that they do not know.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio import config as kube_config
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from zombie_operator import __version__
from zombie_operator.kube.errors import KubeError, Unreachable, error_for

Body = dict[str, Any]
APPLY = "application/apply-patch+yaml"
JSON = "application/json"
MERGE = "application/merge-patch+json"
PAGE = 500
"""Objects per page of a list; bounds the memory of one answer."""
TIMEOUT_SECONDS = 30
# For writes that are no apply, the server takes the field manager from the User-Agent up to the first slash.
USER_AGENT = f"zombie-operator/{__version__}"


class KubeClient:
    """One connection pool to one API server. Close it, or use it as a context manager."""

    def __init__(self, configuration: Configuration) -> None:
        self._client = ApiClient(configuration)
        self._configuration = configuration

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the pool."""
        await self._client.close()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Body:
        """GET one object."""
        return await self.request("GET", path, query=query)

    async def pages(self, path: str, query: Mapping[str, str] | None = None) -> AsyncIterator[Body]:
        """LIST page by page and yield items, with apiVersion and kind filled in, which lists omit."""
        token = ""
        while True:
            page = await self.request("GET", path, query={**(query or {}), "limit": str(PAGE), "continue": token})
            kind = str(page.get("kind", "")).removesuffix("List")
            for item in page.get("items") or ():
                yield {"apiVersion": page.get("apiVersion"), "kind": kind, **item}
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Body | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = JSON,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> Body:
        """Send one request and return the JSON answer.

        Raises a ``KubeError``: ``Unreachable`` without an answer, else the class of the HTTP status.
        """
        url = self._configuration.host + path
        wanted = {key: value for key, value in (query or {}).items() if value}
        headers = {"Accept": JSON, "User-Agent": USER_AGENT, "Content-Type": content_type}
        await self._client.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        what = f"{method} {path}"
        try:
            answer = await self._client.call_api(
                method,
                f"{url}?{urlencode(wanted)}" if wanted else url,
                header_params=headers,
                body=body,
                _request_timeout=timeout_seconds,
            )
            text = await answer.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"{what}: {str(error) or type(error).__name__}") from error
        return _decode(answer.status, text, what)


async def connect() -> KubeClient:
    """Connect with the pod's service account, or outside of a cluster with the kubeconfig.

    Raises KubeError with a sentence when neither is usable.
    """
    configuration = in_cluster()
    if configuration is None:
        configuration = Configuration()
        try:
            await kube_config.load_kube_config(client_configuration=configuration)
        except Exception as error:  # the library lets its parser's errors through: a file may hold anything
            raise KubeError(f"no service account and no usable kubeconfig: {error}") from error
    return KubeClient(configuration)


def in_cluster() -> Configuration | None:
    """Return the pod's service account as a configuration, its token read just now; None outside of a cluster."""
    configuration = Configuration()
    try:
        kube_config.load_incluster_config(client_configuration=configuration)
    except kube_config.ConfigException:
        return None
    return configuration


def _decode(status: int, text: bytes, what: str) -> Body:
    try:
        body = json.loads(text) if text else {}
    except ValueError:
        body = {"message": text[:200].decode(errors="replace")}
    if not isinstance(body, dict):
        body = {"message": f"an answer that is no object: {text[:80]!r}"}
    if not 200 <= status < 300:  # noqa: PLR2004 - HTTP success
        raise error_for(status, body, what)
    return body
