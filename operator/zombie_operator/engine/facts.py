"""Gathering the facts of one workload, read anew: the evidence for its remediation and the context for its guards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zombie_operator.api.problems import ValidationProblems
from zombie_operator.core.assess import Owned, Sighting, selects
from zombie_operator.core.document import Cause
from zombie_operator.core.evidence import Evidence, Observed, Terms
from zombie_operator.core.guards import Ceiling, Context
from zombie_operator.core.leaks import leaks_of, tally
from zombie_operator.core.objects import Pod, Workload
from zombie_operator.core.patches import applied_by_us, carries, patch_hash
from zombie_operator.core.policy import Mode, Policy
from zombie_operator.core.remediation import Remediation
from zombie_operator.core.remedies import REMEDIES
from zombie_operator.core.rollout import failed, rolled_out
from zombie_operator.engine.observe import World
from zombie_operator.kube import own
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.errors import NotFound
from zombie_operator.kube.lookup import Lookup


@dataclass(frozen=True, slots=True)
class Judge:
    """What the administrator allows, and when this operator started."""

    ceiling: Ceiling
    started: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """One remediation's workload as it is now. ``workload`` is None when it is gone."""

    remediation: Remediation
    policy: Policy | None
    workload: Workload | None
    pods: tuple[Pod, ...]
    sightings: tuple[Sighting, ...]
    namespace: Owned | None


async def gather(client: KubeClient, remediation: Remediation, world: World) -> Facts:
    """Read a remediation's policy, workload and pods from the API server."""
    lookup = Lookup(client)
    workload = await lookup.workload(remediation.namespace, remediation.spec.target_ref)
    pods = tuple(await lookup.pods_of(workload)) if workload else ()
    first = await lookup.owned(pods[0]) if pods else None
    policy = await _policy(client, remediation)
    if policy is not None and first is not None and not selects(policy, first):
        policy = None
    nodes = {pod.uid: pod.node for pod in pods}
    # An agent is believed only for pods of its own node, which the API server says.
    seen = tuple(s for s in world.sightings if nodes.get(s.report.pod_uid) == s.node)
    return Facts(remediation, policy, workload, pods, seen, first)


def evidence_of(facts: Facts, ceiling: Ceiling) -> Evidence:
    """Turn facts into what the lifecycle decides on."""
    policy, workload, spec = facts.policy, facts.workload, facts.remediation.spec
    enforcing = policy is not None and policy.spec.mode is Mode.ENFORCE
    terms = _terms(policy) if policy else None
    older = terms.older_than_seconds if terms else 0
    pods = tuple(_observed(pod, facts, older, ceiling) for pod in facts.pods)
    crossing = _crossing(facts)
    leaking = [p for p in pods if p.uid in crossing and p.fresh and not p.deleting]
    return Evidence(
        exists=workload is not None,
        suspended=policy is not None and policy.spec.suspend,
        terms=terms if enforcing else None,
        patched=workload is not None and applied_by_us(workload, spec.patch),
        rolled_out=workload is not None and rolled_out(workload),
        rollout_failed=failed(workload) if workload else None,
        pods=pods,
        candidate=max(leaking, key=lambda p: p.treated, default=None),
        patch_hash=patch_hash(spec.patch),
    )


async def context_of(
    client: KubeClient, facts: Facts, evidence: Evidence, world: World, judge: Judge, others: tuple[Remediation, ...]
) -> Context | None:
    """Turn facts into what the guards are asked; None when the workload is gone."""
    if facts.workload is None:
        return None
    stage = facts.remediation.spec.stages[facts.remediation.status.stage]
    candidate = next((p for p in facts.pods if evidence.candidate and p.uid == evidence.candidate.uid), None)
    ages = [s.age_seconds for s in facts.sightings]
    return Context(
        now=world.now,
        started=judge.started,
        ceiling=judge.ceiling,
        watched=world.watched,
        policy=facts.policy,
        remediation=facts.remediation,
        others=tuple(r for r in others if r.uid != facts.remediation.uid),
        via=stage.via,
        workload=facts.workload,
        pods=facts.pods,
        candidate=candidate,
        namespace_annotations=facts.namespace.namespace_annotations if facts.namespace else {},
        budgets=await Lookup(client).budgets(facts.remediation.namespace),
        sample_age_seconds=max(ages, default=None),
        sample_complete=all(s.complete for s in facts.sightings),
    )


def _terms(policy: Policy) -> Terms:
    return Terms(policy.spec.rollout.verify_seconds, policy.spec.threshold.older_than_seconds, policy.spec.limits)


async def _policy(client: KubeClient, remediation: Remediation) -> Policy | None:
    ref = remediation.spec.policy_ref
    try:
        return await own.policy(client, ref.kind, remediation.namespace, ref.name)
    except (NotFound, ValidationProblems):
        return None


def _crossing(facts: Facts) -> frozenset[str]:
    """Return the pods that leak by the policy's threshold now, for a cause that the remedy answers."""
    if facts.policy is None:
        return frozenset()
    threshold, remedy = facts.policy.spec.threshold, REMEDIES[facts.remediation.spec.remedy]
    return frozenset(
        s.report.pod_uid for s in facts.sightings if any(map(remedy.answers, leaks_of(s.report, threshold)))
    )


def _observed(pod: Pod, facts: Facts, older_than: int, ceiling: Ceiling) -> Observed:
    seen = [s for s in facts.sightings if s.report.pod_uid == pod.uid]
    fresh = bool(seen) and all(s.complete and s.age_seconds <= ceiling.max_sample_age_seconds for s in seen)
    spec = facts.remediation.spec
    treated = [tally(s.report, spec.cause, older_than) for s in seen]
    other = Cause.PARENT_NOT_WAITING if spec.cause is not Cause.PARENT_NOT_WAITING else None
    others = [tally(s.report, other, older_than) for s in seen] if other else []
    return Observed(
        uid=pod.uid,
        name=pod.name,
        created=pod.created,
        patched=carries(pod.spec, spec.patch),
        ready=pod.ready,
        deleting=pod.deleting,
        restarts=pod.restarts,
        broken=pod.broken,
        fresh=fresh,
        treated=sum(leak.zombies for leak in treated),
        others=sum(leak.zombies for leak in others),
        oldest_seconds=max((leak.oldest_seconds for leak in (*treated, *others)), default=0),
    )
