"""For any value that the types of core allow: what was written is read back, and no input breaks the reader."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.api.cases import remediation
from tests.unit.api.strategies import UNHURRIED, instances
from zombie_operator.api import codec
from zombie_operator.api.problems import ValidationProblems
from zombie_operator.api.v1alpha1 import (
    decode_policy,
    decode_policy_status,
    decode_remediation,
    encode_remediation_spec,
    encode_status,
)
from zombie_operator.core.policy import ClusterPolicySpec, PolicySpec
from zombie_operator.core.remediation import RemediationSpec, RemediationStatus
from zombie_operator.core.status import PolicyStatus

KEYS = st.sampled_from(["type", "matchLabels", "matchExpressions", "operator", "values", "zombies", "x"])
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["In", "Exists", "RestartPod", "\ud800"])
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
SPEC_KEYS = st.sampled_from(["selector", "remedies", "mode", "threshold", "namespaceSelector"])


def over_the_wire(raw: Any) -> Any:  # noqa: ANN401 - JSON
    return json.loads(json.dumps(raw))


@UNHURRIED
@given(instances(PolicySpec))
def test_a_policy_comes_back_as_it_was(spec: PolicySpec) -> None:
    raw = over_the_wire({"kind": "ZombiePolicy", "spec": codec.encode(spec)})
    assert decode_policy(raw).spec == spec


@UNHURRIED
@given(instances(ClusterPolicySpec))
def test_a_cluster_policy_comes_back_as_it_was(spec: ClusterPolicySpec) -> None:
    raw = over_the_wire({"kind": "ClusterZombiePolicy", "spec": codec.encode(spec)})
    assert decode_policy(raw).spec == spec


@UNHURRIED
@given(instances(PolicyStatus))
def test_a_policy_status_comes_back_as_it_was(status: PolicyStatus) -> None:
    assert decode_policy_status({"status": over_the_wire(encode_status(status))}) == status


@UNHURRIED
@given(instances(RemediationSpec), instances(RemediationStatus))
def test_a_remediation_comes_back_as_it_was(spec: RemediationSpec, status: RemediationStatus) -> None:
    raw = {"kind": "ZombieRemediation", "spec": encode_remediation_spec(spec), "status": encode_status(status)}
    read = decode_remediation(over_the_wire(raw))
    assert (read.spec, read.status) == (spec, status)


@UNHURRIED
@given(instances(RemediationStatus), instances(RemediationStatus))
def test_a_merge_patch_turns_any_status_into_any_other(before: RemediationStatus, after: RemediationStatus) -> None:
    patched = merged(encode_status(before), encode_status(after, merge=True))
    assert decode_remediation({**remediation(), "status": patched}).status == after


@UNHURRIED
@given(st.dictionaries(SPEC_KEYS, JSON))
def test_whatever_a_spec_holds_it_is_read_or_its_problems_are_named(spec: dict[str, Any]) -> None:
    problems = problems_of({"kind": "ClusterZombiePolicy", "spec": spec})
    assert all(problem.startswith(("spec", "invalid JSON")) for problem in problems)


def problems_of(raw: dict[str, Any]) -> tuple[str, ...]:
    try:
        decode_policy(raw)
    except ValidationProblems as error:
        return error.problems
    return ()


def merged(target: Any, patch: Any) -> Any:  # noqa: ANN401 - JSON
    """Apply a JSON merge patch as RFC 7396 section 2 says."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


@pytest.mark.parametrize(
    ("target", "patch", "result"), [({"a": 1}, {"a": None}, {}), ({"a": {"b": 1}}, {"a": {"b": 2}}, {"a": {"b": 2}})]
)
def test_the_merge_of_this_file_is_that_of_the_rfc(target: Any, patch: Any, result: Any) -> None:  # noqa: ANN401
    assert merged(target, patch) == result
