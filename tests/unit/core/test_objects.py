"""What the core takes from raw API bodies, and what it makes of fields that are missing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.unit.core.builders import NOW, pod_body, stamp, workload_body
from zombie_operator.core.objects import (
    BROKEN_WAITING,
    EPOCH,
    FIELD_MANAGER,
    OwnerRef,
    budget_from,
    containers_of,
    controller_of,
    parse_time,
    pod_from,
    workload_from,
)


def waiting(reason: str, name: str = "app") -> dict[str, object]:
    return {"name": name, "restartCount": 2, "state": {"waiting": {"reason": reason}}}


def managed(manager: str, operation: str = "Update", **more: object) -> dict[str, object]:
    return {"manager": manager, "operation": operation, **more}


def test_a_pod_is_read_with_its_identity_placement_and_health() -> None:
    pod = pod_from(pod_body())
    assert (pod.uid, pod.namespace, pod.name, pod.node) == ("pod-1", "shop", "web-1", "node-a")
    assert pod.labels == {"app": "web"}
    assert pod.owner == OwnerRef("apps/v1", "ReplicaSet", "web-5d", "rs-1")
    assert (pod.ready, pod.running, pod.deleting, pod.restarts, pod.broken) == (True, True, False, 0, None)


def test_a_pod_without_any_field_is_neither_ready_nor_running_nor_broken() -> None:
    pod = pod_from({})
    assert (pod.uid, pod.owner, pod.created) == ("", None, EPOCH)
    assert (pod.ready, pod.running, pod.deleting, pod.restarts, pod.broken) == (False, False, False, 0, None)


def test_null_sections_are_read_as_empty_ones() -> None:
    body = {"metadata": {"labels": None, "annotations": None}, "spec": None, "status": None}
    assert pod_from(body).labels == {}
    assert workload_from(body).pod_spec == {}


def test_a_pod_with_a_deletion_timestamp_is_deleting() -> None:
    body = pod_body()
    body["metadata"]["deletionTimestamp"] = stamp(NOW)
    assert pod_from(body).deleting


def test_restarts_of_all_main_containers_are_added_up() -> None:
    body = pod_body()
    body["status"]["containerStatuses"] = [{"restartCount": 2}, {"restartCount": 3}, {}]
    assert pod_from(body).restarts == 5


@pytest.mark.parametrize("reason", sorted(BROKEN_WAITING))
def test_a_container_that_waits_for_what_does_not_pass_breaks_its_pod(reason: str) -> None:
    body = pod_body()
    body["status"]["containerStatuses"] = [{"name": "ok", "state": {"running": {}}}, waiting(reason)]
    assert pod_from(body).broken == f"container app is in {reason}"


def test_a_broken_init_container_breaks_its_pod() -> None:
    body = pod_body()
    body["status"]["initContainerStatuses"] = [waiting("ImagePullBackOff", "setup")]
    assert pod_from(body).broken == "container setup is in ImagePullBackOff"


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing"])
def test_a_container_that_is_being_started_breaks_nothing(reason: str) -> None:
    body = pod_body()
    body["status"]["containerStatuses"] = [waiting(reason)]
    assert pod_from(body).broken is None


def test_a_workload_is_read_with_its_identity_and_template() -> None:
    workload = workload_from(workload_body("StatefulSet"))
    assert (workload.ref.api_version, workload.ref.kind, workload.ref.name) == ("apps/v1", "StatefulSet", "web")
    assert (workload.ref.uid, workload.namespace, workload.generation) == ("uid-web", "shop", 4)
    assert workload.title == "StatefulSet web"
    assert workload.pod_labels == {"app": "web"}
    assert workload.pod_spec["containers"][0]["name"] == "app"


def test_a_workload_without_a_template_has_an_empty_pod_spec_and_no_labels() -> None:
    workload = workload_from({"spec": {"template": "not an object"}})
    assert (workload.pod_spec, workload.pod_labels) == ({}, {})


def test_managers_are_listed_once_each_and_without_those_of_subresources() -> None:
    body = workload_body()
    body["metadata"]["managedFields"] = [
        managed("kubectl"),
        managed("kubectl", "Apply"),
        managed("helm"),
        managed("kube-controller-manager", subresource="status"),
    ]
    assert workload_from(body).managers == ("kubectl", "helm")


@pytest.mark.parametrize(
    ("entry", "ours"),
    [
        pytest.param(managed(FIELD_MANAGER, "Apply", fieldsV1={"f:spec": {}}), True, id="our server-side apply"),
        pytest.param(managed(FIELD_MANAGER, "Update", fieldsV1={"f:spec": {}}), False, id="an update in our name"),
        pytest.param(
            managed(FIELD_MANAGER, "Apply", fieldsV1={"f:spec": {}}, subresource="status"), False, id="a subresource"
        ),
        pytest.param(managed("other", "Apply", fieldsV1={"f:spec": {}}), False, id="another manager"),
    ],
)
def test_our_fields_are_those_that_we_applied(entry: dict[str, object], ours: bool) -> None:
    body = workload_body()
    body["metadata"]["managedFields"] = [entry]
    assert workload_from(body).own_fields == ({"f:spec": {}} if ours else {})


def test_the_controller_is_the_owner_that_says_so() -> None:
    owners = [
        {"kind": "Node", "name": "n"},
        {"apiVersion": "v1", "kind": "Job", "name": "j", "uid": "u", "controller": True},
    ]
    assert controller_of({"ownerReferences": owners}) == OwnerRef("v1", "Job", "j", "u")


@pytest.mark.parametrize(
    "meta",
    [
        pytest.param({}, id="no owners"),
        pytest.param({"ownerReferences": None}, id="null owners"),
        pytest.param({"ownerReferences": [{"kind": "Node", "name": "n", "controller": False}]}, id="no controller"),
    ],
)
def test_an_object_without_a_controller_has_none(meta: dict[str, object]) -> None:
    assert controller_of(meta) is None


def test_a_budget_is_read_with_its_numbers() -> None:
    body = {
        "metadata": {"name": "pdb"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
        "status": {"disruptionsAllowed": 1, "currentHealthy": 3, "desiredHealthy": 2},
    }
    budget = budget_from(body)
    assert (budget.name, budget.selector) == ("pdb", {"matchLabels": {"app": "web"}})
    assert (budget.disruptions_allowed, budget.current_healthy, budget.desired_healthy) == (1, 3, 2)


def test_a_budget_that_was_not_reconciled_yet_allows_nothing() -> None:
    assert budget_from({"metadata": {"name": "pdb"}, "spec": {}}).disruptions_allowed == 0


def test_restartable_init_containers_run_for_the_life_of_the_pod() -> None:
    spec = {
        "containers": [{"name": "app"}],
        "initContainers": [{"name": "setup"}, {"name": "proxy", "restartPolicy": "Always"}],
    }
    assert [container["name"] for container in containers_of(spec)] == ["app", "proxy"]


def test_a_pod_spec_without_containers_yields_none() -> None:
    assert list(containers_of({"containers": None, "initContainers": None})) == []


def test_api_timestamps_are_aware_and_a_missing_one_is_the_epoch() -> None:
    assert parse_time("2026-03-01T12:00:00Z") == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert parse_time(None) == parse_time("") == EPOCH
