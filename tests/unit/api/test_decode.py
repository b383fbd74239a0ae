"""Reading objects: what is filled in, what is ignored, and that every problem is named, with its field, at once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

import pytest

from tests.unit.api.cases import CASES, Case, bad, changed, minimal, remediation
from zombie_operator.api.problems import ValidationProblems, field_path
from zombie_operator.api.v1alpha1 import decode_policy, decode_policy_status, decode_remediation
from zombie_operator.core.document import Cause, Origin
from zombie_operator.core.policy import ClusterPolicySpec, LabelSelector, PolicyRef, PolicySpec, RemedyChoice
from zombie_operator.core.remediation import Phase, RemediationStatus, RemedyType, Scope, Stage, Via
from zombie_operator.core.status import PolicyStatus


def read_only(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Wrap like kopf, whose handlers get mappings that are no dicts."""
    return (
        MappingProxyType({key: read_only(inner) for key, inner in value.items()}) if isinstance(value, dict) else value
    )


def problems_of(raw: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(ValidationProblems) as caught:
        decode_remediation(raw) if raw["kind"] == "ZombieRemediation" else decode_policy(raw)
    return caught.value.problems


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bad_object_is_refused_by_the_name_of_its_field(case: Case) -> None:
    (problem,) = problems_of(bad(case))
    assert problem.startswith(f"{case.named}: ")
    assert case.says in problem


def test_a_minimal_policy_gets_core_defaults() -> None:
    policy = decode_policy(minimal("ZombiePolicy"))
    assert policy.spec == PolicySpec(selector=LabelSelector(), remedies=(RemedyChoice(RemedyType.RESTART_POD),))


def test_a_policy_is_known_by_its_metadata() -> None:
    metadata = {
        "namespace": "shop",
        "name": "p",
        "uid": "u",
        "generation": 3,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    policy = decode_policy({**minimal("ZombiePolicy"), "metadata": metadata})
    assert policy.ref == PolicyRef("ZombiePolicy", "shop", "p", "u")
    assert (policy.generation, policy.created) == (3, "2026-01-01T00:00:00Z")


def test_a_cluster_policy_names_namespaces_and_lives_in_none() -> None:
    policy = decode_policy(minimal("ClusterZombiePolicy"))
    assert isinstance(policy.spec, ClusterPolicySpec)
    assert policy.spec.namespace_selector == LabelSelector(match_labels={"team": "shop"})
    assert policy.ref.namespace == ""


def test_all_problems_are_named_at_once() -> None:
    raw = minimal("ClusterZombiePolicy")
    raw["spec"] = {
        "namespaceSelector": {},
        "remedies": [{"type": "Pray"}, {"type": "RestartPod", "delivery": 3}],
        "threshold": {"zombies": -1, "olderThanSeconds": "2m"},
        "limits": {"maxPerHour": 0},
    }
    assert [problem.partition(":")[0] for problem in sorted(problems_of(raw))] == [
        "spec.limits.maxPerHour",
        "spec.namespaceSelector",
        "spec.remedies[0].type",
        "spec.remedies[1].delivery",
        "spec.selector",
        "spec.threshold.olderThanSeconds",
        "spec.threshold.zombies",
    ]


def test_a_rule_is_judged_even_beside_a_value_of_the_wrong_shape() -> None:
    raw = changed(minimal("ZombiePolicy"), "spec.remedies", [{"type": ["RestartPod"]}, 7])
    assert [problem.partition(":")[0] for problem in problems_of(raw)] == ["spec.remedies[0].type", "spec.remedies[1]"]


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"kind": "Deployment", "spec": {}}, "kind"),
        ({"kind": ["ZombiePolicy"]}, "kind"),
        ({"kind": "ZombiePolicy", "apiVersion": "zombie-operator.dev/v1"}, "apiVersion"),
        ({"kind": "ZombiePolicy"}, "spec"),
        ({"kind": "ZombiePolicy", "spec": None}, "spec"),
        ({"kind": "ZombiePolicy", "spec": []}, "spec"),
    ],
)
def test_what_is_no_policy_is_refused(raw: dict[str, Any], named: str) -> None:
    (problem,) = problems_of(raw)
    assert problem.startswith(f"{named}: ")


def test_unknown_fields_are_ignored_as_the_server_drops_them() -> None:
    raw = changed(minimal("ZombiePolicy"), "spec.threshold.severity", "high")
    assert decode_policy(changed(raw, "spec.dryRun", value=True)) == decode_policy(minimal("ZombiePolicy"))


def test_read_only_mappings_are_read_like_dicts() -> None:
    raw = minimal("ClusterZombiePolicy")
    assert decode_policy(read_only(raw)) == decode_policy(raw)


def test_a_date_in_a_file_is_the_text_that_kubernetes_reads() -> None:
    raw = changed(minimal("ZombiePolicy"), "spec.selector.matchLabels", {"release": date(2026, 1, 31)})
    assert decode_policy(raw).spec.selector.match_labels == {"release": "2026-01-31"}


def test_a_remediation_is_read_whole() -> None:
    raw = remediation()
    raw["metadata"] |= {"namespace": "shop", "uid": "u", "generation": 2, "resourceVersion": "88"}
    raw["status"] = {"observedGeneration": 2, "phase": "Acting", "since": "2026-01-01T02:00:00+02:00"}
    read = decode_remediation(raw)
    assert (read.namespace, read.uid, read.generation, read.resource_version) == ("shop", "u", 2, "88")
    assert (read.spec.cause, read.spec.origin) == (Cause.INIT_NOT_REAPING, Origin.ORPHAN)
    assert read.spec.stages == (Stage(Scope.ALL, Via.TEMPLATE),)
    assert read.spec.patch.share_process_namespace is True
    assert read.status == RemediationStatus(2, Phase.ACTING, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("status", [{}, {"status": None}, {"status": {}}, {"status": {"observedGeneration": -1}}])
def test_a_status_that_was_never_written_is_the_empty_one(status: dict[str, Any]) -> None:
    assert decode_remediation({**remediation(), **status}).status == RemediationStatus()
    assert decode_policy_status({**minimal("ZombiePolicy"), **status}) == PolicyStatus()


def test_a_remediation_whose_memory_cannot_be_read_is_a_problem() -> None:
    raw = {**remediation(), "status": {"phase": "Dancing"}}
    assert problems_of(raw) == ("status.phase: must be one of Pending, Acting, Verifying, Reverting, Done",)


def test_a_policy_status_of_a_newer_operator_is_written_anew() -> None:
    assert decode_policy_status({"status": {"observedGeneration": 4, "leaking": "many"}}) == PolicyStatus()


def test_the_status_of_a_policy_does_not_stop_its_spec() -> None:
    assert decode_policy({**minimal("ZombiePolicy"), "status": {"leaking": "many"}}).generation == 0


def test_a_path_is_written_as_the_server_writes_it() -> None:
    assert field_path(("spec", "remedies", 0, "type")) == "spec.remedies[0].type"
    assert field_path(("spec", "selector", "matchLabels", "app", "[key]")) == "spec.selector.matchLabels.app"


def test_problems_are_said_once_each() -> None:
    assert str(ValidationProblems(["a: x", "b: y", "a: x"])) == "a: x; b: y"
