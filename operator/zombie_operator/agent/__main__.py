"""``zombie-agent``: reads the settings, starts the HTTP thread, scans until SIGTERM.

Exit status: 0 after SIGTERM or SIGINT, 1 if the proc root or the address cannot be opened, 2 if settings are invalid.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time

from zombie_operator import __version__
from zombie_operator.agent.loop import Loop
from zombie_operator.agent.pages import Pages
from zombie_operator.agent.server import Server
from zombie_operator.agent.settings import PREFIX, AgentSettings
from zombie_operator.agent.state import Board
from zombie_operator.procfs.scan import Roots, Scanner
from zombie_operator.runtime import logs
from zombie_operator.runtime.settings import SettingsError, load

logger = logging.getLogger("zombie_operator.agent")


def main() -> None:
    """Run the agent; the console script's entry."""
    try:
        settings = load(AgentSettings, PREFIX, os.environ)
    except SettingsError as error:
        logs.configure()
        for problem in error.problems:
            logger.error("Refused a setting", extra={"problem": problem})  # noqa: TRY400 - no traceback helps here
        sys.exit(2)
    logs.configure(settings.log_level)
    sys.exit(run(settings))


def run(settings: AgentSettings) -> int:
    """Scan and serve until a signal says stop. Returns the exit status."""
    roots = Roots(settings.proc_root, settings.cgroup_root, settings.container_logs)
    board = Board(time.monotonic(), settings.interval_seconds)
    try:
        loop = Loop(Scanner(roots, settings.node_name), board, settings.interval_seconds)
        server = Server(settings.listen, Pages(board, settings.token_file, settings.max_series))
    except OSError as error:
        logger.error("Failed to start", extra={"problem": str(error)})  # noqa: TRY400
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    thread = threading.Thread(target=server.serve, name="http", daemon=True)
    thread.start()
    logger.info("Started", extra={"version": __version__, "node": settings.node_name, "port": server.port})
    loop.run(stop)
    server.stop()
    thread.join(timeout=1)
    logger.info("Stopped")
    return 0


if __name__ == "__main__":
    main()
