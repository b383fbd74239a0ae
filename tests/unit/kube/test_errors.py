"""Answers of the API server become the error that somebody handles."""

from __future__ import annotations

from typing import Any

import pytest

from zombie_operator.kube.errors import (
    Conflict,
    Invalid,
    KubeError,
    NotFound,
    Refused,
    ServerError,
    Throttled,
    Unreachable,
    error_for,
)


@pytest.mark.parametrize(
    ("status", "kind", "transient"),
    [
        (400, Invalid, False),
        (401, Refused, False),
        (403, Refused, False),
        (404, NotFound, False),
        (409, Conflict, True),
        (422, Invalid, False),
        (429, Throttled, True),
        (500, ServerError, True),
        (503, ServerError, True),
        (302, ServerError, True),
        (418, ServerError, True),
    ],
)
def test_a_status_has_its_error(status: int, kind: type[KubeError], *, transient: bool) -> None:
    error = error_for(status, {"message": "the server's words"}, "GET /x")
    assert type(error) is kind
    assert (error.status, error.transient) == (status, transient)
    assert str(error) == f"GET /x: {status} the server's words"


def test_no_answer_is_transient_and_has_no_status() -> None:
    error = Unreachable("GET /x: gone")
    assert (error.status, error.transient, error.causes) == (0, True, ())


@pytest.mark.parametrize(
    ("body", "words"),
    [({}, "no message"), ({"reason": "Gone"}, "Gone"), ({"message": "", "reason": "Gone"}, "Gone")],
)
def test_a_status_without_a_message_still_says_something(body: dict[str, Any], words: str) -> None:
    assert str(error_for(500, body, "GET /x")).endswith(words)


@pytest.mark.parametrize("body", [{}, {"details": None}, {"details": {}}, {"details": {"causes": None}}])
def test_an_answer_without_causes_has_none(body: dict[str, Any]) -> None:
    error = error_for(409, body, "PATCH /x")
    assert isinstance(error, Conflict)
    assert (error.causes, error.managers) == ((), "")


def test_a_conflict_names_the_managers_of_the_fields_and_nothing_else() -> None:
    ours = {"reason": "FieldManagerConflict", "message": 'conflict with "helm"', "field": ".spec.a"}
    also = {"reason": "FieldManagerConflict", "message": 'conflict with "argo"', "field": ".spec.b"}
    other = {"reason": "ResourceVersionConflict", "message": "moved on"}
    error = error_for(409, {"details": {"causes": [ours, other, also]}}, "PATCH /x")
    assert isinstance(error, Conflict)
    assert error.managers == 'conflict with "helm" (.spec.a); conflict with "argo" (.spec.b)'
