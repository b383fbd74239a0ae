"""Looking up on a real API server: owners by identity, pods by ownership, lists page by page."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.integration import objects
from tests.integration.audit import Witness
from tests.integration.stage import CONTROLLERS, Stage
from zombie_operator.core.assess import Owned
from zombie_operator.core.objects import Workload, pod_from, workload_from
from zombie_operator.kube import client as transport
from zombie_operator.kube import paths
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.lookup import Lookup

Object = dict[str, Any]

STRANGER = "6c0a1f0e-0000-4000-8000-000000000000"
LABELS = {"app": "app"}


async def owned(client: KubeClient, stage: Stage, owner: Object | None) -> Owned:
    """Create a pod of an owner and look it up."""
    made = await stage.create(objects.pod("pod", labels=LABELS, owner=owner))
    return await Lookup(client).owned(pod_from(made))


def identity(workload: Workload | None) -> tuple[str, str, str] | None:
    """Return kind, name and UID."""
    return (workload.ref.kind, workload.ref.name, workload.ref.uid) if workload else None


def identity_of(body: Object) -> tuple[str, str, str]:
    """Return the same of a body."""
    return body["kind"], body["metadata"]["name"], body["metadata"]["uid"]


async def chain(stage: Stage, **owner_of_deployment: object) -> tuple[Object, Object]:
    """Create a Deployment, possibly with an owner, and its ReplicaSet."""
    body = objects.workload("app")
    if owner_of_deployment:
        body["metadata"]["ownerReferences"] = [{**owner_of_deployment, "controller": True}]
    top = await stage.create(body)
    return top, await stage.create(objects.replica_set(top, 0), manager=CONTROLLERS)


async def test_a_pod_of_a_deployment_is_followed_through_its_replica_set(client: KubeClient, stage: Stage) -> None:
    top, middle = await chain(stage)
    found = await owned(client, stage, middle)
    assert identity(found.workload) == identity_of(top)
    assert found.namespace_labels["kubernetes.io/metadata.name"] == stage.namespace


async def test_a_pod_of_a_cron_job_is_followed_through_its_job(client: KubeClient, stage: Stage) -> None:
    once = {"template": {"spec": objects.pod_spec(restartPolicy="Never")}}
    top = await stage.create(
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": "nightly"},
            "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": once}},
        }
    )
    meta = {"name": "nightly-1", "ownerReferences": [objects.controller(top)]}
    job = await stage.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": once})
    assert identity((await owned(client, stage, job)).workload) == identity_of(top)


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
async def test_a_direct_owner_is_the_top(client: KubeClient, stage: Stage, kind: str) -> None:
    top = await stage.create(objects.workload("app", kind=kind))
    assert identity((await owned(client, stage, top)).workload) == identity_of(top)


async def test_a_replica_set_without_a_deployment_is_the_top(client: KubeClient, stage: Stage) -> None:
    top, middle = await chain(stage)
    body = objects.replica_set(top, 1)
    del body["metadata"]["ownerReferences"]
    alone = await stage.create(body)
    assert identity((await owned(client, stage, alone)).workload) == identity_of(alone)
    assert identity_of(middle) != identity_of(alone)


async def test_a_bare_pod_has_no_workload(client: KubeClient, stage: Stage) -> None:
    assert (await owned(client, stage, None)).workload is None


async def test_a_foreign_owner_of_a_deployment_stands_on_it_and_is_not_read(
    client: KubeClient, stage: Stage, witness: Witness
) -> None:
    foreign = {"apiVersion": "example.com/v1", "kind": "Database", "name": "db", "uid": STRANGER}
    top, middle = await chain(stage, **foreign)
    found = (await owned(client, stage, middle)).workload
    assert identity(found) == identity_of(top)
    assert found is not None
    assert found.owner is not None
    assert (found.owner.kind, found.owner.name) == ("Database", "db")
    assert {entry.resource for entry in await witness.entries()} <= {"namespaces", "deployments", "replicasets", ""}


async def test_a_foreign_owner_of_a_pod_is_a_workload_without_a_spec(client: KubeClient, stage: Stage) -> None:
    rollout = {"apiVersion": "example.com/v1", "kind": "Rollout", "metadata": {"name": "r", "uid": STRANGER}}
    found = (await owned(client, stage, rollout)).workload
    assert identity(found) == ("Rollout", "r", STRANGER)
    assert found is not None
    assert found.spec == {}


async def test_an_owner_of_the_same_name_with_another_uid_is_not_the_owner(client: KubeClient, stage: Stage) -> None:
    """The ReplicaSet's Deployment was deleted and made anew: the new one does not own the old one's pods."""
    old, middle = await chain(stage)
    await stage.delete("Deployment", "app")
    new = await stage.create(objects.workload("app"))
    found = (await owned(client, stage, middle)).workload
    assert identity(found) == identity_of(middle)
    lookup = Lookup(client)
    assert await lookup.workload(stage.namespace, workload_from(old).ref) is None
    assert identity(await lookup.workload(stage.namespace, workload_from(new).ref)) == identity_of(new)


async def test_an_owner_that_is_gone_is_no_owner(client: KubeClient, stage: Stage) -> None:
    _, middle = await chain(stage)
    await stage.delete("ReplicaSet", middle["metadata"]["name"])
    assert (await owned(client, stage, middle)).workload is None


async def test_pods_that_only_share_labels_are_not_the_workloads(client: KubeClient, stage: Stage) -> None:
    top, middle = await chain(stage)
    other = await stage.create(objects.workload("other", kind="StatefulSet"))
    ours = await stage.create(objects.pod("ours", labels=LABELS, owner=middle))
    await stage.create(objects.pod("bare", labels=LABELS))
    await stage.create(objects.pod("theirs", labels=LABELS, owner=other))
    await stage.create(objects.pod("unlabelled", labels={}, owner=middle))
    found = await Lookup(client).pods_of(workload_from(top))
    assert [pod.uid for pod in found] == [ours["metadata"]["uid"]]


async def test_every_operator_of_a_selector_reaches_the_server(client: KubeClient, stage: Stage) -> None:
    body = objects.workload("app")
    body["spec"]["selector"] = {
        "matchLabels": LABELS,
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["web", "api"]},
            {"key": "tier", "operator": "NotIn", "values": ["api"]},
            {"key": "tier", "operator": "Exists"},
            {"key": "canary", "operator": "DoesNotExist"},
        ],
    }
    body["spec"]["template"]["metadata"]["labels"] = {**LABELS, "tier": "web"}
    top = await stage.create(body)
    middle = await stage.create(objects.replica_set(top, 0))
    for name, more in {"web": {"tier": "web"}, "api": {"tier": "api"}, "none": {}}.items():
        await stage.create(objects.pod(name, labels={**LABELS, **more}, owner=middle))
    await stage.create(objects.pod("canary", labels={**LABELS, "tier": "web", "canary": "yes"}, owner=middle))
    assert [pod.name for pod in await Lookup(client).pods_of(workload_from(top))] == ["web"]


async def test_only_the_pods_of_one_node_are_listed(client: KubeClient, stage: Stage) -> None:
    await stage.create(objects.pod("here", labels=LABELS, node=stage.node))
    await stage.create(objects.pod("there", labels=LABELS, node=f"{stage.namespace}-other"))
    await stage.create(objects.pod("nowhere", labels=LABELS))
    found = await Lookup(client).pods_on(stage.node)
    assert [pod.name for pod in found if pod.namespace == stage.namespace] == ["here"]


async def test_one_evaluation_reads_an_owner_once(client: KubeClient, stage: Stage, witness: Witness) -> None:
    top, middle = await chain(stage)
    lookup = Lookup(client)
    for name in ("a", "b", "c"):
        made = await stage.create(objects.pod(name, labels=LABELS, owner=middle))
        assert identity((await lookup.owned(pod_from(made))).workload) == identity_of(top)
    reads = [entry.resource for entry in await witness.entries() if entry.resource]
    assert sorted(reads) == ["deployments", "namespaces", "replicasets"]


async def test_a_long_list_is_read_page_by_page(
    client: KubeClient, stage: Stage, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {f"pod-{number}" for number in range(11)}
    await asyncio.gather(*(stage.create(objects.pod(name, labels=LABELS)) for name in names))
    monkeypatch.setattr(transport, "PAGE", 4)
    found = [body async for body in client.pages(paths.pods(stage.namespace))]
    assert {body["metadata"]["name"] for body in found} == names
    assert len(found) == len(names)
    assert {(body["apiVersion"], body["kind"]) for body in found} == {("v1", "Pod")}
    assert len([entry for entry in await witness.entries() if entry.verb == "list"]) == 3


async def test_an_empty_list_is_empty(client: KubeClient, stage: Stage) -> None:
    assert [body async for body in client.pages(paths.pods(stage.namespace))] == []
