"""The bearer token that the agents ask for: made by the operator, kept in a Secret of the agents' namespace only."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from zombie_operator.kube import paths
from zombie_operator.kube.client import MERGE, KubeClient
from zombie_operator.kube.errors import Conflict, NotFound

KEY = "token"
TOKEN_BYTES = 32


async def agent_token(client: KubeClient, namespace: str, name: str) -> str:
    """Return the token, made first where there is none. Raises KubeError."""
    try:
        body = await client.get(paths.secrets(namespace, name))
    except NotFound:
        body = await _create(client, namespace, name)
    encoded = (body.get("data") or {}).get(KEY, "")
    token = base64.b64decode(encoded).decode(errors="ignore").strip()
    if token:
        return token
    token = secrets.token_urlsafe(TOKEN_BYTES)
    change = {"metadata": {"resourceVersion": body["metadata"]["resourceVersion"]}, "stringData": {KEY: token}}
    try:
        await client.request("PATCH", paths.secrets(namespace, name), body=change, content_type=MERGE)
    except Conflict:
        return await agent_token(client, namespace, name)
    return token


async def _create(client: KubeClient, namespace: str, name: str) -> dict[str, Any]:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque",
        "stringData": {KEY: token},
    }
    try:
        return await client.request("POST", paths.secrets(namespace), body=body)
    except Conflict:
        # Another replica was faster; its token is the one.
        return await client.get(paths.secrets(namespace, name))
