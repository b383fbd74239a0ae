"""Reasons are one closed list of words, each with its sentence."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import zombie_operator.core
from zombie_operator.core.reasons import Reason, Refusal

CORE = Path(str(zombie_operator.core.__file__)).parent
REFUSING = ("choose.py", "ownership.py", "attempts.py", "guards/*.py", "remedies/*.py")


@pytest.mark.parametrize("reason", list(Reason), ids=str)
def test_every_reason_is_one_pascal_case_word_with_a_sentence(reason: Reason) -> None:
    assert re.fullmatch(r"(?:[A-Z][a-z]*|[A-Z]+(?=[A-Z0-9])|[0-9]+)+", reason.value)
    assert reason.meaning[0].isupper() or reason.meaning.startswith("hostPID")
    assert reason.meaning.endswith(".")
    assert not reason.meaning.endswith("..")
    assert "\n" not in reason.meaning


def test_words_and_meanings_are_unique() -> None:
    assert len({reason.value for reason in Reason}) == len(Reason.__members__)
    assert len({reason.meaning for reason in Reason}) == len(Reason.__members__)


@pytest.mark.parametrize("reason", list(Reason), ids=str)
def test_a_reason_is_its_word_and_is_found_by_it(reason: Reason) -> None:
    assert str(reason) == reason.value == f"{reason}"
    assert Reason.of(reason.value) is reason


def test_a_word_of_another_version_is_read_as_chosen() -> None:
    assert Reason.of("Whatever") is Reason.CHOSEN


def refusals_in(file: Path) -> list[ast.expr]:
    """Return the first argument of every refusal that a file builds."""
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    return [
        call.args[0]
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in {"Refusal", "_refuse"} and call.args
    ]


def named(expression: ast.expr) -> list[str]:
    """Return the members of Reason that an expression names."""
    return [
        node.attr
        for node in ast.walk(expression)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason"
    ]


@pytest.mark.parametrize("file", [f for p in REFUSING for f in sorted(CORE.glob(p))], ids=lambda f: f.name)
def test_every_refusal_that_the_core_builds_uses_a_reason_of_the_list(file: Path) -> None:
    for first in refusals_in(file):
        if isinstance(first, ast.Name):  # a variable that was given a reason above
            assert first.id == "reason"
        else:
            assert named(first)
        assert all(name in Reason.__members__ or name == "of" for name in named(first))


def test_the_core_builds_refusals_where_this_test_looks() -> None:
    assert sum(len(refusals_in(f)) for p in REFUSING for f in CORE.glob(p)) > 30


def test_a_refusal_need_not_say_when_to_look_again() -> None:
    assert Refusal(Reason.PROTECTED, "never").recheck_seconds is None
