"""Choosing: which of the policy's remedies answers a finding, and how it would reach the pods; or why none does.

The first remedy of the policy's list that answers the cause, passes its preflight and has a way to the pods wins.
Whether it may be done *now* is not asked here but by ``core/guards``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zombie_operator.core.assess import Finding
from zombie_operator.core.document import Cause, Origin
from zombie_operator.core.leaks import Leak
from zombie_operator.core.objects import Pod, Workload
from zombie_operator.core.ownership import managed_by
from zombie_operator.core.policy import Canary, Policy, RemedyChoice
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import (
    PodPatch,
    PolicyRefSpec,
    RemediationSpec,
    RemedyType,
    Scope,
    Stage,
    Via,
)
from zombie_operator.core.remedies import REMEDIES, Remedy

TEMPLATE_KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
EVICTION_KINDS = TEMPLATE_KINDS | {"ReplicaSet", "ReplicationController"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done: the spec of a remediation, and the sentences that a person should read first."""

    spec: RemediationSpec
    sentence: str
    caveats: tuple[str, ...]

    @property
    def remedy(self) -> RemedyType:
        """The remedy's type."""
        return self.spec.remedy


def choose(finding: Finding, tried: Sequence[RemedyType] = (), verdict: Cause | None = None) -> Plan | Refusal:
    """Return the plan for a finding, or the refusal that a person should read.

    ``tried`` are remedies that were already taken back on this workload; ``verdict`` is the cause that such an
    experiment proved, which then counts more than what /proc alone can tell.
    """
    leak = _with_verdict(finding.leak, verdict)
    if refusal := _not_actionable(finding, leak):
        return refusal
    refusals: list[Refusal] = []
    for choice in finding.policy.spec.remedies:
        remedy = REMEDIES[choice.type]
        if not remedy.answers(leak):
            continue
        against = list(_against(finding, leak, choice, remedy, tried))
        if not against:
            return _plan(finding, leak, remedy)
        refusals.append(against[0])
    return refusals[0] if refusals else _no_answer(finding, leak)


def explain(finding: Finding, leak: Leak) -> str:
    """Return one sentence that says why this workload leaks."""
    name = leak.evidence.parent_comm or leak.init_comm
    parent = f"`{name}`" if name else "its parent"
    count = f"{leak.zombies} zombies, the oldest {leak.oldest_seconds} s"
    where = f"container {leak.container or '?'} of {finding.title}"
    match leak.cause, leak.origin:
        case Cause.INIT_NOT_REAPING, Origin.PROBE:
            why = f"its PID 1 ({parent}) adopted what a timed-out exec probe left behind and never waits for it"
        case Cause.INIT_NOT_REAPING, Origin.ORPHAN:
            why = f"its PID 1 ({parent}) adopted orphans and never waits for them"
        case Cause.INIT_NOT_REAPING, _:
            why = f"its PID 1 ({parent}) does not wait, for its own children or for orphans: /proc alone cannot tell"
        case Cause.PARENT_NOT_WAITING, _:
            why = f"{parent} forked children and never waits for them; no init reaps for a living parent"
        case _:
            why = f"the cause is {leak.cause}"
    return f"{where} holds {count}: {why}"


def _with_verdict(leak: Leak, verdict: Cause | None) -> Leak:
    if verdict is None or leak.cause is not Cause.INIT_NOT_REAPING or leak.origin is not Origin.UNKNOWN:
        return leak
    return replace(leak, cause=verdict, origin=None, proved=0)


def _not_actionable(finding: Finding, leak: Leak) -> Refusal | None:
    if leak.cause in {Cause.INIT_NOT_REAPING, Cause.PARENT_NOT_WAITING}:
        return None
    sentence = explain(finding, leak)
    if leak.cause is Cause.RUNTIME_NOT_REAPING:
        return Refusal(
            Reason.NODE_FAULT, f"{sentence}; restart the container runtime or drain node {finding.sighting.node}"
        )
    return Refusal(Reason.CAUSE_NOT_ACTIONABLE, f"{sentence}; it is reported and never acted on")


