"""The strings that stand below a dataclass's fields (PEP 224's attribute docstrings), which Python itself drops.

Pydantic can read them, but not those of a base class, and it would read the sources at every start of the operator.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import is_dataclass
from itertools import pairwise


def attribute_docstrings(cls: type) -> dict[str, str]:
    """Return the docstring of each field that has one, inherited fields included."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if is_dataclass(base):
            found |= _own(base)
    return found


def _own(cls: type) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    if not isinstance(definition, ast.ClassDef):
        raise TypeError(f"{cls.__name__} is no class statement")
    return {
        field.target.id: said.value.value
        for field, said in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(said, ast.Expr)
        and isinstance(said.value, ast.Constant)
        and isinstance(said.value.value, str)
    }
