"""Label selectors match as the API server's do."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from zombie_operator.core.policy import LabelSelector, SelectorOperator, SelectorRequirement
from zombie_operator.core.selectors import matches, selector_from

IN, NOT_IN = SelectorOperator.IN, SelectorOperator.NOT_IN
EXISTS, ABSENT = SelectorOperator.EXISTS, SelectorOperator.DOES_NOT_EXIST


def requirement(operator: SelectorOperator, *values: str) -> LabelSelector:
    return LabelSelector(match_expressions=(SelectorRequirement("app", operator, values),))


@pytest.mark.parametrize(
    ("selector", "labels", "expected"),
    [
        pytest.param(LabelSelector(), {}, True, id="an empty selector matches an object without labels"),
        pytest.param(LabelSelector(), {"app": "web"}, True, id="an empty selector matches everything"),
        pytest.param(LabelSelector({"app": "web"}), {"app": "web", "x": "y"}, True, id="more labels do not matter"),
        pytest.param(LabelSelector({"app": "web"}), {"app": "db"}, False, id="another value does not match"),
        pytest.param(LabelSelector({"app": "web"}), {}, False, id="a missing label does not match"),
        pytest.param(LabelSelector({"app": "a", "tier": "b"}), {"app": "a"}, False, id="every label must match"),
        pytest.param(requirement(IN, "web", "db"), {"app": "db"}, True, id="In matches one of its values"),
        pytest.param(requirement(IN, "web"), {"app": "db"}, False, id="In refuses other values"),
        pytest.param(requirement(IN, "web"), {}, False, id="In refuses a missing label"),
        pytest.param(requirement(NOT_IN, "web"), {"app": "db"}, True, id="NotIn matches other values"),
        pytest.param(requirement(NOT_IN, "web"), {"app": "web"}, False, id="NotIn refuses its values"),
        pytest.param(requirement(NOT_IN, "web"), {}, True, id="NotIn matches a missing label"),
        pytest.param(requirement(EXISTS), {"app": ""}, True, id="Exists matches an empty value"),
        pytest.param(requirement(EXISTS), {}, False, id="Exists refuses a missing label"),
        pytest.param(requirement(ABSENT), {}, True, id="DoesNotExist matches a missing label"),
        pytest.param(requirement(ABSENT), {"app": ""}, False, id="DoesNotExist refuses an empty value"),
        pytest.param(
            LabelSelector({"tier": "b"}, (SelectorRequirement("app", EXISTS),)),
            {"app": "a"},
            False,
            id="labels and requirements must both hold",
        ),
        pytest.param(
            LabelSelector(match_expressions=(SelectorRequirement("app", EXISTS), SelectorRequirement("x", ABSENT))),
            {"app": "a", "x": "y"},
            False,
            id="every requirement must hold",
        ),
    ],
)
def test_a_selector_matches_as_in_kubernetes(
    selector: LabelSelector, labels: Mapping[str, str], expected: bool
) -> None:
    assert matches(selector, labels) is expected


def test_a_missing_selector_of_the_api_selects_nothing() -> None:
    assert selector_from(None) is None


@pytest.mark.parametrize(
    ("body", "labels", "expected"),
    [
        pytest.param({}, {"any": "thing"}, True, id="an empty selector selects everything"),
        pytest.param({"matchLabels": None, "matchExpressions": None}, {}, True, id="nulls are empty"),
        pytest.param({"matchLabels": {"app": "web"}}, {"app": "web"}, True, id="labels are read"),
        pytest.param(
            {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]},
            {"app": "web"},
            False,
            id="requirements are read",
        ),
        pytest.param(
            {"matchExpressions": [{"key": "app", "operator": "Exists"}]}, {"app": ""}, True, id="values may be absent"
        ),
    ],
)
def test_a_selector_of_the_api_is_read(body: dict[str, object], labels: dict[str, str], expected: bool) -> None:
    selector = selector_from(body)
    assert selector is not None
    assert matches(selector, labels) is expected


def test_an_operator_that_kubernetes_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="Near"):
        selector_from({"matchExpressions": [{"key": "app", "operator": "Near"}]})
