"""The mandate: which policy asks for a remediation now, and which does not any more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.core.builders import cluster_policy, owned, pod, policy, remediation_spec
from zombie_operator.core.assess import Owned
from zombie_operator.core.mandate import Mandate, mandate
from zombie_operator.core.policy import LabelSelector, Mode, Policy
from zombie_operator.core.reasons import Reason
from zombie_operator.core.remediation import PolicyRefSpec

REF = remediation_spec().policy_ref
CLUSTER = PolicyRefSpec("ClusterZombiePolicy", "everywhere")
OTHERS = LabelSelector({"app": "another"})


def asked(found: Policy | None, *rivals: Policy, pods: tuple[Owned, ...] | None = None, problem: str = "") -> Mandate:
    ref = CLUSTER if found and found.ref.kind == CLUSTER.kind else REF
    return mandate(ref, found, problem, rivals, (owned(),) if pods is None else pods)


def test_a_policy_that_enforces_and_selects_still_asks() -> None:
    assert asked(policy()) == Mandate(policy(), selected=frozenset({"pod-1"}))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param(asked(None), "ZombiePolicy leaks was deleted", id="deleted"),
        pytest.param(asked(policy(mode=Mode.OBSERVE)), "ZombiePolicy leaks is in mode Observe", id="observes"),
        pytest.param(asked(policy(mode=Mode.DRY_RUN)), "ZombiePolicy leaks is in mode DryRun", id="dry run"),
        pytest.param(
            asked(policy(selector=OTHERS)),
            "ZombiePolicy leaks selects none of the workload's pods any more",
            id="selects others",
        ),
        pytest.param(
            asked(cluster_policy(), policy(mode=Mode.OBSERVE)),
            "ZombiePolicy leaks speaks for the workload now, not ClusterZombiePolicy everywhere",
            id="a more specific one speaks, though it only observes",
        ),
        pytest.param(
            asked(policy(), replace(policy(name="older"), created="2020-01-01T00:00:00Z")),
            "ZombiePolicy older speaks for the workload now, not ZombiePolicy leaks",
            id="an older one speaks",
        ),
    ],
)
def test_what_does_not_ask_any_more_says_why(given: Mandate, words: str) -> None:
    assert given.withdrawn == words
    assert given.held is None


@pytest.mark.parametrize(
    "rivals",
    [
        pytest.param((cluster_policy(),), id="a less specific one"),
        pytest.param((replace(policy(name="newer"), created="2099-01-01T00:00:00Z"),), id="a newer one"),
        pytest.param((policy(name="elsewhere", namespace="bank"),), id="one of another namespace"),
        pytest.param((replace(policy(mode=Mode.OBSERVE), created="2020-01-01T00:00:00Z"),), id="itself, seen earlier"),
    ],
)
def test_a_rival_that_does_not_win_changes_nothing(rivals: tuple[Policy, ...]) -> None:
    assert asked(policy(), *rivals).withdrawn == ""


def test_a_suspended_policy_holds_and_does_not_withdraw() -> None:
    given = asked(policy(suspend=True))
    assert (given.withdrawn, given.held.reason if given.held else None) == ("", Reason.SUSPENDED)


def test_a_policy_that_cannot_be_read_holds_and_names_the_field() -> None:
    given = asked(None, problem="spec.mode: Tomorrow is none of Observe, DryRun, Enforce")
    assert given.policy is None
    assert given.withdrawn == ""
    assert given.held is not None
    assert given.held.reason is Reason.INVALID_POLICY
    assert "spec.mode" in given.held.message


def test_a_workload_without_pods_is_not_called_unselected() -> None:
    assert asked(policy(selector=OTHERS), pods=()).withdrawn == ""


def test_the_selected_pods_are_told_from_the_others() -> None:
    other = owned(pod=pod("web-2", labels={"app": "another"}))
    given = asked(policy(selector=LabelSelector({"app": "web"})), pods=(owned(), other))
    assert given.selected == {"pod-1"}
    assert given.withdrawn == ""
