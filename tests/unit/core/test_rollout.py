"""Rollouts counted as the controllers of Kubernetes count them."""

from __future__ import annotations

import pytest

from tests.unit.core.builders import workload_with
from zombie_operator.core.rollout import failed, max_unavailable, replicas_of, rolled_out, strategy_of


def test_a_deployment_wants_its_replicas_and_one_when_it_says_nothing() -> None:
    assert replicas_of(workload_with(replicas=5)) == 5
    body = workload_with()
    assert replicas_of(workload_with(replicas=0)) == 0
    assert replicas_of(body) == 3


def test_a_daemonset_wants_as_many_pods_as_nodes_are_eligible() -> None:
    assert replicas_of(workload_with("DaemonSet", status={"desiredNumberScheduled": 7}, replicas=2)) == 7


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        pytest.param("Deployment", {}, True, id="a Deployment with all pods updated and available"),
        pytest.param("Deployment", {"observedGeneration": 3}, False, id="a Deployment not yet observed"),
        pytest.param("Deployment", {"updatedReplicas": 2}, False, id="a Deployment with an old pod"),
        pytest.param("Deployment", {"replicas": 4}, False, id="a Deployment with a pod too many"),
        pytest.param("Deployment", {"availableReplicas": 2}, False, id="a Deployment with an unavailable pod"),
        pytest.param("StatefulSet", {}, True, id="a StatefulSet with all pods ready"),
        pytest.param("StatefulSet", {"observedGeneration": 3}, False, id="a StatefulSet not yet observed"),
        pytest.param("StatefulSet", {"readyReplicas": 2}, False, id="a StatefulSet with a pod not ready"),
        pytest.param("StatefulSet", {"updateRevision": "r2"}, False, id="a StatefulSet between two revisions"),
        pytest.param("StatefulSet", {"updatedReplicas": 1}, False, id="a StatefulSet with old pods"),
        pytest.param("DaemonSet", {}, True, id="a DaemonSet on all nodes"),
        pytest.param("DaemonSet", {"observedGeneration": 3}, False, id="a DaemonSet not yet observed"),
        pytest.param("DaemonSet", {"updatedNumberScheduled": 2}, False, id="a DaemonSet with an old pod"),
        pytest.param("DaemonSet", {"numberAvailable": 2}, False, id="a DaemonSet with an unavailable pod"),
        pytest.param("DaemonSet", {"desiredNumberScheduled": 4}, False, id="a DaemonSet with a new node"),
        pytest.param("ReplicaSet", {}, True, id="a ReplicaSet with all pods ready"),
        pytest.param("ReplicaSet", {"readyReplicas": 2}, False, id="a ReplicaSet with a pod not ready"),
    ],
)
def test_a_rollout_is_finished_when_every_pod_is_new_and_available(
    kind: str, status: dict[str, object], expected: bool
) -> None:
    assert rolled_out(workload_with(kind, status=status)) is expected


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"])
def test_a_workload_that_its_controller_never_saw_is_not_rolled_out(kind: str) -> None:
    assert not rolled_out(workload_with(kind, status={"observedGeneration": 0}))


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        pytest.param("ProgressDeadlineExceeded", "Deployment web: too slow", id="past its deadline"),
        pytest.param("ReplicaSetUpdated", None, id="still progressing"),
        pytest.param("NewReplicaSetAvailable", None, id="finished"),
    ],
)
def test_only_a_rollout_past_its_deadline_has_failed(reason: str, expected: str | None) -> None:
    conditions = [{"type": "Available"}, {"type": "Progressing", "reason": reason, "message": "too slow"}]
    assert failed(workload_with(status={"conditions": conditions})) == expected


