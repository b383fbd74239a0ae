"""Gathering the facts of one workload, read anew: the evidence for its remediation and the context for its guards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from zombie_operator.api.problems import ValidationProblems
from zombie_operator.core.assess import Owned, Sighting, selects
from zombie_operator.core.evidence import Evidence, Terms
from zombie_operator.core.guards import Ceiling, Context
from zombie_operator.core.leaks import leaks_of
from zombie_operator.core.mandate import Mandate, mandate
from zombie_operator.core.measure import measured
from zombie_operator.core.objects import Budget, Pod, Workload
from zombie_operator.core.patches import applied_by_us, carries, patch_hash
from zombie_operator.core.policy import Policy
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
    """One remediation's workload as it is now. ``workload`` is None when it is gone; then there are no pods."""

    remediation: Remediation
    mandate: Mandate
    workload: Workload | None
    pods: tuple[Owned, ...]
    sightings: tuple[Sighting, ...]
    budgets: tuple[Budget, ...]


async def gather(client: KubeClient, remediation: Remediation, world: World) -> Facts:
    """Read a remediation's policy, workload and pods from the API server."""
    lookup = Lookup(client)
    workload = await lookup.workload(remediation.namespace, remediation.spec.target_ref)
    pods = [await lookup.owned(pod) for pod in await lookup.pods_of(workload)] if workload else []
    policy, problem = await _policy(client, remediation)
    rivals = [stored.policy for stored in world.policies if stored.policy is not None]
    nodes = {one.pod.uid: one.pod.node for one in pods}
    return Facts(
        remediation=remediation,
        mandate=mandate(remediation.spec.policy_ref, policy, problem, rivals, pods),
        workload=workload,
        pods=tuple(pods),
        # An agent is believed only for pods of its own node, which the API server says.
        sightings=tuple(s for s in world.sightings if nodes.get(s.report.pod_uid) == s.node),
        budgets=await lookup.budgets(remediation.namespace) if workload else (),
    )


def evidence_of(facts: Facts, ceiling: Ceiling) -> Evidence:
    """Turn facts into what the lifecycle decides on."""
    given, workload, spec = facts.mandate, facts.workload, facts.remediation.spec
    threshold = given.policy.spec.threshold if given.policy else None
    pods = tuple(
        measured(one.pod, _of(facts, one.pod), spec, threshold, ceiling.max_sample_age_seconds) for one in facts.pods
    )
    crossing = _crossing(facts)
    leaking = [pod for pod in pods if pod.uid in crossing and pod.fresh and not pod.deleting]
    return Evidence(
        exists=workload is not None,
        held=given.held,
        terms=_terms(given.policy) if given.policy and not given.withdrawn else None,
        withdrawn=given.withdrawn,
        patched=workload is not None and applied_by_us(workload, spec.patch),
        carried=workload is not None and carries(workload.pod_spec, spec.patch),
        rolled_out=workload is not None and rolled_out(workload),
        rollout_failed=failed(workload) if workload else None,
        pods=pods,
        candidate=max(leaking, key=lambda p: p.treated, default=None),
        patch_hash=patch_hash(spec.patch),
    )


def context_of(
    facts: Facts, evidence: Evidence, world: World, judge: Judge, others: tuple[Remediation, ...]
) -> Context | None:
    """Turn facts into what the guards are asked; None when the workload is gone."""
    if facts.workload is None:
        return None
    stage = facts.remediation.spec.stages[facts.remediation.status.stage]
    pods = tuple(one.pod for one in facts.pods)
    ages = [s.age_seconds for s in facts.sightings]
    return Context(
        now=world.now,
        started=judge.started,
        ceiling=judge.ceiling,
        watched=world.watched,
        policy=facts.mandate.policy,
        remediation=facts.remediation,
        others=tuple(r for r in others if r.uid != facts.remediation.uid),
        via=stage.via,
        workload=facts.workload,
        pods=pods,
        candidate=next((p for p in pods if evidence.candidate and p.uid == evidence.candidate.uid), None),
        namespace_annotations=facts.pods[0].namespace_annotations if facts.pods else {},
        budgets=facts.budgets,
        sample_age_seconds=max(ages, default=None),
        sample_complete=all(s.complete for s in facts.sightings),
        unselected=_unselected(facts, facts.workload),
    )


def _terms(policy: Policy) -> Terms:
    threshold = policy.spec.threshold
    return Terms(
        verify_seconds=policy.spec.rollout.verify_seconds,
        older_than_seconds=threshold.older_than_seconds,
        zombies=threshold.zombies,
        limits=policy.spec.limits,
    )


async def _policy(client: KubeClient, remediation: Remediation) -> tuple[Policy | None, str]:
    """Return the policy, or None; with it the problem of one that is there and cannot be read."""
    ref = remediation.spec.policy_ref
    try:
        return await own.policy(client, ref.kind, remediation.namespace, ref.name), ""
    except NotFound:
        return None, ""
    except ValidationProblems as problems:
        return None, str(problems)


def _of(facts: Facts, pod: Pod) -> list[Sighting]:
    return [s for s in facts.sightings if s.report.pod_uid == pod.uid]


def _crossing(facts: Facts) -> frozenset[str]:
    """Return the selected pods that leak by the policy's threshold now, for a cause that the remedy answers."""
    policy = facts.mandate.policy
    if policy is None:
        return frozenset()
    threshold, remedy = policy.spec.threshold, REMEDIES[facts.remediation.spec.remedy]
    leaking = (s for s in facts.sightings if any(map(remedy.answers, leaks_of(s.report, threshold))))
    return facts.mandate.selected & frozenset(s.report.pod_uid for s in leaking)


def _unselected(facts: Facts, workload: Workload) -> tuple[str, ...]:
    """Name what a change of the template would reach without being selected: pods, and those still to be made."""
    policy = facts.mandate.policy
    if policy is None or not facts.pods:
        return ()
    names = [f"pod {one.pod.name}" for one in facts.pods if one.pod.uid not in facts.mandate.selected]
    new = replace(facts.pods[0], pod=replace(facts.pods[0].pod, labels=workload.pod_labels))
    return (*(() if selects(policy, new) else ("the template's pods",)), *names)
