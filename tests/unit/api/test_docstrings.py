"""Attribute docstrings: found below fields, inherited, and not mixed up with other strings."""

from __future__ import annotations

from dataclasses import dataclass

from zombie_operator.api.docstrings import attribute_docstrings


@dataclass
class Base:
    """A class docstring is none of a field."""

    first: int
    """The first."""
    second: int = 2
    third: str = "text"
    """The third,
    on two lines."""


@dataclass
class Derived(Base):
    """Another one."""

    second: int = 3
    """The second, said at last."""

    def method(self) -> str:
        """Belong to no field."""
        return self.third


def test_fields_with_a_docstring_are_found() -> None:
    assert attribute_docstrings(Base) == {"first": "The first.", "third": "The third,\n    on two lines."}


def test_inherited_fields_keep_theirs_and_may_get_one() -> None:
    assert attribute_docstrings(Derived) == {**attribute_docstrings(Base), "second": "The second, said at last."}
