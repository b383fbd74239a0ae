"""Not too much at once and not too often: cooldown of a workload, budgets of the policy and of the operator.

Everything is counted from the intents that the remediations themselves record, so a crash forgets nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from zombie_operator.core.guards.base import Context
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import EffectKind, Phase, Remediation

HOUR = timedelta(hours=1)
IN_PROGRESS = frozenset({Phase.ACTING, Phase.VERIFYING, Phase.REVERTING})


def cooling_down(context: Context) -> Refusal | None:
    """Refuse until the policy's cooldown has passed since the last effect on this workload, by any remediation."""
    if context.policy is None:
        return None
    own = [r for r in (*context.others, context.remediation) if r.spec.target_ref.uid == context.workload.ref.uid]
    last = max((intent.time for r in own for intent in r.status.intents), default=None)
    cooldown = context.policy.spec.limits.cooldown_seconds
    if last is None or context.now - last >= timedelta(seconds=cooldown):
        return None
    left = int((last + timedelta(seconds=cooldown) - context.now).total_seconds()) + 1
    return Refusal(
        Reason.COOLING_DOWN, f"{context.workload.title} was acted on recently; next in {left} s at the earliest", left
    )


def budget_exhausted(context: Context) -> Refusal | None:
    """Refuse beyond what the policy, or the operator as a whole, may do at once and within an hour."""
    if context.policy is None:
        return None
    limits, ceiling, ref = context.policy.spec.limits, context.ceiling, context.remediation.spec.policy_ref
    here = [r for r in context.others if r.spec.policy_ref == ref and _same_scope(r, context.remediation)]
    mine = (*here, context.remediation)
    rows = (
        (_busy(here), limits.max_concurrent, "limits.maxConcurrent of the policy", "in progress"),
        (_busy(context.others), ceiling.max_concurrent, "ZOMBIE_OPERATOR_MAX_CONCURRENT", "in progress"),
        (_recent(mine, context.now), limits.max_per_hour, "limits.maxPerHour of the policy", "within an hour"),
        (
            _recent((*context.others, context.remediation), context.now),
            ceiling.max_per_hour,
            "ZOMBIE_OPERATOR_MAX_PER_HOUR",
            "within an hour",
        ),
    )
    for count, limit, name, when in rows:
        if count >= limit:
            return Refusal(Reason.BUDGET_EXHAUSTED, f"{name} is {limit} and {count} {when}; it waits its turn", 60)
    return None


def _same_scope(one: Remediation, other: Remediation) -> bool:
    """Tell policies of one name in two namespaces apart."""
    return one.spec.policy_ref.kind == "ClusterZombiePolicy" or one.namespace == other.namespace


def _busy(remediations: Iterable[Remediation]) -> int:
    return sum(1 for r in remediations if r.status.phase in IN_PROGRESS)


def _recent(remediations: Iterable[Remediation], now: datetime) -> int:
    """Count forward effects; taking back is never held up by a budget and does not use it."""
    return sum(
        1
        for r in remediations
        for intent in r.status.intents
        if now - intent.time < HOUR and intent.effect is not EffectKind.REVERT
    )
