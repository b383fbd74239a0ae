"""``zombies``: the argument tree and the exit status; each command is a module of its own.

Exit status, the same for every command: 0 nothing found, 1 failed, 2 wrong usage (argparse), 3 found something.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from typing import TYPE_CHECKING

from zombie_operator import __version__
from zombie_operator.cli import scan

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (scan,)
"""Modules with ``add(subparsers)``, which sets ``run``: a function of the arguments that returns the exit status."""

EPILOG = "Exit status: 0 nothing found, 1 failed, 2 wrong usage, 3 found."


def program(argv0: str) -> str:
    """Return how the user calls this program: kubectl runs plugins as ``kubectl-zombies``."""
    return "kubectl zombies" if os.path.basename(argv0).startswith("kubectl-") else "zombies"  # noqa: PTH119


def parser(prog: str) -> argparse.ArgumentParser:
    """Return the whole argument tree."""
    top = argparse.ArgumentParser(
        prog=prog, description="Find zombie processes and say why nobody reaps them.", epilog=EPILOG
    )
    top.add_argument("--version", action="version", version=f"{prog} {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for module in COMMANDS:
        module.add(commands)
    return top


def run(argv: Sequence[str], prog: str) -> int:
    """Run one command. Returns the exit status; errors that a user can act on are one line on stderr."""
    arguments = parser(prog).parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:
        # The reader has seen enough (`| head`). Python would complain again while it closes stdout.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"{prog}: {error}", file=sys.stderr)  # noqa: T201
        return 1


def main() -> None:
    """Run the program; the console script's entry."""
    sys.exit(run(sys.argv[1:], program(sys.argv[0])))


if __name__ == "__main__":
    main()