def test_a_workload_without_conditions_has_not_failed() -> None:
    assert failed(workload_with("StatefulSet")) is None


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        pytest.param("Deployment", {}, "RollingUpdate", id="a Deployment's default"),
        pytest.param("Deployment", {"strategy": {"type": "Recreate"}}, "Recreate", id="a Deployment's own"),
        pytest.param("StatefulSet", {"updateStrategy": {"type": "OnDelete"}}, "OnDelete", id="a StatefulSet's own"),
        pytest.param("DaemonSet", {"strategy": {"type": "Recreate"}}, "RollingUpdate", id="a DaemonSet's default"),
    ],
)
def test_the_strategy_is_read_where_the_kind_has_it(kind: str, spec: dict[str, object], expected: str) -> None:
    assert strategy_of(workload_with(kind, **spec)) == expected


def rolling(kind: str, **values: object) -> dict[str, object]:
    key = "strategy" if kind == "Deployment" else "updateStrategy"
    return {key: {"type": "RollingUpdate", "rollingUpdate": values}}


@pytest.mark.parametrize(
    ("replicas", "values", "expected"),
    [
        pytest.param(1, {}, 0, id="one replica: 25 % rounds down to none, the surge carries it"),
        pytest.param(3, {}, 0, id="three replicas: 25 % is less than one"),
        pytest.param(4, {}, 1, id="four replicas: 25 % is one"),
        pytest.param(7, {}, 1, id="seven replicas: 1.75 rounds down"),
        pytest.param(10, {"maxUnavailable": "33%"}, 3, id="33 % of ten is three"),
        pytest.param(10, {"maxUnavailable": 4}, 4, id="a number is taken as it is"),
        pytest.param(3, {"maxUnavailable": 0, "maxSurge": 1}, 0, id="none away with a surge"),
        pytest.param(3, {"maxUnavailable": "25%", "maxSurge": 0}, 1, id="both resolve to zero: one, or it would stall"),
        pytest.param(3, {"maxUnavailable": "25%", "maxSurge": "1%"}, 0, id="the surge rounds up"),
        pytest.param(5, {"maxUnavailable": "100%"}, 5, id="all of them"),
    ],
)
def test_a_deployment_rounds_what_may_be_away_down(replicas: int, values: dict[str, object], expected: int) -> None:
    assert max_unavailable(workload_with(replicas=replicas, **rolling("Deployment", **values))) == expected


@pytest.mark.parametrize(
    ("replicas", "values", "expected"),
    [
        pytest.param(3, {}, 1, id="one by default"),
        pytest.param(3, {"maxUnavailable": 2}, 2, id="a number is taken as it is"),
        pytest.param(10, {"maxUnavailable": "25%"}, 2, id="2.5 rounds down"),
        pytest.param(3, {"maxUnavailable": "10%"}, 1, id="never less than one"),
        pytest.param(3, {"partition": 2}, 1, id="a partition changes nothing"),
    ],
)
def test_a_statefulset_rounds_down_and_takes_at_least_one(
    replicas: int, values: dict[str, object], expected: int
) -> None:
    assert (
        max_unavailable(workload_with("StatefulSet", replicas=replicas, **rolling("StatefulSet", **values))) == expected
    )


@pytest.mark.parametrize(
    ("nodes", "values", "expected"),
    [
        pytest.param(3, {}, 1, id="one by default"),
        pytest.param(10, {"maxUnavailable": "25%"}, 3, id="2.5 rounds up"),
        pytest.param(10, {"maxUnavailable": 0, "maxSurge": 1}, 0, id="none away with a surge"),
        pytest.param(10, {"maxUnavailable": 0, "maxSurge": "1%"}, 0, id="the surge rounds up"),
        pytest.param(10, {"maxUnavailable": 0, "maxSurge": "0%"}, 1, id="both resolve to zero: one"),
    ],
)
def test_a_daemonset_rounds_what_may_be_away_up(nodes: int, values: dict[str, object], expected: int) -> None:
    daemonset = workload_with("DaemonSet", status={"desiredNumberScheduled": nodes}, **rolling("DaemonSet", **values))
    assert max_unavailable(daemonset) == expected
