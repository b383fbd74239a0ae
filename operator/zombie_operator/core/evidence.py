"""What is known of a remediation's workload at one moment: the input of ``lifecycle.py`` and ``verify.py``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from zombie_operator.core.policy import Limits
from zombie_operator.core.reasons import Refusal


@dataclass(frozen=True, slots=True)
class Terms:
    """What the policy, read again just now, asks of the proof. ``zombies`` is its threshold."""

    verify_seconds: int
    older_than_seconds: int
    zombies: int = 20
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Observed:
    """One pod of the workload. ``broken`` says why it will not become ready by itself.

    ``fresh`` says that a node agent's complete and recent document covers it. Then ``treated`` counts its zombies of
    the treated cause and ``others`` those of a parent that does not wait, all surely older than the policy's age;
    ``constant`` of the treated ones are in containers whose number does not grow. The rates are those of containers
    that leak. ``quiet_seconds`` is the longest time without a birth that the leak's ages show.
    """

    uid: str
    name: str
    created: datetime
    patched: bool
    ready: bool
    deleting: bool
    restarts: int
    broken: str | None
    fresh: bool
    treated: int = 0
    others: int = 0
    constant: int = 0
    per_hour: float = 0.0
    others_per_hour: float = 0.0
    oldest_seconds: int = 0
    quiet_seconds: int = 0

    def runs_seconds(self, now: datetime) -> float:
        """Return how long it has existed, never below zero: the API server's clock may be ahead."""
        return max(0.0, (now - self.created).total_seconds())


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a decision about one remediation rests on.

    ``held`` says why nothing may move now, such as a suspended policy. ``terms`` is None when the policy does not ask
    for the remedy any more, and ``withdrawn`` says why. ``patched`` says that the workload's template carries the patch
    and that it is ours, ``carried`` that it carries it at all. ``rolled_out`` says that its controller has finished,
    ``rollout_failed`` why it never will. ``candidate`` is the selected pod that leaks most.
    """

    exists: bool
    held: Refusal | None
    terms: Terms | None
    patched: bool
    carried: bool
    rolled_out: bool
    rollout_failed: str | None
    pods: tuple[Observed, ...]
    candidate: Observed | None = None
    patch_hash: str = ""
    withdrawn: str = ""
