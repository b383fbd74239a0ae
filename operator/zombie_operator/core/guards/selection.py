"""Does the policy speak for every pod that the change would reach."""

from __future__ import annotations

from zombie_operator.core.guards.base import Context
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import Via

SHOWN = 3


def partly_selected(context: Context) -> Refusal | None:
    """Refuse to change a template for pods that the policy does not select; an eviction reaches one that it does."""
    if context.via is not Via.TEMPLATE or not context.unselected:
        return None
    named = ", ".join(context.unselected[:SHOWN])
    more = f" and {len(context.unselected) - SHOWN} more" if len(context.unselected) > SHOWN else ""
    return Refusal(
        Reason.PARTLY_SELECTED,
        f"the policy does not select {named}{more} of {context.workload.title}, which a change of the pod template "
        "would reach as well; widen its selector, or list RestartPod",
    )
