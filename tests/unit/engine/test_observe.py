"""Which agents are asked, and which documents are believed."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import Any

import aiohttp
import pytest

from tests.integration import objects
from tests.integration.agents import AgentServer
from zombie_operator.core.codec import decode
from zombie_operator.core.document import Document
from zombie_operator.engine.observe import endpoints_from, one_per_node
from zombie_operator.sources.agents import Endpoint, pull

Object = dict[str, Any]


def agent_pod(name: str = "agent-1", node: str = "node-1", ip: str = "10.0.0.1", phase: str = "Running") -> Object:
    return {"metadata": {"name": name}, "spec": {"nodeName": node}, "status": {"phase": phase, "podIP": ip}}


def document(node: str) -> Document:
    return decode(json.dumps(objects.document(node)).encode())


def endpoint(name: str, node: str) -> Endpoint:
    return Endpoint(name, node, f"http://{name}:8080")


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("10.0.0.1", "http://10.0.0.1:8080"),
        ("fd00::17", "http://[fd00::17]:8080"),
        ("::ffff:10.0.0.1", "http://[::ffff:10.0.0.1]:8080"),
    ],
)
def test_an_address_of_either_family_becomes_a_url(address: str, url: str) -> None:
    assert endpoints_from([agent_pod(ip=address)], 8080) == [Endpoint("agent-1", "node-1", url)]


@pytest.mark.parametrize(
    "body",
    [
        agent_pod(phase="Pending"),
        agent_pod(phase="Succeeded"),
        agent_pod(ip=""),
        agent_pod(node=""),
        {"metadata": {"name": "new"}},
        {"metadata": {"name": "new"}, "spec": None, "status": None},
    ],
    ids=["pending", "ended", "no address", "no node", "only a name", "nulls"],
)
def test_a_pod_that_does_not_run_yet_is_not_asked(body: Object) -> None:
    assert endpoints_from([body, agent_pod("agent-2", "node-2")], 1) == [
        Endpoint("agent-2", "node-2", "http://10.0.0.1:1")
    ]


def has_ipv6() -> bool:
    """Tell whether this machine has an IPv6 loopback address."""
    with socket.socket(socket.AF_INET6) as probe, contextlib.suppress(OSError):
        probe.bind(("::1", 0))
        return True
    return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback address")
async def test_an_ipv6_agent_is_reached() -> None:
    async with AgentServer("::1", document=objects.document("node-1")) as agent, aiohttp.ClientSession() as session:
        asked = endpoints_from([agent_pod(ip="::1")], agent.port)
        documents, failures = await pull(session, asked, "token")
    assert [found.node.name for found in documents] == ["node-1"]
    assert failures == []


def test_one_agent_a_node_is_believed() -> None:
    documents = [document("node-1"), document("node-2")]
    assert one_per_node(documents, [endpoint("a", "node-1"), endpoint("b", "node-2")]) == (documents, [])


def test_of_two_agents_on_a_node_neither_is_believed() -> None:
    documents = [document("node-1"), document("node-2"), document("node-1")]
    endpoints = [endpoint("a", "node-1"), endpoint("b", "node-2"), endpoint("c", "node-1")]
    believed, failures = one_per_node(documents, endpoints)
    assert [found.node.name for found in believed] == ["node-2"]
    assert [(found.endpoint.pod, found.kind) for found in failures] == [("a", "two_agents"), ("c", "two_agents")]


def test_a_second_agent_that_does_not_answer_takes_nobody_down() -> None:
    """During a rolling update of the agents the old pod is still listed and already silent."""
    believed, failures = one_per_node([document("node-1")], [endpoint("old", "node-1"), endpoint("new", "node-1")])
    assert [found.node.name for found in believed] == ["node-1"]
    assert failures == []
