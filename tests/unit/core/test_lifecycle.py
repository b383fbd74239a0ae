"""The life of a remediation: from each phase, by each kind of evidence, to the next status and at most one effect."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.core.builders import (
    NOW,
    RESTART,
    SHARE,
    before,
    done,
    intent,
    later,
    observed,
    patched,
    remediation_spec,
    seen,
    status,
)
from zombie_operator.core.document import Cause
from zombie_operator.core.evidence import Evidence
from zombie_operator.core.lifecycle import MAX_INTENTS, Effect, advance, applied
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import (
    Action,
    EffectKind,
    Outcome,
    Phase,
    RemediationSpec,
    RemediationStatus,
    RemedyType,
    Scope,
    Stage,
    Via,
)
from zombie_operator.core.transitions import MAX_HISTORY, enter, hold_back, reopen, retract, take_back

APPLY, REVERT, EVICT = EffectKind.APPLY, EffectKind.REVERT, EffectKind.EVICT
BLOCKED = Refusal(Reason.COOLING_DOWN, "wait a little", 60)
DONE = Phase.DONE


def because(phase: Phase, reason: Reason, message: str = "why", **fields: object) -> RemediationStatus:
    """Return a status that entered its phase for this reason."""
    return replace(enter(status(**fields), phase, reason, message, NOW), since=NOW)


ACTING = because(Phase.ACTING, Reason.APPLYING, intents=(intent(APPLY),), before=before())
EVICTING = because(Phase.ACTING, Reason.APPLYING, intents=(intent(EVICT),), before=before())
VERIFYING = because(Phase.VERIFYING, Reason.VERIFYING, intents=(intent(APPLY),), before=before())
CLEARING = because(
    Phase.VERIFYING, Reason.POD_EVICTED, "pod web-1 was evicted", intents=(intent(EVICT),), before=before()
)
REVERTING = because(Phase.REVERTING, Reason.LEAK_CONTINUES, "it goes on", intents=(intent(APPLY),), before=before())
REVERTED = replace(REVERTING, intents=(intent(APPLY), intent(REVERT)))
CURED = done(Outcome.CURED, intents=(intent(APPLY),))


def shared(*pods: object, **overrides: object) -> Evidence:
    """Return evidence of a workload whose template carries the patch."""
    return seen(*(pods or (patched(),)), **{"patched": True, **overrides})


def case(  # noqa: PLR0913 - a row of the table
    name: str,
    spec: RemediationSpec,
    state: RemediationStatus,
    evidence: Evidence,
    expected: tuple[Phase, Reason, EffectKind | None],
    *,
    outcome: Outcome | None = None,
    refusals: tuple[Refusal, ...] = (),
    at: float = 0,
) -> object:
    return pytest.param(spec, state, evidence, refusals, at, (*expected, outcome), id=name)


SPEC, EVICTION = remediation_spec(SHARE), remediation_spec(RESTART)
BACK, PAUSED = remediation_spec(action=Action.ROLLBACK), remediation_spec(suspend=True)

TABLE = [
    # Pending
    case("pending: the template is changed", SPEC, status(), seen(), (Phase.ACTING, Reason.APPLYING, APPLY)),
    case("pending: the pod is evicted", EVICTION, status(), seen(), (Phase.ACTING, Reason.APPLYING, EVICT)),
    case(
        "pending: a guard refuses",
        SPEC,
        status(),
        seen(),
        (Phase.PENDING, Reason.COOLING_DOWN, None),
        refusals=(BLOCKED,),
    ),
    case(
        "pending: nothing leaks any more",
        EVICTION,
        status(),
        seen(candidate=None),
        (DONE, Reason.NO_LEAKS, None),
        outcome=Outcome.SUPERSEDED,
    ),
    case(
        "pending: the workload is gone",
        SPEC,
        status(),
        seen(exists=False),
        (DONE, Reason.WORKLOAD_GONE, None),
        outcome=Outcome.SUPERSEDED,
    ),
    case("pending: the remediation is suspended", PAUSED, status(), seen(), (Phase.PENDING, Reason.SUSPENDED, None)),
    case(
        "pending: the policy is suspended",
        SPEC,
        status(),
        seen(held=Refusal(Reason.SUSPENDED, "ZombiePolicy leaks is suspended")),
        (Phase.PENDING, Reason.SUSPENDED, None),
    ),
    case(
        "pending: the policy is withdrawn",
        SPEC,
        status(),
        seen(terms=None),
        (DONE, Reason.POLICY_WITHDRAWN, None),
        outcome=Outcome.SUPERSEDED,
    ),
    case(
        "pending: a person asks for the rollback of nothing",
        BACK,
        status(),
        seen(),
        (DONE, Reason.ROLLBACK_REQUESTED, None),
        outcome=Outcome.SUPERSEDED,
    ),
    case(
        "pending: the policy cannot be read",
        SPEC,
        status(),
        seen(terms=None, held=Refusal(Reason.INVALID_POLICY, "ZombiePolicy leaks cannot be read")),
        (Phase.PENDING, Reason.INVALID_POLICY, None),
    ),
    case(
        "pending: the server refused it a moment ago",
        SPEC,
        status(not_before=later(60), reason="RejectedByServer"),
        seen(),
        (Phase.PENDING, Reason.REJECTED_BY_SERVER, None),
        at=59,
    ),
    # Acting
    case(
        "acting: somebody else has made the change",
        SPEC,
        ACTING,
        seen(carried=True),
        (DONE, Reason.FIX_ADOPTED, None),
        outcome=Outcome.RETIRED,
    ),
    case("acting: the change is seen", SPEC, ACTING, shared(), (Phase.VERIFYING, Reason.VERIFYING, None)),
    case(
        "acting: the change is not there, so it is made again",
        SPEC,
        ACTING,
        seen(),
        (Phase.ACTING, Reason.APPLYING, APPLY),
    ),
    case(
        "acting: a guard refuses to repeat the change",
        SPEC,
        ACTING,
        seen(),
        (Phase.ACTING, Reason.COOLING_DOWN, None),
        refusals=(BLOCKED,),
    ),
    case(
        "acting: a change that is seen needs no guard",
        SPEC,
        ACTING,
        shared(),
        (Phase.VERIFYING, Reason.VERIFYING, None),
        refusals=(BLOCKED,),
    ),
    case(
        "acting: the pod is gone",
        EVICTION,
        EVICTING,
        seen(observed("pod-2")),
        (Phase.VERIFYING, Reason.POD_EVICTED, None),
    ),
    case(
        "acting: the pod is going",
        EVICTION,
        EVICTING,
        seen(observed(deleting=True)),
        (Phase.VERIFYING, Reason.POD_EVICTED, None),
    ),
    case("acting: the pod is still there", EVICTION, EVICTING, seen(), (Phase.ACTING, Reason.APPLYING, EVICT)),
    case(
        "acting: a guard refuses to repeat the eviction",
        EVICTION,
        EVICTING,
        seen(),
        (Phase.ACTING, Reason.COOLING_DOWN, None),
        refusals=(BLOCKED,),
    ),
    case(
        "acting: the policy is withdrawn",
        SPEC,
        ACTING,
        seen(terms=None),
        (Phase.REVERTING, Reason.POLICY_WITHDRAWN, None),
    ),
    case(
        "acting: the policy is withdrawn during an eviction",
        EVICTION,
        EVICTING,
        seen(terms=None),
        (DONE, Reason.POLICY_WITHDRAWN, None),
        outcome=Outcome.SUPERSEDED,
    ),
    # Verifying
    case("verifying: too early", SPEC, VERIFYING, shared(), (Phase.VERIFYING, Reason.VERIFYING, None), at=20),
    case(
        "verifying: cured", SPEC, VERIFYING, shared(), (DONE, Reason.LEAK_STOPPED, None), outcome=Outcome.CURED, at=300
    ),
    case(
        "verifying: it goes on",
        SPEC,
        VERIFYING,
        shared(patched(treated=14)),
        (Phase.REVERTING, Reason.LEAK_CONTINUES, None),
        at=300,
    ),
    case(
        "verifying: broken",
        SPEC,
        VERIFYING,
        shared(patched(broken="container app is in CrashLoopBackOff")),
        (Phase.REVERTING, Reason.PODS_BROKEN, None),
        at=1,
    ),
    case(
        "verifying: the rollout failed",
        SPEC,
        VERIFYING,
        shared(rollout_failed="too slow"),
        (Phase.REVERTING, Reason.ROLLOUT_FAILED, None),
        at=1,
    ),
    case(
        "verifying: no proof",
        SPEC,
        VERIFYING,
        shared(patched(fresh=False)),
        (DONE, Reason.PROOF_MISSING, None),
        outcome=Outcome.INCONCLUSIVE,
        at=4000,
    ),
    case(
        "verifying: another manager owns the field now",
        SPEC,
        VERIFYING,
        seen(carried=True),
        (DONE, Reason.FIX_ADOPTED, None),
        outcome=Outcome.RETIRED,
    ),
    case(
        "verifying: the policy cannot be read",
        SPEC,
        VERIFYING,
        shared(terms=None, held=Refusal(Reason.INVALID_POLICY, "ZombiePolicy leaks cannot be read")),
        (Phase.VERIFYING, Reason.INVALID_POLICY, None),
        at=300,
    ),
    case(
        "verifying: somebody took it back",
        SPEC,
        VERIFYING,
        seen(),
        (DONE, Reason.HUMAN_REVERT, None),
        outcome=Outcome.SUPERSEDED,
    ),
    case(
        "verifying: a person asks for the rollback",
        BACK,
        VERIFYING,
        shared(),
        (Phase.REVERTING, Reason.ROLLBACK_REQUESTED, None),
    ),
    case(
        "verifying: the policy is withdrawn",
        SPEC,
        VERIFYING,
        shared(terms=None),
        (Phase.REVERTING, Reason.POLICY_WITHDRAWN, None),
    ),
    case("verifying: suspended", PAUSED, VERIFYING, shared(), (Phase.VERIFYING, Reason.SUSPENDED, None), at=300),
    case(
        "verifying: an eviction rests", EVICTION, CLEARING, seen(), (Phase.VERIFYING, Reason.POD_EVICTED, None), at=29
    ),
    case(
        "verifying: an eviction has cleared",
        EVICTION,
        CLEARING,
        seen(),
        (DONE, Reason.POD_EVICTED, None),
        outcome=Outcome.CLEARED,
        at=30,
    ),
    # Reverting
    case(
        "reverting: the change is taken back",
        SPEC,
        REVERTING,
        shared(),
        (Phase.REVERTING, Reason.LEAK_CONTINUES, REVERT),
    ),
    case(
        "reverting: it is still there, so again",
        SPEC,
        REVERTED,
        shared(),
        (Phase.REVERTING, Reason.LEAK_CONTINUES, REVERT),
    ),
    case(
        "reverting: a guard holds it up",
        SPEC,
        REVERTING,
        shared(),
        (Phase.REVERTING, Reason.LEAK_CONTINUES, None),
        refusals=(BLOCKED,),
    ),
    case("reverting: suspended", PAUSED, REVERTING, shared(), (Phase.REVERTING, Reason.SUSPENDED, None)),
    case(
        "reverting: old pods are coming back",
        SPEC,
        REVERTED,
        seen(rolled_out=False),
        (Phase.REVERTING, Reason.ROLLING_BACK, None),
    ),
    case(
        "reverting: old pods are coming back for an hour",
        SPEC,
        REVERTED,
        seen(rolled_out=False),
        (Phase.REVERTING, Reason.ROLLING_BACK, None),
        at=3600,
    ),
    case(
        "reverting: old pods do not come back, which is not the rollback's fault",
        SPEC,
        REVERTED,
        seen(rolled_out=False),
        (DONE, Reason.LEAK_CONTINUES, None),
        outcome=Outcome.ROLLED_BACK,
        at=3601,
    ),
    case(
        "reverting: released, and another manager keeps the field",
        SPEC,
        REVERTED,
        seen(carried=True),
        (DONE, Reason.FIX_ADOPTED, None),
        outcome=Outcome.RETIRED,
    ),
    case(
        "reverting: the server refused it a moment ago",
        SPEC,
        replace(REVERTED, not_before=later(60)),
        shared(),
        (Phase.REVERTING, Reason.LEAK_CONTINUES, None),
        at=59,
    ),
    case(
        "reverting: the server refused it a while ago",
        SPEC,
        replace(REVERTED, not_before=later(60)),
        shared(),
        (Phase.REVERTING, Reason.LEAK_CONTINUES, REVERT),
        at=60,
    ),
    case(
        "reverting: done",
        SPEC,
        REVERTED,
        seen(),
        (DONE, Reason.LEAK_CONTINUES, None),
        outcome=Outcome.ROLLED_BACK,
    ),
    case(
        "reverting: the rollout back fails, too",
        SPEC,
        REVERTED,
        seen(rolled_out=False, rollout_failed="too slow"),
        (DONE, Reason.LEAK_CONTINUES, None),
        outcome=Outcome.ROLLED_BACK,
    ),
    case(
        "reverting: the change was never there",
        SPEC,
        REVERTING,
        seen(rolled_out=False),
        (DONE, Reason.LEAK_CONTINUES, None),
        outcome=Outcome.ROLLED_BACK,
    ),
    case(
        "reverting: without a policy it goes on",
        SPEC,
        REVERTING,
        shared(terms=None),
        (Phase.REVERTING, Reason.LEAK_CONTINUES, REVERT),
    ),
    case(
        "reverting: the workload is gone",
        SPEC,
        REVERTING,
        seen(exists=False),
        (DONE, Reason.WORKLOAD_GONE, None),
        outcome=Outcome.SUPERSEDED,
    ),
    # Done
    case(
        "done: a person takes a cure back",
        BACK,
        replace(CURED, reason="x"),
        shared(),
        (Phase.REVERTING, Reason.ROLLBACK_REQUESTED, None),
    ),
    case(
        "done: a person takes an unproved change back",
        BACK,
        done(Outcome.INCONCLUSIVE, intents=(intent(APPLY),)),
        shared(),
        (Phase.REVERTING, Reason.ROLLBACK_REQUESTED, None),
    ),
]


@pytest.mark.parametrize(("spec", "state", "evidence", "refusals", "at", "expected"), TABLE)
def test_the_transitions(
    spec: RemediationSpec,
    state: RemediationStatus,
    evidence: Evidence,
    refusals: tuple[Refusal, ...],
    at: float,
    expected: tuple[Phase, Reason, EffectKind | None, Outcome | None],
) -> None:
    after, effect = advance(spec, state, evidence, refusals, later(at))
    assert (after.phase, after.reason, effect and effect.kind, after.outcome) == expected
    if effect is not None:
        assert after.intents[-1].effect is effect.kind


@pytest.mark.parametrize(
    ("spec", "state", "evidence"),
    [
        pytest.param(SPEC, CURED, shared(), id="nobody asks"),
        pytest.param(BACK, CURED, seen(), id="there is nothing to take back"),
        pytest.param(BACK, CURED, seen(exists=False), id="the workload is gone"),
        pytest.param(replace(BACK, suspend=True), CURED, shared(), id="it is suspended"),
        pytest.param(BACK, done(Outcome.ROLLED_BACK), shared(), id="it was taken back already"),
        pytest.param(BACK, done(Outcome.SUPERSEDED), shared(), id="the change is not ours any more"),
        pytest.param(SPEC, done(Outcome.EXHAUSTED), seen(terms=None), id="the policy is withdrawn"),
    ],
)
def test_what_is_done_stays_done(spec: RemediationSpec, state: RemediationStatus, evidence: Evidence) -> None:
    assert advance(spec, state, evidence, (), later(9999)) == (state, None)


def test_an_eviction_names_its_pod_in_intent_and_effect() -> None:
    after, effect = advance(EVICTION, status(), seen(), (), NOW)
    assert effect == Effect(EVICT, observed())
    (meant,) = after.intents
    assert (meant.time, meant.effect, meant.pod_uid, meant.pod_name) == (NOW, EVICT, "pod-1", "web-1")


def test_a_template_change_names_its_patch_and_no_pod() -> None:
    after, effect = advance(SPEC, status(), seen(), (), NOW)
    assert effect == Effect(APPLY)
    (meant,) = after.intents
    assert (meant.effect, meant.pod_uid, meant.patch_hash) == (APPLY, "", "abc")


def test_an_eviction_that_is_repeated_is_of_the_pod_that_was_meant() -> None:
    worse = observed("pod-2", treated=999)
    after, effect = advance(EVICTION, EVICTING, seen(worse, observed(), candidate=worse), (), later(60))
    assert effect == Effect(EVICT, observed())
    assert after.intents == EVICTING.intents


def test_the_leak_is_measured_before_the_first_effect_and_not_again() -> None:
    first, _ = advance(SPEC, status(), seen(), (), NOW)
    assert first.before == before(others_per_hour=0.0)
    again, _ = advance(SPEC, replace(first, phase=Phase.PENDING), seen(observed(treated=1)), (), later(60))
    assert again.before == first.before


def test_verifying_records_what_it_measures() -> None:
    after, _ = advance(SPEC, VERIFYING, shared(patched(treated=1)), (), later(20))
    assert after.after is not None
    assert (after.after.zombies, after.after.pods) == (1, 1)


def test_own_children_are_remembered_as_the_verdict() -> None:
    after, _ = advance(SPEC, VERIFYING, shared(patched(others=14)), (), later(300))
    assert (after.phase, after.verdict) == (Phase.REVERTING, Cause.PARENT_NOT_WAITING)
    plain, _ = advance(SPEC, VERIFYING, shared(patched(treated=14)), (), later(300))
    assert (plain.phase, plain.verdict) == (Phase.REVERTING, None)


def test_a_verdict_survives_the_rollback() -> None:
    state = replace(REVERTED, verdict=Cause.PARENT_NOT_WAITING)
    after, _ = advance(SPEC, state, seen(), (), NOW)
    assert (after.outcome, after.verdict) == (Outcome.ROLLED_BACK, Cause.PARENT_NOT_WAITING)


def test_a_rollback_is_meant_once_however_often_it_is_made() -> None:
    first, _ = advance(SPEC, REVERTING, shared(), (), NOW)
    second, effect = advance(SPEC, first, shared(), (), later(60))
    assert [i.effect for i in second.intents] == [APPLY, REVERT]
    assert effect == Effect(REVERT)


@pytest.mark.parametrize(
    ("spec", "state", "then", "message"),
    [
        pytest.param(SPEC, REVERTED, seen(), "it goes on", id="a rollback keeps why it was begun"),
        pytest.param(EVICTION, CLEARING, seen(), "pod web-1 was evicted", id="an eviction keeps what was done"),
    ],
)
def test_a_pause_does_not_change_what_the_end_says(
    spec: RemediationSpec, state: RemediationStatus, then: Evidence, message: str
) -> None:
    paused, _ = advance(replace(spec, suspend=True), state, then, (), later(10))
    assert paused.reason == Reason.SUSPENDED
    ended, _ = advance(spec, paused, then, (), later(600))
    direct, _ = advance(spec, state, then, (), later(600))
    assert ended.phase is DONE
    assert (ended.outcome, ended.reason, ended.message) == (direct.outcome, direct.reason, message)


def test_a_second_stage_begins_when_the_first_is_proved() -> None:
    two = replace(SPEC, stages=(Stage(Scope.ONE, Via.TEMPLATE), Stage(Scope.ALL, Via.TEMPLATE)))
    after, effect = advance(two, VERIFYING, shared(), (), later(300))
    assert (after.phase, after.stage, after.outcome, effect) == (Phase.PENDING, 1, None, None)


@pytest.mark.parametrize(
    ("final", "phase", "outcome"),
    [
        pytest.param(False, Phase.PENDING, None, id="to be tried again"),
        pytest.param(True, DONE, Outcome.REFUSED, id="for good"),
    ],
)
@pytest.mark.parametrize("state", [ACTING, EVICTING], ids=["a change", "an eviction"])
def test_an_effect_that_was_refused_does_not_count(
    state: RemediationStatus, final: bool, phase: Phase, outcome: Outcome | None
) -> None:
    refusal = Refusal(Reason.FIELD_CONFLICT, "helm owns it")
    after = retract(state, refusal, later(5), final=final)
    assert (after.phase, after.outcome, after.intents) == (phase, outcome, ())
    assert (after.reason, after.message) == (Reason.FIELD_CONFLICT, "helm owns it")


@pytest.mark.parametrize(
    ("seconds", "rest"), [pytest.param(30, 30, id="as the refusal says"), pytest.param(None, 60, id="a minute")]
)
def test_what_was_refused_rests_before_it_is_tried_again(seconds: int | None, rest: int) -> None:
    refused = retract(ACTING, Refusal(Reason.REJECTED_BY_SERVER, "no", seconds), later(5), final=False)
    early, effect = advance(SPEC, refused, seen(), (), later(5 + rest - 1))
    assert (early, effect) == (refused, None)
    again, effect = advance(SPEC, refused, seen(), (), later(5 + rest))
    assert (again.phase, effect) == (Phase.ACTING, Effect(APPLY))
    assert again.not_before is None


def test_a_rollback_that_was_refused_says_so_and_keeps_why_it_was_begun() -> None:
    held = hold_back(REVERTED, Refusal(Reason.REJECTED_BY_SERVER, "webhook says no"), later(5))
    assert (held.phase, held.reason, held.intents) == (
        Phase.REVERTING,
        Reason.REJECTED_BY_SERVER,
        REVERTED.intents,
    )
    assert held.message == "the rollback was refused and is tried again: webhook says no"
    ended, _ = advance(SPEC, held, seen(), (), later(600))
    assert (ended.outcome, ended.reason, ended.message) == (Outcome.ROLLED_BACK, Reason.LEAK_CONTINUES, "it goes on")


@pytest.mark.parametrize(
    ("cause", "verdict"),
    [
        pytest.param(Cause.PARENT_NOT_WAITING, Cause.PARENT_NOT_WAITING, id="its own children"),
        pytest.param(Cause.INIT_NOT_REAPING, None, id="as before"),
    ],
)
def test_a_cure_that_is_taken_back_goes_through_the_rollback(cause: Cause, verdict: Cause | None) -> None:
    back = take_back(CURED, cause, "pod web-9 leaks again", later(5))
    assert (back.phase, back.reason, back.outcome, back.verdict) == (
        Phase.REVERTING,
        Reason.LEAK_RETURNED,
        None,
        verdict,
    )
    _, effect = advance(SPEC, back, shared(), (), later(20))
    assert effect == Effect(REVERT)


def test_a_reopened_remediation_keeps_its_memory_and_forgets_its_measurements() -> None:
    state = done(Outcome.CLEARED, intents=(intent(),), before=before(), stage=1, verdict=Cause.PARENT_NOT_WAITING)
    after = reopen(state, Reason.LEAK_RETURNED, "again", later(5))
    assert (after.phase, after.outcome, after.stage, after.before) == (Phase.PENDING, None, 0, None)
    assert (after.intents, after.verdict, after.since) == (state.intents, Cause.PARENT_NOT_WAITING, later(5))


@pytest.mark.parametrize(
    ("remedy", "effects", "expected"),
    [
        pytest.param(SHARE, (), False, id="nothing was meant"),
        pytest.param(SHARE, (APPLY,), True, id="a change was meant"),
        pytest.param(SHARE, (APPLY, REVERT), False, id="it was taken back"),
        pytest.param(SHARE, (APPLY, REVERT, APPLY), True, id="and made again"),
        pytest.param(RESTART, (EVICT,), False, id="an eviction changes no template"),
    ],
)
def test_a_change_is_applied_from_its_intent_to_its_rollbacks(
    remedy: RemedyType, effects: tuple[EffectKind, ...], expected: bool
) -> None:
    assert applied(remediation_spec(remedy), status(intents=tuple(intent(e) for e in effects))) is expected


def test_the_history_tells_each_transition_once_with_its_time() -> None:
    first, _ = advance(SPEC, status(), seen(), (), NOW)
    second, _ = advance(SPEC, first, shared(), (), later(15))
    third, _ = advance(SPEC, second, shared(), (), later(20))
    assert [(entry.time, entry.phase) for entry in third.history] == [(NOW, Phase.ACTING), (later(15), Phase.VERIFYING)]
    assert third.since == later(15)


def test_the_history_is_bounded_and_keeps_its_beginning() -> None:
    state = status()
    for i in range(100):
        state = enter(state, Phase.PENDING, Reason.POD_GONE, str(i), later(i))
    assert len(state.history) == MAX_HISTORY
    assert [state.history[0].message, state.history[1].message, state.history[-1].message] == ["0", "69", "99"]
    assert state.since == NOW


def test_intents_are_bounded_and_the_latest_are_kept() -> None:
    old = tuple(intent(at=later(-i), pod_uid=f"old-{i}") for i in range(MAX_INTENTS))
    after, _ = advance(EVICTION, status(intents=old), seen(), (), NOW)
    assert len(after.intents) == MAX_INTENTS
    assert after.intents[-1].pod_uid == "pod-1"


def test_messages_are_cut_to_what_the_api_takes() -> None:
    assert len(enter(status(), Phase.PENDING, Reason.CHOSEN, "x" * 5000, NOW).message) == 1_024
    waiting, _ = advance(SPEC, status(), seen(), (Refusal(Reason.PROTECTED, "x" * 5000),), NOW)
    assert len(waiting.message) == 1_024


@pytest.mark.parametrize("state", [status(), ACTING, VERIFYING, REVERTED, CURED], ids=lambda s: s.phase)
def test_nothing_is_decided_by_the_clock_of_the_machine(state: RemediationStatus) -> None:
    assert advance(SPEC, state, shared(), (), NOW) == advance(SPEC, state, shared(), (), NOW)
