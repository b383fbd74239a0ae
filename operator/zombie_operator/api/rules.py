"""Rules between fields, each once as CEL for the API server and once as Python for files and for older objects.

A schema bounds one value; these say what two values may be together. The server refuses what breaks them, and decoding
names them in the same words, so an object from a file is judged like one from the cluster. The Python half reads the
raw object, not core's values, so that it still speaks when another field could not be decoded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from typing import TYPE_CHECKING, Any

from zombie_operator.api.names import camel
from zombie_operator.core.remediation import RemediationSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PEOPLES_FIELDS = frozenset({"suspend", "action"})
WITH_VALUES = ("In", "NotIn")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule on the value at ``at``, a path in which ``[]`` stands for every item of a list.

    ``holds`` gets the value that ``cel`` calls ``self``. It is None for a transition rule, which needs the old object
    and is the server's alone.
    """

    at: str
    cel: str
    message: str
    holds: Callable[[Any], bool] | None = None


def _unique_types(remedies: Any) -> bool:  # noqa: ANN401 - raw JSON
    types = [remedy["type"] for remedy in remedies]
    return len(set(types)) == len(types)


def _names_something(selector: Any) -> bool:  # noqa: ANN401 - raw JSON
    return bool(selector.get("matchLabels") or selector.get("matchExpressions"))


def _values_where_needed(requirement: Any) -> bool:  # noqa: ANN401 - raw JSON
    return requirement["operator"] not in WITH_VALUES or bool(requirement.get("values"))


def _no_values_elsewhere(requirement: Any) -> bool:  # noqa: ANN401 - raw JSON
    return requirement["operator"] in WITH_VALUES or not requirement.get("values")


def _selector_rules(path: str) -> tuple[Rule, ...]:
    return (
        Rule(
            at=f"{path}.matchExpressions[]",
            cel='!(self.operator in ["In", "NotIn"]) || (has(self.values) && size(self.values) > 0)',
            message="values must not be empty when operator is In or NotIn",
            holds=_values_where_needed,
        ),
        Rule(
            at=f"{path}.matchExpressions[]",
            cel='self.operator in ["In", "NotIn"] || !has(self.values) || size(self.values) == 0',
            message="values must be empty when operator is Exists or DoesNotExist",
            holds=_no_values_elsewhere,
        ),
    )


def _immutable(field: Field[Any]) -> Rule:
    name = camel(field.name)
    here, there = f"self.{name}", f"oldSelf.{name}"
    same = f"{here} == {there}"
    if field.default is not MISSING:
        # It may be absent, and a rule on the field itself would not run when it comes or goes.
        same = f"has({here}) == has({there}) && (!has({here}) || {same})"
    return Rule(at="spec", cel=same, message=f"spec.{name} is immutable; only spec.suspend and spec.action may change")


POLICY_RULES: tuple[Rule, ...] = (
    *_selector_rules("spec.selector"),
    Rule(
        at="spec.remedies",
        cel="self.all(one, self.exists_one(other, other.type == one.type))",
        message="spec.remedies must name each type at most once",
        holds=_unique_types,
    ),
)
CLUSTER_POLICY_RULES: tuple[Rule, ...] = (
    *POLICY_RULES,
    *_selector_rules("spec.namespaceSelector"),
    Rule(
        at="spec.namespaceSelector",
        cel="(has(self.matchLabels) && size(self.matchLabels) > 0)"
        " || (has(self.matchExpressions) && size(self.matchExpressions) > 0)",
        message="spec.namespaceSelector must name at least one label or expression; to mean every namespace write"
        " matchExpressions: [{key: kubernetes.io/metadata.name, operator: Exists}]",
        holds=_names_something,
    ),
)
REMEDIATION_RULES: tuple[Rule, ...] = tuple(
    _immutable(field) for field in fields(RemediationSpec) if field.name not in PEOPLES_FIELDS
)


def broken(rules: Sequence[Rule], raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield a problem for each place of a raw object that breaks a rule."""
    for rule in rules:
        for path, value in _places(raw, rule.at.replace("[]", ".[]").split("."), ""):
            if not _holds(rule, value):
                # For a reader of the server's answer the message names the field; here the path says it already.
                yield f"{path}: {rule.message.removeprefix(path).lstrip()}"


def _holds(rule: Rule, value: object) -> bool:
    try:
        return rule.holds is None or rule.holds(value)
    except (AttributeError, KeyError, TypeError):
        return True  # Of the wrong shape, which the schema says better.


def _places(value: object, steps: Sequence[str], path: str) -> Iterator[tuple[str, object]]:
    if not steps:
        yield path, value
    elif steps[0] == "[]":
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from _places(item, steps[1:], f"{path}[{index}]")
    elif isinstance(value, Mapping) and value.get(steps[0]) is not None:
        yield from _places(value[steps[0]], steps[1:], f"{path}.{steps[0]}".lstrip("."))
