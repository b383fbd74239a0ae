"""RestartPod: evicts the leaking pod. It clears the zombies, it does not cure the leak, so attempts are counted.

Always through the Eviction API, which respects PodDisruptionBudgets, and with the pod's UID as precondition.
"""

from __future__ import annotations

from zombie_operator.core.document import Cause
from zombie_operator.core.leaks import Leak
from zombie_operator.core.objects import Pod
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import PodPatch, RemedyType, Via


class RestartPod:
    """Evicts one pod at a time; its controller makes a new one."""

    type = RemedyType.RESTART_POD
    via = Via.EVICTION

    def answers(self, leak: Leak) -> bool:
        """Tell whether a new pod starts without these zombies and ends no evidence that a person needs."""
        return leak.cause in {Cause.INIT_NOT_REAPING, Cause.PARENT_NOT_WAITING}

    def preflight(self, pod: Pod, leak: Leak) -> tuple[Refusal, ...]:  # noqa: ARG002 - the protocol's shape
        """Return why nothing would bring the pod back."""
        if pod.owner is None:
            return (Refusal(Reason.BARE_POD, f"pod {pod.name} has no controller, so nothing would bring it back"),)
        if pod.owner.kind == "Job":
            return (
                Refusal(Reason.OWNER_UNSUPPORTED, f"pod {pod.name} belongs to a Job, whose pods are never evicted"),
            )
        return ()

    def patch(self, pod: Pod) -> PodPatch:  # noqa: ARG002 - it changes no template
        """Return an empty patch."""
        return PodPatch()

    def caveats(self, pod: Pod) -> tuple[str, ...]:  # noqa: ARG002 - the same for every pod
        """Say that it does not cure."""
        return ("a restart clears the zombies and does not cure the leak",)
