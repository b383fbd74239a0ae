"""Settings as frozen dataclasses, read from the environment (and a mapping, such as a file), wrong ones all at once.

A program declares each field with ``setting(default, parser, description)`` and calls ``load`` once, in its
``__main__``. The same declarations make the reference page (``describe``), so that no setting goes undocumented. A
field whose parser is ``section(Other)`` is a nested dataclass; its variables carry the field's name.
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
    parse: Callable[[str], Any] | None
    description: str
    nested: type[Any] | None = None


def setting(parse: Callable[[str], T], description: str, *, default: T | object = MISSING) -> Any:  # noqa: ANN401
    """Declare one field. Without a default it is required. ``description`` says effect, unit and bounds."""
    metadata = {_KEY: _Declared(parse, description)}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


def section(cls: type[T]) -> Any:  # noqa: ANN401 - as dataclasses.field
    """Declare a field that is itself a dataclass of settings."""
    return field(metadata={_KEY: _Declared(None, "", cls)})


def load(cls: type[T], prefix: str, environ: Mapping[str, str], file: Mapping[str, Any] | None = None) -> T:
    """Return the settings. The environment wins over ``file``, which names fields as the dataclass does.

    Variables are ``PREFIX`` + the field's name in capitals. Raises ``SettingsError`` with every problem there is;
    keys of the file that no field has are problems too. Unknown variables are not: Kubernetes itself injects some.
    """
    problems: list[str] = []
    value = _load(cls, prefix, environ, file or {}, problems)
    if problems or value is None:
        raise SettingsError(problems)
    return value


def _load(
    cls: type[T], prefix: str, environ: Mapping[str, str], file: Mapping[str, Any], problems: list[str]
) -> T | None:
    values: dict[str, object] = {}
    before = len(problems)
    declared = dict(_declared(cls))
    problems += [f"{prefix}{key.upper()}: no such setting" for key in file if key not in declared]
    for name, one in declared.items():
        variable = prefix + name.upper()
        if one.nested is not None:
            inner = file.get(name, {})
            if not hasattr(inner, "items"):
                problems.append(f"{variable}: not a group of settings")
                continue
            values[name] = _load(one.nested, variable + "_", environ, inner, problems)
            continue
        raw = environ.get(variable, file.get(name))
        if raw is None:
            if _default(cls, name) is MISSING:
                problems.append(f"{variable}: required ({one.description})")
            continue
        try:
            values[name] = one.parse(_text(raw)) if one.parse else raw
        except ValueError as error:
            problems.append(f"{variable}: {error}")
    return cls(**values) if len(problems) == before else None


def _text(raw: object) -> str:
    """Return a file's value in the words of the environment: lists are comma separated, true is ``true``."""
    if isinstance(raw, bool):
        return str(raw).lower()
    return ",".join(map(str, raw)) if isinstance(raw, (list, tuple)) else str(raw).strip()


def describe(cls: type[Any], prefix: str) -> Iterator[SettingDoc]:
    """Yield every setting of a program, nested ones with their full variable, in the order of declaration."""
    for name, one in _declared(cls):
        if one.nested is not None:
            yield from describe(one.nested, f"{prefix}{name.upper()}_")
        else:
            default = _default(cls, name)
            yield SettingDoc(prefix + name.upper(), None if default is MISSING else str(default), one.description)


def _declared(cls: type[Any]) -> Iterator[tuple[str, _Declared]]:
    return ((one.name, one.metadata[_KEY]) for one in fields(cls) if _KEY in one.metadata)


def _default(cls: type[Any], name: str) -> object:
    return next(one.default for one in fields(cls) if one.name == name)


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
