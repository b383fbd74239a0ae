"""What is known of a remediation's workload at one moment: the input of ``lifecycle.py`` and ``verify.py``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from zombie_operator.core.policy import Limits


@dataclass(frozen=True, slots=True)
class Terms:
    """What the policy, read again just now, asks of the proof."""

    verify_seconds: int
    older_than_seconds: int
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Observed:
    """One pod of the workload.

    ``fresh`` says that a node agent's complete and recent document covers it; then ``treated`` counts its zombies of
    the treated cause and ``others`` those of a parent that does not wait, all surely older than the policy's age.
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
    oldest_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a decision about one remediation rests on.

    ``terms`` is None when the policy is gone, left Enforce or no longer selects the workload. ``patched`` says that the
    workload's template carries the patch, ``rolled_out`` that its controller has finished, ``rollout_failed`` why it
    never will. ``candidate`` is the pod that leaks most.
    """

    exists: bool
    suspended: bool
    terms: Terms | None
    patched: bool
    rolled_out: bool
    rollout_failed: str | None
    pods: tuple[Observed, ...]
    candidate: Observed | None = None
    patch_hash: str = ""
