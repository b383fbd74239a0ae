"""The loop: observe, evaluate, begin, drive, report, again and again, at every wake and at least every interval.

It is level-triggered: every round reads the present state and nothing is carried over but what the API server holds.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp

from zombie_operator.controller.report import Reporter
from zombie_operator.controller.settings import Settings
from zombie_operator.controller.telemetry import Telemetry
from zombie_operator.engine.drive import Move, drive
from zombie_operator.engine.evaluate import begin, evaluate
from zombie_operator.engine.facts import Judge
from zombie_operator.engine.observe import observe
from zombie_operator.kube import own
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.errors import KubeError
from zombie_operator.kube.tokens import agent_token

log = logging.getLogger(__name__)

REST_SECONDS = 1.0
"""Shortest time between two rounds, so that a burst of wakes is one."""
SILENT_ROUNDS = 5
"""Rounds without a finished evaluation after which the process calls itself unhealthy."""


@dataclass
class Loop:
    """The operator's one loop. ``wake`` may be set by anyone in the same event loop."""

    client: KubeClient
    session: aiohttp.ClientSession
    settings: Settings
    telemetry: Telemetry
    reporter: Reporter
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _judge: Judge = field(init=False)
    _beat: float = field(default_factory=time.monotonic)
    _ready: bool = False

    def __post_init__(self) -> None:
        """Remember when this operator started: it warms up first."""
        self._judge = Judge(self.settings.ceiling, _now())

    @property
    def ready(self) -> bool:
        """Whether one evaluation went through."""
        return self._ready

    @property
    def alive(self) -> bool:
        """Whether the loop turns: also rounds that fail count, since a restart would not mend the API server."""
        return time.monotonic() - self._beat < SILENT_ROUNDS * self.settings.interval_seconds + 60

    async def run(self) -> None:
        """Turn for ever."""
        while True:
            self.wake.clear()
            try:
                await self.round()
            except KubeError as error:
                self.telemetry.failed()
                log.warning("Evaluation failed", extra={"problem": str(error)})
            except Exception:
                # A bug in one round must not end the watch over the cluster; it is counted, and logged with its trace.
                self.telemetry.failed()
                log.exception("Evaluation failed unexpectedly")
            self._beat = time.monotonic()
            await asyncio.sleep(REST_SECONDS)
            try:
                # Not wait_for: before Python 3.12 it swallows a cancellation that comes together with a wake.
                async with asyncio.timeout(self.settings.interval_seconds - REST_SECONDS):
                    await self.wake.wait()
            except TimeoutError:
                continue

    async def round(self) -> None:
        """Do one round."""
        began, settings = time.monotonic(), self.settings
        token = await self._token()
        world = await observe(self.client, self.session, settings.agents, token, _now())
        decided = await evaluate(self.client, world, self._judge)
        await begin(self.client, decided)
        moves = await drive(self.client, world, self._judge, self.reporter.transition)
        remediations = await own.remediations(self.client)
        await self.reporter.publish(world, decided, remediations)
        self.telemetry.evaluated(world, decided, moves, time.monotonic() - began)
        self.telemetry.remembered(remediations)
        self._ready = True
        if any(_moved(move) for move in moves):
            self.wake.set()

    async def _token(self) -> str | None:
        """Return the agents' token; without one nothing is seen, and what was begun is driven and taken back still."""
        try:
            return await agent_token(self.client, self.settings.agent_namespace, self.settings.agent_secret)
        except KubeError as error:
            log.warning("Could not read the agents' token", extra={"problem": str(error)})
            return None


def _moved(move: Move) -> bool:
    """Tell whether something was done whose result can be looked at right away."""
    return move.effect is not None


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
