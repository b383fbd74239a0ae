"""The operator with the rights that the chart gives its account, and no others, on a server that checks them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import yaml

from tests.cluster import binaries
from tests.integration import objects
from tests.integration.apiserver import INSTALLED, ApiServer
from tests.integration.audit import Witness
from tests.integration.operators import client_for
from tests.integration.stage import FIELD, Stage
from tests.integration.waiting import until
from zombie_operator.controller.loop import Loop
from zombie_operator.controller.report import Reporter
from zombie_operator.controller.settings import PREFIX, Settings
from zombie_operator.controller.telemetry import Telemetry
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.errors import KubeError
from zombie_operator.kube.events import Recorder
from zombie_operator.runtime.settings import load

Object = dict[str, Any]

CHART = Path(__file__).resolve().parents[2] / "deploy/chart"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
PLURALS = {
    "ClusterRole": f"{RBAC}/clusterroles",
    "ClusterRoleBinding": f"{RBAC}/clusterrolebindings",
    "Role": f"{RBAC}/namespaces/{{}}/roles",
    "RoleBinding": f"{RBAC}/namespaces/{{}}/rolebindings",
}
REFUSED = {401, 403}


def rendered(stage: Stage) -> Iterator[Object]:
    """Render the chart's roles for this test's namespaces, under names of this test's own."""
    values = {"agent": {"namespace": stage.agents_namespace}, "fullnameOverride": f"zo-{stage.namespace}"}
    command = [binaries.build().kubernetes / "helm", "template", "zombie-operator", CHART, "--values", "-"]
    where = ["--namespace", "zombie-operator", "--kube-version", "1.36.3"]
    done = subprocess.run([*command, *where], input=json.dumps(values), capture_output=True, text=True, check=True)
    for manifest in yaml.safe_load_all(done.stdout):
        if manifest and manifest["kind"] in PLURALS:
            for subject in manifest.get("subjects", []):
                # The account's own name follows the override; the token that we hold is the default one's.
                subject["name"] = "zombie-operator"
            yield manifest


@pytest_asyncio.fixture
async def loop(stage: Stage, admin: KubeClient, server: ApiServer) -> AsyncIterator[Loop]:
    """Return a loop of an operator whose account has been given the chart's roles."""
    for manifest in rendered(stage):
        path = PLURALS[manifest["kind"]].format(manifest["metadata"].get("namespace"))
        await admin.request("POST", path, body=manifest)
    environ = {
        "NAMESPACE": f"{stage.namespace}-operator",
        "AGENT_NAMESPACE": stage.agents_namespace,
        "AGENT_PORT": str(stage.agent.port),
        "WARMUP_SECONDS": "0",
    }
    settings = load(Settings, PREFIX, {PREFIX + name: value for name, value in environ.items()})
    async with await client_for(server, user=INSTALLED) as client, aiohttp.ClientSession() as session:
        secret = stage.path("Secret", settings.agent_secret, namespace=stage.agents_namespace)

        async def in_force() -> bool:
            try:
                await client.get(secret)
            except KubeError as error:
                return error.status not in REFUSED
            return True

        await until("the roles are in force", in_force)
        yield Loop(client, session, settings, Telemetry(), Reporter(client, Recorder(client, "zombie-operator-0")))


@pytest.mark.parametrize("remedy", ["ShareProcessNamespace", "RestartPod"])
async def test_they_suffice_for_a_remedy_and_its_report(
    loop: Loop, stage: Stage, witness: Witness, remedy: str
) -> None:
    for kind in ("Deployment", "StatefulSet"):
        await stage.run(objects.workload(f"app-{kind.lower()}", kind=kind))
    await stage.create(objects.policy(remedies=(remedy,)))
    for _ in range(4):
        await loop.round()
        await stage.play()
    entries = await witness.entries()
    assert [entry for entry in entries if entry.code in REFUSED] == []
    made = {(entry.verb, entry.resource) for entry in entries}
    assert made >= {
        ("create", "secrets"),
        ("list", "zombiepolicies"),
        ("list", "clusterzombiepolicies"),
        ("list", "pods"),
        ("get", "namespaces"),
        ("get", "replicasets"),
        ("list", "poddisruptionbudgets"),
        ("create", "zombieremediations"),
        ("update", "zombieremediations/status"),
        ("patch", "zombiepolicies/status"),
        ("create", "events"),
    }
    if remedy == "RestartPod":
        assert ("create", "pods/eviction") in made
    else:
        for kind in ("Deployment", "StatefulSet"):
            owner = await stage.get(kind, f"app-{kind.lower()}")
            assert owner["spec"]["template"]["spec"][FIELD] is True


async def test_an_emptied_secret_is_filled_again_with_them(loop: Loop, stage: Stage, witness: Witness) -> None:
    await loop.round()
    secret = stage.path("Secret", loop.settings.agent_secret, namespace=stage.agents_namespace)
    change = {"data": {"token": ""}}
    await stage.admin.request("PATCH", secret, body=change, content_type="application/merge-patch+json")
    await loop.round()
    assert (await stage.admin.get(secret))["data"]["token"]
    assert [entry for entry in await witness.entries() if entry.code in REFUSED] == []
