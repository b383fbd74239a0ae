"""Typed reading of JSON that nobody vouches for: every access names its field, and every doubt is one error.

``core/codec.py`` decodes agents' documents with it. A node's agent may be compromised, so types, ranges and lengths
are checked before anything else looks at a value. Unknown keys are ignored, so newer agents may say more.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

MAX_INT = 2**53
"""JSON numbers beyond it are not exact everywhere; nothing counted here comes near."""

MAX_TEXT = 256
MAX_ITEMS = 100_000

T = TypeVar("T")
E = TypeVar("E", bound="StrEnum")


class DocumentError(ValueError):
    """A document cannot be used. ``field`` is the path of the offending value, such as ``containers[3].zombies``."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field or 'document'}: {problem}")
        self.field = field
        self.problem = problem


def load(data: bytes, max_bytes: int) -> Item:
    """Parse JSON of at most ``max_bytes``. Raises ``DocumentError`` for anything that is not one JSON value."""
    if len(data) > max_bytes:
        raise DocumentError("", f"{len(data)} bytes, at most {max_bytes} allowed")
    try:
        return Item(json.loads(data.decode("utf-8"), parse_constant=_no_constant), "")
    except (ValueError, RecursionError) as error:
        raise DocumentError("", f"not JSON: {error}") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


@dataclass(frozen=True, slots=True)
class Item:
    """A JSON value and where it was found."""

    value: object
    path: str

    def fail(self, problem: str) -> NoReturn:
        """Raise the one error for this value."""
        raise DocumentError(self.path, problem)

    def __getitem__(self, key: str) -> Item:
        """Return the member of an object; every member is required."""
        if not isinstance(self.value, dict):
            self.fail("not an object")
        path = f"{self.path}.{key}" if self.path else key
        if key not in self.value:
            raise DocumentError(path, "missing")
        return Item(self.value[key], path)

    def items(self, limit: int = MAX_ITEMS) -> list[Item]:
        """Return the elements of an array."""
        if not isinstance(self.value, list):
            self.fail("not an array")
        if len(self.value) > limit:
            self.fail(f"{len(self.value)} elements, at most {limit} allowed")
        return [Item(one, f"{self.path}[{index}]") for index, one in enumerate(self.value)]

    def entries(self, limit: int = MAX_ITEMS) -> list[tuple[Item, Item]]:
        """Return keys and values of an object, in their order."""
        if not isinstance(self.value, dict):
            self.fail("not an object")
        if len(self.value) > limit:
            self.fail(f"{len(self.value)} entries, at most {limit} allowed")
        return [
            (Item(key, self.path), Item(one, f"{self.path}.{str(key)[:MAX_TEXT]}")) for key, one in self.value.items()
        ]

    def integer(self, low: int = 0) -> int:
        """Return a whole number that is at least ``low``."""
        if type(self.value) is not int:  # True is an int to isinstance
            self.fail("not a whole number")
        if not low <= self.value <= MAX_INT:
            self.fail(f"not between {low} and {MAX_INT}")
        return self.value

    def seconds(self) -> float:
        """Return a duration: a finite number that is not negative."""
        if type(self.value) not in (int, float):
            self.fail("not a number")
        number = self.value if isinstance(self.value, (int, float)) else 0
        if not 0 <= number <= MAX_INT or not math.isfinite(number):
            self.fail(f"not between 0 and {MAX_INT}")
        return float(number)

    def boolean(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self.fail("neither true nor false")
        return self.value

    def text(self, pattern: re.Pattern[str] | None = None) -> str:
        """Return a string of at most ``MAX_TEXT`` characters that has a UTF-8 form and matches the pattern."""
        if not isinstance(self.value, str):
            self.fail("not a string")
        if len(self.value) > MAX_TEXT:
            self.fail(f"{len(self.value)} characters, at most {MAX_TEXT} allowed")
        if any("\ud800" <= character <= "\udfff" for character in self.value):
            self.fail("half of a surrogate pair")
        if pattern is not None and not pattern.fullmatch(self.value):
            self.fail(f"does not match {pattern.pattern}")
        return self.value

    def word(self, words: type[E]) -> E:
        """Return a member of a closed set of words."""
        text = self.text()
        try:
            return words(text)
        except ValueError:
            self.fail(f"{text!r} is none of {', '.join(words)}")

    def maybe(self, read: Callable[[Item], T]) -> T | None:
        """Return None for null, else what ``read`` makes of it."""
        return None if self.value is None else read(self)
