"""Whole rounds of the operator's loop against a real API server and agents that speak over HTTP."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from tests.integration import objects
from tests.integration.agents import AgentServer, Answer
from tests.integration.audit import Witness
from tests.integration.stage import FIELD, Stage
from tests.integration.waiting import until
from zombie_operator.controller.loop import Loop
from zombie_operator.controller.report import Reporter
from zombie_operator.controller.settings import PREFIX, Settings
from zombie_operator.controller.telemetry import Telemetry
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.events import Recorder
from zombie_operator.runtime.settings import load

Object = dict[str, Any]

ONLY_REPORTING = {("create", "secrets"), ("patch", "zombiepolicies/status"), ("create", "events")}


@pytest_asyncio.fixture
async def loop(client: KubeClient, stage: Stage) -> AsyncIterator[Loop]:
    """Return a loop that does not warm up."""
    environ = {
        "NAMESPACE": f"{stage.namespace}-operator",
        "AGENT_NAMESPACE": stage.agents_namespace,
        "AGENT_PORT": str(stage.agent.port),
        "WARMUP_SECONDS": "0",
    }
    settings = load(Settings, PREFIX, {PREFIX + name: value for name, value in environ.items()})
    async with aiohttp.ClientSession() as session:
        yield Loop(client, session, settings, Telemetry(), Reporter(client, Recorder(client, "zombie-operator-0")))


async def conditions(stage: Stage) -> dict[str, tuple[str, str]]:
    """Return the policy's conditions: status and reason by type."""
    status = (await stage.get("ZombiePolicy", "policy"))["status"]
    return {c["type"]: (c["status"], c["reason"]) for c in status.get("conditions", ())}


async def finding(stage: Stage) -> Object:
    """Return the policy's only finding."""
    (found,) = (await stage.get("ZombiePolicy", "policy"))["status"]["findings"]
    return dict(found)


def counted(loop: Loop, name: str, **labels: str) -> float | None:
    """Return a value of the operator's own metrics."""
    return loop.telemetry.registry.get_sample_value(f"zombie_operator_{name}", labels)


@pytest.mark.parametrize(("mode", "decision"), [("Observe", "Observed"), ("DryRun", "Planned")])
async def test_observe_and_dry_run_only_report(
    loop: Loop, stage: Stage, witness: Witness, mode: str, decision: str
) -> None:
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy(mode=mode, remedies=("ShareProcessNamespace", "RestartPod")))
    await loop.round()
    assert {(entry.verb, entry.resource) for entry in await witness.writes()} == ONLY_REPORTING
    assert (await finding(stage))["decision"] == decision
    assert (await conditions(stage))["Ready"] == ("True", "Observing" if mode == "Observe" else "DryRun")
    assert (await conditions(stage))["Enforcing"][0] == "False"
    said = len(await witness.writes())
    await loop.round()
    assert len(await witness.writes()) == said


async def test_enforce_patches_the_workload_and_tells_of_it(loop: Loop, stage: Stage, witness: Witness) -> None:
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    assert not loop.ready
    await loop.round()
    assert loop.ready
    assert loop.wake.is_set()
    owner = await stage.get("Deployment", "app")
    assert owner["spec"]["template"]["spec"][FIELD] is True
    foreign = [entry for entry in await witness.writes() if entry.resource in {"deployments", "pods", "pods/eviction"}]
    assert [(entry.verb, entry.resource, entry.name) for entry in foreign] == [("patch", "deployments", "app")]
    (event,) = await stage.listed("Event")
    assert event["regarding"]["uid"] == owner["metadata"]["uid"]
    assert (event["related"]["kind"], event["reason"]) == ("ZombieRemediation", "Applying")
    status = (await stage.get("ZombiePolicy", "policy"))["status"]
    assert (status["leaking"], status["remediating"]) == (1, 1)
    assert counted(loop, "effects_total", kind="Apply") == 1
    assert counted(loop, "remediations", phase="Acting") == 1
    assert counted(loop, "evaluations_total", result="success") == 1


async def test_the_agents_are_asked_with_the_token_of_their_secret(loop: Loop, stage: Stage) -> None:
    await loop.round()
    path = stage.path("Secret", "zombie-operator-agent-token", namespace=stage.agents_namespace)
    token = base64.b64decode((await stage.admin.get(path))["data"]["token"]).decode()
    assert stage.agent.tokens == [f"Bearer {token}"]


async def garbage(_: web.Request) -> web.StreamResponse:
    """Answer as no agent does."""
    return web.Response(text="<html>")


