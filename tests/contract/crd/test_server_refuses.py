"""A real API server, not our reading of its rules, refuses what nobody may create and says which field it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings

from tests.unit.api.cases import ABSENT, CASES, Case, Object, bad, changed, minimal, remediation
from tests.unit.api.strategies import UNHURRIED, instances
from zombie_operator.api import codec
from zombie_operator.api.v1alpha1 import decode_policy, decode_policy_status, decode_remediation, encode_status
from zombie_operator.core.remediation import RemediationStatus
from zombie_operator.core.status import PolicyStatus

if TYPE_CHECKING:
    from tests.contract.crd.conftest import Kubectl

pytestmark = pytest.mark.cluster

DRY_RUN = ("apply", "--dry-run=server", "--filename=-")
# The server keeps what it took: a few examples, always the same, show that both sides mean the same schema.
FEW = settings(UNHURRIED, max_examples=6, derandomize=True, database=None, phases=[Phase.generate])
OTHER = {
    "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "other", "uid": "7d1c-44"},
    "policyRef": {"kind": "ZombiePolicy", "name": "other"},
    "container": "sidecar",
    "cause": "ParentNotWaiting",
    "origin": "Unknown",
    "remedy": "RestartPod",
    "patch": {"shareProcessNamespace": False},
    "stages": [],
}
OPTIONAL = ("origin", "patch", "stages")


def without(field: str) -> Object:
    """Return a remediation without one of its optional fields."""
    return changed(remediation(), f"spec.{field}", ABSENT)


CHANGES = {
    **{f"set-{field}": (remediation(), changed(remediation(), f"spec.{field}", OTHER[field])) for field in OTHER},
    **{f"take-{field}": (remediation(), without(field)) for field in OPTIONAL},
    **{f"add-{field}": (without(field), remediation()) for field in OPTIONAL},
}


def slug(name: str) -> str:
    """Return a name that Kubernetes takes."""
    return name.lower().replace(" ", "-")


def named(raw: Object, name: str) -> Object:
    """Return a copy of an object under a name of its own."""
    return changed(raw, "metadata.name", slug(name))


@pytest.fixture(scope="module")
def refused(kubectl: Kubectl) -> dict[str, str]:
    """Return what the server said of every bad object."""
    return kubectl.refusals(*DRY_RUN, stdin=[named(bad(case), case.name) for case in CASES])


@pytest.fixture(scope="module")
def fixed(kubectl: Kubectl) -> dict[str, str]:
    """Return what the server said of every forbidden change of a ZombieRemediation."""
    made = kubectl("create", "--filename=-", stdin=[named(before, name) for name, (before, _) in CHANGES.items()])
    assert made.returncode == 0, made.stderr
    return kubectl.refusals(
        "replace", "--filename=-", stdin=[named(after, name) for name, (_, after) in CHANGES.items()]
    )


@pytest.fixture(scope="module")
def zrem(kubectl: Kubectl) -> str:
    """Return the name of a ZombieRemediation that is there."""
    name: str = kubectl.json("create", "--filename=-", stdin=remediation())["metadata"]["name"]
    return f"zombieremediation/{name}"


@pytest.fixture(scope="module")
def zpol(kubectl: Kubectl) -> str:
    """Return the name of a ZombiePolicy that is there."""
    name: str = kubectl.json("create", "--filename=-", stdin=named(minimal("ZombiePolicy"), "told"))["metadata"]["name"]
    return f"zombiepolicy/{name}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_server_refuses_what_decoding_refuses(refused: dict[str, str], case: Case) -> None:
    assert case.named in refused[slug(case.name)]


@pytest.mark.parametrize("field", ["spec.dryRun", "spec.threshold.severity", "spec.rollout.older_than_seconds"])
def test_an_unknown_field_is_refused_as_kubectl_asks_by_default(kubectl: Kubectl, field: str) -> None:
    why = kubectl.refusal(*DRY_RUN, stdin=changed(minimal("ZombiePolicy"), field, 1))
    assert f'unknown field "{field}"' in why


def test_the_namespace_selector_refusal_says_how_to_mean_every_namespace(kubectl: Kubectl) -> None:
    why = kubectl.refusal(*DRY_RUN, stdin=changed(minimal("ClusterZombiePolicy"), "spec.namespaceSelector", {}))
    assert "spec.namespaceSelector must name at least one label or expression" in why
    everywhere = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "Exists"}]}
    kubectl.json(*DRY_RUN, stdin=changed(minimal("ClusterZombiePolicy"), "spec.namespaceSelector", everywhere))


def test_a_minimal_policy_is_accepted_and_read_back_with_its_defaults(kubectl: Kubectl) -> None:
    made = kubectl.json("apply", "--filename=-", stdin=minimal("ZombiePolicy"))
    assert made["status"] == {"observedGeneration": -1}
    stored = kubectl.json("get", "zpol", "minimal")  # its status may be a running operator's by now
    assert stored["spec"]["mode"] == "Observe"
    assert stored["spec"]["threshold"] == {"zombies": 20, "olderThanSeconds": 120}
    read = decode_policy(stored)
    assert read.spec == decode_policy(minimal("ZombiePolicy")).spec
    assert (read.ref.namespace, read.generation) == (kubectl.namespace, 1)


@pytest.mark.parametrize("kind", ["ZombiePolicy", "ClusterZombiePolicy"])
def test_the_servers_defaults_are_those_of_core(kubectl: Kubectl, kind: str) -> None:
    stored = kubectl.json(*DRY_RUN, stdin=minimal(kind))
    assert codec.encode(decode_policy(minimal(kind)).spec) == stored["spec"] | _selectors(stored["spec"])


def _selectors(spec: Object) -> Object:
    # Core writes an empty selector as what it is; the server keeps what was written.
    return {name: spec[name] for name in ("selector", "namespaceSelector") if name in spec}


def test_part_of_an_object_gets_the_other_defaults(kubectl: Kubectl) -> None:
    stored = kubectl.json(*DRY_RUN, stdin=changed(minimal("ZombiePolicy"), "spec.threshold.zombies", 7))
    assert stored["spec"]["threshold"] == {"zombies": 7, "olderThanSeconds": 120}


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_remediation_does_is_fixed_at_its_creation(fixed: dict[str, str], change: str) -> None:
    field = change.partition("-")[2]
    assert f"spec.{field} is immutable; only spec.suspend and spec.action may change" in fixed[slug(change)]


@pytest.mark.parametrize(("field", "value"), [("suspend", True), ("action", "Rollback")])
def test_people_may_suspend_and_roll_back(kubectl: Kubectl, zrem: str, field: str, value: object) -> None:
    stored = kubectl.json("patch", zrem, "--type=json", "--patch", _set(field, value))
    assert stored["spec"][field] == value


def test_a_remediation_starts_unseen(kubectl: Kubectl) -> None:
    stored = kubectl.json("create", "--filename=-", stdin=named(remediation(), "unseen"))
    assert stored["status"] == {"observedGeneration": -1}


@FEW
@given(status=instances(RemediationStatus))
def test_any_status_of_a_remediation_can_be_stored_and_read_back(
    kubectl: Kubectl, zrem: str, status: RemediationStatus
) -> None:
    assert decode_remediation(_written(kubectl, zrem, encode_status(status, merge=True))).status == status


@FEW
@given(status=instances(PolicyStatus))
def test_any_status_of_a_policy_can_be_stored_and_read_back(kubectl: Kubectl, zpol: str, status: PolicyStatus) -> None:
    assert decode_policy_status(_written(kubectl, zpol, encode_status(status, merge=True))) == status


def test_the_kinds_are_listed_by_their_short_names_and_category(kubectl: Kubectl, zrem: str) -> None:
    del zrem
    heads = {name: kubectl("get", name).stdout.split("\n")[0].split() for name in ("zpol", "zrem")}
    assert heads["zpol"] == ["NAME", "MODE", "LEAKING", "REMEDIATING", "CURED", "READY", "REASON", "AGE"]
    expected = ["NAME", "KIND", "WORKLOAD", "REMEDY", "CAUSE", "PHASE", "OUTCOME", "REASON", "AGE"]
    assert heads["zrem"] == expected
    assert "zombieremediation.zombie-operator.dev/" in kubectl("get", "zombies", "--output=name").stdout


def test_kubectl_explains_a_field_in_our_words(kubectl: Kubectl) -> None:
    told = " ".join(kubectl("explain", "zpol.spec.threshold.olderThanSeconds").stdout.split())
    assert "Only zombies dead at least this long count" in told


def _set(field: str, value: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps([{"op": "add", "path": f"/spec/{field}", "value": value}])


def _written(kubectl: Kubectl, name: str, status: Object) -> Any:  # noqa: ANN401 - JSON
    patch = json.dumps({"status": status})
    return kubectl.json("patch", name, "--subresource=status", "--type=merge", "--patch", patch)
