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
from zombie_operator.core.lifecycle import Effect, advance
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import EffectKind, Phase, Remediation, RemediationStatus
from zombie_operator.core.transitions import hold_back, retract
from zombie_operator.engine.answers import Answer, meaning
from zombie_operator.engine.facts import Judge, context_of, evidence_of, gather
from zombie_operator.engine.observe import World
from zombie_operator.engine.via import eviction, template
from zombie_operator.kube import own
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.errors import Conflict, KubeError

log = logging.getLogger(__name__)

Notify = Callable[[Remediation, RemediationStatus], Awaitable[None]]
"""Told of every transition, with the status before it."""


@dataclass(frozen=True, slots=True)
class Move:
    """What happened to one remediation: for metrics and logs. ``failed``: it could not be moved at all."""

    remediation: Remediation
    effect: EffectKind | None = None
    refusal: Refusal | None = None
    failed: bool = False


async def drive(client: KubeClient, world: World, judge: Judge, notify: Notify) -> list[Move]:
    """Move all remediations by one step, one after the other, so that budgets see what was just begun.

    Nothing that happens to one of them keeps the others from being moved, or taken back.
    """
    remediations = {r.uid: r for r in await own.remediations(client)}
    moves = []
    for uid, remediation in list(remediations.items()):
        fields = {"object": f"{remediation.namespace}/{remediation.name}"}
        try:
            move = await _step(client, remediation, world, judge, tuple(remediations.values()), notify)
        except Conflict as conflict:
            log.info("Left remediation to a faster writer", extra={**fields, "problem": str(conflict)})
            continue
        except KubeError as error:
            log.warning("Could not move ZombieRemediation", extra={**fields, "problem": str(error)})
            move = Move(remediation, failed=True)
        except Exception:
            # A bug that one object meets is counted, and logged with its trace.
            log.exception("Could not move ZombieRemediation", extra=fields)
            move = Move(remediation, failed=True)
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
    context = context_of(facts, evidence, world, judge, others)
    against = refusals(context, _guards_for(remediation)) if context else ()
    status, effect = advance(remediation.spec, remediation.status, evidence, against, world.now)
    moved = await _write(client, remediation, status, notify)
    if effect is None:
        return Move(moved, refusal=against[0] if against else None)
    repeated = moved.resource_version == remediation.resource_version
    if repeated and not await own.unchanged(client, moved):
        return Move(moved)  # a person has just changed or deleted it; the next round sees how
    answer = await _make(client, moved, effect)
    if answer is None:
        return Move(moved, effect.kind)
    return await _refused(client, moved, effect, answer, world, notify, repeated=repeated)


async def _refused(  # noqa: PLR0913 - one step's whole situation
    client: KubeClient,
    moved: Remediation,
    effect: Effect,
    answer: Answer,
    world: World,
    notify: Notify,
    *,
    repeated: bool,
) -> Move:
    """Write what the API server's refusal means into the status."""
    fields = {"object": f"{moved.namespace}/{moved.name}", "effect": str(effect.kind)}
    reason, message = answer.refusal.reason, answer.refusal.message
    log.warning("Effect refused", extra={**fields, "reason": str(reason), "problem": message})
    if effect.kind is EffectKind.REVERT:
        status = hold_back(moved.status, answer.refusal, world.now)
    elif repeated and reason is Reason.POD_GONE:
        # The first request may have been the one that took the pod away, its answer lost: then it was no refusal.
        return Move(moved)
    else:
        status = retract(moved.status, answer.refusal, world.now, final=answer.final)
    return Move(await _write(client, moved, status, notify), refusal=answer.refusal)


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


async def _make(client: KubeClient, remediation: Remediation, effect: Effect) -> Answer | None:
    """Make an effect. Return why the server refused it; raise when it is unknown whether it was made."""
    try:
        if effect.kind is EffectKind.EVICT and effect.pod is not None:
            await eviction.evict(client, remediation.namespace, effect.pod)
        elif effect.kind is EffectKind.APPLY:
            await template.apply(client, remediation)
        else:
            await template.revert(client, remediation)
    except KubeError as error:
        if (answer := meaning(error, effect)) is None:
            raise
        return answer
    return None
