"""The proof: did the leak stop in patched pods, compared with what the old rate would have left there.

Rate before = zombies old enough / age of the oldest, in each leaking container of old pods (``core/measure.py``).
After = the same count in patched pods. The old rate times the patched pods' exposure predicts how many would be there
if the remedy did nothing; only where that prediction is at least ``MIN_PREDICTED``, and a patched pod has run longer
than the longest pause before, does a small count prove anything. Missing data waits and then ends without a verdict.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from zombie_operator.core.document import Origin
from zombie_operator.core.evidence import Evidence, Observed, Terms
from zombie_operator.core.measure import quiet_before
from zombie_operator.core.reasons import Reason
from zombie_operator.core.remediation import After, Before, RemediationStatus

HOUR = 3_600
MIN_PREDICTED = 5.0
"""Below this prediction, seeing none is too likely by chance (Poisson: P(0 | 5) < 1 %)."""
CURED_SHARE = 0.2
"""At most this share of the prediction may remain."""
PATIENCE = 10
"""Give up after this many times the time in which the proof was due."""
MIN_PATIENCE_SECONDS = HOUR


class Verdict(Enum):
    """What the measurement says."""

    WAIT = auto()
    CURED = auto()
    LEAKS = auto()
    BROKEN = auto()
    INCONCLUSIVE = auto()


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its numbers. ``own_children``: the program itself holds the zombies now."""

    call: Verdict
    message: str
    after: After | None
    reason: Reason = Reason.VERIFYING
    own_children: bool = False


def before_of(evidence: Evidence, origin: Origin | None, now: datetime) -> Before:
    """Measure the leak before anything is done, over all pods of the workload that the agents see."""
    pods = [pod for pod in evidence.pods if pod.fresh and not pod.deleting]
    count = max(1, len(pods))
    return Before(
        time=now,
        zombies=sum(pod.treated for pod in pods),
        oldest_seconds=max((pod.oldest_seconds for pod in pods), default=0),
        per_hour=round(sum(pod.per_hour for pod in pods) / count, 4),
        others_per_hour=round(sum(pod.others_per_hour for pod in pods) / count, 4),
        pods=len(pods),
        ready=sum(pod.ready for pod in pods),
        constant=round(sum(pod.constant for pod in pods) / count, 4),
        quiet_seconds=max((quiet_before(pod, origin, pod.runs_seconds(now)) for pod in pods), default=0),
        restarts_per_hour=round(sum(pod.restarts / max(1.0, pod.runs_seconds(now) / HOUR) for pod in pods) / count, 4),
    )


def judge(status: RemediationStatus, evidence: Evidence, now: datetime) -> Judgement:
    """Compare patched pods with the prediction of the old rate.

    Harm and zombies that are there are judged first: they need no prediction. Only their absence does.
    """
    before = status.before or Before(now, 0, 0, 0.0)
    terms = evidence.terms or Terms(0, 0)
    patched = [pod for pod in evidence.pods if pod.patched and not pod.deleting]
    after = _after(before, patched, terms.older_than_seconds, now)
    if broken := _broken(evidence, before, patched, now):
        return Judgement(Verdict.BROKEN, broken[1], after, reason=broken[0])
    waited = (now - (status.since or now)).total_seconds()
    due = waited >= terms.verify_seconds and after.predicted >= MIN_PREDICTED
    present = after.zombies >= max(MIN_PREDICTED, terms.zombies)
    if (due or present) and after.zombies > after.predicted * CURED_SHARE:
        own = sum(pod.others for pod in patched) > sum(pod.treated for pod in patched)
        why = "; the program holds its own children and never waits for them" if own else ""
        return Judgement(Verdict.LEAKS, f"the leak goes on: {_numbers(after)}{why}", after, own_children=own)
    if waited < terms.verify_seconds:
        left = int(terms.verify_seconds - waited)
        return Judgement(Verdict.WAIT, f"{_numbers(after)}; no verdict before another {left} s", after)
    longest = max((_exposure(pod, terms.older_than_seconds, now) for pod in patched if pod.fresh), default=0.0)
    if not due or longest < before.quiet_seconds:
        return _too_early(before, after, terms.verify_seconds, waited, longest)
    whole = evidence.rolled_out and after.ready == len(patched)
    if not whole or not all(pod.fresh for pod in patched):
        return _unfinished(after, terms.verify_seconds, waited, whole=whole)
    return Judgement(Verdict.CURED, f"the leak stopped: {_numbers(after)}", after)


