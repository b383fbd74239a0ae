"""Field names: core's snake_case as the camelCase that the Kubernetes API conventions ask for."""

from __future__ import annotations

# Where the API conventions write an initialism in capitals. As a first word it stays lower case (``targetRef.uid``).
INITIALISMS = {"uid": "UID"}


def camel(name: str) -> str:
    """Return the API's name of a field: ``older_than_seconds`` is ``olderThanSeconds``, ``pod_uid`` is ``podUID``."""
    first, *rest = name.split("_")
    return first + "".join(INITIALISMS.get(word, word.capitalize()) for word in rest)
