"""Counting: which containers of a node's document leak by a policy's threshold, and how fast.

A zombie counts only when it has surely been dead for long enough, so persistence needs no memory. The rate of a leak is
what stayed divided by the age of the oldest, which needs no counter either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from zombie_operator.core.document import (
    Age,
    Assessment,
    Cause,
    CauseCount,
    ContainerReport,
    Evidence,
    Origin,
    Proof,
)
from zombie_operator.core.policy import Threshold

HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Leak:
    """The zombies of one cause in one container. ``zombies`` counts those old enough, ``proved`` the proved orphans."""

    pod_uid: str
    container: str
    cause: Cause
    origin: Origin | None
    zombies: int
    proved: int
    oldest_seconds: int
    init_comm: str | None
    sandbox_reaps: bool | None
    evidence: Evidence

    @property
    def per_hour(self) -> float:
        """Zombies that stayed per hour, from the oldest one's age."""
        return self.zombies * HOUR / max(1, self.oldest_seconds)


def surely_older(ages: tuple[Age, ...], seconds: int) -> int:
    """Count zombies that are at least ``seconds`` old even by the lower bound of their age."""
    return sum(age.count for age in ages if age.min_seconds >= seconds)


def leaks_of(container: ContainerReport, threshold: Threshold) -> tuple[Leak, ...]:
    """Return what leaks in a container, the largest count first.

    A number that is constant since the start, or young zombies that are reaped, are no leaks however many there are.
    """
    if container.assessment in {Assessment.NOT_GROWING, Assessment.REAPED}:
        return ()
    found = [tally(container, cause, threshold.older_than_seconds) for cause in {c.cause for c in container.causes}]
    urgent = _exhausts(container, threshold)
    crossing = [
        _settle(leak, threshold) for leak in found if leak.zombies >= threshold.zombies or (urgent and leak.zombies)
    ]
    return tuple(sorted(crossing, key=lambda leak: (-leak.zombies, leak.cause)))


def tally(container: ContainerReport, cause: Cause, older_than_seconds: int) -> Leak:
    """Count one cause of a container over all its origins."""
    rows = [row for row in container.causes if row.cause is cause]
    proved = sum(surely_older(row.ages, older_than_seconds) for row in rows if row.origin is Origin.ORPHAN)
    zombies = sum(surely_older(row.ages, older_than_seconds) for row in rows)
    return Leak(
        pod_uid=container.pod_uid,
        container=container.container or "",
        cause=cause,
        origin=None,
        zombies=zombies,
        proved=proved,
        oldest_seconds=max((row.oldest_seconds for row in rows), default=0),
        init_comm=container.init_comm,
        sandbox_reaps=container.sandbox_reaps,
        evidence=_largest(rows).evidence if rows else Evidence(),
    )


def by_session(evidence: Evidence) -> int:
    """Return how many zombies are proved orphans by their session id, as those of exec probes are."""
    return sum(count for proof, count in evidence.proofs if proof is Proof.SESSION)


def _settle(leak: Leak, threshold: Threshold) -> Leak:
    """Say the origin: proved orphans alone pass the threshold, or the origin is unknown. Other causes have none."""
    if leak.cause is not Cause.INIT_NOT_REAPING:
        return leak
    needed = min(threshold.zombies, leak.zombies)
    origin = Origin.ORPHAN if leak.proved >= needed else Origin.UNKNOWN
    return replace(leak, origin=origin)


def _exhausts(container: ContainerReport, threshold: Threshold) -> bool:
    within, left = threshold.pids_exhausted_within_seconds, container.pids.exhausted_in_seconds
    return within is not None and left is not None and left <= within


def _largest(rows: list[CauseCount]) -> CauseCount:
    return max(rows, key=lambda row: row.zombies)
