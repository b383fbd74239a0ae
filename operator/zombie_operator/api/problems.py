"""What is wrong with an object, all of it at once, in the words and the field names of the person who wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


class ValidationProblems(ValueError):
    """Everything that is wrong with one object, each as ``spec.threshold.zombies: must be >= 1``."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the problems in the order found, each once."""
        self.problems: tuple[str, ...] = tuple(dict.fromkeys(problems))
        super().__init__("; ".join(self.problems))


def field_path(location: Sequence[int | str]) -> str:
    """Write a location as the API server does: ``spec.remedies[0].type``."""
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step != "[key]":  # pydantic's mark for "the key of the map, not its value"
            path += f".{step}" if path else step
    return path


def _at_least(count: int, unit: str) -> str:
    return "must not be empty" if count == 1 else f"must have at least {count} {unit}"


_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _: "is required",
    "enum": lambda ctx: "must be one of " + str(ctx["expected"]).replace("'", "").replace(" or ", ", "),
    "greater_than_equal": lambda ctx: f"must be >= {ctx['ge']}",
    "less_than_equal": lambda ctx: f"must be <= {ctx['le']}",
    "string_too_short": lambda ctx: _at_least(ctx["min_length"], "characters"),
    "string_too_long": lambda ctx: f"must have at most {ctx['max_length']} characters",
    "too_short": lambda ctx: _at_least(ctx["min_length"], "entries"),
    "too_long": lambda ctx: f"must have at most {ctx['max_length']} entries",
    "int_type": lambda _: "must be an integer",
    "int_from_float": lambda _: "must be an integer",
    "float_type": lambda _: "must be a number",
    "finite_number": lambda _: "must be a finite number",
    "bool_type": lambda _: "must be true or false",
    "string_type": lambda _: "must be a string",
    "tuple_type": lambda _: "must be a list",
    "dict_type": lambda _: "must be a map",
    "dataclass_type": lambda _: "must be an object",
    "dataclass_exact_type": lambda _: "must be an object",
    "datetime_type": lambda _: "must be a time such as 2026-01-31T12:00:00Z",
    "datetime_parsing": lambda _: "must be a time such as 2026-01-31T12:00:00Z",
    "datetime_from_date_parsing": lambda _: "must be a time such as 2026-01-31T12:00:00Z",
    "timezone_aware": lambda _: "must be a time with a time zone",
}


def sentence(error: ErrorDetails) -> str:
    """Say one of pydantic's findings as ``field: what it must be``."""
    write = _SENTENCES.get(error["type"])
    said = write(error.get("ctx", {})) if write else error["msg"][:1].lower() + error["msg"][1:]
    path = field_path(error["loc"])
    return f"{path}: {said}" if path else said


def sentences(error: ValidationError) -> tuple[str, ...]:
    """Say all of pydantic's findings."""
    details = error.errors(include_url=False, include_input=False)
    return tuple(sentence(detail) for detail in details if not _follows(detail, details))


def _follows(detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
    # Pydantic leaves bad items out and then finds the list too short: the items are the problem, not the list.
    location = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(other["loc"]) > len(location) and other["loc"][: len(location)] == location for other in details
    )
