"""The API server's audit log as the outside witness of what the operator did."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.integration.waiting import until
from zombie_operator.kube.client import KubeClient

Object = dict[str, Any]

READS = frozenset({"get", "list", "watch"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One request: the verb, the resource with its subresource, where, the answer's code, and the body sent."""

    verb: str
    resource: str
    namespace: str
    name: str
    code: int
    body: Object


@dataclass(frozen=True, slots=True)
class Witness:
    """What the operator's account asked of the API server since this witness began to look."""

    path: Path
    operator: KubeClient
    offset: int

    @classmethod
    async def begin(cls, path: Path, operator: KubeClient) -> Witness:
        """Look from now on."""
        await _mark(path, operator)
        return cls(path, operator, _size(path))

    async def writes(self, resource: str = "", namespace: str = "") -> list[Entry]:
        """Return all requests that were meant to change something, refused ones too."""
        return [
            entry
            for entry in await self.entries()
            if entry.verb not in READS and resource in {"", entry.resource} and namespace in {"", entry.namespace}
        ]

    async def entries(self) -> list[Entry]:
        """Return every request so far."""
        await _mark(self.path, self.operator)
        return [_entry(json.loads(line)) for line in _from(self.path, self.offset).splitlines()]


async def _mark(path: Path, operator: KubeClient) -> None:
    """Make a request of the same account and wait until it is in the log: everything before it is there then, too."""
    mark = f"/version?mark={uuid4().hex}"
    start = _size(path)
    await operator.get(mark)

    async def written() -> bool:
        return mark.encode() in _from(path, start)

    await until("the mark in the audit log", written)


def _size(path: Path) -> int:
    return path.stat().st_size


def _from(path: Path, offset: int) -> bytes:
    """Return what is in the log from there on, whole lines only."""
    with path.open("rb") as log:
        log.seek(offset)
        text = log.read()
    return text[: text.rfind(b"\n") + 1]


def _entry(line: Object) -> Entry:
    about = line.get("objectRef") or {}
    resource = "/".join(filter(None, (about.get("resource", ""), about.get("subresource", ""))))
    return Entry(
        verb=line["verb"],
        resource=resource,
        namespace=about.get("namespace", ""),
        name=about.get("name", ""),
        code=line.get("responseStatus", {}).get("code", 0),
        body=line.get("requestObject") or {},
    )
