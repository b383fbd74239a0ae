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
    """All that one evaluation knows. ``lost`` names for each policy the workloads for which another one speaks."""

    now: datetime
    policies: tuple[StoredPolicy, ...]
    remediations: tuple[Remediation, ...]
    sightings: tuple[Sighting, ...]
    findings: tuple[Finding, ...]
    lost: dict[PolicyRef, frozenset[str]]
    agents: int
    failures: tuple[Failure, ...]
    impostors: int

    @property
    def watched(self) -> Watched:
        """How much is seen and how much of it leaks."""
        seen = {s.report.pod_uid for s in self.sightings}
        leaking = {pod.uid for finding in self.findings for pod in finding.pods}
        return Watched(len(self.findings), len(leaking), len(seen))


async def observe(
    client: KubeClient, session: aiohttp.ClientSession, agents: AgentsAt, token: str, now: datetime
) -> World:
    """Gather one world. Raises KubeError when our own kinds cannot be read; without them nothing can be decided."""
    lookup = Lookup(client)
    stored = await own.policies(client)
    remediations = await own.remediations(client)
    endpoints = endpoints_from(await lookup.pod_bodies(agents.namespace, agents.selector), agents.port)
    documents, failures = await pull(session, endpoints, token)
    documents, doubles = one_per_node(documents, endpoints)
    seen = sightings(documents)
    policies = [s.policy for s in stored if s.policy is not None]
    owned, impostors = await _look_up(lookup, seen, policies)
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


async def _look_up(lookup: Lookup, seen: tuple[Sighting, ...], policies: list[Policy]) -> tuple[dict[str, Owned], int]:
    """Read the pods of the nodes that leak, and count pods that an agent names but that are not on its node."""
    owned: dict[str, Owned] = {}
    impostors = 0
    for node, uids in suspects(seen, policies).items():
        here = {pod.uid: pod for pod in await lookup.pods_on(node)}
        for uid in uids:
            if uid in here and not here[uid].deleting:
                found = await lookup.owned(here[uid])
                if not found.terminating:
                    owned[uid] = found
            elif uid not in here:
                # Either the pod has just vanished, which is normal, or the agent speaks for a pod of another node.
                impostors += 1
                log.info("Ignored pod that is not on its agent's node", extra={"node": node, "pod_uid": uid})
    return owned, impostors
