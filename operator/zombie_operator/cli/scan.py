"""``zombies scan``: the agent's diagnosis of this machine, without a cluster and without privileges."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import TYPE_CHECKING, TextIO

from zombie_operator.cli.render import render
from zombie_operator.core.codec import to_json
from zombie_operator.core.diagnose import diagnose
from zombie_operator.core.history import History
from zombie_operator.procfs.scan import Roots, Scanner

if TYPE_CHECKING:
    from collections.abc import Callable

    from zombie_operator.core.document import Document
    from zombie_operator.core.scan import Scan

NOTHING, FOUND = 0, 3
_CLEAR = "\x1b[H\x1b[2J"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the argument tree."""
    command = commands.add_parser(
        "scan",
        help="look at this machine, no cluster needed",
        description="Find the zombies of this machine and say why nobody reaps them. Needs no privileges.",
        epilog="Exit status: 0 no zombies, 1 failed, 3 zombies found.",
    )
    command.add_argument("-o", "--output", choices=("table", "json"), default="table", help="default: table")
    command.add_argument("-w", "--watch", action="store_true", help="look again until interrupted")
    command.add_argument("--interval", type=_seconds, default=2.0, metavar="SECONDS", help="of --watch (default: 2)")
    command.add_argument("--proc-root", default="/proc", metavar="DIR", help="a mounted /proc (default: /proc)")
    command.set_defaults(run=run)


def _seconds(raw: str) -> float:
    try:
        value = float(raw)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 3600:  # noqa: PLR2004 - bounds of this one option
        raise argparse.ArgumentTypeError(f"{raw!r} is not a number of seconds from 0.1 to 3600")
    return value


def run(arguments: argparse.Namespace, out: TextIO | None = None, sleep: Callable[[float], None] = time.sleep) -> int:
    """Scan and print. Returns the exit status; raises OSError when the proc root cannot be opened."""
    out = out or sys.stdout
    if not os.path.isdir(os.path.join(arguments.proc_root, "sys/kernel")):  # noqa: PTH112, PTH118 - as procfs, without pathlib
        raise OSError(f"{arguments.proc_root} is no mounted /proc; name one with --proc-root")
    scanner = Scanner(Roots(proc=arguments.proc_root), os.uname().nodename)
    history = History()
    colour = out.isatty() and "NO_COLOR" not in os.environ
    while True:
        scan = scanner.scan(history.follow)
        document, history = diagnose(scan, history)
        if arguments.output == "json":
            print(json.dumps(to_json(document), indent=None if arguments.watch else 2), file=out, flush=True)
        else:
            clear = _CLEAR if arguments.watch and out.isatty() else ""
            print(clear + render(document, colour=colour), file=out, flush=True)
        for line in unseen(scan):
            print(line, file=sys.stderr)  # noqa: T201
        if not arguments.watch:
            return FOUND if found(document) else NOTHING
        sleep(arguments.interval)


def found(document: Document) -> bool:
    """Whether there is any zombie, whatever its age."""
    return any(one.zombies for one in document.containers) or any(one.zombies for one in document.host)


def unseen(scan: Scan) -> list[str]:
    """Say in sentences what this user could not see, so that nobody trusts a zero that means nothing."""
    lines = []
    if scan.hidden:
        lines.append("Incomplete: /proc hides other users' processes (mount option hidepid). Run as root.")
    if scan.unreadable:
        lines.append(f"Incomplete: {scan.unreadable} processes may not be read by this user. Run as root.")
    return lines
