"""Every guard, on either side of its limit, in one table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.unit.core.builders import (
    NOW,
    RESTART,
    ago,
    budget,
    context,
    intent,
    later,
    limits,
    pod,
    pod_with,
    policy,
    remediation,
    remediation_spec,
    status,
    workload,
    workload_with,
)
from zombie_operator.core.guards import GUARDS, REPEAT_GUARDS, REVERT_GUARDS, Ceiling, Context, Watched, refusals
from zombie_operator.core.policy import Mode
from zombie_operator.core.reasons import Reason
from zombie_operator.core.remediation import EffectKind, Phase, PolicyRefSpec, Remediation, TargetRef, Via

BY_NAME = {guard.__name__: guard for guard in GUARDS}
IGNORE = {"zombie-operator.dev/ignore": "true"}
REF = PolicyRefSpec("ZombiePolicy", "leaks")
ELSEWHERE = TargetRef("apps/v1", "Deployment", "api", "uid-api")


def limited(**fields: object) -> object:
    return policy(limits=limits(**fields))


def template(**fields: object) -> Context:
    return context(via=Via.TEMPLATE, candidate=None, remediation=remediation(), **fields)


def acted(*ages: float, effect: EffectKind = EffectKind.EVICT) -> Remediation:
    """Return this workload's remediation, which acted that many seconds ago."""
    return remediation(RESTART, status=status(intents=tuple(intent(effect, ago(age)) for age in ages)))


def other(name: str, phase: Phase = Phase.VERIFYING, *ages: float, **spec: object) -> Remediation:
    """Return a remediation of another workload."""
    made = remediation_spec(RESTART, target_ref=ELSEWHERE, **spec)
    return remediation(
        RESTART, name=name, spec=made, status=status(phase, intents=tuple(intent(at=ago(age)) for age in ages))
    )


def many(count: int, phase: Phase = Phase.VERIFYING, *ages: float, **spec: object) -> tuple[Remediation, ...]:
    return tuple(other(f"other-{i}", phase, *ages, **spec) for i in range(count))


def rolling(kind: str, **values: object) -> object:
    key = "strategy" if kind == "Deployment" else "updateStrategy"
    return workload_with(kind, **{key: {"type": "RollingUpdate", "rollingUpdate": values}})


def row(guard: str, made: Context, refused: Reason | None, *says: str, case: str) -> object:
    return pytest.param(guard, made, refused, says, id=f"{guard}: {case}")


