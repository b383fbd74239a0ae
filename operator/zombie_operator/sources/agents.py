"""The node agents as a source: pulls every agent's document over HTTP and believes only what it may say.

An agent speaks for the node that its own pod runs on and for no other. What does not answer, answers garbage or speaks
for another node is a counted, logged, harmless event: its node is then not judged.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import aiohttp

from zombie_operator.core.codec import DocumentError, decode
from zombie_operator.core.document import Document

TIMEOUT_SECONDS = 5.0
MAX_BYTES = 16 * 1024 * 1024
"""Largest document that is read: about 30 000 containers."""
CONCURRENCY = 32


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One agent: its pod, the node that the API server says it runs on, and its URL."""

    pod: str
    node: str
    url: str


@dataclass(frozen=True, slots=True)
class Failure:
    """An agent that could not be used. ``kind`` is a word for metrics, ``message`` a sentence."""

    endpoint: Endpoint
    kind: str
    message: str


async def pull(
    session: aiohttp.ClientSession, endpoints: list[Endpoint], token: str
) -> tuple[list[Document], list[Failure]]:
    """Ask every agent at once and return the documents that can be believed, and the failures."""
    gate = asyncio.Semaphore(CONCURRENCY)
    answers = await asyncio.gather(*(_ask(session, gate, endpoint, token) for endpoint in endpoints))
    documents = [answer for answer in answers if isinstance(answer, Document)]
    return documents, [answer for answer in answers if isinstance(answer, Failure)]


async def _ask(
    session: aiohttp.ClientSession, gate: asyncio.Semaphore, endpoint: Endpoint, token: str
) -> Document | Failure:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    try:
        async with (
            gate,
            session.get(
                f"{endpoint.url}/v1/zombies", headers=headers, timeout=timeout, allow_redirects=False
            ) as answer,
        ):
            if answer.status != 200:  # noqa: PLR2004 - HTTP OK
                return Failure(endpoint, "status", f"answered {answer.status}")
            content = await _read(answer)
    except TimeoutError:
        return Failure(endpoint, "timeout", f"did not answer within {TIMEOUT_SECONDS:g} s")
    except (aiohttp.ClientError, OSError) as error:
        return Failure(endpoint, "unreachable", f"{str(error) or type(error).__name__}")
    if content is None:
        return Failure(endpoint, "garbage", f"sent more than {MAX_BYTES} bytes")
    try:
        document = decode(content)
    except DocumentError as error:
        return Failure(endpoint, "garbage", f"sent what is no document: {error}")
    if document.node.name != endpoint.node:
        return Failure(endpoint, "wrong_node", f"runs on {endpoint.node} and speaks for {document.node.name[:253]}")
    return document


async def _read(answer: aiohttp.ClientResponse) -> bytes | None:
    """Read at most ``MAX_BYTES``, whatever Content-Length says."""
    content = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        content += chunk
        if len(content) > MAX_BYTES:
            return None
    return bytes(content)
