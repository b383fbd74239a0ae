"""Programs and commands that depend on who is PID 1: what forbids a remedy that takes PID 1 away.

Pure text work on the pod's own commands, probes and hooks and on the name of the init that the agent saw.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from zombie_operator.core.leaks import Leak
from zombie_operator.core.objects import Body, Pod, containers_of
from zombie_operator.core.reasons import Reason, Refusal

INSISTING_INITS = frozenset(
    {
        "init",
        "openrc-init",
        "runit",
        "runit-init",
        "runsvdir",
        "s6-linux-init",
        "s6-overlay-suex",  # s6-overlay-suexec, cut to 15 bytes: "fatal: can only run as pid 1"
        "s6-svscan",
        "systemd",
    }
)

# Ways of addressing processes that mean another process, or every container's, once PID 1 is pause.
ADDRESSES_PID_1 = (
    re.compile(r"\bkill\s+(?:-{1,2}\S+\s+(?:[A-Z0-9]+\s+)?)*['\"]?1(?!\w)"),
    re.compile(r"\bkill\s+-\S+\s+(?:[A-Z0-9]+\s+)?(?:--\s+)?-1(?!\w)"),
    re.compile(r"/proc/1(?:/|\b)"),
    re.compile(r"\bpkill\b"),
    re.compile(r"\bkillall5?\b"),
    re.compile(r"\bpidof\b"),
    re.compile(r"\bjcmd\s+1\b"),
    re.compile(r"\bnsenter\b.*(?:-t|--target)[ =]?1\b"),
)


def pid1_refusals(pod: Pod, leak: Leak) -> Iterator[Refusal]:
    """Yield why this pod's PID 1 must stay what it is."""
    if leak.init_comm in INSISTING_INITS:
        yield Refusal(
            Reason.NEEDS_PID_1,
            f"container {leak.container} runs {leak.init_comm}, which insists on being PID 1; let it reap, "
            "or use RestartPod",
        )
    for container in containers_of(pod.spec):
        for place, command in _commands(container):
            if any(pattern.search(command) for pattern in ADDRESSES_PID_1):
                yield Refusal(
                    Reason.USES_PID_1,
                    f"container {container.get('name')} runs `{_short(command)}` in {place}, which would no longer "
                    "reach its own PID 1; change that command first",
                )


def _commands(container: Body) -> Iterator[tuple[str, str]]:
    """Yield where the pod runs a command, and the command's words joined by spaces."""
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    if words:
        yield "its command", " ".join(map(str, words))
    for place in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield from _exec(place, container.get(place))
    for place in ("postStart", "preStop"):
        yield from _exec(place, (container.get("lifecycle") or {}).get(place))


def _exec(place: str, handler: Body | None) -> Iterator[tuple[str, str]]:
    command = ((handler or {}).get("exec") or {}).get("command")
    if command:
        yield place, " ".join(map(str, command))


def _short(command: str) -> str:
    line = " ".join(command.split())
    return line if len(line) <= 60 else line[:57] + "..."  # noqa: PLR2004 - what fits a status line
