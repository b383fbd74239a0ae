"""One bare API server for all integration tests; a namespace with its own node and agent for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from tests.cluster.layout import ClusterError
from tests.integration.agents import AgentServer
from tests.integration.apiserver import ADMIN, ApiServer, crds
from tests.integration.audit import Witness
from tests.integration.operators import Operator, client_for, operator_on
from tests.integration.stage import Stage
from tests.integration.waiting import until
from zombie_operator.kube.client import KubeClient

_NUMBERS = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test here: it needs the cluster's programs."""
    for item in items:
        if item.path.parent.name == "integration":
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def bare_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """Run a bare API server."""
    try:
        with ApiServer(tmp_path_factory.mktemp("apiserver")) as running:
            yield running
    except ClusterError as error:
        pytest.fail(str(error))


@pytest_asyncio.fixture(scope="session")
async def server(bare_server: ApiServer) -> ApiServer:
    """Return the API server once it serves our kinds."""
    async with await client_for(bare_server, user=ADMIN) as client:
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        for body in crds():
            await client.request("POST", path, body=body)

        async def served() -> bool:
            return all([_established(body) async for body in client.pages(path)])

        await until("our kinds are served", served)
    return bare_server


@pytest_asyncio.fixture(scope="session")
async def admin(server: ApiServer) -> AsyncIterator[KubeClient]:
    """Connect as the administrator, who also plays everybody but the operator."""
    async with await client_for(server, user=ADMIN) as client:
        yield client


@pytest_asyncio.fixture(scope="session")
async def client(server: ApiServer) -> AsyncIterator[KubeClient]:
    """Connect as the operator."""
    async with await client_for(server) as client:
        yield client


@pytest_asyncio.fixture
async def stage(admin: KubeClient) -> AsyncIterator[Stage]:
    """Make a namespace with a node and its agent."""
    async with AgentServer() as agent:
        here = Stage(admin, f"it-{next(_NUMBERS)}", agent)
        await here.set_up()
        yield here
        await here.tear_down()


@pytest_asyncio.fixture
async def operator(stage: Stage, server: ApiServer) -> AsyncIterator[Operator]:
    """Run an operator in this test's namespace."""
    async with operator_on(stage, server) as running:
        yield running


@pytest_asyncio.fixture
async def witness(server: ApiServer, client: KubeClient) -> Witness:
    """Look at the audit log from now on."""
    return await Witness.begin(server.audit_log, client)


def _established(body: dict[str, Any]) -> bool:
    conditions = (body.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)
