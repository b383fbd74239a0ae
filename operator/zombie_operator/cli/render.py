"""A document as a table for people. Pure: text in, text out; nothing here asks the system anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zombie_operator.core.document import Cause
from zombie_operator.core.scan import NOT_ZOMBIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zombie_operator.core.document import CauseCount, ContainerReport, Document

HEADER = ("ZOMBIES", "OLDEST", "CAUSE", "ORIGIN", "PARENT", "COMMAND", "WHERE")

MEANING = {
    Cause.INIT_NOT_REAPING: "PID 1 never waits for them; if they are orphans, an init such as tini cures it",
    Cause.PARENT_NOT_WAITING: "their living parent never waits; only its code can, or its restart clears them",
    Cause.RUNTIME_NOT_REAPING: "the container runtime does not reap; the node is at fault, not the program",
    Cause.TRACED: "a debugger or tracer holds them",
    Cause.PARENT_SUSPENDED: "their parent is stopped or frozen and cannot run",
    Cause.LEADER_EXITED: "no zombies: their first thread ended, other threads live",
    Cause.STUCK_IN_KERNEL: "no zombies: killed, but their threads hang in the kernel",
}
"""One sentence for each cause, printed once below the table."""


def render(document: Document, *, colour: bool) -> str:
    """Return the table, worst first, and one sentence for each cause in it."""
    rows = [_row(one, _where(report)) for report in document.containers for one in report.causes]
    rows += [_row(one, "host") for report in document.host for one in report.causes]
    if not rows:
        return "No zombies."
    rows.sort(key=lambda row: -int(row[0]))
    widths = [max(len(row[column]) for row in (HEADER, *rows)) for column in range(len(HEADER))]
    lines = [_line(row, widths) for row in (HEADER, *rows)]
    if colour:
        lines[0] = f"\x1b[1m{lines[0]}\x1b[0m"
    causes = {one.cause for one in _all(document)}
    return "\n".join(
        [*lines, "", *(f"{cause}: {MEANING[cause]}." for cause in Cause if cause in causes), _total(document)]
    )


def _line(row: Iterable[str], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(one: CauseCount, where: str) -> tuple[str, ...]:
    evidence = one.evidence
    parent = f"{evidence.parent_pid} {evidence.parent_comm}" if evidence.parent_pid else "-"
    comms = ",".join(name for name, _ in evidence.comms[:2]) or "-"
    return (
        str(one.zombies),
        duration(one.oldest_seconds),
        one.cause,
        one.origin or "-",
        _safe(parent),
        _safe(comms),
        _safe(where),
    )


def _where(report: ContainerReport) -> str:
    if report.pod is not None:
        return f"{report.namespace}/{report.pod}/{report.container}"
    return f"pod {report.pod_uid} container {report.container_id[:12]}"


def _total(document: Document) -> str:
    zombies = sum(one.zombies for one in _all(document) if one.cause not in NOT_ZOMBIES)
    others = sum(one.zombies for one in _all(document) if one.cause in NOT_ZOMBIES)
    text = f"{zombies} zombie{'' if zombies == 1 else 's'} on {document.node.name}"
    return text + (f", {others} that only look dead" if others else "")


def _all(document: Document) -> list[CauseCount]:
    inside = [one for report in document.containers for one in report.causes]
    return inside + [one for report in document.host for one in report.causes]


def _safe(text: str) -> str:
    """Keep what a process is called from driving the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def duration(seconds: int) -> str:
    """Return a duration in its two largest units, such as ``2h05m``."""
    if seconds < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{seconds}s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes}m{seconds:02d}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:  # noqa: PLR2004 - hours in a day
        return f"{hours}h{minutes:02d}m"
    return f"{hours // 24}d{hours % 24:02d}h"
