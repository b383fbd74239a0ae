"""Settings as a frozen dataclass, read from the environment, wrong ones named all at once.

A program declares each field with ``setting(parser, description, default=)`` and calls ``load`` once, in its
``__main__``. The same declarations make the reference page (``describe``), so that no setting goes undocumented.
"""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")

_KEY = "zombie-operator.setting"
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class SettingsError(ValueError):
    """Some settings are invalid. ``problems`` holds one sentence for each, with the variable's name."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class SettingDoc:
    """One row of the settings reference. ``default`` is None for a required setting."""

    variable: str
    default: str | None
    description: str


@dataclass(frozen=True, slots=True)
class _Declared:
    name: str
    parse: Callable[[str], Any]
    description: str
    default: object

    @property
    def required(self) -> bool:
        return self.default is MISSING


def setting(parse: Callable[[str], T], description: str, *, default: T | object = MISSING) -> Any:  # noqa: ANN401
    """Declare one field. Without a default it is required. ``description`` says effect, unit and bounds."""
    metadata = {_KEY: (parse, description)}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


def load(cls: type[T], prefix: str, environ: Mapping[str, str]) -> T:
    """Return the settings. A variable is ``prefix`` + the field's name in capitals.

    Raises ``SettingsError`` with every problem there is. Unknown variables are none: Kubernetes itself injects some
    that begin like ours, when a Service is called like the program.
    """
    problems: list[str] = []
    values: dict[str, object] = {}
    for one in _declared(cls):
        variable = prefix + one.name.upper()
        raw = environ.get(variable)
        if raw is not None:
            try:
                values[one.name] = one.parse(raw)
            except ValueError as error:
                problems.append(f"{variable}: {error}")
        elif one.required:
            problems.append(f"{variable}: required ({one.description})")
    if problems:
        raise SettingsError(problems)
    return cls(**values)


def describe(cls: type[Any], prefix: str) -> Iterator[SettingDoc]:
    """Yield every setting of a program in the order of declaration."""
    for one in _declared(cls):
        default = None if one.required else shown(one.default)
        yield SettingDoc(prefix + one.name.upper(), default, one.description)


def _declared(cls: type[Any]) -> Iterator[_Declared]:
    for one in fields(cls):
        if _KEY in one.metadata:
            parse, description = one.metadata[_KEY]
            yield _Declared(one.name, parse, description, one.default)


def shown(value: object) -> str:
    """Return a value as the environment would hold it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        host_and_port = len(value) == 2 and isinstance(value[1], int)  # noqa: PLR2004 - as ``address`` returns
        return (":" if host_and_port else ",").join(map(str, value))
    return str(value)


def text(raw: str) -> str:
    """Parse any text that is not empty."""
    if not raw.strip():
        raise ValueError("is empty")
    return raw.strip()


def boolean(raw: str) -> bool:
    """Parse true or false."""
    if raw.strip().lower() not in _BOOLEANS:
        raise ValueError(f"{raw!r} is neither true nor false")
    return _BOOLEANS[raw.strip().lower()]


def number(low: float, high: float) -> Callable[[str], float]:
    """Return a parser of a finite number between two bounds, both allowed."""

    def parse(raw: str) -> float:
        try:
            value = float(raw)
        except ValueError:
            raise ValueError(f"{raw!r} is not a number") from None
        if not math.isfinite(value) or not low <= value <= high:
            raise ValueError(f"{raw} is not between {low:g} and {high:g}")
        return value

    return parse


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a parser of a whole number between two bounds, both allowed."""

    def parse(raw: str) -> int:
        try:
            value = int(raw)
        except ValueError:
            raise ValueError(f"{raw!r} is not a whole number") from None
        if not low <= value <= high:
            raise ValueError(f"{raw} is not between {low} and {high}")
        return value

    return parse


def choice(*allowed: str) -> Callable[[str], str]:
    """Return a parser of one of some words, whatever their case."""

    def parse(raw: str) -> str:
        for one in allowed:
            if one.lower() == raw.strip().lower():
                return one
        raise ValueError(f"{raw!r} is none of {', '.join(allowed)}")

    return parse


def words(raw: str) -> tuple[str, ...]:
    """Parse a comma separated list; an empty one is allowed."""
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def address(raw: str) -> tuple[str, int]:
    """Parse ``host:port``. An IPv6 host stands in brackets; without a host every address is meant, IPv6 too."""
    host, colon, port = raw.strip().rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not int(port) < 1 << 16:
        raise ValueError(f"{raw!r} is not host:port")
    if host.startswith("[") != host.endswith("]") or (":" in host and not host.startswith("[")):
        raise ValueError(f"{raw!r}: an IPv6 host stands in brackets")
    return host.strip("[]"), int(port)
