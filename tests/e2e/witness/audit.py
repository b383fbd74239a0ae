"""The API server's audit log: who wrote what, told by the server and not by the writer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITING_VERBS = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True, slots=True)
class Write:
    """One request that was meant to change something, and the server's answer."""

    time: datetime
    user: str
    verb: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int
    dry_run: bool
    body: dict[str, Any] = field(repr=False, compare=False, hash=False)

    @property
    def succeeded(self) -> bool:
        """Tell whether the server did it."""
        return 200 <= self.code < 300 and not self.dry_run

    @property
    def path(self) -> str:
        """Return resource and subresource as RBAC writes them, for example ``pods/eviction``."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The log file of the API server's own audit backend (one event a line, audit.k8s.io/v1)."""

    path: Path

    def writes(self, *, by: str, since: datetime | None = None, namespace: str | None = None) -> list[Write]:
        """Return what the users whose name starts with ``by`` wrote, in order; refused and failed requests too."""
        return [
            write
            for write in self._read()
            if write.user.startswith(by)
            and (since is None or write.time >= since)
            and (namespace is None or write.namespace == namespace)
        ]

    def _read(self) -> Iterator[Write]:
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                # The last line may still be in the middle of being written.
                if line.endswith("\n") and '"ResponseComplete"' in line:
                    event = json.loads(line)
                    if event["stage"] == "ResponseComplete" and event["verb"] in WRITING_VERBS and "objectRef" in event:
                        yield _write(event)


def _write(event: dict[str, Any]) -> Write:
    target = event["objectRef"]
    body = event.get("requestObject") or {}
    return Write(
        time=datetime.fromisoformat(event["requestReceivedTimestamp"]).astimezone(UTC),
        user=event["user"]["username"],
        verb=event["verb"],
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", "") or body.get("metadata", {}).get("name", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        dry_run="dryRun=" in event.get("requestURI", ""),
        body=body,
    )
