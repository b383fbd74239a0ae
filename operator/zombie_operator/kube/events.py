"""Events of events.k8s.io/v1: one for each transition, about the workload or pod it concerns, related to our object.

kopf's own poster is not used: it writes core/v1 events without action, related object or deduplication.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from zombie_operator.core.reasons import Reason
from zombie_operator.kube import paths
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.errors import KubeError

log = logging.getLogger(__name__)

CONTROLLER = "zombie-operator.dev/operator"
MAX_NOTE = 1_024
"""Longest note that the API server accepts, in bytes (events.k8s.io/v1, Event.note)."""
REMEMBERED = 4_000
REPEAT_SECONDS = 600


K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that an event is about."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str

    def reference(self) -> dict[str, str]:
        """Return it as an ObjectReference."""
        fields = {"apiVersion": self.api_version, "kind": self.kind, "name": self.name, "uid": self.uid}
        return fields | ({"namespace": self.namespace} if self.namespace else {})


@dataclass
class Recorder:
    """Posts events: a reason about an object once until it changes, and the same words once in ``REPEAT_SECONDS``.

    So numbers that grow in a note post nothing, and two reasons that take turns do not fill the namespace.
    """

    client: KubeClient
    instance: str
    _last: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _posted: OrderedDict[tuple[str, str, str], float] = field(default_factory=OrderedDict)

    async def post(
        self,
        about: Subject,
        reason: Reason | str,
        note: str,
        *,
        action: str,
        warning: bool = False,
        related: Subject | None = None,
    ) -> None:
        """Post an event; a failure is logged and never stops the caller."""
        now, key = datetime.now(UTC), (about.uid, str(reason), note)
        repeated = now.timestamp() - self._posted.get(key, 0.0) < REPEAT_SECONDS
        if repeated or self._last.get(about.uid) == reason:
            return
        unique = hashlib.sha256(f"{about.uid}{reason}{now.isoformat()}".encode()).hexdigest()[:12]
        namespace = about.namespace or "default"
        body: dict[str, Any] = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{about.name[:200]}.{unique}", "namespace": namespace},
            "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": CONTROLLER,
            "reportingInstance": self.instance[:128],
            "action": action,
            "reason": str(reason),
            "type": "Warning" if warning else "Normal",
            "note": note.encode()[:MAX_NOTE].decode(errors="ignore"),
            "regarding": about.reference(),
        }
        if related is not None:
            body["related"] = related.reference()
        try:
            await self.client.request("POST", paths.events(namespace), body=body)
        except KubeError as error:
            log.warning("Could not post event", extra={"reason": str(reason), "error": str(error)})
            return
        # Remembered only now: what was not posted is news still.
        _remember(self._last, about.uid, str(reason))
        _remember(self._posted, key, now.timestamp())


def _remember(memory: OrderedDict[K, V], key: K, value: V) -> None:
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > REMEMBERED:
        memory.popitem(last=False)
