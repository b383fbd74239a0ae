"""``zombie-operator``: reads the settings, starts the watches, the server and the loop, and stops on SIGTERM.

kopf runs in a thread with an event loop of its own: in ours it would cancel tasks that are not its own when it stops.
When its watches end, the process ends, and Kubernetes starts a new one with fresh watches.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading

import aiohttp
import kopf

from zombie_operator.controller import handlers
from zombie_operator.controller.loop import Loop
from zombie_operator.controller.report import Reporter
from zombie_operator.controller.server import serve
from zombie_operator.controller.settings import PREFIX, Settings
from zombie_operator.controller.telemetry import Telemetry
from zombie_operator.kube.client import connect
from zombie_operator.kube.errors import KubeError
from zombie_operator.kube.events import Recorder
from zombie_operator.runtime.logs import configure
from zombie_operator.runtime.settings import SettingsError, load

log = logging.getLogger(__name__)

INVALID_SETTINGS = 2


def main() -> None:
    """Run until a signal. Exits 2 when settings are invalid, 1 when the watches end."""
    try:
        settings = load(Settings, PREFIX, os.environ)
    except SettingsError as error:
        for problem in error.problems:
            sys.stderr.write(f"zombie-operator: {problem}\n")
        sys.exit(INVALID_SETTINGS)
    configure(settings.log_level)
    # kopf tells of every handler that succeeded, with all its settings; ours only wake the loop.
    logging.getLogger("kopf").setLevel(logging.WARNING)
    # It warns at every start that it leaves the signals to us, which is what we want.
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)
    try:
        sys.exit(asyncio.run(_run(settings)))
    except (KubeError, OSError) as error:
        log.error("Could not start", extra={"problem": str(error)})  # noqa: TRY400 - a sentence, not a trace
        sys.exit(1)


async def _run(settings: Settings) -> int:
    async with await connect() as client, aiohttp.ClientSession() as session:
        telemetry = Telemetry()
        reporter = Reporter(client, Recorder(client, settings.pod_name))
        loop = Loop(client, session, settings, telemetry, reporter)
        stop: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        watching = _watch(loop.wake, stop)
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, _finish, stop, 0)
        alive = lambda: loop.alive and watching.is_alive()  # noqa: E731 - one line says it
        runner = await serve(settings.listen, telemetry.registry, alive, lambda: loop.ready)
        turning = asyncio.create_task(loop.run())
        log.info("Started operator", extra={"interval_seconds": settings.interval_seconds})
        try:
            return await stop
        finally:
            turning.cancel()
            await asyncio.gather(turning, return_exceptions=True)
            await runner.cleanup()
            log.info("Stopped operator")


def _watch(wake: asyncio.Event, stop: asyncio.Future[int]) -> threading.Thread:
    """Start kopf in its thread; its end is the end of the process."""
    ours = asyncio.get_running_loop()

    def watch() -> None:
        try:
            registry = handlers.registry_for(lambda: ours.call_soon_threadsafe(wake.set))
            kopf.run(registry=registry, settings=handlers.settings(), clusterwide=True, standalone=True)
        except Exception:
            log.exception("Watches failed")
        if not ours.is_closed():
            ours.call_soon_threadsafe(_finish, stop, 1)

    thread = threading.Thread(target=watch, name="kopf", daemon=True)
    thread.start()
    return thread


def _finish(stop: asyncio.Future[int], code: int) -> None:
    if not stop.done():
        stop.set_result(code)


if __name__ == "__main__":
    main()
