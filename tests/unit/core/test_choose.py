"""Choosing the remedy: the first that answers, may be done and reaches the pods; or one refusal with the way out."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.unit.core.builders import (
    RESTART,
    SHARE,
    finding,
    leak,
    owned,
    pod,
    pod_with,
    policy,
    rollout,
    workload,
)
from zombie_operator.core.assess import Finding
from zombie_operator.core.choose import Plan, choose, describe, explain
from zombie_operator.core.document import Cause, Origin
from zombie_operator.core.objects import OwnerRef
from zombie_operator.core.policy import Canary
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import PodPatch, RemedyType, Scope, Stage, TargetRef, Via

OWN_CHILDREN = {"cause": Cause.PARENT_NOT_WAITING, "origin": None}
UNKNOWN = {"origin": Origin.UNKNOWN, "proved": 0}


def planned(made: Finding, **memory: object) -> Plan:
    result = choose(made, **memory)
    assert isinstance(result, Plan), result
    return result


def refused(made: Finding, **memory: object) -> Refusal:
    result = choose(made, **memory)
    assert isinstance(result, Refusal), result
    return result


def trying(canary: Canary, *remedies: RemedyType, **leaking: object) -> Finding:
    return finding(policy=policy(*remedies, rollout=rollout(canary=canary)), leak=leak(**leaking))


def kind(name: str) -> object:
    return workload(ref=TargetRef("x/v1", name, "web", "uid-web"))


def test_a_proved_leak_gets_the_template_change_with_everything_recorded() -> None:
    spec = planned(finding()).spec
    assert spec.target_ref == TargetRef("apps/v1", "Deployment", "web", "uid-web")
    assert (spec.policy_ref.kind, spec.policy_ref.name, spec.container) == ("ZombiePolicy", "leaks", "app")
    assert (spec.cause, spec.origin, spec.remedy) == (Cause.INIT_NOT_REAPING, Origin.ORPHAN, SHARE)
    assert spec.patch == PodPatch(share_process_namespace=True)
    assert spec.stages == (Stage(Scope.ALL, Via.TEMPLATE),)


def test_a_restart_evicts_one_pod_and_patches_nothing() -> None:
    plan = planned(finding(RESTART))
    assert plan.remedy is RESTART
    assert plan.spec.patch == PodPatch()
    assert plan.spec.stages == (Stage(Scope.ONE, Via.EVICTION),)


@pytest.mark.parametrize(
    ("remedies", "expected"),
    [
        pytest.param((SHARE, RESTART), SHARE, id="the change is preferred"),
        pytest.param((RESTART, SHARE), RESTART, id="the restart is preferred"),
        pytest.param((SHARE,), SHARE, id="only the change"),
    ],
)
def test_the_policys_order_is_the_preference(remedies: tuple[RemedyType, ...], expected: RemedyType) -> None:
    assert planned(finding(*remedies)).remedy is expected


def test_the_next_remedy_is_taken_where_the_first_may_not_be_done() -> None:
    assert planned(finding(leak=leak(sandbox_reaps=False))).remedy is RESTART


def test_the_refusal_of_the_most_preferred_remedy_is_the_one_that_is_said() -> None:
    bare = owned(pod=pod(owner=None), workload=None)
    assert refused(finding(owned=bare, leak=leak(sandbox_reaps=False))).reason is Reason.SANDBOX_NOT_REAPING
    assert refused(finding(RESTART, SHARE, owned=bare)).reason is Reason.BARE_POD


@pytest.mark.parametrize(
    ("fields", "reason", "way_out"),
    [
        pytest.param(
            {"leak": leak(cause=Cause.RUNTIME_NOT_REAPING, origin=None)},
            Reason.NODE_FAULT,
            "restart the container runtime or drain node node-a",
            id="the runtime's fault",
        ),
        *(
            pytest.param(
                {"leak": leak(cause=cause, origin=None)}, Reason.CAUSE_NOT_ACTIONABLE, "never acted on", id=cause
            )
            for cause in (Cause.TRACED, Cause.PARENT_SUSPENDED, Cause.LEADER_EXITED, Cause.STUCK_IN_KERNEL)
        ),
        pytest.param(
            {"policy": policy(SHARE), "leak": leak(**OWN_CHILDREN)},
            Reason.PARENT_NOT_WAITING,
            "fix the program, or list RestartPod",
            id="own children and no restart allowed",
        ),
        pytest.param(
            {"owned": owned(workload=None)}, Reason.BARE_POD, "change the pod's manifest", id="a pod without controller"
        ),
        pytest.param(
            {"owned": owned(workload=kind("Rollout"))},
            Reason.OWNER_UNSUPPORTED,
            "change it where it is defined",
            id="an owner of another kind",
        ),
        pytest.param(
            {"owned": owned(workload=kind("ReplicaSet")), "policy": policy(SHARE)},
            Reason.OWNER_UNSUPPORTED,
            "DaemonSet, Deployment, StatefulSet",
            id="a ReplicaSet has no rollout",
        ),
        pytest.param(
            {"owned": owned(workload=workload(managers=("helm",))), "policy": policy(SHARE)},
            Reason.MANAGED_BY_HELM,
            "make the change in",
            id="managed by somebody",
        ),
        pytest.param(
            {"owned": owned(workload=workload(owner=OwnerRef("x/v1", "App", "a", "u"))), "policy": policy(SHARE)},
            Reason.MANAGED_BY_OPERATOR,
            "the App",
            id="owned by another operator",
        ),
        pytest.param(
            {"policy": policy(SHARE), "leak": leak(sandbox_reaps=False)},
            Reason.SANDBOX_NOT_REAPING,
            "update the node's pause image",
            id="a sandbox that does not reap",
        ),
        pytest.param(
            {"owned": owned(pod=pod_with(shareProcessNamespace=True)), "policy": policy(SHARE)},
            Reason.ALREADY_SET,
            "already shares",
            id="the remedy is there already",
        ),
    ],
)
def test_a_leak_that_is_left_alone_has_one_reason_and_the_way_out(
    fields: Mapping[str, object], reason: Reason, way_out: str
) -> None:
    refusal = refused(finding(**fields))
    assert refusal.reason is reason
    assert way_out in refusal.message


def test_a_restart_is_possible_where_a_template_change_is_not() -> None:
    for fields in (
        {"owned": owned(workload=kind("ReplicaSet"))},
        {"owned": owned(workload=workload(managers=("argocd-controller",)))},
    ):
        assert planned(finding(**fields)).remedy is RESTART


@pytest.mark.parametrize(
    ("canary", "leaking", "expected"),
    [
        pytest.param(Canary.AUTO, {}, SHARE, id="proved and Auto"),
        pytest.param(Canary.AUTO, {"origin": Origin.PROBE}, SHARE, id="a probe's and Auto"),
        pytest.param(Canary.OFF, {}, SHARE, id="proved and Off"),
        pytest.param(Canary.OFF, UNKNOWN, SHARE, id="unknown and Off: the experiment"),
        pytest.param(Canary.AUTO, UNKNOWN, None, id="unknown and Auto"),
        pytest.param(Canary.REQUIRED, UNKNOWN, None, id="unknown and Required"),
        pytest.param(Canary.REQUIRED, {}, None, id="proved and Required"),
        pytest.param(Canary.REQUIRED, {"origin": Origin.PROBE}, None, id="a probe's and Required"),
    ],
)
def test_what_needs_a_canary_is_refused_while_there_is_none(
    canary: Canary, leaking: Mapping[str, object], expected: RemedyType | None
) -> None:
    made = trying(canary, SHARE, **leaking)
    if expected:
        assert planned(made).spec.stages == (Stage(Scope.ALL, Via.TEMPLATE),)
    else:
        refusal = refused(made)
        assert refusal.reason is Reason.CANARY_UNAVAILABLE
        assert 'set rollout.canary: "Off"' in refusal.message


def test_a_required_canary_is_named_as_the_reason_only_where_it_is() -> None:
    assert "the policy requires a canary" in refused(trying(Canary.REQUIRED, SHARE)).message
    assert "/proc alone cannot tell" in refused(trying(Canary.AUTO, SHARE, **UNKNOWN)).message


def test_a_restart_needs_no_canary() -> None:
    assert planned(trying(Canary.REQUIRED, SHARE, RESTART, **UNKNOWN)).remedy is RESTART


@pytest.mark.parametrize("canary", list(Canary))
@pytest.mark.parametrize("remedies", [(SHARE,), (RESTART,), (SHARE, RESTART), (RESTART, SHARE)])
def test_own_children_never_get_a_template_change(canary: Canary, remedies: tuple[RemedyType, ...]) -> None:
    result = choose(trying(canary, *remedies, **OWN_CHILDREN))
    if isinstance(result, Plan):
        assert [stage.via for stage in result.spec.stages] == [Via.EVICTION]
    else:
        assert result.reason is Reason.PARENT_NOT_WAITING


def test_a_verdict_counts_more_than_an_unknown_origin() -> None:
    made = trying(Canary.OFF, SHARE, RESTART, **UNKNOWN)
    assert planned(made).remedy is SHARE
    assert planned(made, verdict=Cause.PARENT_NOT_WAITING).remedy is RESTART


def test_a_restart_after_a_verdict_names_the_cause_that_agents_report() -> None:
    """Evidence is gathered by the recorded cause: with another one the leak would look gone at once."""
    plan = planned(trying(Canary.OFF, SHARE, RESTART, **UNKNOWN), verdict=Cause.PARENT_NOT_WAITING)
    assert (plan.spec.cause, plan.spec.origin) == (Cause.INIT_NOT_REAPING, Origin.UNKNOWN)
    assert "never waits for them" in plan.sentence


def test_a_verdict_refuses_where_only_the_change_is_allowed() -> None:
    made = trying(Canary.OFF, SHARE, **UNKNOWN)
    assert refused(made, verdict=Cause.PARENT_NOT_WAITING).reason is Reason.PARENT_NOT_WAITING


def test_a_verdict_does_not_outweigh_proved_orphans() -> None:
    assert planned(trying(Canary.AUTO, SHARE), verdict=Cause.PARENT_NOT_WAITING).remedy is SHARE


def test_a_remedy_that_was_taken_back_is_not_tried_again() -> None:
    assert planned(finding(), tried=(SHARE,)).remedy is RESTART
    refusal = refused(finding(SHARE), tried=(SHARE,))
    assert refusal.reason is Reason.ALREADY_TRIED
    assert "delete its zombieremediation" in refusal.message


@pytest.mark.parametrize(
    ("leaking", "words"),
    [
        pytest.param({"origin": Origin.PROBE}, "a timed-out exec probe", id="a probe's orphans"),
        pytest.param({}, "adopted orphans and never waits", id="proved orphans"),
        pytest.param(UNKNOWN, "/proc alone cannot tell", id="an unknown origin"),
        pytest.param(OWN_CHILDREN, "no init reaps for a living parent", id="own children"),
        pytest.param({"cause": Cause.TRACED, "origin": None}, "the cause is Traced", id="another cause"),
    ],
)
def test_the_explanation_says_where_how_many_and_why(leaking: Mapping[str, object], words: str) -> None:
    made = finding(leak=leak(**leaking))
    sentence = explain(made, made.leak)
    assert sentence.startswith("container app of Deployment web holds 30 zombies, the oldest 600 s: ")
    assert words in sentence


def test_a_plan_says_cause_remedy_and_change_in_one_sentence() -> None:
    assert planned(finding()).sentence.endswith(
        "remedy ShareProcessNamespace: set shareProcessNamespace: true on Deployment web"
    )
    assert planned(finding(RESTART)).sentence.endswith("remedy RestartPod: evict pod web-1")


def test_a_plan_carries_the_caveats_of_its_remedy() -> None:
    containers = [{"name": "app"}, {"name": "proxy"}]
    assert "app, proxy" in planned(finding(owned=owned(pod=pod_with(containers=containers)))).caveats[0]
    assert "does not cure" in planned(finding(RESTART)).caveats[0]


def test_an_empty_patch_is_described_as_nothing() -> None:
    assert describe(PodPatch()) == "nothing"
