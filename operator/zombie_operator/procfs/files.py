"""Whole-file reads under one directory that is opened once: the only system calls that the other readers use.

Opening relative to a directory descriptor saves the kernel a path walk for each file, and keeps a scan on one mount
even when the root is replaced under it. A file that is gone and a file that is refused are different answers, because
the first is normal for a process and the second makes a scan incomplete.
"""

from __future__ import annotations

import os
from typing import Self

SMALL = 4096
"""Enough for stat, status, cgroup and sched; longer files are cut, never read without a bound."""


class Vanished(Exception):
    """The process or the file ended before it could be read: the normal race of every reader of /proc."""


class Unreadable(Exception):
    """The kernel refused the file (permissions, hidepid)."""


class Root:
    """A directory tree, such as ``/proc`` or ``/sys/fs/cgroup``, seen from one open descriptor."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.fd)

    def __enter__(self) -> Self:
        """Open until the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def read(self, name: str, limit: int = SMALL) -> bytes:
        """Return at most ``limit`` bytes of a file. Raises ``Vanished`` or ``Unreadable``."""
        try:
            fd = os.open(name, os.O_RDONLY, dir_fd=self.fd)
        except OSError as error:
            raise outcome(error) from error
        try:
            return _read_all(fd, limit)
        except OSError as error:
            raise outcome(error) from error
        finally:
            os.close(fd)

    def read_text(self, name: str, limit: int = SMALL) -> str | None:
        """Return a file's text without its last newline, None where it is absent or refused."""
        try:
            return self.read(name, limit).decode("utf-8", "replace").rstrip("\n")
        except (Vanished, Unreadable):
            return None

    def read_int(self, name: str) -> int | None:
        """Return the number a file holds, None where it holds none (``max``) or cannot be read."""
        text = self.read_text(name, 64)
        return int(text) if text is not None and text.isascii() and text.isdigit() else None

    def directories(self, name: str) -> list[str]:
        """Return the names of the directories below ``name``; an empty list where there is none."""
        try:
            fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.fd)
        except OSError:
            return []
        try:
            with os.scandir(fd) as entries:
                return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return []
        finally:
            os.close(fd)

    def exists(self, name: str) -> bool:
        """Whether the name is there now."""
        try:
            os.stat(name, dir_fd=self.fd)
        except OSError:
            return False
        return True


def outcome(error: OSError) -> Vanished | Unreadable:
    """Say which of the two an error means: everything but a refusal is a process that went away."""
    return Unreadable(str(error)) if isinstance(error, PermissionError) else Vanished(str(error))


def _read_all(fd: int, limit: int) -> bytes:
    """Read to the end: a seq_file may hand out its content in several pieces."""
    data = os.read(fd, limit)
    while data and len(data) < limit:
        more = os.read(fd, limit - len(data))
        if not more:
            break
        data += more
    return data