def _against(
    finding: Finding, leak: Leak, choice: RemedyChoice, remedy: Remedy, tried: Sequence[RemedyType]
) -> Iterator[Refusal]:
    """Yield what speaks against one remedy, what is most final first."""
    if choice.type in tried:
        yield Refusal(
            Reason.ALREADY_TRIED,
            f"{choice.type} was tried on {finding.title} and taken back; "
            "delete its zombieremediation to allow another try",
        )
    pod, workload = finding.owned.pod, finding.owned.workload
    yield from remedy.preflight(pod, leak)
    yield from _unreachable(pod, workload, remedy)
    if remedy.via is Via.TEMPLATE:
        if workload and (managed := managed_by(workload)):
            yield managed
        if refusal := _without_canary(finding, leak):
            yield refusal


def _unreachable(pod: Pod, workload: Workload | None, remedy: Remedy) -> Iterator[Refusal]:
    if workload is None:
        yield Refusal(Reason.BARE_POD, f"pod {pod.name} has no controller; change the pod's manifest")
        return
    kinds = TEMPLATE_KINDS if remedy.via is Via.TEMPLATE else EVICTION_KINDS
    if workload.ref.kind not in kinds:
        yield Refusal(
            Reason.OWNER_UNSUPPORTED,
            f"{workload.title} is not one of {', '.join(sorted(kinds))}; change it where it is defined",
        )


def _without_canary(finding: Finding, leak: Leak) -> Refusal | None:
    """Refuse what needs a canary: this version changes templates only, which reaches every pod of the workload."""
    canary = finding.policy.spec.rollout.canary
    proved = leak.origin in {Origin.ORPHAN, Origin.PROBE}
    if canary is Canary.OFF or (proved and canary is Canary.AUTO):
        return None
    why = "the policy requires a canary" if proved else f"{explain(finding, leak)}"
    return Refusal(
        Reason.CANARY_UNAVAILABLE,
        f'{why}; one pod cannot be tried first on this server, so set rollout.canary: "Off" to try the whole workload '
        "once, with rollback",
    )


def _plan(finding: Finding, leak: Leak, remedy: Remedy) -> Plan:
    workload = finding.owned.workload
    if workload is None:  # _unreachable has refused already
        raise AssertionError(finding.title)
    scope = Scope.ALL if remedy.via is Via.TEMPLATE else Scope.ONE
    patch = remedy.patch(finding.owned.pod)
    spec = RemediationSpec(
        target_ref=workload.ref,
        policy_ref=policy_ref(finding.policy),
        container=leak.container,
        # What the agents report, not the verdict: evidence is gathered by this, and they cannot tell the difference.
        cause=finding.leak.cause,
        origin=finding.leak.origin,
        remedy=remedy.type,
        patch=patch,
        stages=(Stage(scope, remedy.via),),
    )
    what = (
        f"set {describe(patch)} on {workload.title}" if patch != PodPatch() else f"evict pod {finding.owned.pod.name}"
    )
    return Plan(spec, f"{explain(finding, leak)}; remedy {remedy.type}: {what}", remedy.caveats(finding.owned.pod))


def policy_ref(policy: Policy) -> PolicyRefSpec:
    """Name a policy in a remediation of its namespace."""
    return PolicyRefSpec(policy.ref.kind, policy.ref.name)


def describe(patch: PodPatch) -> str:
    """Return a patch as a person would write it in a pod spec."""
    return "shareProcessNamespace: true" if patch.share_process_namespace else "nothing"


def _no_answer(finding: Finding, leak: Leak) -> Refusal:
    listed = ", ".join(choice.type for choice in finding.policy.spec.remedies)
    if leak.cause is Cause.PARENT_NOT_WAITING:
        return Refusal(
            Reason.PARENT_NOT_WAITING,
            f"{explain(finding, leak)}; fix the program, or list RestartPod to clear it for a while",
        )
    return Refusal(Reason.NO_REMEDY_ANSWERS, f"{explain(finding, leak)}; none of {listed} cures that")
