"""The loop: scan, diagnose, publish, wait. A failed scan is counted and logged, and the next one is tried in time."""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import TYPE_CHECKING

from zombie_operator.agent.state import Board, Scanned
from zombie_operator.core.diagnose import diagnose
from zombie_operator.core.history import History

if TYPE_CHECKING:
    from threading import Event

    from zombie_operator.core.scan import Scan
    from zombie_operator.procfs.scan import Scanner

logger = logging.getLogger(__name__)

_KINDS = ("failed", "unreadable", "raced")


class Loop:
    """Scans at an even pace until told to stop. One thread only: moving between CPUs moves the calling thread."""

    def __init__(self, scanner: Scanner, board: Board, interval: float) -> None:
        self._scanner = scanner
        self._board = board
        self._interval = interval
        self._history = History()
        self._errors: Counter[str] = Counter(dict.fromkeys(_KINDS, 0))
        self._complete: bool | None = None

    def run(self, stop: Event) -> None:
        """Scan until ``stop`` is set. A scan that takes longer than half the interval is followed by as long a rest."""
        while not stop.is_set():
            began = time.monotonic()
            self.once(began)
            took = time.monotonic() - began
            stop.wait(max(self._interval - took, took))

    def once(self, began: float) -> None:
        """Scan once and publish; ``began`` is the monotonic time now."""
        unix = time.time()
        try:
            scan = self._scanner.scan(self._history.follow)
            document, self._history = diagnose(scan, self._history)
        except Exception:  # the agent outlives a scan that goes wrong in a way nobody thought of
            self._errors["failed"] += 1
            logger.exception("Failed to scan")
            self._board.put(attempted=began, errors=dict(self._errors))
            return
        self._errors["unreadable"] += scan.unreadable
        self._errors["raced"] += scan.raced
        self._tell(scan)
        self._board.put(
            attempted=began,
            errors=dict(self._errors),
            scans=self._board.value.scans + 1,
            latest=Scanned(document, self._history, began, unix, scan.processes),
        )

    def _tell(self, scan: Scan) -> None:
        """Log the first scan, and each time that the view becomes complete or stops to be."""
        if scan.complete != self._complete:
            self._complete = scan.complete
            logger.log(
                logging.INFO if scan.complete else logging.WARNING,
                "Scanned" if scan.complete else "Scanned, but processes are hidden from the agent",
                extra={
                    "processes": scan.processes,
                    "zombies": len(scan.zombies),
                    "unreadable": scan.unreadable,
                    "hidden": scan.hidden,
                    "seconds": round(scan.seconds, 4),
                },
            )
        logger.debug("Scanned", extra={"processes": scan.processes, "zombies": len(scan.zombies)})
