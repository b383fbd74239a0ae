"""The operator's engine run by hand, a round at a time and at an hour of the test's choosing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client.configuration import Configuration

from tests.integration.apiserver import OPERATOR, ApiServer
from tests.integration.stage import Stage
from zombie_operator.core.guards import Ceiling
from zombie_operator.core.remediation import Phase, Remediation, RemediationStatus
from zombie_operator.engine.drive import Move, drive
from zombie_operator.engine.evaluate import begin, evaluate
from zombie_operator.engine.facts import Judge
from zombie_operator.engine.observe import World, observe
from zombie_operator.kube import own
from zombie_operator.kube.client import JSON, Body, KubeClient

STEP_SECONDS = 300
MOST_ROUNDS = 12


async def client_for(server: ApiServer, url: str = "", user: str = OPERATOR) -> KubeClient:
    """Return a client of the API server, or of a proxy in front of it."""
    return KubeClient(await configuration(server.kubeconfig(server.folder / "kubeconfig", url, user)))


async def configuration(kubeconfig: Path) -> Configuration:
    """Read a kubeconfig."""
    found = Configuration()
    await config.load_kube_config(config_file=str(kubeconfig), client_configuration=found)
    return found


class Interrupted(KubeClient):
    """A client before whose first matching request something else happens on the API server."""

    def __init__(self, found: Configuration, method: str, part: str, before: Callable[[], Awaitable[object]]) -> None:
        super().__init__(found)
        self._match, self._before, self.interrupted = (method, part), before, False

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Body | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = JSON,
        timeout_seconds: float = 30,
    ) -> Body:
        """Send a request, interrupted once."""
        if not self.interrupted and method == self._match[0] and self._match[1] in path:
            self.interrupted = True
            await self._before()
        return await super().request(
            method, path, body=body, query=query, content_type=content_type, timeout_seconds=timeout_seconds
        )


@dataclass
class Operator:
    """One operator that has been up for an hour. ``told`` are the transitions it announced."""

    client: KubeClient
    session: aiohttp.ClientSession
    stage: Stage
    told: list[tuple[str, str]] = field(default_factory=list)

    @property
    def judge(self) -> Judge:
        """The default ceiling."""
        return Judge(Ceiling(), self.stage.now - timedelta(hours=1))

    async def world(self) -> World:
        """Observe."""
        return await observe(self.client, self.session, self.stage.agents, "token", self.stage.now)

    async def round(self) -> list[Move]:
        """Do one whole round, and return what moved in this test's namespace."""
        world = await self.world()
        await begin(self.client, await evaluate(self.client, world, self.judge))
        return await self.drive(world)

    async def drive(self, world: World | None = None) -> list[Move]:
        """Only drive."""
        moves = await drive(self.client, world or await self.world(), self.judge, self._notify)
        return [move for move in moves if move.remediation.namespace == self.stage.namespace]

    async def remediation(self) -> Remediation:
        """Return the only remediation of this test's namespace."""
        (found,) = await self.remediations()
        return found

    async def remediations(self) -> list[Remediation]:
        """Return the remediations of this test's namespace."""
        return [r for r in await own.remediations(self.client) if r.namespace == self.stage.namespace]

    async def turn(self, until: Phase) -> Remediation:
        """Turn, with everybody else, until the remediation is in a phase; then return it."""
        for _ in range(MOST_ROUNDS):
            await self.round()
            found = await self.remediation()
            if found.status.phase is until:
                return found
            await self.stage.play()
            self.stage.later(STEP_SECONDS)
        raise AssertionError(f"not {until} after {MOST_ROUNDS} rounds: {self.told}")

    async def _notify(self, remediation: Remediation, before: RemediationStatus) -> None:
        del before
        self.told.append((str(remediation.status.phase), remediation.status.reason))


@asynccontextmanager
async def operator_on(stage: Stage, server: ApiServer, url: str = "") -> AsyncIterator[Operator]:
    """Run an operator of its own, with connections of its own."""
    async with await client_for(server, url) as client, aiohttp.ClientSession() as session:
        yield Operator(client, session, stage)
