"""File locks, which the kernel lets go of when their holder dies, however it dies."""

from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path


@contextmanager
def held(path: Path, while_waiting: str = "") -> Iterator[None]:
    """Hold the lock for the block; say ``while_waiting`` if somebody else has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            if while_waiting:
                print(while_waiting, flush=True)
            flock(lock, LOCK_EX)
        yield
