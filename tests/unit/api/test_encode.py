"""Writing objects: what is left out, what a merge patch takes away, and what is never sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from zombie_operator.api import codec
from zombie_operator.api.problems import ValidationProblems
from zombie_operator.api.v1alpha1 import encode_remediation_spec, encode_status
from zombie_operator.core.document import Cause, Origin
from zombie_operator.core.policy import LabelSelector, PolicySpec, RemedyChoice, Threshold
from zombie_operator.core.remediation import (
    Before,
    EffectKind,
    Intent,
    Outcome,
    Phase,
    PolicyRefSpec,
    RemediationSpec,
    RemediationStatus,
    RemedyType,
    TargetRef,
)
from zombie_operator.core.status import Condition, ConditionStatus, Decision, FindingStatus, PolicyStatus

NOON = datetime(2026, 1, 31, 12, 0, 0, 987_654, tzinfo=UTC)

SPEC = RemediationSpec(
    target_ref=TargetRef("apps/v1", "Deployment", "checkout", "7d1c-44"),
    policy_ref=PolicyRefSpec("ZombiePolicy", "minimal"),
    container="app",
    cause=Cause.PARENT_NOT_WAITING,
    remedy=RemedyType.RESTART_POD,
)


def test_what_says_nothing_is_left_out_of_a_spec() -> None:
    assert encode_remediation_spec(SPEC) == {
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout", "uid": "7d1c-44"},
        "policyRef": {"kind": "ZombiePolicy", "name": "minimal"},
        "container": "app",
        "cause": "ParentNotWaiting",
        "remedy": "RestartPod",
        "patch": {},
        "suspend": False,
        "action": "Apply",
    }


def test_zero_is_said_and_required_text_is_kept_even_when_empty() -> None:
    condition = Condition("Ready", ConditionStatus.TRUE, "Succeeded", "", NOON, 1)
    assert encode_status(PolicyStatus(1, (condition,))) == {
        "observedGeneration": 1,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Succeeded",
                "message": "",
                "lastTransitionTime": "2026-01-31T12:00:00Z",
                "observedGeneration": 1,
            }
        ],
        "leaking": 0,
        "remediating": 0,
        "cured": 0,
        "refused": 0,
    }


def test_a_merge_patch_takes_away_what_is_gone() -> None:
    patch = encode_status(PolicyStatus(2), merge=True)
    assert (patch["conditions"], patch["findings"], patch["leaking"]) == (None, None, 0)


def test_a_merge_patch_reaches_into_objects() -> None:
    assert codec.encode(Threshold(), nulls=True)["pidsExhaustedWithinSeconds"] is None
    shop = LabelSelector(match_labels={"app": "shop"})
    spec = PolicySpec(selector=shop, remedies=(RemedyChoice(SPEC.remedy),))
    assert codec.encode(spec, nulls=True)["threshold"] == codec.encode(Threshold(), nulls=True)
    assert codec.encode(spec, nulls=True)["selector"] == {"matchLabels": {"app": "shop"}, "matchExpressions": None}


def test_inside_a_list_a_merge_patch_holds_no_null() -> None:
    finding = FindingStatus(
        "shop", "Deployment/checkout", "checkout-1", "app", Cause.TRACED, 3, 60, 2, Decision.OBSERVED, "Traced", "Said."
    )
    (written,) = encode_status(PolicyStatus(findings=(finding,)), merge=True)["findings"]
    assert "origin" not in written
    assert "remedy" not in written


def test_an_intent_names_its_pod_as_kubernetes_spells_it() -> None:
    intent = Intent(NOON, 0, EffectKind.EVICT, pod_uid="u", pod_name="checkout-1")
    (written,) = encode_status(RemediationStatus(intents=(intent,)))["intents"]
    assert written == {
        "time": "2026-01-31T12:00:00Z",
        "stage": 0,
        "effect": "Evict",
        "podUID": "u",
        "podName": "checkout-1",
    }


def test_times_are_written_in_utc_with_whole_seconds() -> None:
    berlin = timezone(timedelta(hours=1))
    assert codec.rfc3339(NOON.astimezone(berlin)) == "2026-01-31T12:00:00Z"


def test_a_time_without_a_zone_is_a_problem() -> None:
    with pytest.raises(ValidationProblems, match="time zone"):
        encode_status(RemediationStatus(since=NOON.replace(tzinfo=None)))


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (RemediationStatus(message="x" * 1025), "status.message: must have at most 1024 characters"),
        (RemediationStatus(before=Before(NOON, 1, 1, float("inf"))), "status.before.perHour: must be a finite number"),
        (PolicyStatus(leaking=-1), "status.leaking: must be >= 0"),
        (PolicyStatus(cured=2**53), "status.cured: must be <= 9007199254740991"),
    ],
)
def test_what_the_server_would_refuse_is_not_sent(status: PolicyStatus, problem: str) -> None:
    with pytest.raises(ValidationProblems) as caught:
        encode_status(status)
    assert caught.value.problems == (problem,)


def test_a_spec_that_the_server_would_refuse_is_not_sent() -> None:
    with pytest.raises(ValidationProblems, match=r"spec\.targetRef\.name: must have at most 253 characters"):
        encode_remediation_spec(
            RemediationSpec(
                TargetRef("apps/v1", "Deployment", "n" * 254, "u"),
                SPEC.policy_ref,
                SPEC.container,
                Cause.INIT_NOT_REAPING,
                SPEC.remedy,
                Origin.ORPHAN,
            )
        )


def test_a_done_status_says_how_it_ended() -> None:
    written = encode_status(RemediationStatus(3, Phase.DONE, outcome=Outcome.CURED, verdict=Cause.INIT_NOT_REAPING))
    assert written == {
        "observedGeneration": 3,
        "phase": "Done",
        "stage": 0,
        "outcome": "Cured",
        "verdict": "InitNotReaping",
    }
