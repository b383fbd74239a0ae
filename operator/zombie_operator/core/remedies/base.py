"""What every remedy answers: does it cure this leak, may it be done to this pod, what does it change, what to know."""

from __future__ import annotations

from typing import Protocol

from zombie_operator.core.leaks import Leak
from zombie_operator.core.objects import Pod
from zombie_operator.core.reasons import Refusal
from zombie_operator.core.remediation import PodPatch, RemedyType, Via


class Remedy(Protocol):
    """One remedy. Implementations hold no state; every method is pure."""

    @property
    def type(self) -> RemedyType:
        """The name under which a policy lists it."""

    @property
    def via(self) -> Via:
        """How it reaches pods in this version."""

    def answers(self, leak: Leak) -> bool:
        """Tell whether it can cure (or, for a restart, clear) the cause of this leak."""

    def preflight(self, pod: Pod, leak: Leak) -> tuple[Refusal, ...]:
        """Return why it must not be done to this pod, as sentences with the evidence."""

    def patch(self, pod: Pod) -> PodPatch:
        """Return the change of the pod template; an empty one for remedies that change none."""

    def caveats(self, pod: Pod) -> tuple[str, ...]:
        """Return what a person should know before it is done, as sentences."""
