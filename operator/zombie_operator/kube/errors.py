"""Errors of the API server, one class for each answer that somebody handles.

::

    KubeError                    any failure; ``transient`` tells whether waiting may help
    ├── Unreachable              no answer: network, TLS, timeout
    ├── Refused                  401, 403: missing rights
    ├── NotFound                 404
    ├── Conflict                 409: a stale resourceVersion, an existing name, or a field of another manager
    ├── Invalid                  422 and 400: the object itself is wrong
    ├── Throttled                429: too many requests, or an eviction that a PodDisruptionBudget forbids
    └── ServerError              5xx
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class KubeError(Exception):
    """A request to the API server failed. ``status`` is the HTTP status, 0 when there was no answer."""

    transient = True

    def __init__(self, message: str, status: int = 0, body: Mapping[str, Any] | None = None) -> None:
        """Keep the server's Status object (apimachinery, meta/v1 Status) when there is one."""
        super().__init__(message)
        self.status = status
        self.body = body or {}

    @property
    def causes(self) -> tuple[Mapping[str, Any], ...]:
        """The causes that the server names, such as the managers of conflicting fields."""
        return tuple((self.body.get("details") or {}).get("causes") or ())


class Unreachable(KubeError):
    """There was no answer."""


class Refused(KubeError):
    """The account lacks a right."""

    transient = False


class NotFound(KubeError):
    """The object is not there."""

    transient = False


class Conflict(KubeError):
    """Somebody else was faster, or owns the field."""

    @property
    def managers(self) -> str:
        """The conflicting field managers as the server words them; empty for any other conflict."""
        conflicts = [c for c in self.causes if c.get("reason") == "FieldManagerConflict"]
        return "; ".join(f"{c.get('message')} ({c.get('field')})" for c in conflicts)


class Invalid(KubeError):
    """The server cannot accept the object."""

    transient = False


class Throttled(KubeError):
    """The server asks to come back later."""


class ServerError(KubeError):
    """The server failed."""


def error_for(status: int, body: Mapping[str, Any], what: str) -> KubeError:
    """Return the error for an answer that is no success."""
    kinds: dict[int, type[KubeError]] = {
        400: Invalid,
        401: Refused,
        403: Refused,
        404: NotFound,
        409: Conflict,
        422: Invalid,
        429: Throttled,
    }
    message = body.get("message") or body.get("reason") or "no message"
    return kinds.get(status, ServerError)(f"{what}: {status} {message}", status, body)
