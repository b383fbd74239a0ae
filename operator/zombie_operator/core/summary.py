"""A policy's status from what was decided: the conditions and numbers behind ``kubectl get zombiepolicies``.

Conditions follow kstatus: Ready is always there; Reconciling and Stalled only when True. Leaks are no failure of the
operator, so they never make Ready False.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from zombie_operator.core.decide import Decided
from zombie_operator.core.policy import Mode, Policy
from zombie_operator.core.reasons import Reason
from zombie_operator.core.remediation import Outcome, Phase, Remediation
from zombie_operator.core.status import (
    MAX_FINDINGS,
    Condition,
    ConditionStatus,
    Decision,
    FindingStatus,
    PolicyStatus,
)

TRUE, FALSE = ConditionStatus.TRUE, ConditionStatus.FALSE


@dataclass(frozen=True, slots=True)
class Health:
    """How many agents there are, why those that did not answer did not, and how much could not be looked up."""

    agents: int
    failures: tuple[str, ...] = ()
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What one policy's status is made of. ``policy`` is None when its spec cannot be read; ``problem`` says why."""

    generation: int
    policy: Policy | None
    problem: str | None
    decided: tuple[Decided, ...]
    remediations: tuple[Remediation, ...]
    lost: frozenset[str]
    health: Health


def summarize(facts: Facts, before: PolicyStatus, now: datetime) -> PolicyStatus:
    """Return the new status; a condition that says the same keeps its transition time."""
    refused = [d for d in facts.decided if d.decision is Decision.REFUSED]
    exhausted = [r for r in facts.remediations if r.status.outcome is Outcome.EXHAUSTED]
    known = {d.finding.key for d in refused}
    conditions = tuple(
        _settled(condition, before.conditions, now) for condition in (*_readiness(facts), *_abilities(facts))
    )
    return PolicyStatus(
        observed_generation=facts.generation,
        conditions=conditions,
        leaking=len(facts.decided),
        remediating=sum(1 for r in facts.remediations if r.status.phase is not Phase.DONE),
        cured=sum(1 for r in facts.remediations if r.status.outcome in {Outcome.CURED, Outcome.CLEARED}),
        refused=len(refused) + sum(1 for r in exhausted if r.spec.target_ref.uid not in known),
        findings=tuple(_finding(d) for d in facts.decided[:MAX_FINDINGS]),
    )


Draft = tuple[str, ConditionStatus, Reason, str, int]


def _readiness(facts: Facts) -> list[Draft]:
    generation = facts.generation
    if facts.policy is None:
        message = facts.problem or str(Reason.INVALID_POLICY.meaning)
        return [
            ("Ready", FALSE, Reason.INVALID_POLICY, message, generation),
            ("Stalled", TRUE, Reason.INVALID_POLICY, message, generation),
        ]
    answered = facts.health.agents - len(facts.health.failures)
    if answered <= 0:
        why = "; ".join(facts.health.failures[:3]) or "there are none"
        message = f"{Reason.AGENTS_UNAVAILABLE.meaning} Agents: {why}"
        return [
            ("Ready", FALSE, Reason.AGENTS_UNAVAILABLE, message, generation),
            ("Reconciling", TRUE, Reason.AGENTS_UNAVAILABLE, message, generation),
        ]
    reason, message = _headline(facts)
    if facts.health.failures:
        message += f"; {len(facts.health.failures)} of {facts.health.agents} agents: {facts.health.failures[0]}"
        reason = Reason.AGENTS_PARTIAL if reason is Reason.NO_LEAKS else reason
    if facts.health.unread:
        # Not which: a policy's readers may not be allowed to know of other namespaces.
        message += f"; {facts.health.unread} that may leak could not be looked up (the operator's log says which)"
        reason = Reason.UNCHECKED if reason is Reason.NO_LEAKS else reason
    return [("Ready", TRUE, reason, message, generation)]


def _abilities(facts: Facts) -> list[Draft]:
    if facts.policy is None:
        return []
    generation, spec, leaking = facts.generation, facts.policy.spec, len(facts.decided)
    found = Reason.LEAKS_FOUND if leaking else Reason.NO_LEAKS
    mode = {
        Mode.OBSERVE: Reason.OBSERVING,
        Mode.DRY_RUN: Reason.DRY_RUN,
        Mode.ENFORCE: Reason.SUSPENDED if spec.suspend else Reason.ENFORCING,
    }[spec.mode]
    enforcing = TRUE if mode is Reason.ENFORCING else FALSE
    return [
        (
            "Leaking",
            TRUE if leaking else FALSE,
            found,
            f"{leaking} {'workload leaks' if leaking == 1 else 'workloads leak'}",
            generation,
        ),
        ("Enforcing", enforcing, mode, str(mode.meaning), generation),
    ]


def _headline(facts: Facts) -> tuple[Reason, str]:
    """Return what an on-call person should read first: what is in progress, else the worst leak left alone."""
    left = f"{', '.join(sorted(facts.lost)[:3])}, which is more specific or older; delete one or narrow a selector"
    lost = f"; left: {left}" if facts.lost else ""
    # A remediation in progress stays the headline while its old pods, and with them the finding, go away.
    if active := next((r for r in facts.remediations if r.status.phase is not Phase.DONE), None):
        reason = Reason.of(active.status.reason) if active.status.reason else Reason.CHOSEN
        return reason, f"{active.spec.target_ref.kind} {active.spec.target_ref.name}: {active.status.message}{lost}"
    order = (Decision.REMEDIATING, Decision.WAITING, Decision.REFUSED, Decision.PLANNED, Decision.OBSERVED)
    for decision in order:
        for decided in facts.decided:
            if decided.decision is decision:
                return decided.reason, decided.message + lost
    if facts.lost:
        return Reason.ANOTHER_POLICY, f"left: {left}"
    return Reason.NO_LEAKS, str(Reason.NO_LEAKS.meaning)


def _finding(decided: Decided) -> FindingStatus:
    finding, leak = decided.finding, decided.finding.leak
    return FindingStatus(
        namespace=finding.owned.pod.namespace,
        workload=finding.title.replace(" ", "/", 1),
        pod=finding.owned.pod.name,
        container=leak.container,
        cause=leak.cause,
        origin=leak.origin,
        zombies=leak.zombies,
        oldest_seconds=leak.oldest_seconds,
        per_hour=round(leak.per_hour),
        remedy=decided.remedy,
        decision=decided.decision,
        reason=str(decided.reason),
        message=decided.message[:1_024],
    )


def _settled(draft: Draft, before: Sequence[Condition], now: datetime) -> Condition:
    kind, status, reason, message, generation = draft
    old = next((c for c in before if c.type == kind and c.status is status), None)
    since = old.last_transition_time if old else now
    return Condition(kind, status, str(reason), message[:4_096], since, generation)
