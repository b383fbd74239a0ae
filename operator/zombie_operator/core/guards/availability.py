"""Will enough pods stay available: PodDisruptionBudgets, replicas, and what a rollout would take away."""

from __future__ import annotations

from collections.abc import Mapping

from zombie_operator.core.guards.base import Context
from zombie_operator.core.objects import Budget
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import Via
from zombie_operator.core.rollout import max_unavailable, replicas_of, strategy_of
from zombie_operator.core.selectors import matches, selector_from


def too_few_replicas(context: Context) -> Refusal | None:
    """Refuse to evict from a workload that wants fewer pods than the policy's minReplicas."""
    if context.via is not Via.EVICTION or context.policy is None:
        return None
    wanted, needed = replicas_of(context.workload), context.policy.spec.limits.min_replicas
    if wanted >= needed:
        return None
    return Refusal(
        Reason.TOO_FEW_REPLICAS,
        f"{context.workload.title} wants {wanted} replicas, fewer than limits.minReplicas {needed}; "
        "scale it up or lower the limit",
    )


def strategy_too_disruptive(context: Context) -> Refusal | None:
    """Refuse a rollout that would take all pods away at once, or leave fewer than minReplicas of them."""
    if context.via is not Via.TEMPLATE or context.policy is None:
        return None
    title, strategy = context.workload.title, strategy_of(context.workload)
    if strategy != "RollingUpdate":
        return Refusal(
            Reason.STRATEGY_TOO_DISRUPTIVE,
            f"{title} has update strategy {strategy}; make the change in a maintenance window",
        )
    wanted, away = replicas_of(context.workload), max_unavailable(context.workload)
    needed = min(context.policy.spec.limits.min_replicas, wanted)
    if away == 0 or wanted - away >= needed:
        return None
    limit = context.policy.spec.limits.min_replicas
    lower = f", or lower the limit to {wanted - away}" if wanted > away else ""
    return Refusal(
        Reason.STRATEGY_TOO_DISRUPTIVE,
        f"a rollout of {title} may take {away} of {wanted} pods away and leave fewer than {needed} "
        f"(limits.minReplicas is {limit}); scale it to at least {limit + away}{lower}",
    )


def disruption_budget(context: Context) -> Refusal | None:
    """Refuse what a PodDisruptionBudget forbids now; two budgets on one pod make every eviction fail (policy/v1)."""
    labels = context.candidate.labels if context.candidate else context.workload.pod_labels
    covering = [budget for budget in context.budgets if _covers(budget, labels)]
    if len(covering) > 1:
        names = ", ".join(budget.name for budget in covering)
        message = f"pods of {context.workload.title} match several PodDisruptionBudgets ({names}); keep one of them"
        return Refusal(Reason.DISRUPTION_BUDGET, message)
    for budget in covering:
        if context.via is Via.EVICTION and budget.disruptions_allowed < 1:
            return _forbids(context, budget)
        if context.via is Via.TEMPLATE:
            left = budget.current_healthy - max_unavailable(context.workload)
            if max_unavailable(context.workload) and left < budget.desired_healthy:
                return _forbids(context, budget)
    return None


def _forbids(context: Context, budget: Budget) -> Refusal:
    title, allowed = context.workload.title, budget.disruptions_allowed
    return Refusal(
        Reason.DISRUPTION_BUDGET,
        f"PodDisruptionBudget {budget.name} allows {allowed} disruptions of {title} now "
        f"({budget.current_healthy} healthy, {budget.desired_healthy} needed); scale it up or relax the budget",
        30,
    )


def _covers(budget: Budget, labels: Mapping[str, str]) -> bool:
    selector = selector_from(budget.selector)
    return selector is not None and matches(selector, labels)
