"""ShareProcessNamespace: the pod's containers share one PID namespace, whose PID 1 is the sandbox's pause, which reaps.

Cures zombies that a container's PID 1 adopted and does not wait for (KEP-495; kubernetes, build/pause/linux/pause.c).
Does nothing for a program that forks its own children and never waits: it becomes PID 2 and still does not wait.
"""

from __future__ import annotations

from collections import Counter

from zombie_operator.core.document import Cause
from zombie_operator.core.leaks import Leak
from zombie_operator.core.objects import Pod, containers_of
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import PodPatch, RemedyType, Via
from zombie_operator.core.remedies.pid1 import pid1_refusals


class ShareProcessNamespace:
    """Sets ``shareProcessNamespace: true`` in the workload's pod template."""

    type = RemedyType.SHARE_PROCESS_NAMESPACE
    via = Via.TEMPLATE

    def answers(self, leak: Leak) -> bool:
        """Tell whether a reaping PID 1 cures it: only what the container's own PID 1 holds."""
        return leak.cause is Cause.INIT_NOT_REAPING

    def preflight(self, pod: Pod, leak: Leak) -> tuple[Refusal, ...]:
        """Return what the pod's spec, its commands and its sandbox say against it."""
        refusals: list[Refusal] = []
        if pod.spec.get("shareProcessNamespace"):
            refusals.append(
                Refusal(Reason.ALREADY_SET, "the pod already shares its PID namespace; its sandbox does not reap")
            )
        if pod.spec.get("hostPID"):
            refusals.append(Refusal(Reason.HOST_PID_SET, "the pod sets hostPID, which excludes shareProcessNamespace"))
        if (pod.spec.get("os") or {}).get("name") == "windows":
            refusals.append(Refusal(Reason.WINDOWS_POD, "the pod runs on Windows"))
        if leak.sandbox_reaps is False:
            message = "the pod sandbox's init does not catch SIGCHLD and would not reap; update the node's pause image"
            refusals.append(Refusal(Reason.SANDBOX_NOT_REAPING, message))
        elif leak.sandbox_reaps is None:
            message = "the node's agent has not seen the pod sandbox's init (yet), so nobody knows whether it reaps"
            refusals.append(Refusal(Reason.SANDBOX_NOT_REAPING, message))
        return (*refusals, *pid1_refusals(pod, leak))

    def patch(self, pod: Pod) -> PodPatch:  # noqa: ARG002 - the same for every pod
        """Return the one field."""
        return PodPatch(share_process_namespace=True)

    def caveats(self, pod: Pod) -> tuple[str, ...]:
        """Say which containers would see each other's processes, and through them environment and files."""
        users = Counter(_user(pod, container.get("securityContext") or {}) for container in containers_of(pod.spec))
        shared = [user for user, count in users.items() if count > 1]
        if not shared:
            return ()
        names = ", ".join(str(container.get("name")) for container in containers_of(pod.spec))
        return (f"containers {names} would see each other's processes, environment and files through /proc",)


def _user(pod: Pod, context: dict[str, object]) -> object:
    return context.get("runAsUser", (pod.spec.get("securityContext") or {}).get("runAsUser"))
