"""Relapses: when patched pods that leak again mean that the remedy did not cure, and when not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.core.builders import (
    NOW,
    done,
    finding,
    leak,
    owned,
    pod_with,
    policy,
    remediation,
    remediation_spec,
    workload_body,
)
from zombie_operator.core.assess import Finding
from zombie_operator.core.decide import Candidate, Decided, consider, settle
from zombie_operator.core.document import Cause, Origin
from zombie_operator.core.objects import FIELD_MANAGER, workload_from
from zombie_operator.core.policy import Mode
from zombie_operator.core.reasons import Reason
from zombie_operator.core.relapse import relapsed
from zombie_operator.core.remediation import Outcome, Phase, PolicyRefSpec, Remediation
from zombie_operator.core.status import Decision

FIELDS = {"f:spec": {"f:template": {"f:spec": {"f:shareProcessNamespace": {}}}}}
CHILDREN = leak(cause=Cause.PARENT_NOT_WAITING, origin=None, proved=0)


def again(*, ours: bool = True, patched: bool = True, **fields: object) -> Finding:
    """Return a leak in a pod of a workload whose template carries the patch."""
    body = workload_body()
    body["spec"]["template"]["spec"]["shareProcessNamespace"] = True
    if ours:
        body["metadata"]["managedFields"] = [{"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": FIELDS}]
    where = owned(pod=pod_with(**({"shareProcessNamespace": True} if patched else {})), workload=workload_from(body))
    return finding(**{"owned": where, **fields})


def kept(outcome: Outcome = Outcome.CURED, **spec: object) -> Remediation:
    return remediation(spec=remediation_spec(**spec), status=done(outcome))


@pytest.mark.parametrize(
    ("memory", "found"),
    [
        pytest.param(kept(), again(), id="cured"),
        pytest.param(kept(Outcome.INCONCLUSIVE), again(), id="inconclusive"),
        pytest.param(kept(origin=Origin.UNKNOWN), again(leak=CHILDREN), id="own children after an experiment"),
    ],
)
def test_a_patched_pod_that_leaks_again_is_a_relapse(memory: Remediation, found: Finding) -> None:
    assert relapsed([memory], found) is memory


@pytest.mark.parametrize(
    ("memory", "found"),
    [
        pytest.param(kept(), again(leak=CHILDREN), id="own children after a proved orphan: another leak"),
        pytest.param(kept(), again(patched=False), id="a pod without the patch, as during the rollout"),
        pytest.param(kept(), again(ours=False), id="the field is somebody else's"),
        pytest.param(kept(Outcome.ROLLED_BACK), again(), id="it was taken back, and a person set it again"),
        pytest.param(
            kept(policy_ref=PolicyRefSpec("ZombiePolicy", "another")), again(), id="another policy's remediation"
        ),
        pytest.param(kept(), again(leak=leak(cause=Cause.TRACED, origin=None)), id="another cause"),
    ],
)
def test_what_is_no_relapse(memory: Remediation, found: Finding) -> None:
    assert relapsed([memory], found) is None


def test_a_relapse_is_taken_back_and_not_called_a_human_revert() -> None:
    candidate = consider(again(), [kept()], NOW)
    assert isinstance(candidate, Candidate)
    assert candidate.takes_back
    decided = settle(candidate, ())
    assert (decided.decision, decided.start) == (Decision.REMEDIATING, None)
    assert "has ShareProcessNamespace already, which is taken back" in decided.message
    assert decided.resume is not None
    memory, back = decided.resume
    assert (memory, back.phase, back.reason, back.outcome) == (kept(), Phase.REVERTING, Reason.LEAK_RETURNED, None)


def test_a_dry_run_says_what_it_would_take_back() -> None:
    candidate = consider(again(policy=policy(mode=Mode.DRY_RUN)), [kept()], NOW)
    assert isinstance(candidate, Candidate)
    decided = settle(candidate, ())
    assert (decided.decision, decided.resume) == (Decision.PLANNED, None)


def test_an_observer_only_reports_a_relapse() -> None:
    decided = consider(again(policy=policy(mode=Mode.OBSERVE)), [kept()], NOW)
    assert isinstance(decided, Decided)
    assert decided.decision is Decision.OBSERVED


def test_what_was_taken_back_for_a_relapse_is_not_tried_again() -> None:
    back = replace(kept(Outcome.ROLLED_BACK), status=done(Outcome.ROLLED_BACK, reason=str(Reason.LEAK_RETURNED)))
    decided = consider(finding(), [back], NOW)
    # RestartPod is next in the list; the remedy that relapsed is not.
    assert isinstance(decided, Candidate)
    assert decided.plan.remedy == "RestartPod"