ROWS = [
    row("suspended", context(), None, case="nobody suspended anything"),
    row(
        "suspended",
        context(remediation=remediation(spec=remediation_spec(suspend=True))),
        Reason.SUSPENDED,
        "zombieremediation web",
        "set spec.suspend: false",
        case="the remediation is suspended",
    ),
    row(
        "suspended",
        context(policy=policy(suspend=True)),
        Reason.SUSPENDED,
        "policy leaks",
        "set spec.suspend: false",
        case="the policy is suspended",
    ),
    row("suspended", context(policy=None), None, case="no policy suspends nothing"),
    row("not_enforcing", context(), None, case="Enforce"),
    row(
        "not_enforcing",
        context(policy=policy(mode=Mode.DRY_RUN)),
        Reason.POLICY_WITHDRAWN,
        "mode DryRun",
        case="DryRun",
    ),
    row(
        "not_enforcing",
        context(policy=policy(mode=Mode.OBSERVE)),
        Reason.POLICY_WITHDRAWN,
        "mode Observe",
        case="Observe",
    ),
    row("not_enforcing", context(policy=None), Reason.POLICY_WITHDRAWN, "no policy selects", case="no policy"),
    row("namespace_not_enforceable", context(), None, case="every namespace is allowed"),
    row(
        "namespace_not_enforceable",
        context(ceiling=Ceiling(enforce_namespaces=frozenset({"shop"}))),
        None,
        case="this namespace is allowed",
    ),
    row(
        "namespace_not_enforceable",
        context(ceiling=Ceiling(enforce_namespaces=frozenset({"bank"}))),
        Reason.NAMESPACE_NOT_ENFORCEABLE,
        "namespace shop",
        "ZOMBIE_OPERATOR_ENFORCE_NAMESPACES",
        case="only another namespace is allowed",
    ),
    row(
        "namespace_not_enforceable",
        context(ceiling=Ceiling(enforce_namespaces=frozenset())),
        Reason.NAMESPACE_NOT_ENFORCEABLE,
        case="no namespace is allowed",
    ),
    row("protected", context(), None, case="an ordinary workload"),
    row(
        "protected",
        context(workload=workload(namespace="kube-system")),
        Reason.PROTECTED,
        "namespace kube-system",
        case="a system namespace",
    ),
    row(
        "protected",
        context(ceiling=Ceiling(protected_namespaces=frozenset({"shop"}))),
        Reason.PROTECTED,
        case="a namespace that the settings protect",
    ),
    row(
        "protected",
        context(workload=workload_with(template={"spec": {"priorityClassName": "system-node-critical"}})),
        Reason.PROTECTED,
        "Deployment web",
        case="a critical template",
    ),
    row(
        "protected",
        context(pods=(pod(), pod_with(priorityClassName="system-cluster-critical"))),
        Reason.PROTECTED,
        "pod web-1",
        case="a critical pod",
    ),
    row("protected", context(pods=(pod_with(priorityClassName="high"),)), None, case="another priority class"),
    row(
        "protected",
        context(pods=(pod(annotations={"kubernetes.io/config.mirror": "x"}),)),
        Reason.PROTECTED,
        "static pod of node node-a",
        case="a static pod",
    ),
    row("opted_out", context(), None, case="no annotation"),
    row(
        "opted_out",
        context(workload=workload(annotations=IGNORE)),
        Reason.OPTED_OUT,
        "Deployment web",
        "remove it",
        case="the workload",
    ),
    row("opted_out", context(pods=(pod(annotations=IGNORE),)), Reason.OPTED_OUT, "pod web-1", case="a pod"),
    row("opted_out", context(namespace_annotations=IGNORE), Reason.OPTED_OUT, "namespace shop", case="the namespace"),
    row(
        "opted_out",
        context(namespace_annotations={"zombie-operator.dev/ignore": "false"}),
        None,
        case="the annotation says false",
    ),
    row("warming_up", context(started=ago(30)), None, case="thirty seconds after the start"),
    row(
        "warming_up", context(started=ago(29)), Reason.WARMING_UP, "29 s ago", "acts in 1 s", case="one second earlier"
    ),
    row("warming_up", context(started=later(60)), Reason.WARMING_UP, case="the clock went back"),
    row("stale_data", context(sample_age_seconds=60.0), None, case="sixty seconds old"),
    row(
        "stale_data",
        context(sample_age_seconds=61.0),
        Reason.STALE_DATA,
        "61 s old",
        "more than 60 s",
        case="one second older",
    ),
    row("stale_data", context(sample_age_seconds=None), Reason.STALE_DATA, "no node agent", case="no sample"),
    row(
        "stale_data", context(sample_complete=False), Reason.STALE_DATA, "cannot read every process", case="incomplete"
    ),
    row("storm_breaker", context(watched=Watched(20, 20, 1000)), None, case="twenty workloads"),
    row(
        "storm_breaker",
        context(watched=Watched(21, 21, 1000)),
        Reason.STORM_BREAKER,
        "21 workloads",
        "more than 20",
        "ZOMBIE_OPERATOR_STORM_WORKLOADS",
        case="one workload more",
    ),
    row("storm_breaker", context(watched=Watched(2, 30, 100)), None, case="thirty percent of the pods"),
    row(
        "storm_breaker",
        context(watched=Watched(2, 31, 100)),
        Reason.STORM_BREAKER,
        "31 of 100",
        "ZOMBIE_OPERATOR_STORM_PERCENT",
        case="one pod more",
    ),
    row("storm_breaker", context(watched=Watched(2, 9, 9)), None, case="all of nine pods: too few to judge by share"),
    row("storm_breaker", context(watched=Watched(2, 10, 10)), Reason.STORM_BREAKER, case="all of ten pods"),
    row("storm_breaker", context(watched=Watched(0, 0, 0)), None, case="nothing is seen"),
    row("partly_selected", template(), None, case="a template of selected pods"),
    row(
        "partly_selected",
        template(unselected=("pod web-2",)),
        Reason.PARTLY_SELECTED,
        "does not select pod web-2 of Deployment web",
        "widen its selector, or list RestartPod",
        case="a template that reaches others",
    ),
    row(
        "partly_selected",
        template(unselected=("pod a", "pod b", "pod c", "pod d", "pod e")),
        Reason.PARTLY_SELECTED,
        "pod a, pod b, pod c and 2 more",
        case="a template that reaches many others",
    ),
    row("partly_selected", context(unselected=("pod web-2",)), None, case="an eviction reaches one pod"),
    row("managed", template(), None, case="a template nobody manages"),
    row(
        "managed",
        template(workload=workload(managers=("helm",))),
        Reason.MANAGED_BY_HELM,
        "Helm",
        "make the change in",
        case="a managed template",
    ),
    row("managed", context(workload=workload(managers=("helm",))), None, case="an eviction changes no template"),
    row("paused", context(), None, case="not paused"),
    row("paused", context(workload=workload_with(paused=True)), Reason.WORKLOAD_PAUSED, "resume it", case="paused"),
    row("rollout_in_progress", context(), None, case="rolled out"),
    row(
        "rollout_in_progress",
        context(workload=workload_with(status={"updatedReplicas": 2})),
        Reason.ROLLOUT_IN_PROGRESS,
        "Deployment web",
        case="one pod is old",
    ),
    row("too_few_replicas", context(workload=workload_with(replicas=2)), None, case="as many as minReplicas"),
    row(
        "too_few_replicas",
        context(workload=workload_with(replicas=1)),
        Reason.TOO_FEW_REPLICAS,
        "wants 1 replicas",
        "limits.minReplicas 2",
        "scale it up",
        case="one less",
    ),
    row("too_few_replicas", template(workload=workload_with(replicas=1)), None, case="a rollout replaces"),
    row("too_few_replicas", context(policy=None, workload=workload_with(replicas=1)), None, case="no policy, no limit"),
    row("strategy_too_disruptive", template(), None, case="a Deployment's default takes none of three away"),
    row(
        "strategy_too_disruptive",
        template(workload=workload_with(strategy={"type": "Recreate"})),
        Reason.STRATEGY_TOO_DISRUPTIVE,
        "strategy Recreate",
        "maintenance window",
        case="Recreate",
    ),
    row(
        "strategy_too_disruptive",
        template(workload=workload_with("StatefulSet", updateStrategy={"type": "OnDelete"})),
        Reason.STRATEGY_TOO_DISRUPTIVE,
        "strategy OnDelete",
        case="OnDelete",
    ),
    row(
        "strategy_too_disruptive",
        template(workload=rolling("Deployment", maxUnavailable=1)),
        None,
        case="two of three stay",
    ),
    row(
        "strategy_too_disruptive",
        template(workload=rolling("Deployment", maxUnavailable=2)),
        Reason.STRATEGY_TOO_DISRUPTIVE,
        "2 of 3 pods",
        "limits.minReplicas is 2",
        "scale it to at least 4, or lower the limit to 1",
        case="one of three stays",
    ),
    row("strategy_too_disruptive", template(workload=workload_with(replicas=1)), None, case="one replica with a surge"),
    row(
        "strategy_too_disruptive",
        template(workload=workload_with("StatefulSet", replicas=1)),
        Reason.STRATEGY_TOO_DISRUPTIVE,
        case="the only pod of a StatefulSet would go away",
    ),
    row(
        "strategy_too_disruptive",
        context(workload=workload_with(strategy={"type": "Recreate"})),
        None,
        case="an eviction is no rollout",
    ),
    row("strategy_too_disruptive", template(policy=None), None, case="no policy, no limit"),
    row("disruption_budget", context(), None, case="no budget"),
    row("disruption_budget", context(budgets=(budget(disruptions_allowed=1),)), None, case="one is allowed"),
    row(
        "disruption_budget",
        context(budgets=(budget(disruptions_allowed=0),)),
        Reason.DISRUPTION_BUDGET,
        "web-pdb allows 0",
        "relax the budget",
        case="none is allowed",
    ),
    row(
        "disruption_budget",
        context(budgets=(budget(disruptions_allowed=0, selector={"matchLabels": {"app": "db"}}),)),
        None,
        case="the budget of another workload",
    ),
    row(
        "disruption_budget",
        context(budgets=(budget(disruptions_allowed=0, selector=None),)),
        None,
        case="a budget without selector covers nobody",
    ),
    row(
        "disruption_budget",
        context(budgets=(budget(), budget(name="second", selector={}))),
        Reason.DISRUPTION_BUDGET,
        "web-pdb, second",
        "keep one of them",
        case="two budgets on one pod",
    ),
    row(
        "disruption_budget",
        template(budgets=(budget(desired_healthy=3, disruptions_allowed=0),)),
        None,
        case="a rollout that takes none away",
    ),
    row(
        "disruption_budget",
        template(workload=rolling("Deployment", maxUnavailable=1), budgets=(budget(desired_healthy=2),)),
        None,
        case="a rollout that leaves as many as needed",
    ),
    row(
        "disruption_budget",
        template(workload=rolling("Deployment", maxUnavailable=1), budgets=(budget(desired_healthy=3),)),
        Reason.DISRUPTION_BUDGET,
        "3 needed",
        case="a rollout that leaves one less than needed",
    ),
    row("cooling_down", context(), None, case="never acted on"),
    row("cooling_down", context(remediation=acted(3600)), None, case="after the cooldown"),
    row("cooling_down", context(remediation=acted(3599)), Reason.COOLING_DOWN, "next in 2 s", case="one second before"),
    row("cooling_down", context(remediation=acted(9000, 10)), Reason.COOLING_DOWN, case="the last action counts"),
    row(
        "cooling_down",
        context(others=(acted(10),)),
        Reason.COOLING_DOWN,
        case="another remediation of this workload",
    ),
    row("cooling_down", context(others=(other("o", Phase.DONE, 10),)), None, case="another workload's action"),
    row(
        "cooling_down",
        context(remediation=acted(10, effect=EffectKind.REVERT)),
        Reason.COOLING_DOWN,
        case="a rollback is an action, too",
    ),
    row("cooling_down", context(policy=limited(cooldown_seconds=0), remediation=acted(0)), None, case="no cooldown"),
    row("cooling_down", context(remediation=acted(-60)), Reason.COOLING_DOWN, case="the clock went back"),
    row("cooling_down", context(policy=None, remediation=acted(10)), None, case="no policy, no limit"),
    row("budget_exhausted", context(), None, case="nothing else"),
    row(
        "budget_exhausted",
        context(others=many(1)),
        Reason.BUDGET_EXHAUSTED,
        "limits.maxConcurrent of the policy is 1 and 1 in progress",
        "waits its turn",
        case="one of one in progress",
    ),
    row("budget_exhausted", context(others=many(5, Phase.PENDING)), None, case="those that wait are not in progress"),
    row("budget_exhausted", context(others=many(5, Phase.DONE)), None, case="those that are done are not in progress"),
    row("budget_exhausted", context(policy=limited(max_concurrent=3), others=many(2)), None, case="two of three"),
    row(
        "budget_exhausted",
        context(policy=limited(max_concurrent=3), others=many(3, Phase.REVERTING)),
        Reason.BUDGET_EXHAUSTED,
        case="three of three taken back",
    ),
    row(
        "budget_exhausted",
        context(others=many(9, policy_ref=PolicyRefSpec("ZombiePolicy", "another"))),
        None,
        case="nine of ten by other policies",
    ),
    row(
        "budget_exhausted",
        context(others=many(10, policy_ref=PolicyRefSpec("ZombiePolicy", "another"))),
        Reason.BUDGET_EXHAUSTED,
        "ZOMBIE_OPERATOR_MAX_CONCURRENT is 10",
        case="ten of ten by other policies",
    ),
    row(
        "budget_exhausted",
        context(others=(remediation(RESTART, name="o", namespace="bank", status=status(Phase.VERIFYING)),)),
        None,
        case="a policy of the same name in another namespace",
    ),
    row("budget_exhausted", context(others=many(5, Phase.DONE, 60)), None, case="five of six within an hour"),
    row(
        "budget_exhausted",
        context(others=many(6, Phase.DONE, 60)),
        Reason.BUDGET_EXHAUSTED,
        "limits.maxPerHour of the policy is 6 and 6 within an hour",
        "limits.maxPerHour of the policy is 6",
        case="six of six within an hour",
    ),
    row("budget_exhausted", context(others=many(6, Phase.DONE, 3600)), None, case="six an hour ago"),
    row(
        "budget_exhausted",
        context(policy=limited(max_per_hour=2), remediation=acted(60, 120)),
        Reason.BUDGET_EXHAUSTED,
        case="its own actions count",
    ),
    row(
        "budget_exhausted",
        context(policy=limited(max_per_hour=1), remediation=acted(60, effect=EffectKind.REVERT)),
        None,
        case="taking back uses no budget",
    ),
    row(
        "budget_exhausted",
        context(
            ceiling=Ceiling(max_per_hour=3),
            others=many(3, Phase.DONE, 60, policy_ref=PolicyRefSpec("ZombiePolicy", "another")),
        ),
        Reason.BUDGET_EXHAUSTED,
        "ZOMBIE_OPERATOR_MAX_PER_HOUR is 3",
        case="the operator's own budget",
    ),
    row("budget_exhausted", context(policy=None, others=many(20)), None, case="no policy, no limit"),
]


