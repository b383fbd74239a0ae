"""Is what the operator knows good enough to act on: fresh, complete, watched for a while, and no storm."""

from __future__ import annotations

from zombie_operator.core.guards.base import Context
from zombie_operator.core.reasons import Reason, Refusal


def warming_up(context: Context) -> Refusal | None:
    """Refuse shortly after a start: an operator that restarts in a loop must not act in one."""
    age = (context.now - context.started).total_seconds()
    left = int(context.ceiling.warmup_seconds - age)
    if left <= 0:
        return None
    return Refusal(Reason.WARMING_UP, f"the operator started {int(age)} s ago and acts in {left} s", left)


def stale_data(context: Context) -> Refusal | None:
    """Refuse on samples that are missing, too old or incomplete."""
    age, limit = context.sample_age_seconds, context.ceiling.max_sample_age_seconds
    if age is None:
        return Refusal(Reason.STALE_DATA, f"no node agent reports the pods of {context.workload.title} now")
    if age > limit:
        return Refusal(Reason.STALE_DATA, f"the node agent's sample is {age:.0f} s old, more than {limit} s")
    if not context.sample_complete:
        return Refusal(Reason.STALE_DATA, "the node's agent cannot read every process (see its log)")
    return None


def storm_breaker(context: Context) -> Refusal | None:
    """Refuse when so much leaks at once that the cause is likely elsewhere: by number, or by share of what is seen."""
    watched, ceiling = context.watched, context.ceiling
    if watched.leaking_workloads > ceiling.storm_workloads:
        return Refusal(
            Reason.STORM_BREAKER,
            f"{watched.leaking_workloads} workloads leak at once, more than {ceiling.storm_workloads}; "
            "look for a common cause (runtime, base image), or raise ZOMBIE_OPERATOR_STORM_WORKLOADS",
        )
    share = 100 * watched.leaking_pods / max(1, watched.observed_pods)
    if watched.leaking_pods >= ceiling.storm_min_pods and share > ceiling.storm_percent:
        return Refusal(
            Reason.STORM_BREAKER,
            f"{watched.leaking_pods} of {watched.observed_pods} observed pods leak at once, more than "
            f"{ceiling.storm_percent} %; look for a common cause, or raise ZOMBIE_OPERATOR_STORM_PERCENT",
        )
    return None
