"""Counting restarts that did not help: the evictions after which a pod was created that leaks again.

Pods of the first generation do not count against each other; a pod that replaced an evicted one does (decision 0002).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from zombie_operator.core.policy import Limits
from zombie_operator.core.remediation import EffectKind, Intent

CLOCK_SKEW = timedelta(seconds=10)
"""Intents carry the operator's clock and pods the API server's; without this, a fast clock would count no restart."""


def restarts_before(intents: Iterable[Intent], created: datetime, limits: Limits, now: datetime) -> int:
    """Count the evictions within the policy's window that were made before a pod was created."""
    horizon = now - timedelta(seconds=limits.attempt_window_seconds)
    return sum(
        1 for intent in intents if intent.effect is EffectKind.EVICT and horizon <= intent.time <= created + CLOCK_SKEW
    )


def exhaustion(count: int, limits: Limits) -> str:
    """Return the sentence that so many restarts are all that the policy allows; empty while more are left."""
    if count < limits.max_attempts:
        return ""
    return f"the leak came back after {count} restarts within {limits.attempt_window_seconds} s"
