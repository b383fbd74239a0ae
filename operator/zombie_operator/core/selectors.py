"""Kubernetes label selectors, matched as the API server does (apimachinery, labels/selector.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zombie_operator.core.policy import LabelSelector, SelectorOperator, SelectorRequirement


def matches(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    """Tell whether every label and every requirement of the selector holds; an empty selector matches everything."""
    return all(labels.get(key) == value for key, value in selector.match_labels.items()) and all(
        _holds(requirement, labels) for requirement in selector.match_expressions
    )


def selector_from(body: Mapping[str, Any] | None) -> LabelSelector | None:
    """Read a selector of the Kubernetes API, such as a PodDisruptionBudget's; None means that it selects nothing."""
    if body is None:
        return None
    return LabelSelector(
        match_labels=dict(body.get("matchLabels") or {}),
        match_expressions=tuple(
            SelectorRequirement(e["key"], SelectorOperator(e["operator"]), tuple(e.get("values") or ()))
            for e in body.get("matchExpressions") or ()
        ),
    )


def _holds(requirement: SelectorRequirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case SelectorOperator.IN:
            return value is not None and value in requirement.values
        case SelectorOperator.NOT_IN:
            # A label that is absent satisfies NotIn (labels/selector.go, Requirement.Matches).
            return value is None or value not in requirement.values
        case SelectorOperator.EXISTS:
            return value is not None
        case SelectorOperator.DOES_NOT_EXIST:
            return value is None
