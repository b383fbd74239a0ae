"""Pod patches in the words of the Kubernetes API, and whose they are."""

from __future__ import annotations

import pytest

from tests.unit.core.builders import workload_with
from zombie_operator.core.objects import Workload, workload_from
from zombie_operator.core.patches import applied_by_us, as_pod_spec, carries, patch_hash
from zombie_operator.core.remediation import PodPatch

SHARED = PodPatch(share_process_namespace=True)
OURS = {"f:spec": {"f:template": {"f:spec": {"f:shareProcessNamespace": {}}}}}


def templated(own_fields: dict[str, object], **pod_spec: object) -> Workload:
    made = workload_with(template={"spec": pod_spec})
    body = {
        "kind": "Deployment",
        "metadata": {
            "managedFields": [{"manager": "zombie-operator", "operation": "Apply", "fieldsV1": own_fields}],
        },
        "spec": made.spec,
    }
    return workload_from(body)


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        pytest.param(PodPatch(), {}, id="an empty patch sets nothing"),
        pytest.param(SHARED, {"shareProcessNamespace": True}, id="only what is set"),
        pytest.param(PodPatch(share_process_namespace=False), {"shareProcessNamespace": False}, id="false is a value"),
    ],
)
def test_a_patch_is_written_in_the_words_of_the_api(patch: PodPatch, expected: dict[str, object]) -> None:
    assert as_pod_spec(patch) == expected


def test_a_patch_has_one_hash_and_another_patch_another() -> None:
    assert patch_hash(SHARED) == patch_hash(PodPatch(share_process_namespace=True))
    assert len({patch_hash(SHARED), patch_hash(PodPatch()), patch_hash(PodPatch(share_process_namespace=False))}) == 3


@pytest.mark.parametrize(
    ("pod_spec", "patch", "expected"),
    [
        pytest.param({"shareProcessNamespace": True, "hostNetwork": True}, SHARED, True, id="has the value"),
        pytest.param({"shareProcessNamespace": False}, SHARED, False, id="has another value"),
        pytest.param({}, SHARED, False, id="has no value"),
        pytest.param({}, PodPatch(), False, id="nobody carries an empty patch"),
    ],
)
def test_a_pod_carries_a_patch_with_every_value_of_it(
    pod_spec: dict[str, object], patch: PodPatch, expected: bool
) -> None:
    assert carries(pod_spec, patch) is expected


@pytest.mark.parametrize(
    ("fields", "pod_spec", "expected"),
    [
        pytest.param(OURS, {"shareProcessNamespace": True}, True, id="there and ours"),
        pytest.param({}, {"shareProcessNamespace": True}, False, id="there and somebody else's"),
        pytest.param(OURS, {"shareProcessNamespace": False}, False, id="ours and not there"),
        pytest.param({"f:spec": {"f:replicas": {}}}, {"shareProcessNamespace": True}, False, id="we own another field"),
        pytest.param({"f:spec": None}, {"shareProcessNamespace": True}, False, id="null fields"),
    ],
)
def test_only_what_our_field_manager_owns_is_ours_to_take_back(
    fields: dict[str, object], pod_spec: dict[str, object], expected: bool
) -> None:
    assert applied_by_us(templated(fields, **pod_spec), SHARED) is expected
