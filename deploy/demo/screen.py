"""What the demo prints: numbered steps, evidence, and one live line that a log gets as a line now and then."""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import dataclass, field

LOG_EVERY_SECONDS = 5.0
_BOLD, _GREEN, _DIM, _OFF = "\033[1m", "\033[32m", "\033[2m", "\033[0m"
_ERASE_LINE = "\r\033[K"


@dataclass
class Screen:
    """A terminal, or a log: colours and a line that is rewritten in place only where a person looks on."""

    live: bool = field(default_factory=lambda: sys.stdout.isatty() and os.environ.get("TERM") != "dumb")
    _colours: bool = field(default_factory=lambda: sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    _start: float = field(default_factory=time.monotonic)
    _last: float = 0.0
    _step: int = 0

    def step(self, title: str) -> None:
        """Begin the next step of the story."""
        self._step += 1
        elapsed = time.monotonic() - self._start
        self._say(f"\n{self._paint(_BOLD, f'{self._step}. {title}')}  {self._paint(_DIM, f'[{elapsed:.0f} s]')}")

    def tell(self, text: str) -> None:
        """Print what was found out."""
        self._say("\n".join(f"   {line}" for line in text.splitlines()))

    def command(self, text: str, output: str) -> None:
        """Print a command that the reader could type, and what it really printed."""
        self._say(f"   {self._paint(_DIM, f'$ {text}')}")
        self.tell(output.rstrip())

    def good(self, text: str) -> None:
        """Print what the demo set out to show."""
        self._say(f"   {self._paint(_GREEN, text)}")

    def progress(self, text: str) -> None:
        """Show what is going on right now."""
        now = time.monotonic()
        if self.live:
            # A wrapped line could not be erased.
            room = shutil.get_terminal_size().columns - len("   ... ") - 1
            print(f"{_ERASE_LINE}   ... {text[:room]}", end="", flush=True)
        elif now - self._last > LOG_EVERY_SECONDS:
            self._last = now
            print(f"   ... {text}", flush=True)

    def _say(self, text: str) -> None:
        print(f"{_ERASE_LINE if self.live else ''}{text}", flush=True)

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_OFF}" if self._colours else text
