"""Settings: every problem at once, the environment before the file, and a reference that cannot lag behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from zombie_operator.runtime.settings import (
    SettingDoc,
    SettingsError,
    address,
    boolean,
    choice,
    describe,
    load,
    number,
    setting,
    text,
    whole,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class Example:
    """One field of each kind."""

    name: str = setting(text, "Who.")
    seconds: float = setting(number(0, 60), "How long, in seconds.", default=1.5)
    limit: int = setting(whole(1, 9), "Most.", default=3)
    listen: tuple[str, int] = setting(address, "Where.", default=("", 80))
    spaces: tuple[str, ...] = setting(words, "Which.", default=("a", "b"))
    on: bool = setting(boolean, "Whether.", default=True)


def test_defaults_and_variables() -> None:
    environ = {"X_NAME": " me ", "X_LIMIT": "9", "X_SPACES": "c, d", "X_SERVICE_HOST": "192.0.2.1"}
    assert load(Example, "X_", environ) == Example(name="me", limit=9, spaces=("c", "d"))


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load(Example, "X_", {"X_SECONDS": "nan", "X_LISTEN": "80", "X_LIMIT": "10", "X_ON": ""})
    named = [problem.partition(":")[0] for problem in caught.value.problems]
    assert named == ["X_NAME", "X_SECONDS", "X_LIMIT", "X_LISTEN", "X_ON"]
    assert str(caught.value).count("; ") == 4


def test_the_reference_has_every_setting() -> None:
    assert list(describe(Example, "X_")) == [
        SettingDoc("X_NAME", None, "Who."),
        SettingDoc("X_SECONDS", "1.5", "How long, in seconds."),
        SettingDoc("X_LIMIT", "3", "Most."),
        SettingDoc("X_LISTEN", ":80", "Where."),
        SettingDoc("X_SPACES", "a,b", "Which."),
        SettingDoc("X_ON", "true", "Whether."),
    ]


@pytest.mark.parametrize(
    ("parse", "raw", "value"),
    [
        (address, "127.0.0.1:8080", ("127.0.0.1", 8080)),
        (address, "[::]:8080", ("::", 8080)),
        (address, ":0", ("", 0)),
        (boolean, "Yes", True),
        (boolean, "0", False),
        (choice("INFO", "DEBUG"), "info", "INFO"),
        (number(0, 1), "1", 1.0),
        (whole(0, 5), " 5 ", 5),
        (words, "", ()),
    ],
)
def test_parsers_accept(parse: Callable[[str], Any], raw: str, value: object) -> None:
    assert parse(raw) == value


@pytest.mark.parametrize(
    ("parse", "raw"),
    [
        (address, "8080"),
        (address, "host:65536"),
        (address, "host:-1"),
        (address, "::1:80"),
        (address, "[::1:80"),
        (boolean, "maybe"),
        (choice("INFO"), "TRACE"),
        (number(0, 1), "inf"),
        (number(0, 1), "1.01"),
        (number(0, 1), "one"),
        (whole(0, 5), "1.0"),
        (whole(0, 5), "6"),
        (text, "  "),
    ],
)
def test_parsers_refuse(parse: Callable[[str], Any], raw: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(raw)
