"""One round of an operator in a process of its own, which a test can kill: ``python -m tests.integration.child JSON``.

$KUBECONFIG says where the API server is; the argument holds the namespace, the hour and the agent's port.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime

import aiohttp

from tests.integration.agents import AgentServer
from tests.integration.operators import Operator
from tests.integration.stage import Stage
from zombie_operator.kube.client import connect


async def one_round(namespace: str, now: str, port: int) -> None:
    """Do one round."""
    async with await connect() as client, aiohttp.ClientSession() as session:
        stage = Stage(client, namespace, AgentServer(port=port), now=datetime.fromisoformat(now))
        await Operator(client, session, stage).round()


if __name__ == "__main__":
    asyncio.run(one_round(**json.loads(sys.argv[1])))
