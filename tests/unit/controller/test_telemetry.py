"""The operator's own metrics: their names, their bounded labels, and that they count what happened."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from tests.integration import objects
from zombie_operator.api.v1alpha1 import decode_remediation
from zombie_operator.controller.telemetry import FAILURE_KINDS, Telemetry
from zombie_operator.core.assess import Finding
from zombie_operator.core.decide import Decided
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import EffectKind, Outcome, Phase, Remediation
from zombie_operator.core.status import Decision
from zombie_operator.engine.drive import Move
from zombie_operator.engine.observe import World
from zombie_operator.sources.agents import Endpoint, Failure

PACKAGE = Path(__file__).resolve().parents[3] / "operator" / "zombie_operator"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
OWNER = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app", "uid": "uid-1"}}
BOUNDED = {
    "version": {re.compile(r"\d+\.\d+.*")},
    "result": {"success", "error"},
    "state": {"used", "failed"},
    "kind": set(EffectKind),
    "decision": set(Decision),
    "phase": set(Phase),
    "outcome": set(Outcome),
    "reason": {*Reason, *FAILURE_KINDS},
}


def world(failures: int = 0, agents: int = 0, impostors: int = 0) -> World:
    """Return a world of this many agents, of which some failed, each in words of its own."""
    failed = tuple(
        Failure(Endpoint(f"agent-{n}", f"node-{n}", f"http://10.0.0.{n}"), FAILURE_KINDS[n % 6], f"said {n}")
        for n in range(failures)
    )
    return World(NOW, (), (), (), (), {}, agents, failed, impostors)


def decided(decision: Decision, reason: Reason) -> Decided:
    """Return a decision about some finding or other."""
    return Decided(cast("Finding", None), decision, reason, f"a sentence of its own: {reason}")


def remediation(**status: Any) -> Remediation:  # noqa: ANN401 - a body
    """Return a remediation in some state."""
    body = objects.remediation("r", "space", objects.remediation_spec(OWNER))
    return decode_remediation({**body, "status": status})


def busy(telemetry: Telemetry, failures: int = 7) -> None:
    """Count one evaluation in which everything happened."""
    decisions = [decided(d, r) for d in Decision for r in (Reason.NO_LEAKS, Reason.COOLING_DOWN)]
    moves = [Move(remediation(), kind, Refusal(Reason.POD_GONE, "gone")) for kind in EffectKind]
    telemetry.evaluated(world(failures, agents=9, impostors=2), decisions, moves, 0.5)
    telemetry.remembered([remediation(phase="Done", outcome="Cured"), remediation(phase="Acting")])
    telemetry.failed()


def samples(telemetry: Telemetry) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every series with its value."""
    found = (sample for family in telemetry.registry.collect() for sample in family.samples)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for s in found if not s.name.endswith("_created")}


def value(telemetry: Telemetry, name: str, **labels: str) -> float | None:
    """Return one value."""
    return telemetry.registry.get_sample_value(f"zombie_operator_{name}", labels)


def test_every_metric_has_our_prefix_a_unit_where_it_has_one_and_a_sentence() -> None:
    for family in Telemetry().registry.collect():
        assert re.fullmatch(r"zombie_operator_[a-z_]+[a-z]", family.name)
        assert family.documentation.endswith(".")
        if family.type == "histogram":
            assert family.name.endswith("_seconds")


def test_every_label_is_a_word_of_a_closed_list() -> None:
    telemetry = Telemetry()
    busy(telemetry)
    for _, labels in samples(telemetry):
        for name, word in labels:
            if name == "le":
                continue
            allowed = BOUNDED[name]
            assert any(a.fullmatch(word) if isinstance(a, re.Pattern) else str(a) == word for a in allowed), word


def test_series_do_not_grow_with_the_cluster() -> None:
    telemetry = Telemetry()
    busy(telemetry)
    before = samples(telemetry).keys()
    for _ in range(3):
        busy(telemetry, failures=500)
    assert samples(telemetry).keys() == before


def test_every_kind_of_agent_failure_in_the_code_is_counted_from_the_start() -> None:
    """A counter that first appears with its first failure hides that failure from ``rate()``."""
    made = set()
    for module in ("sources/agents.py", "engine/observe.py"):
        for node in ast.walk(ast.parse((PACKAGE / module).read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Failure":
                assert isinstance(node.args[1], ast.Constant)
                made.add(node.args[1].value)
    assert made == set(FAILURE_KINDS)
    assert {kind: value(Telemetry(), "agent_errors_total", reason=kind) for kind in made} == dict.fromkeys(made, 0)


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("evaluations_total", {"result": "success"}, 1),
        ("evaluations_total", {"result": "error"}, 1),
        ("evaluation_duration_seconds_sum", {}, 0.5),
        ("last_evaluation_timestamp_seconds", {}, NOW.timestamp()),
        ("agents", {"state": "used"}, 2),
        ("agents", {"state": "failed"}, 7),
        ("agent_errors_total", {"reason": FAILURE_KINDS[0]}, 2),
        ("agent_errors_total", {"reason": FAILURE_KINDS[1]}, 1),
        ("foreign_pods_total", {}, 2),
        ("findings", {"decision": "Observed"}, 2),
        ("refusals_total", {"reason": "CoolingDown"}, 2),
        ("refusals_total", {"reason": "PodGone"}, 3),
        ("effects_total", {"kind": "Apply"}, 1),
        ("effects_total", {"kind": "Evict"}, 1),
        ("remediations", {"phase": "Done"}, 1),
        ("remediations", {"phase": "Acting"}, 1),
        ("remediations", {"phase": "Pending"}, 0),
        ("remediation_outcomes", {"outcome": "Cured"}, 1),
        ("remediation_outcomes", {"outcome": "Exhausted"}, 0),
    ],
)
def test_what_happened_is_counted(name: str, labels: dict[str, str], expected: float) -> None:
    telemetry = Telemetry()
    busy(telemetry)
    assert value(telemetry, name, **labels) == expected


def test_gauges_forget_and_counters_do_not() -> None:
    telemetry = Telemetry()
    busy(telemetry)
    telemetry.evaluated(world(agents=3), [], [], 0.1)
    telemetry.remembered([])
    assert value(telemetry, "findings", decision="Observed") == 0
    assert value(telemetry, "remediations", phase="Acting") == 0
    assert value(telemetry, "agents", state="failed") == 0
    assert value(telemetry, "effects_total", kind="Apply") == 1
    assert value(telemetry, "agent_errors_total", reason=FAILURE_KINDS[0]) == 2


def test_two_operators_in_one_process_share_nothing() -> None:
    first, second = Telemetry(), Telemetry()
    first.failed()
    assert value(second, "evaluations_total", result="error") == 0
