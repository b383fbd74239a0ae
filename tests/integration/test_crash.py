"""An operator that dies at any write, before or after it reached the API server, does no effect twice and forgets none.

Judged by the API server: the Deployment's generation counts changes of its template, the audit log names the pods.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration import objects
from tests.integration.apiserver import ApiServer
from tests.integration.audit import Witness
from tests.integration.operators import Operator, operator_on
from tests.integration.proxy import Proxy, When
from tests.integration.stage import FIELD, Stage
from zombie_operator.core.remediation import EffectKind, Outcome, Phase
from zombie_operator.kube.errors import KubeError

Object = dict[str, Any]
Turn = Callable[[], Awaitable[None]]

ROOT = Path(__file__).resolve().parents[2]
STEP_SECONDS = 300
MOST_ROUNDS = 20
QUIET_ROUNDS = 2


@dataclass(frozen=True)
class Life:
    """What a remediation goes through when nothing disturbs it. ``writes`` counts what its operator writes."""

    name: str
    policy: Object
    writes: int
    intents: tuple[EffectKind, ...]
    outcome: Outcome

    def set(self, stage: Stage) -> None:
        """Make the leak behave as this life needs it."""
        if self.outcome is Outcome.ROLLED_BACK:
            stage.zombies, stage.origin = lambda _: 100, objects.UNPROVED
        if self.outcome is Outcome.CLEARED:
            first = ("app-001", "app-002")
            stage.zombies = lambda pod: 100 if pod["metadata"]["name"] in first else 0


CURED = Life("cured", objects.policy(), 5, (EffectKind.APPLY,), Outcome.CURED)
REVERTED = Life("reverted", objects.policy(canary="Off"), 8, (EffectKind.APPLY, EffectKind.REVERT), Outcome.ROLLED_BACK)
RESTARTED = Life(
    "restarted", objects.policy(remedies=("RestartPod",)), 10, (EffectKind.EVICT, EffectKind.EVICT), Outcome.CLEARED
)
LIVES = (CURED, REVERTED, RESTARTED)
DEATHS = [
    pytest.param(life, number, when, id=f"{life.name}-{when}-write-{number}")
    for life in LIVES
    for number in range(1, life.writes + 1)
    for when in When
]
FIRST_ROUND = [death for death in DEATHS if death.values[1] <= 3 and death.values[0] is not REVERTED]


async def begin(stage: Stage, life: Life) -> set[str]:
    """Have a leaking Deployment and its policy; return the UIDs of its pods."""
    life.set(stage)
    await stage.run(objects.workload("app"))
    await stage.create(life.policy)
    return {pod["metadata"]["uid"] for pod in await stage.pods("app")}


async def live(stage: Stage, proxy: Proxy, turn: Turn, operator: Operator) -> None:
    """Turn until nothing is written any more; the operator that died is followed by another one."""
    quiet = 0
    for _ in range(MOST_ROUNDS):
        before = len(proxy.seen)
        await turn()
        if proxy.died.is_set():
            proxy.died.clear()
            proxy.revive()
        await stage.play()
        stage.later(STEP_SECONDS)
        quiet = quiet + 1 if len(proxy.seen) == before else 0
        settled = [r.status.phase is Phase.DONE for r in await operator.remediations()]
        if quiet >= QUIET_ROUNDS and settled == [True]:
            return
    raise AssertionError(f"no end after {MOST_ROUNDS} rounds: {proxy.seen}")


async def judge(life: Life, stage: Stage, operator: Operator, witness: Witness, leaking: set[str]) -> None:
    """Check what the API server says was done."""
    status = (await operator.remediation()).status
    assert status.outcome is life.outcome
    assert tuple(intent.effect for intent in status.intents) == life.intents
    evictions = [
        entry.body["deleteOptions"]["preconditions"]["uid"]
        for entry in await witness.writes("pods/eviction", stage.namespace)
        if entry.code == 201
    ]
    owner = await stage.get("Deployment", "app")
    changes = sum(1 for effect in life.intents if effect is not EffectKind.EVICT)
    assert owner["metadata"]["generation"] == 1 + changes
    assert owner["spec"]["template"]["spec"].get(FIELD) is (True if life is CURED else None)
    if life is RESTARTED:
        assert set(evictions) == leaking == {intent.pod_uid for intent in status.intents}
    else:
        assert evictions == []


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
async def test_an_undisturbed_life_has_the_writes_at_which_the_others_die(
    life: Life, stage: Stage, server: ApiServer, operator: Operator, witness: Witness
) -> None:
    leaking = await begin(stage, life)
    async with Proxy(server) as proxy, operator_on(stage, server, proxy.url) as whole:

        async def turn() -> None:
            await whole.round()

        await live(stage, proxy, turn, operator)
        assert len(proxy.seen) == life.writes, proxy.seen
    await judge(life, stage, operator, witness, leaking)


@pytest.mark.parametrize(("life", "number", "when"), DEATHS)
async def test_a_death_at_any_write_leaves_one_effect_per_intent(  # noqa: PLR0913 - fixtures
    life: Life, number: int, when: When, *, stage: Stage, server: ApiServer, operator: Operator, witness: Witness
) -> None:
    leaking = await begin(stage, life)
    deaths = 0
    async with Proxy(server, number, when) as proxy:

        async def turn() -> None:
            nonlocal deaths
            async with operator_on(stage, server, proxy.url) as mortal:
                try:
                    await mortal.round()
                except KubeError:
                    assert proxy.died.is_set()
                deaths += proxy.died.is_set()

        await live(stage, proxy, turn, operator)
    assert deaths == 1
    await judge(life, stage, operator, witness, leaking)


@pytest.mark.parametrize(("life", "number", "when"), FIRST_ROUND)
async def test_a_killed_process_leaves_one_effect_per_intent(  # noqa: PLR0913 - fixtures
    life: Life, number: int, when: When, *, stage: Stage, server: ApiServer, operator: Operator, witness: Witness
) -> None:
    """The same with a real process and SIGKILL, for the round in which the effect is intended and made."""
    leaking = await begin(stage, life)
    processes: list[asyncio.subprocess.Process] = []
    async with Proxy(server, number, when, lambda: processes[0].send_signal(signal.SIGKILL)) as proxy:

        async def turn() -> None:
            if processes:
                async with operator_on(stage, server, proxy.url) as next_one:
                    await next_one.round()
                return
            processes.append(await start(stage, server, proxy.url))
            assert await processes[0].wait() == -signal.SIGKILL

        await live(stage, proxy, turn, operator)
    await judge(life, stage, operator, witness, leaking)


async def start(stage: Stage, server: ApiServer, url: str) -> asyncio.subprocess.Process:
    """Start a process that does one round."""
    about = {"namespace": stage.namespace, "now": stage.now.isoformat(), "port": stage.agent.port}
    kubeconfig = server.kubeconfig(server.folder / f"{stage.namespace}.kubeconfig", url)
    path = os.pathsep.join((str(ROOT / "operator"), str(ROOT)))
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.child",
        json.dumps(about),
        env={**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONPATH": path},
    )
