"""The parent rule: whose fault one zombie is. A table of conditions in which the first match wins.

Every row rests on what the kernel does in ``exit.c`` (``find_new_reaper``, ``forget_original_parent``) and on fields of
proc(5); ``docs/explanation`` tells the reasons at length. Pure: one zombie, its parent and what was seen before go in,
a verdict comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zombie_operator.core.document import Cause, Origin, Proof

if TYPE_CHECKING:
    from zombie_operator.core.scan import ParentSample, ZombieSample

_STOPPED = "Tt"
_UNINTERRUPTIBLE = "D"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Cause of one zombie; ``origin`` and ``proofs`` only where init does not reap it."""

    cause: Cause
    origin: Origin | None = None
    proofs: tuple[Proof, ...] = ()


def judge(
    zombie: ZombieSample,
    parent: ParentSample | None,
    *,
    first_parent: int | None = None,
    suspended: bool = False,
) -> Verdict:
    """Return the verdict on one zombie.

    ``parent`` is None only for a parent outside the pid namespace of the proc mount. ``first_parent`` is the pid of a
    parent that an earlier scan saw, ``suspended`` says that the parent's container is frozen or it sleeps for long.
    """
    if zombie.threads > 1:
        return Verdict(Cause.STUCK_IN_KERNEL if zombie.stuck else Cause.LEADER_EXITED)
    if zombie.tracer_pid:
        return Verdict(Cause.TRACED)
    if parent is None or _outside(zombie, parent):
        return Verdict(Cause.RUNTIME_NOT_REAPING)
    if suspended or parent.state in _STOPPED:
        return Verdict(Cause.PARENT_SUSPENDED)
    if parent.ns_pid != 1:
        return Verdict(Cause.PARENT_NOT_WAITING)
    proofs = orphan_proofs(zombie, parent, first_parent)
    return Verdict(Cause.INIT_NOT_REAPING, Origin.ORPHAN if proofs else Origin.UNKNOWN, proofs)


def orphan_proofs(zombie: ZombieSample, parent: ParentSample, first_parent: int | None) -> tuple[Proof, ...]:
    """Return what proves that an init did not fork this zombie, so that it can only have adopted it.

    A child keeps its parent's session or starts its own; a third value was another leader's, and runtimes start a
    session for each exec. A child starts in its parent's container. And nobody's first parent changes to its forker.
    """
    proofs: list[Proof] = []
    if zombie.session not in (parent.session, zombie.pid):
        proofs.append(Proof.SESSION)
    if zombie.container != parent.container and zombie.container is not None:
        proofs.append(Proof.CONTAINER)
    if first_parent is not None and first_parent != parent.pid:
        proofs.append(Proof.HISTORY)
    return tuple(proofs)


def sleeps_in_kernel(parent: ParentSample) -> bool:
    """Whether a parent was in state D: normal for an instant, suspended if two scans in a row see it."""
    return parent.state in _UNINTERRUPTIBLE


def _outside(zombie: ZombieSample, parent: ParentSample) -> bool:
    """Whether the parent is a container runtime.

    It is above the zombie's pid namespace or, where the pod uses the host's (hostPID), in no container and not init.
    """
    if parent.depth < zombie.depth:
        return True
    in_pod = zombie.container is not None and zombie.container.pod_uid is not None
    return in_pod and parent.container is None and parent.ns_pid != 1
