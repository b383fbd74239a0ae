"""Reporting: the statuses of policies, and events about workloads, in the same words."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from zombie_operator.api.v1alpha1 import API_VERSION, ZOMBIE_REMEDIATION
from zombie_operator.core.decide import Decided
from zombie_operator.core.remediation import Outcome, Phase, Remediation, RemediationStatus, TargetRef
from zombie_operator.core.status import Decision, PolicyStatus
from zombie_operator.core.summary import Facts, Health, summarize
from zombie_operator.engine.observe import World
from zombie_operator.kube import own
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.errors import Conflict, KubeError, NotFound
from zombie_operator.kube.events import Recorder, Subject
from zombie_operator.kube.own import StoredPolicy
from zombie_operator.sources.agents import Failure

log = logging.getLogger(__name__)

BAD = frozenset({Outcome.ROLLED_BACK, Outcome.EXHAUSTED, Outcome.INCONCLUSIVE, Outcome.REFUSED})


@dataclass
class Reporter:
    """Writes what was decided where people look."""

    client: KubeClient
    recorder: Recorder
    _ignored: frozenset[Failure] = frozenset()

    async def publish(self, world: World, decided: Sequence[Decided], remediations: Sequence[Remediation]) -> None:
        """Write every policy's status that has something new to say, and an event for every new refusal."""
        self._log_agents(frozenset(world.failures))
        failures = tuple(f"{f.endpoint.pod} {f.message}" for f in world.failures)
        health = Health(world.agents, failures, len(world.unread))
        for stored in world.policies:
            facts = Facts(
                generation=stored.generation,
                policy=stored.policy,
                problem=stored.problem,
                decided=tuple(d for d in decided if d.finding.policy.ref == stored.ref),
                remediations=tuple(r for r in remediations if _asked_by(r, stored)),
                lost=world.lost.get(stored.ref, frozenset()),
                health=health,
            )
            status = summarize(facts, stored.status, world.now)
            if status != stored.status:
                await self._put(stored, status)
        for decision in decided:
            await self._tell(decision)

    async def transition(self, remediation: Remediation, before: RemediationStatus) -> None:
        """Log a step of a remediation, and post it as an event about the workload."""
        status, spec = remediation.status, remediation.spec
        words = str(status.outcome) if status.outcome else str(status.phase)
        fields = {
            "object": f"{remediation.namespace}/{remediation.name}",
            "workload": f"{spec.target_ref.kind}/{spec.target_ref.name}",
            "remedy": str(spec.remedy),
            "phase": str(status.phase),
            "outcome": str(status.outcome or ""),
            "reason": status.reason,
        }
        log.info("Moved ZombieRemediation", extra={**fields, "from": str(before.phase), "note": status.message})
        await self.recorder.post(
            _subject(spec.target_ref, remediation.namespace),
            status.reason,
            f"{spec.remedy} {words}: {status.message}",
            action=str(spec.remedy),
            warning=status.outcome in BAD or status.phase is Phase.REVERTING,
            related=Subject(
                API_VERSION, ZOMBIE_REMEDIATION.kind, remediation.namespace, remediation.name, remediation.uid
            ),
        )

    def _log_agents(self, failures: frozenset[Failure]) -> None:
        """Log an agent that cannot be used once, and again only when that changes."""
        for failure in failures - self._ignored:
            fields = {"agent": failure.endpoint.pod, "node": failure.endpoint.node, "kind": failure.kind}
            log.warning("Ignored node agent", extra={**fields, "problem": failure.message})
        for failure in self._ignored - failures:
            log.info("Node agent changed", extra={"agent": failure.endpoint.pod, "was": failure.message})
        self._ignored = failures

    async def _put(self, stored: StoredPolicy, status: PolicyStatus) -> None:
        try:
            await own.put_policy_status(self.client, stored, status)
        except (Conflict, NotFound):
            log.debug("Policy changed meanwhile", extra={"object": stored.ref.name})
        except KubeError as error:
            log.warning("Could not write policy status", extra={"object": stored.ref.name, "problem": str(error)})

    async def _tell(self, decided: Decided) -> None:
        """Post an event about a leak that is only reported or left alone; the rest is told by its remediation."""
        if decided.decision is Decision.REMEDIATING:
            return
        finding = decided.finding
        workload, pod, ref = finding.owned.workload, finding.owned.pod, finding.policy.ref
        about = Subject("v1", "Pod", pod.namespace, pod.name, pod.uid)
        if workload is not None:
            about = _subject(workload.ref, workload.namespace)
        await self.recorder.post(
            about,
            decided.reason,
            decided.message,
            action="Assess",
            warning=True,
            related=Subject(API_VERSION, ref.kind, ref.namespace, ref.name, ref.uid),
        )


def _asked_by(remediation: Remediation, stored: StoredPolicy) -> bool:
    ref = remediation.spec.policy_ref
    same = (ref.kind, ref.name) == (stored.ref.kind, stored.ref.name)
    return same and stored.ref.namespace in {"", remediation.namespace}


def _subject(target: TargetRef, namespace: str) -> Subject:
    return Subject(target.api_version, target.kind, namespace, target.name, target.uid)