async def refuse(_: web.Request) -> web.StreamResponse:
    """Answer as an agent does that has not seen the new token."""
    return web.Response(status=401)


@pytest.mark.parametrize(("answer", "kind"), [(garbage, "garbage"), (refuse, "status"), (None, "wrong_node")])
async def test_an_agent_that_cannot_be_believed_is_said_and_nothing_is_done(
    loop: Loop,
    stage: Stage,
    witness: Witness,
    answer: Answer | None,
    kind: str,
) -> None:
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    stage.agent.answer = answer
    stage.agent.document["node"]["name"] = "another-node"
    await loop.round()
    assert (await conditions(stage))["Ready"] == ("False", "AgentsUnavailable")
    assert {(entry.verb, entry.resource) for entry in await witness.writes()} <= ONLY_REPORTING
    assert counted(loop, "agent_errors_total", reason=kind) == 1
    assert counted(loop, "agents", state="failed") == 1


async def test_a_second_agent_of_one_node_takes_both_down(loop: Loop, stage: Stage, witness: Witness) -> None:
    """Another pod with the agents' labels on the same node: there is no telling which one lies."""
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    await stage.agent_pod("impostor", stage.node, "127.0.0.2")
    async with AgentServer("127.0.0.2", stage.agent.port, objects.document(stage.node)):
        await loop.round()
    assert counted(loop, "agent_errors_total", reason="two_agents") == 2
    assert (await conditions(stage))["Ready"] == ("False", "AgentsUnavailable")
    assert {(entry.verb, entry.resource) for entry in await witness.writes()} <= ONLY_REPORTING


async def test_an_agent_that_speaks_for_a_pod_of_another_node_moves_nothing(
    loop: Loop, stage: Stage, witness: Witness
) -> None:
    """Its own node is as it says, but the pods that it accuses are elsewhere."""
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    accused = [objects.container(pod["metadata"]["uid"], 500) for pod in await stage.pods("app")]
    liar = f"{stage.namespace}-liar"
    await stage.agent_pod("liar", liar, "127.0.0.2")
    stage.agent.document = objects.document(stage.node)
    async with AgentServer("127.0.0.2", stage.agent.port, objects.document(liar, accused)):
        await loop.round()
    assert counted(loop, "foreign_pods_total") == 2
    assert (await conditions(stage))["Ready"] == ("True", "NoLeaks")
    assert {(entry.verb, entry.resource) for entry in await witness.writes()} <= ONLY_REPORTING


async def test_a_pod_that_vanished_since_the_sample_is_harmless(loop: Loop, stage: Stage, witness: Witness) -> None:
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    for pod in await stage.pods("app"):
        await stage.delete("Pod", pod["metadata"]["name"])
    await loop.round()
    assert counted(loop, "foreign_pods_total") == 2
    assert {(entry.verb, entry.resource) for entry in await witness.writes()} <= ONLY_REPORTING


async def test_a_workload_of_helm_is_refused_with_the_evidence(loop: Loop, stage: Stage, witness: Witness) -> None:
    body = objects.workload("app")
    body["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
    await stage.run(body)
    await stage.create(objects.policy())
    await loop.round()
    found = await finding(stage)
    assert (found["decision"], found["reason"]) == ("Refused", "ManagedByHelm")
    assert "app.kubernetes.io/managed-by" in found["message"]
    assert {(entry.verb, entry.resource) for entry in await witness.writes()} == ONLY_REPORTING


async def test_a_stale_sample_waits(loop: Loop, stage: Stage, witness: Witness) -> None:
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    stage.agent.document["node"]["sampleAgeSeconds"] = 61.0
    await loop.round()
    found = await finding(stage)
    assert (found["decision"], found["reason"]) == ("Waiting", "StaleData")
    assert {(entry.verb, entry.resource) for entry in await witness.writes()} == ONLY_REPORTING


async def test_the_running_loop_goes_round_at_a_wake(loop: Loop, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interval is 15 s; a policy made in between is answered at once when somebody wakes the loop."""
    monkeypatch.setattr("zombie_operator.controller.loop.REST_SECONDS", 0.01)
    running = asyncio.create_task(loop.run())

    async def ready() -> bool:
        return loop.ready

    async def answered() -> bool:
        return bool(await conditions(stage))

    try:
        await until("a first round", ready, seconds=10)
        await stage.create(objects.policy(mode="Observe"))
        loop.wake.set()
        await until("an answer", answered, seconds=10)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert loop.alive
