"""Evaluating: one decision for each finding, and then the remediations that those decisions start or resume."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from zombie_operator.core.decide import Candidate, Decided, consider, remediation_name, settle
from zombie_operator.core.guards import GUARDS, RELAPSE_GUARDS, refusals
from zombie_operator.core.guards.permission import not_enforcing
from zombie_operator.core.policy import Mode
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import Remediation, RemediationStatus
from zombie_operator.engine.facts import Judge, context_of, evidence_of, gather
from zombie_operator.engine.observe import World
from zombie_operator.kube import own
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.errors import Conflict, KubeError

log = logging.getLogger(__name__)


async def evaluate(client: KubeClient, world: World, judge: Judge) -> tuple[Decided, ...]:
    """Decide about every finding. Changes nothing."""
    decided: list[Decided] = []
    for finding in world.findings:
        memory = [r for r in world.remediations if r.spec.target_ref.uid == finding.key]
        result = consider(finding, memory, world.now)
        if isinstance(result, Candidate):
            result = settle(result, await _against(client, result, world, judge))
        decided.append(result)
    return tuple(decided)


async def begin(client: KubeClient, decided: Sequence[Decided]) -> None:
    """Create or resume what was decided. A conflict means that somebody was faster; the next evaluation sees it."""
    for decision in decided:
        try:
            if decision.start is not None:
                spec, namespace = decision.start.spec, decision.finding.owned.pod.namespace
                await own.create_remediation(client, namespace, remediation_name(spec), spec)
            elif decision.resume is not None:
                await own.put_status(client, *decision.resume)
        except Conflict as conflict:
            log.info("Left remediation to a faster writer", extra={"error": str(conflict)})
        except KubeError as error:
            # One refused creation must not keep the others from being driven, or taken back.
            log.warning("Could not begin remediation", extra={"problem": str(error)})


async def _against(client: KubeClient, candidate: Candidate, world: World, judge: Judge) -> tuple[Refusal, ...]:
    """Return what speaks against a candidate; what cannot be asked for one workload says nothing of the others."""
    title = candidate.finding.title
    try:
        return await _ask_guards(client, candidate, world, judge)
    except KubeError as error:
        log.warning("Could not check workload", extra={"workload": title, "problem": str(error)})
        return (Refusal(Reason.UNCHECKED, f"{title} could not be checked and is tried again: {error}"),)
    except Exception:
        # A bug that one workload meets must not end the watch over the others; it is logged with its trace.
        log.exception("Could not check workload", extra={"workload": title})
        return (Refusal(Reason.UNCHECKED, f"{title} could not be checked; see the operator's log"),)


async def _ask_guards(client: KubeClient, candidate: Candidate, world: World, judge: Judge) -> tuple[Refusal, ...]:
    """Ask the guards about a remediation that does not exist yet (or is done), with facts read just now."""
    spec, namespace = candidate.plan.spec, candidate.finding.owned.pod.namespace
    draft = candidate.memory or Remediation(namespace, remediation_name(spec), "", 0, "", spec, RemediationStatus())
    facts = await gather(client, draft, world)
    evidence = evidence_of(facts, judge.ceiling)
    context = context_of(facts, evidence, world, judge, world.remediations)
    if context is None:
        return (Refusal(Reason.WORKLOAD_GONE, f"{candidate.finding.title} is gone"),)
    guards = RELAPSE_GUARDS if candidate.takes_back else GUARDS
    # A dry run asks every guard but the one that says that it is a dry run.
    dry = candidate.finding.policy.spec.mode is Mode.DRY_RUN
    return refusals(context, tuple(guard for guard in guards if not (dry and guard is not_enforcing)))
