"""The mandate: does the policy that asked for a remediation still ask for it, and for which pods.

Read again before every effect. A policy is known by kind and name, not by UID: one that is deleted and made again, as a
GitOps tool may do, speaks for its remediations as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zombie_operator.core.assess import Owned, policy_for, selects
from zombie_operator.core.policy import Mode, Policy
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import PolicyRefSpec


@dataclass(frozen=True, slots=True)
class Mandate:
    """What a policy asks for now. ``policy`` is None when it is gone, or does not speak for the workload any more.

    ``withdrawn`` is the sentence that says why it does not ask for the remedy; empty while it does. ``held`` says why
    nothing may move. ``selected`` are the UIDs of the pods that it selects.
    """

    policy: Policy | None
    withdrawn: str = ""
    held: Refusal | None = None
    selected: frozenset[str] = frozenset()


def mandate(
    ref: PolicyRefSpec, policy: Policy | None, problem: str, rivals: Iterable[Policy], pods: Sequence[Owned]
) -> Mandate:
    """Return what the policy of this reference asks for.

    ``policy`` is the policy read just now, None when it is gone or, with a ``problem``, cannot be read. ``rivals`` are
    all policies, of which a more specific or older one wins. ``pods`` are those of the workload.
    """
    name = f"{ref.kind} {ref.name}"
    if policy is None and problem:
        # Nobody meant to take anything back by a policy that this version cannot read, as after a downgrade.
        return Mandate(None, held=Refusal(Reason.INVALID_POLICY, f"{name} cannot be read: {problem}; correct it"))
    if policy is None:
        return Mandate(None, f"{name} was deleted")
    selected = [one for one in pods if selects(policy, one)]
    if pods and not selected:
        return Mandate(None, f"{name} selects none of the workload's pods any more")
    # The same policy as the evaluation saw it, perhaps an earlier version, is no rival of itself.
    others = [rival for rival in rivals if _named(rival) != _named(policy)]
    winners = [winner for one in selected if (winner := policy_for(one, [policy, *others]))]
    if winners and policy not in winners:
        return Mandate(None, f"{winners[0].ref.kind} {winners[0].ref.name} speaks for the workload now, not {name}")
    withdrawn = "" if policy.spec.mode is Mode.ENFORCE else f"{name} is in mode {policy.spec.mode}"
    held = Refusal(Reason.SUSPENDED, f"{name} is suspended; set its spec.suspend: false")
    uids = frozenset(one.pod.uid for one in selected)
    return Mandate(policy, withdrawn, held if policy.spec.suspend else None, uids)


def _named(policy: Policy) -> tuple[str, str, str]:
    return policy.ref.kind, policy.ref.namespace, policy.ref.name
