"""What the API server's refusals mean. The texts are those that a 1.36 API server sends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.core.builders import observed
from zombie_operator.core.lifecycle import Effect
from zombie_operator.core.reasons import Reason
from zombie_operator.core.remediation import EffectKind
from zombie_operator.engine.answers import meaning
from zombie_operator.kube.errors import KubeError, Unreachable, error_for

EVICT, APPLY = Effect(EffectKind.EVICT, observed()), Effect(EffectKind.APPLY)
RIGHT = 'deployments.apps "app" is forbidden: User "x" cannot patch resource "deployments" in API group "apps"'
DENIED = 'admission webhook "deny.example.com" denied the request: no changes on a Friday'
BUDGET = "Cannot evict pod as it would violate the pod's disruption budget."
TWO = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."


def error(status: int, message: str, *causes: dict[str, Any]) -> KubeError:
    return error_for(status, {"message": message, "details": {"causes": list(causes)}}, "PATCH x")


@pytest.mark.parametrize(
    ("failed", "effect", "reason", "final"),
    [
        pytest.param(error(403, RIGHT), APPLY, Reason.REJECTED_BY_SERVER, False, id="a missing right"),
        pytest.param(error(403, RIGHT), EVICT, Reason.REJECTED_BY_SERVER, False, id="a missing right to evict"),
        pytest.param(error(403, DENIED), APPLY, Reason.REJECTED_BY_SERVER, True, id="a webhook's 403"),
        pytest.param(error(400, DENIED), APPLY, Reason.REJECTED_BY_SERVER, True, id="a webhook's 400"),
        pytest.param(error(422, DENIED), EVICT, Reason.REJECTED_BY_SERVER, True, id="a webhook's 422 for an eviction"),
        pytest.param(
            error(429, BUDGET, {"reason": "DisruptionBudget"}), EVICT, Reason.DISRUPTION_BUDGET, False, id="a budget"
        ),
        pytest.param(error(500, TWO), EVICT, Reason.DISRUPTION_BUDGET, False, id="two budgets"),
        pytest.param(error(404, "not found"), EVICT, Reason.POD_GONE, False, id="no pod"),
        pytest.param(error(409, "Precondition failed: UID"), EVICT, Reason.POD_GONE, False, id="another pod"),
        pytest.param(
            error(409, "conflict", {"reason": "FieldManagerConflict", "message": "helm", "field": ".spec"}),
            APPLY,
            Reason.FIELD_CONFLICT,
            True,
            id="another manager's field",
        ),
        pytest.param(error(409, "changed"), APPLY, Reason.WORKLOAD_GONE, False, id="any other conflict"),
        pytest.param(error(404, "not found"), APPLY, Reason.WORKLOAD_GONE, False, id="no workload"),
        pytest.param(
            error(422, "immutable", {"field": "metadata.uid"}),
            APPLY,
            Reason.WORKLOAD_GONE,
            False,
            id="another workload",
        ),
    ],
)
def test_a_refusal_has_a_reason_and_may_be_final(
    failed: KubeError, effect: Effect, reason: Reason, final: bool
) -> None:
    answer = meaning(failed, effect)
    assert answer is not None
    assert (answer.refusal.reason, answer.final) == (reason, final)
    assert str(failed).split(":", 1)[0] in answer.refusal.message or failed.status == 409


@pytest.mark.parametrize(
    ("failed", "effect"),
    [
        pytest.param(Unreachable("POST: timeout"), EVICT, id="no answer"),
        pytest.param(error(500, "etcdserver: request timed out"), APPLY, id="a server that failed"),
        pytest.param(error(500, "etcdserver: request timed out"), EVICT, id="a server that failed to evict"),
        pytest.param(error(429, "too many requests, please try again later"), EVICT, id="priority and fairness"),
        pytest.param(error(429, "too many requests, please try again later"), APPLY, id="the same for a change"),
    ],
)
def test_what_may_have_been_done_or_was_not_even_looked_at_is_no_refusal(failed: KubeError, effect: Effect) -> None:
    assert meaning(failed, effect) is None


def test_only_a_missing_right_is_called_one() -> None:
    denied, missing = meaning(error(403, DENIED), APPLY), meaning(error(403, RIGHT), APPLY)
    assert denied is not None
    assert missing is not None
    assert "lacks a right" not in denied.refusal.message
    assert "lacks a right" in missing.refusal.message
