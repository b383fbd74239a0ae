"""Every reason the operator gives, in one closed list, each with its sentence.

Conditions, events, metric labels, the CLI and the documentation use these words and no others.
``docs/reference/reasons.md`` is generated from this file. To add one, add a line here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """A reason and what it means. The value is the word that users see."""

    meaning: str

    def __new__(cls, word: str, meaning: str) -> Self:
        """Make a member that is the word itself and carries its meaning."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning = meaning
        return member

    @classmethod
    def of(cls, word: str) -> Reason:
        """Return the member of that word; one that only another version knows is read as Chosen."""
        return next((reason for reason in cls if reason == word), cls.CHOSEN)

    # The policy as a whole
    PROGRESSING = "Progressing", "The operator has not evaluated this generation of the policy yet."
    NO_LEAKS = "NoLeaks", "No selected workload leaks zombies above the threshold."
    ANOTHER_POLICY = "AnotherPolicy", "A more specific or an older policy speaks for the leaking workloads."
    LEAKS_FOUND = "LeaksFound", "At least one selected workload leaks zombies above the threshold."
    AGENTS_UNAVAILABLE = "AgentsUnavailable", "No node agent answered, so nothing is known."
    AGENTS_PARTIAL = "AgentsPartial", "Some node agents did not answer; their nodes are not judged."
    INVALID_POLICY = "InvalidPolicy", "The policy cannot be read; nothing is done for it."
    OBSERVING = "Observing", "The policy is in mode Observe: leaks are reported and nothing is changed."
    DRY_RUN = "DryRun", "The policy is in mode DryRun: what would be done is said and nothing is changed."
    ENFORCING = "Enforcing", "The policy is in mode Enforce: remedies are applied within its limits."
    SUSPENDED = "Suspended", "The policy or the remediation is suspended; nothing moves until it is resumed."

    # Why a leak is left alone
    PARENT_NOT_WAITING = (
        "ParentNotWaiting",
        "A living process forked its children and never waits for them; no init helps.",
    )
    NODE_FAULT = "NodeFault", "The container runtime does not reap; the node needs attention, not the workload."
    CAUSE_NOT_ACTIONABLE = "CauseNotActionable", "The cause is reported and never acted on."
    NO_REMEDY_ANSWERS = "NoRemedyAnswers", "No remedy that the policy lists cures this cause."
    CANARY_UNAVAILABLE = (
        "CanaryUnavailable",
        "The origin is not proved and one pod cannot be tried first on this server.",
    )
    ALREADY_SET = "AlreadySet", "The workload already has this remedy."
    HOST_PID_SET = "HostPIDSet", "hostPID and shareProcessNamespace exclude each other."
    WINDOWS_POD = "WindowsPod", "Windows pods have no zombie processes and no shared PID namespace."
    SANDBOX_NOT_REAPING = "SandboxNotReaping", "The pod sandbox's init does not reap, or was not seen to."
    NEEDS_PID_1 = "NeedsPID1", "A container's init insists on being PID 1."
    USES_PID_1 = "UsesPID1", "A command, probe or hook of the pod addresses processes by PID 1 or by name."
    OWNER_UNSUPPORTED = "OwnerUnsupported", "The pod's owner is of a kind that the operator does not change."
    BARE_POD = "BarePod", "The pod has no controller; nothing would bring it back."
    MANAGED_BY_GITOPS = "ManagedByGitOps", "Argo CD or Flux manages the workload; make the change in Git."
    MANAGED_BY_HELM = "ManagedByHelm", "Helm manages the workload; make the change in the release."
    MANAGED_BY_OPERATOR = "ManagedByOperator", "Another controller owns the workload and would undo the change."
    MANAGED_BY_OTHER = "ManagedByOther", "A tool other than kubectl manages the workload and might undo the change."
    PARTLY_SELECTED = "PartlySelected", "The change would also reach pods that the policy does not select."
    ALREADY_TRIED = "AlreadyTried", "The remedy was tried on this workload and taken back."
    ATTEMPTS_EXHAUSTED = "AttemptsExhausted", "Restarts did not keep the leak away; a person is needed."
    HUMAN_REVERT = "HumanRevert", "The remedy is gone from the pod template; the operator does not fight."
    FIELD_CONFLICT = "FieldConflict", "Another field manager owns the field; the operator never forces."
    REJECTED_BY_SERVER = "RejectedByServer", "The API server refused the change."

    # Why an action waits
    NAMESPACE_NOT_ENFORCEABLE = (
        "NamespaceNotEnforceable",
        "The operator's settings do not allow actions in this namespace.",
    )
    STALE_DATA = "StaleData", "The node agent's sample is too old, incomplete or missing."
    WARMING_UP = "WarmingUp", "The operator has just started and watches before it acts."
    PROTECTED = "Protected", "The pod is critical, static, or part of the system."
    OPTED_OUT = (
        "OptedOut",
        "The annotation zombie-operator.dev/ignore is set on the pod, its workload or its namespace.",
    )
    WORKLOAD_PAUSED = "WorkloadPaused", "The Deployment is paused."
    ROLLOUT_IN_PROGRESS = "RolloutInProgress", "The workload is in the middle of a rollout."
    DISRUPTION_BUDGET = "DisruptionBudget", "A PodDisruptionBudget allows no disruption."
    TOO_FEW_REPLICAS = "TooFewReplicas", "The workload has fewer replicas than limits.minReplicas."
    STRATEGY_TOO_DISRUPTIVE = "StrategyTooDisruptive", "The workload's update strategy would take too many pods away."
    COOLING_DOWN = "CoolingDown", "The last action on this workload was less than limits.cooldownSeconds ago."
    BUDGET_EXHAUSTED = "BudgetExhausted", "The policy's or the operator's budget of actions is used up for now."
    STORM_BREAKER = "StormBreaker", "So much leaks at once that the cause is likely elsewhere; nothing is acted on."
    UNCHECKED = "Unchecked", "The API server did not answer what must be known before acting."
    POD_GONE = "PodGone", "The pod vanished before it could be acted on."

    # The life of a remediation
    CHOSEN = "Chosen", "The remedy was chosen and waits for its guards."
    APPLYING = "Applying", "The remedy is being applied."
    VERIFYING = "Verifying", "The remedy is in place and its effect is being measured."
    LEAK_STOPPED = "LeakStopped", "Zombies no longer accumulate."
    LEAK_CONTINUES = "LeakContinues", "Zombies accumulate as before."
    ROLLOUT_FAILED = "RolloutFailed", "The rollout of the remedy did not finish."
    PODS_BROKEN = "PodsBroken", "Pods with the remedy fail, restart or do not become ready."
    ROLLING_BACK = "RollingBack", "The remedy is being taken back."
    PROOF_MISSING = "ProofMissing", "Too little was seen to prove the remedy either way."
    POLICY_WITHDRAWN = "PolicyWithdrawn", "The policy does not ask for it any more."
    ROLLBACK_REQUESTED = "RollbackRequested", "A person asked for the rollback."
    WORKLOAD_GONE = "WorkloadGone", "The workload was deleted or replaced."
    POD_EVICTED = "PodEvicted", "The leaking pod was evicted; its zombies went with it."
    LEAK_RETURNED = "LeakReturned", "The leak came back after a restart, or in pods that were called cured."
    FIX_ADOPTED = "FixAdopted", "Another field manager owns the fix now, as when it was committed to Git."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not done, in one sentence with the evidence and the way out, and when to look again."""

    reason: Reason
    message: str
    recheck_seconds: int | None = None
