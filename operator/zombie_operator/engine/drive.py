"""Driving: moves every remediation that is not done by one step, and makes the effect that goes with it.

The order is what makes a crash harmless: facts are read anew, the core decides, the status with the intent is written
with the resourceVersion as fence, and only then is the effect made. Whoever comes after a crash finds the intent and
makes the same effect again.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from zombie_operator.core.guards import GUARDS, REPEAT_GUARDS, REVERT_GUARDS, Guard, refusals
from zombie_operator.core.lifecycle import Effect, advance, retract
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import EffectKind, Phase, Remediation, RemediationStatus
from zombie_operator.engine.facts import Judge, context_of, evidence_of, gather
from zombie_operator.engine.observe import World
from zombie_operator.engine.via import eviction, template
from zombie_operator.kube import own
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.errors import Conflict, Invalid, KubeError, NotFound, Refused, ServerError, Throttled

log = logging.getLogger(__name__)

Notify = Callable[[Remediation, RemediationStatus], Awaitable[None]]
"""Told of every transition, with the status before it."""


@dataclass(frozen=True, slots=True)
class Move:
    """What happened to one remediation: for metrics and logs."""

    remediation: Remediation
    effect: EffectKind | None = None
    refusal: Refusal | None = None


async def drive(client: KubeClient, world: World, judge: Judge, notify: Notify) -> list[Move]:
    """Move all remediations by one step, one after the other, so that budgets see what was just begun."""
    remediations = {r.uid: r for r in await own.remediations(client)}
    moves = []
    for uid in list(remediations):
        try:
            move = await _step(client, remediations[uid], world, judge, tuple(remediations.values()), notify)
        except Conflict as conflict:
            log.info("Left remediation to a faster writer", extra={"error": str(conflict)})
            continue
        except KubeError as error:
            fields = {"object": f"{remediations[uid].namespace}/{remediations[uid].name}", "error": str(error)}
            log.warning("Could not move ZombieRemediation", extra=fields)
            continue
        remediations[uid] = move.remediation
        moves.append(move)
    return moves


async def _step(
    client: KubeClient,
    remediation: Remediation,
    world: World,
    judge: Judge,
    others: tuple[Remediation, ...],
    notify: Notify,
) -> Move:
    if _settled(remediation):
        return Move(remediation)
    facts = await gather(client, remediation, world)
    evidence = evidence_of(facts, judge.ceiling)
    context = await context_of(client, facts, evidence, world, judge, others)
    against = refusals(context, _guards_for(remediation)) if context else ()
    status, effect = advance(remediation.spec, remediation.status, evidence, against, world.now)
    moved = await _write(client, remediation, status, notify)
    if effect is None:
        return Move(moved, refusal=against[0] if against else None)
    refusal = await _make(client, moved, effect)
    if refusal is None:
        return Move(moved, effect.kind)
    log.warning("Effect refused", extra={"object": moved.name, "reason": str(refusal[0].reason)})
    if effect.kind is EffectKind.REVERT:
        # A rollback that is refused now is tried again: leaving an unproved change behind is worse.
        return Move(moved, refusal=refusal[0])
    back = retract(moved.status, refusal[0], world.now, final=refusal[1])
    return Move(await _write(client, moved, back, notify), refusal=refusal[0])


def _settled(remediation: Remediation) -> bool:
    """Tell whether there is nothing to look at: done, and its people's fields were seen already."""
    return remediation.status.phase is Phase.DONE and remediation.status.observed_generation == remediation.generation


def _guards_for(remediation: Remediation) -> tuple[Guard, ...]:
    match remediation.status.phase:
        case Phase.PENDING:
            return GUARDS
        case Phase.ACTING:
            return REPEAT_GUARDS
        case _:
            return REVERT_GUARDS


async def _write(client: KubeClient, before: Remediation, status: RemediationStatus, notify: Notify) -> Remediation:
    """Write a status that says something new, and tell of a transition."""
    if replace(status, observed_generation=before.generation) == before.status:
        return before
    after = await own.put_status(client, before, status)
    if (status.phase, status.reason) != (before.status.phase, before.status.reason):
        await notify(after, before.status)
    return after


async def _make(client: KubeClient, remediation: Remediation, effect: Effect) -> tuple[Refusal, bool] | None:
    """Make an effect. Return why the server refused it and whether that is final; raise when it is unknown."""
    try:
        if effect.kind is EffectKind.EVICT and effect.pod is not None:
            await eviction.evict(client, remediation.namespace, effect.pod)
        elif effect.kind is EffectKind.APPLY:
            await template.apply(client, remediation)
        else:
            await template.revert(client, remediation)
    except KubeError as error:
        if (refusal := _refusal(error, effect)) is None:
            raise
        return refusal
    return None


def _refusal(error: KubeError, effect: Effect) -> tuple[Refusal, bool] | None:
    """Say what a refusal of the API server means; None when it is not known whether the effect was made."""
    evicting = effect.kind is EffectKind.EVICT
    match error:
        case Throttled() if evicting:
            return Refusal(Reason.DISRUPTION_BUDGET, f"the eviction was refused: {error}", 30), False
        case ServerError() if evicting and "PodDisruptionBudget" in str(error):
            return Refusal(Reason.DISRUPTION_BUDGET, f"the eviction was refused: {error}", 60), False
        case NotFound() | Conflict() if evicting:
            return Refusal(Reason.POD_GONE, f"the pod is gone or another one: {error}"), False
        case Conflict() if error.managers:
            return Refusal(Reason.FIELD_CONFLICT, f"another manager owns the field: {error.managers}"), True
        case Conflict() | NotFound():
            return Refusal(Reason.WORKLOAD_GONE, f"the workload changed meanwhile: {error}"), False
        case Invalid() if any(cause.get("field") == "metadata.uid" for cause in error.causes):
            return Refusal(Reason.WORKLOAD_GONE, f"the workload is another one by now: {error}"), False
        case Invalid():
            return Refusal(Reason.REJECTED_BY_SERVER, str(error), None), True
        case Refused():
            return Refusal(Reason.REJECTED_BY_SERVER, f"the operator lacks a right: {error}", 60), False
        case _:
            return None