@pytest.mark.parametrize(("guard", "made", "refused", "says"), ROWS)
def test_a_guard_refuses_beyond_its_limit_and_not_before(
    guard: str, made: Context, refused: Reason | None, says: tuple[str, ...]
) -> None:
    refusal = BY_NAME[guard](made)
    assert (refusal.reason if refusal else None) is refused
    for words in says:
        assert refusal is not None
        assert words in refusal.message


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_every_guard_has_a_row_on_either_side_of_its_limit(guard: Callable[..., object]) -> None:
    rows = [row.values for row in ROWS if row.values[0] == guard.__name__]
    assert {refused is None for _, _, refused, _ in rows} == {True, False}


def test_a_policy_of_a_cluster_has_one_budget_over_all_namespaces() -> None:
    ref = PolicyRefSpec("ClusterZombiePolicy", "everywhere")
    mine = remediation(RESTART, spec=remediation_spec(RESTART, policy_ref=ref))
    elsewhere = remediation(
        RESTART, name="o", namespace="bank", spec=remediation_spec(RESTART, policy_ref=ref), status=status(Phase.ACTING)
    )
    (refusal,) = refusals(context(remediation=mine, others=(elsewhere,)))
    assert refusal.reason is Reason.BUDGET_EXHAUSTED


def test_a_refusal_that_passes_says_when_to_look_again() -> None:
    for made, seconds in (
        (context(started=ago(20)), 10),
        (context(budgets=(budget(disruptions_allowed=0),)), 30),
        (context(remediation=acted(3000)), 601),
        (context(others=many(1)), 60),
    ):
        assert [refusal.recheck_seconds for refusal in refusals(made)] == [seconds]


