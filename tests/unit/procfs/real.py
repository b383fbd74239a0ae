"""Real zombies: small programs that leave them and say when they are there."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="a pid namespace needs root here")
NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child")

_PRELUDE = """
import ctypes, os, signal, sys, threading
def dead(pid):  # a child that is dead and not reaped
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
def tell(*what):
    print(*what, flush=True)
    sys.stdin.read()
"""

CHILD = _PRELUDE + "child = os.fork() or os._exit(0)\ndead(child)\ntell(child)\nos.waitpid(child, 0)"

ORPHAN = (
    _PRELUDE
    + """
own_session = sys.argv[1:] == ['session']
through, into = os.pipe()
middle = os.fork()
if not middle:
    if own_session:
        os.setsid()
    orphan = os.fork()
    if not orphan:
        os.read(through, 1)  # until the middle one is gone
        os._exit(0)
    os._exit(0)
os.waitpid(middle, 0)
os.write(into, b'x')
os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
tell(middle)
"""
)

LEADER = (
    _PRELUDE
    + """
child = os.fork()
if not child:
    threading.Thread(target=signal.pause).start()
    ctypes.CDLL(None).syscall(60 if os.uname().machine == 'x86_64' else 93, 0)
while open(f'/proc/{child}/stat').read().rpartition(') ')[2][0] != 'Z':
    os.sched_yield()
tell(child)
os.kill(child, 9)
"""
)


@contextlib.contextmanager
def program(source: str, *arguments: str, wrap: tuple[str, ...] = ()) -> Iterator[tuple[int, int]]:
    """Run a program until it has its zombies; yield the pid started and the number that the program printed."""
    command = [*wrap, sys.executable, "-S", "-c", source, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.strip().isdigit(), "the program failed"
        try:
            yield process.pid, int(line)
        finally:
            process.stdin.close()
            process.wait(10)


def child_of(pid: int) -> int:
    """Return the only child of a process."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:  # noqa: PTH123
        (child,) = file.read().split()
    return int(child)
