"""What the demo shows: counts from the node's own /proc, and words from the API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.space import owner_of_the_remedy
from tests.e2e.witness import proc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.e2e.space import Space

SHOWN = 3


def zombies(space: Space, apps: Iterable[str]) -> dict[str, int]:
    """Count each workload's zombies in the node's /proc."""
    return {app: len(proc.zombies(space.uids(app))) for app in apps}


def sample(space: Space, app: str) -> str:
    """Return a few of a workload's zombies as ps would print them."""
    lines = [f"{'PID':>8} {'PPID':>8} S COMMAND"]
    for process in sorted(proc.zombies(space.uids(app)))[:SHOWN]:
        try:
            _, _, rest = (process.folder / "stat").read_text(errors="replace").rpartition(")")
            comm = (process.folder / "comm").read_text(errors="replace").strip()
        except OSError:
            continue
        state, parent = rest.split()[:2]
        lines.append(f"{process.pid:>8} {parent:>8} {state} {comm} <defunct>")
    return "\n".join(lines)


def table(counts: Mapping[str, int], unit: str) -> str:
    """Write one number per workload."""
    return "\n".join(f"deployment/{app:<10} {count:>5} {unit}" for app, count in counts.items())


def why(space: Space, app: str, policy: str) -> str:
    """Return what the policy's status says about one workload, in its own sentence."""
    finding = space.finding(app, policy) or {}
    origin = f" ({finding['origin']})" if finding.get("origin") else ""
    head = f"deployment/{app}: {finding.get('cause')}{origin}, {finding.get('decision')}: {finding.get('reason')}"
    return f"{head}\n  {finding.get('message')}"


def standing(space: Space, app: str, policy: str) -> str:
    """Return where a workload's remediation stands or, as long as it has none, what the policy says about it."""
    for one in space.remediations(app):
        status = one.get("status", {})
        return str(status.get("outcome") or status.get("phase", "Pending"))
    finding = space.finding(app, policy) or {}
    return f"{finding['decision']} ({finding['reason']})" if finding else "nothing decided yet"


def history(space: Space, app: str) -> str:
    """Return the remediation's own account of what it did, a line an entry."""
    entries = [entry for one in space.remediations(app) for entry in one["status"].get("history", [])]
    said = ((entry["time"][11:19], entry["phase"], entry.get("message") or entry["reason"]) for entry in entries)
    return "\n".join((f"deployment/{app}:", *(f"  {time} {phase:<10} {text}" for time, phase, text in said)))


def patch(space: Space, app: str) -> str:
    """Return what is in the workload's pod template now, and whose field it is by the API server's own books."""
    workload = space.get("Deployment", app)
    value = workload["spec"]["template"]["spec"].get("shareProcessNamespace")
    owners = ", ".join(manager for manager, _ in owner_of_the_remedy(workload)) or "nobody"
    return f"deployment/{app}: shareProcessNamespace: {str(value).lower()}, set by {owners}"