def test_nothing_refuses_an_ordinary_eviction_or_rollout() -> None:
    assert refusals(context()) == refusals(template()) == ()


def test_refusals_come_in_the_order_of_the_guards() -> None:
    made = context(policy=policy(suspend=True), started=NOW, sample_age_seconds=None, remediation=acted(10))
    assert [refusal.reason for refusal in refusals(made)] == [
        Reason.SUSPENDED,
        Reason.WARMING_UP,
        Reason.STALE_DATA,
        Reason.COOLING_DOWN,
    ]


def test_taking_back_is_bound_by_nothing_but_a_suspension() -> None:
    made = template(
        policy=None, started=NOW, sample_age_seconds=None, workload=workload(namespace="kube-system"), others=many(50)
    )
    assert refusals(made, REVERT_GUARDS) == ()
    assert [guard.__name__ for guard in REVERT_GUARDS] == ["suspended"]


def test_an_effect_is_not_repeated_where_people_withdrew_their_consent() -> None:
    for made in (
        context(policy=policy(suspend=True)),
        context(policy=None),
        context(namespace_annotations=IGNORE),
        context(workload=workload(namespace="kube-system")),
        template(workload=workload(managers=("helm",))),
    ):
        assert refusals(made, REPEAT_GUARDS)


def test_an_effect_whose_intent_is_written_is_not_counted_against_itself() -> None:
    made = context(policy=limited(max_per_hour=1), remediation=acted(1))
    assert refusals(made)
    assert refusals(made, REPEAT_GUARDS) == ()


def test_guards_take_the_clock_as_an_argument() -> None:
    late = NOW + timedelta(days=1)
    assert refusals(context(now=late, remediation=acted(10))) == ()
