"""Is the workload in a state to be changed: not managed by others, not paused, not in the middle of a rollout."""

from __future__ import annotations

from zombie_operator.core.guards.base import Context
from zombie_operator.core.ownership import managed_by
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import Via
from zombie_operator.core.rollout import rolled_out


def managed(context: Context) -> Refusal | None:
    """Refuse to change a template that somebody else manages. Evicting a pod changes no template."""
    return managed_by(context.workload) if context.via is Via.TEMPLATE else None


def paused(context: Context) -> Refusal | None:
    """Refuse for a paused Deployment: its owner is in the middle of something."""
    if context.workload.spec.get("paused"):
        return Refusal(Reason.WORKLOAD_PAUSED, f"{context.workload.title} is paused; resume it first")
    return None


def rollout_in_progress(context: Context) -> Refusal | None:
    """Refuse in the middle of a rollout: two at once hide each other's effect."""
    if rolled_out(context.workload):
        return None
    return Refusal(
        Reason.ROLLOUT_IN_PROGRESS, f"{context.workload.title} is in the middle of a rollout; wait until it ends"
    )