def _after(before: Before, patched: list[Observed], older_than: int, now: datetime) -> After:
    """Count in patched pods what was not there all along.

    Zombies of a parent that does not wait count as far as they exceed twice their own old rate.
    """
    fresh = [pod for pod in patched if pod.fresh]
    exposure = sum(_exposure(pod, older_than, now) for pod in fresh)
    others = max(0.0, sum(pod.others for pod in fresh) - 2 * before.others_per_hour / HOUR * exposure)
    treated = max(0.0, sum(pod.treated for pod in fresh) - before.constant * len(fresh))
    return After(
        time=now,
        zombies=round(treated + others),
        predicted=math.floor(before.per_hour / HOUR * exposure * 10) / 10,  # never rounded up to a proof
        exposure_seconds=int(exposure),
        pods=len(patched),
        ready=sum(pod.ready for pod in patched),
        restarts=sum(pod.restarts for pod in patched),
    )


def _exposure(pod: Observed, older_than: int, now: datetime) -> float:
    """Return for how long a pod could have collected zombies that are old enough by now."""
    return max(0.0, pod.runs_seconds(now) - older_than)


def _broken(evidence: Evidence, before: Before, patched: list[Observed], now: datetime) -> tuple[Reason, str] | None:
    """Tell whether the remedy did harm: that needs no waiting."""
    for pod in patched:
        if pod.broken:
            return Reason.PODS_BROKEN, f"pod {pod.name}: {pod.broken}"
    if evidence.rollout_failed:
        return Reason.ROLLOUT_FAILED, evidence.rollout_failed
    restarts = sum(pod.restarts for pod in patched)
    hours = sum(pod.runs_seconds(now) for pod in patched) / HOUR
    usual = before.restarts_per_hour * hours
    if restarts > len(patched) + 2 * usual:
        return (
            Reason.PODS_BROKEN,
            f"pods with the remedy restarted {restarts} times in {hours:.1f} h, {usual:.1f} at the old rate",
        )
    return None


def _too_early(before: Before, after: After, verify_seconds: int, waited: float, longest: float) -> Judgement:
    """Wait until the old rate predicts enough, but not for ever: an agent that is gone never brings a proof."""
    due = verify_seconds + max(MIN_PREDICTED * HOUR / max(before.per_hour, 1e-9), float(before.quiet_seconds))
    if waited > max(MIN_PATIENCE_SECONDS, PATIENCE * min(due, float(24 * HOUR))):
        message = f"no proof within {timedelta(seconds=int(waited))}: {_numbers(after)}; the remedy stays, unproved"
        return Judgement(Verdict.INCONCLUSIVE, message, after)
    if after.predicted < MIN_PREDICTED:
        return Judgement(Verdict.WAIT, f"{_numbers(after)}; a verdict needs {MIN_PREDICTED:.0f} predicted", after)
    left = int(before.quiet_seconds - longest) + 1
    why = f"the leak paused for up to {before.quiet_seconds} s before, so a verdict needs another {left} s"
    return Judgement(Verdict.WAIT, f"{_numbers(after)}; {why}", after)


def _unfinished(after: After, verify_seconds: int, waited: float, *, whole: bool) -> Judgement:
    """Say that the leak stopped, yet pods are missing or not ready: wait, then call it broken; not so unseen ones."""
    if waited > max(MIN_PATIENCE_SECONDS, PATIENCE * verify_seconds):
        if whole:
            message = f"not all pods with the remedy are observed: {_numbers(after)}; the remedy stays, unproved"
            return Judgement(Verdict.INCONCLUSIVE, message, after)
        message = f"pods with the remedy are not all ready: {_numbers(after)}"
        return Judgement(Verdict.BROKEN, message, after, reason=Reason.PODS_BROKEN)
    return Judgement(Verdict.WAIT, f"{_numbers(after)}; {after.ready} of {after.pods} pods ready and seen", after)


def _numbers(after: After) -> str:
    return (
        f"{after.zombies} zombies in {after.exposure_seconds} s of {after.pods} patched pods, "
        f"{after.predicted:g} at the old rate"
    )
