"""What the API server's refusal of an effect means: a reason with its sentence, and whether waiting may mend it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from zombie_operator.core.lifecycle import Effect
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import EffectKind
from zombie_operator.kube.errors import Conflict, Invalid, KubeError, NotFound, Refused, ServerError, Throttled

MISSING_RIGHT = re.compile(r"cannot \w+ resource")
"""How the RBAC authorizer words it; an admission webhook's 403 has words of its own (apiserver, forbidden errors)."""
SOON, LATER = 30, 60


@dataclass(frozen=True, slots=True)
class Answer:
    """A refusal. ``final`` says that no waiting mends it."""

    refusal: Refusal
    final: bool = False


def meaning(error: KubeError, effect: Effect) -> Answer | None:
    """Say what a refusal means; None when it is not known whether the effect was made."""
    if isinstance(error, Refused) and MISSING_RIGHT.search(str(error)):
        message = f"the operator lacks a right: {error}; grant it, or install the chart's RBAC anew"
        return Answer(Refusal(Reason.REJECTED_BY_SERVER, message, LATER))
    known = _eviction(error) if effect.kind is EffectKind.EVICT else _change(error)
    if known is None and isinstance(error, Refused | Invalid):
        message = f"the API server refused it: {error}; change what refuses it, then delete the zombieremediation"
        return Answer(Refusal(Reason.REJECTED_BY_SERVER, message, LATER), final=True)
    return known


def _eviction(error: KubeError) -> Answer | None:
    budget = any(cause.get("reason") == "DisruptionBudget" for cause in error.causes)
    match error:
        case Throttled() if budget:
            return Answer(Refusal(Reason.DISRUPTION_BUDGET, f"the eviction was refused: {error}", SOON))
        case ServerError() if "PodDisruptionBudget" in str(error):
            # Two budgets on one pod are an internal error to the server (registry/core/pod/storage/eviction.go).
            return Answer(Refusal(Reason.DISRUPTION_BUDGET, f"the eviction was refused: {error}", LATER))
        case NotFound() | Conflict():
            return Answer(Refusal(Reason.POD_GONE, f"the pod is gone or another one: {error}", 1))
        case _:
            return None


def _change(error: KubeError) -> Answer | None:
    match error:
        case Conflict() if error.managers:
            return Answer(
                Refusal(Reason.FIELD_CONFLICT, f"another manager owns the field: {error.managers}"), final=True
            )
        case Conflict() | NotFound():
            return Answer(Refusal(Reason.WORKLOAD_GONE, f"the workload changed meanwhile: {error}", 1))
        case Invalid() if any(cause.get("field") == "metadata.uid" for cause in error.causes):
            return Answer(Refusal(Reason.WORKLOAD_GONE, f"the workload is another one by now: {error}", 1))
        case _:
            return None
