"""May the operator act at all: the policy's mode and switch, the remediation's switch, the administrator's ceiling."""

from __future__ import annotations

from zombie_operator.core.guards.base import Context
from zombie_operator.core.policy import Mode
from zombie_operator.core.reasons import Reason, Refusal


def suspended(context: Context) -> Refusal | None:
    """Refuse while the policy or the remediation is suspended."""
    if context.remediation.spec.suspend:
        return Refusal(
            Reason.SUSPENDED, f"zombieremediation {context.remediation.name} is suspended; set spec.suspend: false"
        )
    if context.policy is not None and context.policy.spec.suspend:
        return Refusal(Reason.SUSPENDED, f"policy {context.policy.ref.name} is suspended; set spec.suspend: false")
    return None


def not_enforcing(context: Context) -> Refusal | None:
    """Refuse unless a policy exists and enforces."""
    if context.policy is None:
        return Refusal(Reason.POLICY_WITHDRAWN, "no policy selects this workload any more")
    if context.policy.spec.mode is not Mode.ENFORCE:
        return Refusal(
            Reason.POLICY_WITHDRAWN, f"policy {context.policy.ref.name} is in mode {context.policy.spec.mode}"
        )
    return None


def namespace_not_enforceable(context: Context) -> Refusal | None:
    """Refuse outside the namespaces that the operator's settings open for Enforce."""
    allowed = context.ceiling.enforce_namespaces
    if allowed is None or context.workload.namespace in allowed:
        return None
    return Refusal(
        Reason.NAMESPACE_NOT_ENFORCEABLE,
        f"the operator may not act in namespace {context.workload.namespace}; an administrator can add it to "
        "ZOMBIE_OPERATOR_ENFORCE_NAMESPACES",
    )
