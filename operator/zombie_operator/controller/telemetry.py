"""The operator's own metrics. Labels are closed lists of words; no pod, workload or sentence is ever a label."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from zombie_operator import __version__
from zombie_operator.core.decide import Decided
from zombie_operator.core.remediation import Outcome, Phase, Remediation
from zombie_operator.core.status import Decision
from zombie_operator.engine.drive import Move
from zombie_operator.engine.observe import World

FAILURE_KINDS = ("garbage", "no_token", "status", "timeout", "two_agents", "unreachable", "wrong_node")
NAME = "zombie_operator_"


class Telemetry:
    """One registry with everything the operator measures of itself."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        info = Gauge(f"{NAME}build_info", "The operator's version, always 1.", ["version"], registry=registry)
        info.labels(__version__).set(1)
        self._evaluations = Counter(f"{NAME}evaluations", "Evaluations, by result.", ["result"], registry=registry)
        self._duration = Histogram(f"{NAME}evaluation_duration_seconds", "Time of an evaluation.", registry=registry)
        self._last = Gauge(
            f"{NAME}last_evaluation_timestamp_seconds", "When the last evaluation succeeded.", registry=registry
        )
        self._agents = Gauge(
            f"{NAME}agents", "Node agents, by whether they could be used.", ["state"], registry=registry
        )
        self._failures = Counter(
            f"{NAME}agent_errors", "Answers of node agents that could not be used.", ["reason"], registry=registry
        )
        self._impostors = Counter(
            f"{NAME}foreign_pods",
            "Pods that an agent named and that are not on its node (any more).",
            registry=registry,
        )
        self._unread = Counter(
            f"{NAME}unread",
            "Nodes and pods that leak and could not be looked up; nothing is decided.",
            registry=registry,
        )
        self._unmoved = Counter(f"{NAME}unmoved", "Remediations that could not be moved by a step.", registry=registry)
        self._findings = Gauge(f"{NAME}findings", "Leaking workloads, by decision.", ["decision"], registry=registry)
        self._refusals = Counter(f"{NAME}refusals", "Refusals, by reason.", ["reason"], registry=registry)
        self._effects = Counter(f"{NAME}effects", "Changes of foreign objects, by kind.", ["kind"], registry=registry)
        self._phases = Gauge(f"{NAME}remediations", "Remediations, by phase.", ["phase"], registry=registry)
        self._outcomes = Gauge(f"{NAME}remediation_outcomes", "Done ones, by outcome.", ["outcome"], registry=registry)
        for kind in FAILURE_KINDS:
            self._failures.labels(kind)
        for result in ("success", "error"):
            self._evaluations.labels(result)

    def evaluated(self, world: World, decided: Sequence[Decided], moves: Sequence[Move], seconds: float) -> None:
        """Count one evaluation that went through."""
        self._evaluations.labels("success").inc()
        self._duration.observe(seconds)
        self._last.set(world.now.timestamp())
        failed = len(world.failures)
        self._agents.labels("used").set(world.agents - failed)
        self._agents.labels("failed").set(failed)
        for failure in world.failures:
            self._failures.labels(failure.kind).inc()
        self._impostors.inc(world.impostors)
        self._unread.inc(len(world.unread))
        self._unmoved.inc(sum(move.failed for move in moves))
        by_decision = Tally(d.decision for d in decided)
        for decision in Decision:
            self._findings.labels(str(decision)).set(by_decision[decision])
        for refused in decided:
            if refused.decision in {Decision.REFUSED, Decision.WAITING}:
                self._refusals.labels(str(refused.reason)).inc()
        for move in moves:
            if move.effect is not None:
                self._effects.labels(str(move.effect)).inc()
            if move.refusal is not None:
                self._refusals.labels(str(move.refusal.reason)).inc()

    def failed(self) -> None:
        """Count one evaluation that could not be finished."""
        self._evaluations.labels("error").inc()

    def remembered(self, remediations: Sequence[Remediation]) -> None:
        """Show where all remediations stand."""
        phases = Tally(r.status.phase for r in remediations)
        outcomes = Tally(r.status.outcome for r in remediations)
        for phase in Phase:
            self._phases.labels(str(phase)).set(phases[phase])
        for outcome in Outcome:
            self._outcomes.labels(str(outcome)).set(outcomes[outcome])
