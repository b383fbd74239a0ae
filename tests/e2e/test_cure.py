"""The main job: a leak that PID 1 causes is found, patched away, and proved to be gone by the node's own /proc."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.manifests import PROBE, PROVED, THRESHOLD, UNPROVED, policy, workload
from tests.e2e.space import owner_of_the_remedy, shares_process_namespace
from tests.e2e.witness import proc
from tests.e2e.witness.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.space import Space

pytestmark = pytest.mark.cluster

APP = "leaky"


@dataclass(frozen=True)
class Case:
    """A leak, the workload that has it, and what the operator must say about it."""

    program: tuple[str, ...]
    origin: str
    kind: str = "Deployment"
    replicas: int = 1
    probe: dict[str, Any] | None = None
    canary: str = "Auto"


CASES = {
    "exec-probe-that-times-out": Case(("sleepy",), "Probe", probe=PROBE),
    "adopted-orphans-deployment": Case(PROVED, "Orphan"),
    "adopted-orphans-statefulset": Case(PROVED, "Orphan", kind="StatefulSet", replicas=2),
    "adopted-orphans-daemonset": Case(PROVED, "Orphan", kind="DaemonSet"),
    "unproved-orphans-without-canary": Case(UNPROVED, "Unknown", canary="Off"),
}


@dataclass(frozen=True)
class Started:
    """A case in its namespace, and the pods that leaked there before any policy was."""

    case: Case
    space: Space
    leaking_pods: frozenset[str]


@pytest.fixture(scope="module")
def started(make_space: Callable[[str], Space]) -> dict[str, Started]:
    """Start all cases at once: each takes half a minute, most of it waiting, and they do not mind each other."""
    spaces = {name: make_space(name) for name in CASES}
    for name, case in CASES.items():
        spaces[name].apply(workload(APP, case.program, kind=case.kind, replicas=case.replicas, probe=case.probe))
    found = {}
    for name, case in CASES.items():
        spaces[name].leaking(APP)
        found[name] = Started(case, spaces[name], frozenset(spaces[name].uids(APP)))
        spaces[name].apply(policy(canary=case.canary))
    return found


@pytest.fixture(params=CASES)
def one(started: dict[str, Started], request: pytest.FixtureRequest) -> Started:
    """Return one of them."""
    return started[request.param]


@pytest.fixture
def space(one: Started) -> Space:
    """Return its namespace."""
    return one.space


def test_a_leak_of_pid_1_is_patched_and_proved_to_be_gone(one: Started, space: Space) -> None:
    done = space.remediated(APP, "Cured")

    assert (done["spec"]["cause"], done["spec"]["origin"]) == ("InitNotReaping", one.case.origin)
    patched = space.get(one.case.kind, APP)
    assert shares_process_namespace(patched)
    assert owner_of_the_remedy(patched) == [("zombie-operator", "Apply")]
    eventually("the policy counts one cure", space.policy_status, lambda status: status.get("cured") == 1)

    pods = space.uids(APP)
    assert pods
    assert one.leaking_pods.isdisjoint(pods), "a pod from before the patch is still there"
    assert proc.nodes_are_visible(pods)
    # The program must not have been cured by being stopped: it makes as many orphans as ever.
    eventually("the cured program makes orphans", lambda: space.orphans(APP), lambda count: count > THRESHOLD)
    assert proc.births(pods, seconds=5) == frozenset()
    assert proc.lasting_zombies(pods) == frozenset()
