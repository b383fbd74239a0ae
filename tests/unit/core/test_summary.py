"""A policy's status follows kstatus, and says first what an on-call person should read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.core.builders import (
    NOW,
    RESTART,
    SHARE,
    done,
    finding,
    later,
    leak,
    owned,
    policy,
    remediation,
    remediation_spec,
    status,
    workload,
)
from zombie_operator.core.decide import Decided
from zombie_operator.core.policy import Mode
from zombie_operator.core.reasons import Reason
from zombie_operator.core.remediation import Outcome, Phase, TargetRef
from zombie_operator.core.status import MAX_FINDINGS, Condition, ConditionStatus, Decision, PolicyStatus
from zombie_operator.core.summary import Facts, Health, summarize

TRUE, FALSE = ConditionStatus.TRUE, ConditionStatus.FALSE
HEALTHY = Health(3)


def facts(**overrides: object) -> Facts:
    made = Facts(
        generation=4, policy=policy(), problem=None, decided=(), remediations=(), lost=frozenset(), health=HEALTHY
    )
    return replace(made, **overrides)


def decision(word: Decision, reason: Reason = Reason.CHOSEN, message: str = "", uid: str = "uid-web") -> Decided:
    whole = owned(workload=workload(ref=TargetRef("apps/v1", "Deployment", "web", uid)))
    return Decided(finding(owned=whole), word, reason, message or word, SHARE)


def conditions(made: PolicyStatus) -> dict[str, Condition]:
    return {condition.type: condition for condition in made.conditions}


def ready(made: PolicyStatus) -> Condition:
    return conditions(made)["Ready"]


def summary(before: PolicyStatus | None = None, **overrides: object) -> PolicyStatus:
    return summarize(facts(**overrides), before or PolicyStatus(), NOW)


SITUATIONS = [
    pytest.param({}, {"Ready"}, TRUE, Reason.NO_LEAKS, id="nothing leaks"),
    pytest.param(
        {"decided": (decision(Decision.REFUSED, Reason.PROTECTED),)},
        {"Ready"},
        TRUE,
        Reason.PROTECTED,
        id="a leak is no failure of the operator",
    ),
    pytest.param(
        {"policy": None, "problem": "spec.mode: unknown"},
        {"Ready", "Stalled"},
        FALSE,
        Reason.INVALID_POLICY,
        id="the policy cannot be read",
    ),
    pytest.param(
        {"health": Health(0)}, {"Ready", "Reconciling"}, FALSE, Reason.AGENTS_UNAVAILABLE, id="there are no agents"
    ),
    pytest.param(
        {"health": Health(2, ("a: timeout", "b: timeout"))},
        {"Ready", "Reconciling"},
        FALSE,
        Reason.AGENTS_UNAVAILABLE,
        id="no agent answers",
    ),
    pytest.param(
        {"health": Health(3, ("a: timeout",))}, {"Ready"}, TRUE, Reason.AGENTS_PARTIAL, id="one agent does not answer"
    ),
    pytest.param(
        {"health": Health(3, ("a: timeout",)), "decided": (decision(Decision.OBSERVED, Reason.OBSERVING),)},
        {"Ready"},
        TRUE,
        Reason.OBSERVING,
        id="a leak is more important than a silent agent",
    ),
]


@pytest.mark.parametrize(("fields", "types", "value", "reason"), SITUATIONS)
def test_ready_is_always_there_and_the_others_only_when_true(
    fields: dict[str, object], types: set[str], value: ConditionStatus, reason: Reason
) -> None:
    made = conditions(summary(**fields))
    assert {kind for kind in made if kind in {"Ready", "Reconciling", "Stalled"}} == types
    assert (made["Ready"].status, made["Ready"].reason) == (value, reason)
    assert all(made[kind].status is TRUE for kind in types - {"Ready"})


@pytest.mark.parametrize("fields", [pytest.param(row.values[0], id=str(row.id)) for row in SITUATIONS])
def test_every_condition_names_generation_reason_and_message(fields: dict[str, object]) -> None:
    made = summary(**fields)
    assert made.observed_generation == 4
    for condition in made.conditions:
        assert condition.observed_generation == 4
        assert Reason.of(condition.reason)
        assert condition.message
    assert len({condition.type for condition in made.conditions}) == len(made.conditions)


def test_an_unreadable_policy_says_why() -> None:
    assert ready(summary(policy=None, problem="spec.mode: unknown")).message == "spec.mode: unknown"
    assert ready(summary(policy=None)).message == Reason.INVALID_POLICY.meaning


def test_silent_agents_are_counted_and_the_first_is_named() -> None:
    assert "2 of 3 agents: a: timeout" in ready(summary(health=Health(3, ("a: timeout", "b: refused")))).message
    assert "a: timeout" in ready(summary(health=Health(1, ("a: timeout",)))).message
    assert "there are none" in ready(summary(health=Health(0))).message


@pytest.mark.parametrize(
    ("made", "enforcing", "reason"),
    [
        pytest.param(policy(), TRUE, Reason.ENFORCING, id="Enforce"),
        pytest.param(policy(suspend=True), FALSE, Reason.SUSPENDED, id="Enforce, suspended"),
        pytest.param(policy(mode=Mode.DRY_RUN), FALSE, Reason.DRY_RUN, id="DryRun"),
        pytest.param(policy(mode=Mode.OBSERVE, suspend=True), FALSE, Reason.OBSERVING, id="Observe"),
    ],
)
def test_enforcing_says_whether_it_acts(made: object, enforcing: ConditionStatus, reason: Reason) -> None:
    condition = conditions(summary(policy=made))["Enforcing"]
    assert (condition.status, condition.reason) == (enforcing, reason)


def test_leaking_says_whether_something_leaks() -> None:
    assert conditions(summary())["Leaking"].status is FALSE
    leaking = conditions(summary(decided=(decision(Decision.OBSERVED),)))["Leaking"]
    assert (leaking.status, leaking.reason, leaking.message) == (TRUE, Reason.LEAKS_FOUND, "1 workload leaks")


def test_a_condition_that_says_the_same_keeps_its_transition_time() -> None:
    first = summary()
    second = summarize(facts(decided=(decision(Decision.OBSERVED, Reason.OBSERVING),)), first, later(60))
    made = conditions(second)
    assert made["Ready"].last_transition_time == NOW
    assert made["Ready"].reason == Reason.OBSERVING
    assert made["Leaking"].last_transition_time == later(60)


def test_a_condition_that_comes_back_starts_anew() -> None:
    unreadable = summarize(facts(policy=None), summary(), later(60))
    assert conditions(unreadable)["Stalled"].last_transition_time == later(60)
    assert conditions(summarize(facts(), unreadable, later(90)))["Ready"].last_transition_time == later(90)


def test_counters_count_findings_and_remediations() -> None:
    made = summary(
        decided=(
            decision(Decision.REFUSED, uid="uid-a"),
            decision(Decision.WAITING, uid="uid-b"),
            decision(Decision.OBSERVED, uid="uid-c"),
        ),
        remediations=(
            remediation(name="1", status=status(Phase.PENDING)),
            remediation(name="2", status=status(Phase.REVERTING)),
            remediation(name="3", status=done(Outcome.CURED)),
            remediation(name="4", status=done(Outcome.CLEARED)),
            remediation(name="5", status=done(Outcome.ROLLED_BACK)),
        ),
    )
    assert (made.leaking, made.remediating, made.cured, made.refused) == (3, 2, 2, 1)


def test_an_exhausted_workload_is_refused_once_whether_or_not_it_leaks_now() -> None:
    target = TargetRef("apps/v1", "Deployment", "web", "uid-a")
    exhausted = remediation(spec=remediation_spec(RESTART, target_ref=target), status=done(Outcome.EXHAUSTED))
    assert summary(remediations=(exhausted,)).refused == 1
    assert summary(remediations=(exhausted,), decided=(decision(Decision.REFUSED, uid="uid-a"),)).refused == 1
    assert summary(remediations=(exhausted,), decided=(decision(Decision.REFUSED, uid="uid-b"),)).refused == 2


def test_the_headline_is_what_is_in_progress_then_the_worst_that_is_left_alone() -> None:
    words = [Decision.OBSERVED, Decision.PLANNED, Decision.REFUSED, Decision.WAITING, Decision.REMEDIATING]
    for count in range(1, len(words) + 1):
        made = summary(decided=tuple(decision(word) for word in words[:count]))
        assert ready(made).message == words[count - 1]


def test_a_remediation_in_progress_is_the_headline_even_when_its_finding_is_gone() -> None:
    active = status(Phase.VERIFYING, reason=str(Reason.VERIFYING), message="measuring")
    made = ready(summary(remediations=(remediation(status=done(Outcome.CURED)), remediation(status=active))))
    assert (made.reason, made.message) == (Reason.VERIFYING, "Deployment web: measuring")


def test_a_remediation_that_was_just_created_has_a_headline() -> None:
    assert ready(summary(remediations=(remediation(),))).reason == Reason.CHOSEN


def test_a_policy_that_lost_to_another_says_so() -> None:
    lost = frozenset({"Deployment web to ZombiePolicy leaks"})
    for fields in ({}, {"decided": (decision(Decision.OBSERVED),)}, {"remediations": (remediation(),)}):
        assert "left: Deployment web to ZombiePolicy leaks" in ready(summary(lost=lost, **fields)).message


def test_a_finding_is_shown_with_its_numbers() -> None:
    (shown,) = summary(decided=(decision(Decision.WAITING, Reason.COOLING_DOWN, "wait"),)).findings
    assert (shown.namespace, shown.workload, shown.pod, shown.container) == ("shop", "Deployment/web", "web-1", "app")
    assert (shown.zombies, shown.oldest_seconds, shown.per_hour) == (30, 600, 180)
    assert (shown.remedy, shown.decision, shown.reason, shown.message) == (
        SHARE,
        Decision.WAITING,
        "CoolingDown",
        "wait",
    )


def test_a_bare_pods_finding_names_the_pod() -> None:
    bare = Decided(finding(owned=owned(workload=None)), Decision.REFUSED, Reason.BARE_POD, "no controller")
    assert summary(decided=(bare,)).findings[0].workload == "Pod/web-1"


def test_the_status_is_bounded_while_the_counters_are_not() -> None:
    worst = tuple(
        Decided(finding(leak=leak(zombies=500 - i)), Decision.OBSERVED, Reason.OBSERVING, "x" * 5000)
        for i in range(MAX_FINDINGS + 5)
    )
    made = summary(decided=worst)
    assert made.leaking == MAX_FINDINGS + 5
    assert [shown.zombies for shown in made.findings] == [500 - i for i in range(MAX_FINDINGS)]
    assert all(len(shown.message) == 1_024 for shown in made.findings)
    assert len(ready(made).message) == 4_096
