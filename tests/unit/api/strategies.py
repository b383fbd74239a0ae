"""Hypothesis strategies for core's frozen values: every type and bound is read from the dataclass itself."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from annotated_types import MaxLen, MinLen
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from zombie_operator.core.policy import LabelSelector, RemedyChoice, SelectorOperator, SelectorRequirement
from zombie_operator.core.status import Condition

# Shared machines stall; how long an example takes is not what these tests are about.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = st.integers(0, 2**33).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
WORDS = st.text("aZ09-_./é\U0001f9df", max_size=63)


def values(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - any annotation
    """Return a strategy for a type as it is written next to a field."""
    if hint in SPECIAL:
        return SPECIAL[hint]
    if is_dataclass(hint):
        return instances(hint)  # type: ignore[arg-type]
    if get_origin(hint) is types.UnionType:
        return st.one_of(*(values(option) for option in get_args(hint)))
    if get_origin(hint) is Annotated:
        base, *notes = get_args(hint)
        if get_origin(base) is tuple:
            return lists(get_args(base)[0], notes)
        if base is float:
            return st.floats(0, 1e12)
    return st.from_type(hint)


def instances(cls: type) -> st.SearchStrategy[Any]:
    """Return a strategy for a dataclass with every field drawn."""
    hints = get_type_hints(cls, include_extras=True)
    return st.builds(cls, **{field.name: values(hints[field.name]) for field in fields(cls)})


def lists(item: Any, notes: list[Any]) -> st.SearchStrategy[tuple[Any, ...]]:  # noqa: ANN401 - any annotation
    """Return a strategy for a bounded tuple; three items show what many would."""
    least = next((note.min_length for note in notes if isinstance(note, MinLen)), 0)
    most = next(note.max_length for note in notes if isinstance(note, MaxLen))
    key = (lambda value: value.type) if item in (RemedyChoice, Condition) else None
    return st.lists(values(item), min_size=least, max_size=min(most, 3), unique_by=key).map(tuple)


def _requirement(key: str, operator: SelectorOperator, some: list[str]) -> SelectorRequirement:
    takes_values = operator in (SelectorOperator.IN, SelectorOperator.NOT_IN)
    return SelectorRequirement(key, operator, tuple(some) if takes_values else ())


REQUIREMENTS = st.builds(
    _requirement,
    st.text("aZ09-_./", min_size=1, max_size=317),
    st.sampled_from(SelectorOperator),
    st.lists(WORDS, min_size=1, max_size=3),
)
SELECTORS = st.builds(
    LabelSelector,
    st.dictionaries(WORDS, WORDS, min_size=1, max_size=3),
    st.lists(REQUIREMENTS, max_size=3).map(tuple),
)
SPECIAL: dict[Any, st.SearchStrategy[Any]] = {
    datetime: TIMES,
    type(None): st.none(),
    LabelSelector: SELECTORS,
    str: WORDS,
}
