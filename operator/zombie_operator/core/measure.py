"""Measuring one pod of a remediation: how many zombies it holds of which kind, how fast they come, and how evenly.

Every container and cause has its own rate, from its own oldest zombie: one old zombie of another cause would make a
fast leak look slow, and the proof in ``core/verify.py`` would then ask for too little.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from zombie_operator.core.assess import Sighting
from zombie_operator.core.document import Age, Assessment, Cause, ContainerReport, Origin
from zombie_operator.core.evidence import Observed
from zombie_operator.core.leaks import leaks_of, tally
from zombie_operator.core.objects import Pod
from zombie_operator.core.patches import carries
from zombie_operator.core.policy import DAY, Threshold
from zombie_operator.core.remediation import RemediationSpec

STEADY = frozenset({Assessment.NOT_GROWING, Assessment.REAPED})


def measured(
    pod: Pod, seen: Sequence[Sighting], spec: RemediationSpec, threshold: Threshold | None, max_age_seconds: float
) -> Observed:
    """Return a pod as the verification sees it. ``seen`` are the sightings of this pod alone.

    Without a threshold (the policy is gone) nothing is counted, since nobody says what is old enough.
    """
    fresh = bool(seen) and all(s.complete and s.age_seconds <= max_age_seconds for s in seen)
    reports = [s.report for s in seen] if threshold else []
    limit = threshold or Threshold()
    older = limit.older_than_seconds
    treated = [(report, tally(report, spec.cause, older)) for report in reports]
    leaking = [(report, leak) for report, leak in treated if _crosses(report, spec.cause, limit)]
    # A restart is chosen for parents that do not wait, too; then there is no other cause to tell apart.
    other = None if spec.cause is Cause.PARENT_NOT_WAITING else Cause.PARENT_NOT_WAITING
    others = [(report, tally(report, other, older)) for report in reports] if other else []
    return Observed(
        uid=pod.uid,
        name=pod.name,
        created=pod.created,
        patched=carries(pod.spec, spec.patch),
        ready=pod.ready,
        deleting=pod.deleting,
        restarts=pod.restarts,
        broken=pod.broken,
        fresh=fresh,
        treated=sum(leak.zombies for _, leak in treated),
        others=sum(leak.zombies for _, leak in others),
        constant=sum(leak.zombies for report, leak in treated if report.assessment in STEADY),
        per_hour=sum(leak.per_hour for _, leak in leaking),
        others_per_hour=sum(leak.per_hour for report, leak in others if report.assessment not in STEADY),
        oldest_seconds=max((leak.oldest_seconds for _, leak in leaking), default=0),
        quiet_seconds=max((_quiet(report, spec.cause) for report, _ in leaking), default=0),
    )


def quiet_before(pod: Observed, origin: Origin | None, age_seconds: float) -> int:
    """Return how long a pod of the old kind could be without a birth, at most a day.

    Where the origin is unknown the program's own children may be the leak, and it may fork them in bursts; so the time
    before its first zombie counts as well. For a proved orphan the mechanism is known, and its pauses are enough.
    """
    silence = age_seconds - pod.oldest_seconds if origin is Origin.UNKNOWN and pod.oldest_seconds else 0
    return int(min(DAY, max(pod.quiet_seconds, silence)))


def longest_gap(ages: Sequence[Age]) -> int:
    """Return the longest time between two deaths that follow each other, and since the last one, in seconds."""
    times = sorted({0, *(age.min_seconds for age in ages)})
    return max((later - earlier for earlier, later in pairwise(times)), default=0)


def _crosses(report: ContainerReport, cause: Cause, threshold: Threshold) -> bool:
    return any(leak.cause is cause for leak in leaks_of(report, threshold))


def _quiet(report: ContainerReport, cause: Cause) -> int:
    return longest_gap([age for row in report.causes if row.cause is cause for age in row.ages])
