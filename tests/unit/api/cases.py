"""Objects that nobody may create, each with the field at fault: judged by decoding here and by the real API server."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

Object = dict[str, Any]

ABSENT = object()


class Case(NamedTuple):
    """A bad object: a valid one in which ``field`` was set to ``value`` (or taken away)."""

    name: str
    kind: str
    field: str
    value: object
    named: str
    """The path that the refusal must name."""
    says: str
    """What decoding says about it."""


def minimal(kind: str) -> Object:
    """Return the least that a person may write."""
    spec: Object = {"selector": {}, "remedies": [{"type": "RestartPod"}]}
    if kind == "ClusterZombiePolicy":
        spec["namespaceSelector"] = {"matchLabels": {"team": "shop"}}
    return {"apiVersion": "zombie-operator.dev/v1alpha1", "kind": kind, "metadata": {"name": "minimal"}, "spec": spec}


def remediation() -> Object:
    """Return a ZombieRemediation as the operator makes it."""
    return {
        "apiVersion": "zombie-operator.dev/v1alpha1",
        "kind": "ZombieRemediation",
        "metadata": {"name": "deployment-checkout-1a2b3c"},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout", "uid": "7d1c-44"},
            "policyRef": {"kind": "ZombiePolicy", "name": "minimal"},
            "container": "app",
            "cause": "InitNotReaping",
            "origin": "Orphan",
            "remedy": "ShareProcessNamespace",
            "patch": {"shareProcessNamespace": True},
            "stages": [{"scope": "All", "via": "Template"}],
        },
    }


def changed(base: Object, field: str, value: object) -> Object:
    """Return a copy of ``base`` with one field set, or taken away when ``value`` is ``ABSENT``."""
    copy = deepcopy(base)
    *parents, last = field.split(".")
    node = copy
    for step in parents:
        node = node.setdefault(step, {})
    if value is ABSENT:
        del node[last]
    else:
        node[last] = value
    return copy


def bad(case: Case) -> Object:
    """Return the object of a case."""
    base = remediation() if case.kind == "ZombieRemediation" else minimal(case.kind)
    return changed(base, case.field, case.value)


POLICY, CLUSTER, REMEDIATION = "ZombiePolicy", "ClusterZombiePolicy", "ZombieRemediation"
REMEDIES, THRESHOLD = "spec.remedies", "spec.threshold.zombies"
EXPRESSIONS = "spec.selector.matchExpressions"
LABELS = "spec.selector.matchLabels"
NAMESPACES = "spec.namespaceSelector"
EMPTY = "must not be empty"
TWICE = [{"type": "RestartPod"}, {"type": "ShareProcessNamespace"}, {"type": "RestartPod", "delivery": "Template"}]
CASES = (
    Case("negative threshold", POLICY, THRESHOLD, -1, THRESHOLD, "must be >= 1"),
    Case("zero threshold", POLICY, THRESHOLD, 0, THRESHOLD, "must be >= 1"),
    Case("boundless threshold", POLICY, THRESHOLD, 1_000_001, THRESHOLD, "must be <= 1000000"),
    Case("threshold as text", POLICY, THRESHOLD, "20", THRESHOLD, "must be an integer"),
    Case("threshold with a fraction", POLICY, THRESHOLD, 1.5, THRESHOLD, "must be an integer"),
    Case("no threshold at all", POLICY, "spec.threshold", [], "spec.threshold", "must be an object"),
    Case("verdict at once", POLICY, "spec.rollout.verifySeconds", 4, "spec.rollout.verifySeconds", "must be >= 5"),
    Case("unknown mode", POLICY, "spec.mode", "Kill", "spec.mode", "must be one of Observe, DryRun, Enforce"),
    Case("suspended by text", POLICY, "spec.suspend", "yes", "spec.suspend", "must be true or false"),
    Case("no selector", POLICY, "spec.selector", ABSENT, "spec.selector", "is required"),
    Case("no remedies", POLICY, REMEDIES, ABSENT, REMEDIES, "is required"),
    Case("empty remedies", POLICY, REMEDIES, [], REMEDIES, EMPTY),
    Case("remedy twice", POLICY, REMEDIES, TWICE, REMEDIES, "must name each type at most once"),
    Case("remedies as text", POLICY, REMEDIES, "RestartPod", REMEDIES, "must be a list"),
    Case("unknown remedy", POLICY, REMEDIES, [{"type": "Pray"}], f"{REMEDIES}[0].type", "must be one of"),
    Case("remedy without type", POLICY, REMEDIES, [{}], f"{REMEDIES}[0].type", "is required"),
    Case("label that is a number", POLICY, LABELS, {"app": 4}, f"{LABELS}.app", "must be a string"),
    Case("long label", POLICY, LABELS, {"app": "x" * 64}, f"{LABELS}.app", "must have at most 63 characters"),
    Case("labels as a list", POLICY, LABELS, ["app"], LABELS, "must be a map"),
    Case(
        "empty key", POLICY, EXPRESSIONS, [{"key": "", "operator": "Exists"}], f"{EXPRESSIONS}[0].key", "not be empty"
    ),
    Case(
        "In without values", POLICY, EXPRESSIONS, [{"key": "a", "operator": "In"}], f"{EXPRESSIONS}[0]", "not be empty"
    ),
    Case(
        "Exists with values",
        POLICY,
        EXPRESSIONS,
        [{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists", "values": ["c"]}],
        f"{EXPRESSIONS}[1]",
        "values must be empty when operator is Exists or DoesNotExist",
    ),
    Case("no namespaces", CLUSTER, NAMESPACES, ABSENT, NAMESPACES, "is required"),
    Case("empty namespaces", CLUSTER, NAMESPACES, {}, NAMESPACES, "must name at least one label or expression"),
    Case(
        "empty parts of namespaces",
        CLUSTER,
        NAMESPACES,
        {"matchLabels": {}, "matchExpressions": []},
        NAMESPACES,
        "must name at least one label or expression",
    ),
    Case(
        "namespaces In nothing",
        CLUSTER,
        NAMESPACES,
        {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": []}]},
        f"{NAMESPACES}.matchExpressions[0]",
        "values must not be empty when operator is In or NotIn",
    ),
    Case("target without identity", REMEDIATION, "spec.targetRef.uid", ABSENT, "spec.targetRef.uid", "is required"),
    Case("unknown action", REMEDIATION, "spec.action", "Retry", "spec.action", "must be one of Apply, Rollback"),
)
