"""The zoo's own account: every fork, adoption and death that `tests/zoo` logged, read back from the pod's log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Event:
    """One line: what happened to the process ``pid``, whose parent then was ``ppid``; both as seen in the container."""

    what: str
    pid: int
    ppid: int
    time: datetime


def parse(text: str) -> list[Event]:
    """Read a pod's log, leaving out what is no event (such as the last line of a log that is still growing)."""
    found = []
    for line in text.splitlines():
        if line.startswith("{") and line.endswith("}"):
            raw = json.loads(line)
            found.append(Event(raw["event"], raw["pid"], raw["ppid"], datetime.fromtimestamp(raw["t"], UTC)))
    return found


def orphans(events: Iterable[Event], *, since: datetime | None = None) -> list[Event]:
    """Return the processes that lost their parent and got a new one, each of them a zombie unless somebody waits."""
    return [event for event in events if event.what == "adopted" and (since is None or event.time >= since)]
