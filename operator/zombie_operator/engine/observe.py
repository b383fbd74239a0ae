"""Observing: policies, remediations and the agents' documents, and then only the pods that those name as leaking."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

import aiohttp

from zombie_operator.core.assess import Finding, Owned, Sighting, assess, sightings, suspects
from zombie_operator.core.document import Document
from zombie_operator.core.guards import Watched
from zombie_operator.core.policy import Policy, PolicyRef
from zombie_operator.core.remediation import Remediation
from zombie_operator.kube import own
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.errors import KubeError
from zombie_operator.kube.lookup import Body, Lookup
from zombie_operator.kube.own import StoredPolicy
from zombie_operator.sources.agents import Endpoint, Failure, pull

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AgentsAt:
    """Where the agents are and how to speak with them."""

    namespace: str
    selector: str
    port: int


@dataclass(frozen=True, slots=True)
class World:
    """All that one evaluation knows. ``lost`` names for each policy the workloads for which another one speaks.

    ``unread`` says in a sentence each what leaks and could not be looked up; nothing is decided about that.
    """

    now: datetime
    policies: tuple[StoredPolicy, ...]
    remediations: tuple[Remediation, ...]
    sightings: tuple[Sighting, ...]
    findings: tuple[Finding, ...]
    lost: dict[PolicyRef, frozenset[str]]
    agents: int
    failures: tuple[Failure, ...]
    impostors: int
    unread: tuple[str, ...] = ()

    @property
    def watched(self) -> Watched:
        """How much is seen and how much of it leaks."""
        seen = {s.report.pod_uid for s in self.sightings}
        leaking = {pod.uid for finding in self.findings for pod in finding.pods}
        return Watched(len(self.findings), len(leaking), len(seen))


async def observe(
    client: KubeClient, session: aiohttp.ClientSession, agents: AgentsAt, token: str | None, now: datetime
) -> World:
    """Gather one world. Raises KubeError when our own kinds cannot be read; without them nothing can be decided."""
    lookup = Lookup(client)
    stored = await own.policies(client)
    remediations = await own.remediations(client)
    endpoints = endpoints_from(await lookup.pod_bodies(agents.namespace, agents.selector), agents.port)
    documents, failures = await pull(session, endpoints, token) if token else ([], _unasked(endpoints))
    documents, doubles = one_per_node(documents, endpoints)
    seen = sightings(documents)
    policies = [s.policy for s in stored if s.policy is not None]
    owned, impostors, unread = await _look_up(lookup, seen, policies)
    findings, lost = assess([s for s in seen if s.report.pod_uid in owned], owned, policies)
    return World(
        now=now,
        policies=tuple(stored),
        remediations=tuple(remediations),
        sightings=seen,
        findings=findings,
        lost=lost,
        agents=len(endpoints),
        failures=(*failures, *doubles),
        impostors=impostors,
        unread=unread,
    )


def endpoints_from(bodies: list[Body], port: int) -> list[Endpoint]:
    """Return the agents that run and have an address. The node is the API server's word, never the agent's."""
    found = []
    for body in bodies:
        status, spec = body.get("status") or {}, body.get("spec") or {}
        address, node = status.get("podIP"), spec.get("nodeName")
        if address and node and status.get("phase") == "Running":
            host = f"[{address}]" if ":" in address else address
            found.append(Endpoint(body["metadata"]["name"], node, f"http://{host}:{port}"))
    return found


def _unasked(endpoints: list[Endpoint]) -> list[Failure]:
    return [Failure(one, "no_token", "was not asked: the Secret with its token could not be read") for one in endpoints]


def one_per_node(documents: list[Document], endpoints: list[Endpoint]) -> tuple[list[Document], list[Failure]]:
    """Drop every document of a node for which two agents speak: there is no telling which one is right."""
    names = [document.node.name for document in documents]
    doubled = {name for name in names if names.count(name) > 1}
    failures = [
        Failure(endpoint, "two_agents", "shares its node with another agent; neither is believed")
        for endpoint in endpoints
        if endpoint.node in doubled
    ]
    return [document for document in documents if document.node.name not in doubled], failures


async def _look_up(
    lookup: Lookup, seen: tuple[Sighting, ...], policies: list[Policy]
) -> tuple[dict[str, Owned], int, tuple[str, ...]]:
    """Read the pods of the nodes that leak. Count those that an agent names and that are not on its node.

    What cannot be read of one node or pod is said and left for the next round; the others are judged all the same.
    """
    owned: dict[str, Owned] = {}
    impostors, unread = 0, []
    for node, uids in suspects(seen, policies).items():
        try:
            here = {pod.uid: pod for pod in await lookup.pods_on(node)}
        except KubeError as error:
            unread.append(f"the pods of node {node} could not be read: {error}")
            continue
        for uid in sorted(uids):
            if uid not in here:
                # Either the pod has just vanished, which is normal, or the agent speaks for a pod of another node.
                impostors += 1
                log.info("Ignored pod that is not on its agent's node", extra={"node": node, "pod_uid": uid})
            elif not here[uid].deleting:
                try:
                    found = await lookup.owned(here[uid])
                except KubeError as error:
                    unread.append(f"the owner of pod {here[uid].namespace}/{here[uid].name} could not be read: {error}")
                    continue
                if not found.terminating:
                    owned[uid] = found
    for problem in unread:
        log.warning("Could not look up leak", extra={"problem": problem})
    return owned, impostors, tuple(unread)
