"""Whatever happens in whatever order, a remediation stays within what it may do and leaves nothing unproved behind."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.unit.core.builders import (
    NOW,
    RESTART,
    SHARE,
    before,
    intent,
    later,
    observed,
    patched,
    remediation_spec,
    seen,
    status,
)
from tests.unit.core.simulation import COOLDOWN, MAX_ATTEMPTS, MAX_PER_HOUR, OLDER, Fate, World
from zombie_operator.core.evidence import Evidence, Terms
from zombie_operator.core.lifecycle import advance
from zombie_operator.core.policy import Mode
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import (
    Action,
    EffectKind,
    Intent,
    Outcome,
    Phase,
    Remediation,
    RemediationSpec,
    RemediationStatus,
    RemedyType,
)
from zombie_operator.core.transitions import enter
from zombie_operator.core.verify import CURED_SHARE, MIN_PREDICTED

REMEDIES = st.sampled_from([SHARE, RESTART])
LISTS = st.sampled_from([(SHARE,), (RESTART,), (SHARE, RESTART), (RESTART, SHARE)])
FATES = st.sampled_from([Fate.FINE] * 6 + list(Fate))
FORWARD = {EffectKind.APPLY, EffectKind.EVICT}
QUICK = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


class Remediating(RuleBasedStateMachine):
    """Random people, nodes, crashes and clocks around the real core."""

    @initialize(remedies=LISTS, own_children=st.booleans())
    def begin(self, remedies: tuple[RemedyType, ...], own_children: bool) -> None:
        self.world = World(remedies, own_children)
        self.world.time += timedelta(minutes=1)

    # The operator

    @rule(remedy=REMEDIES, fate=FATES)
    def the_operator_takes_a_step(self, remedy: RemedyType, fate: Fate) -> None:
        world = self.world
        old = world.memory.get(remedy)
        effects = len(world.made)
        against, effect = world.drive(remedy, fate)
        if against:
            assert effect is None
        if old is None:
            return
        new = world.memory[remedy]
        meant = new.status.intents[len(old.status.intents) :]
        assert len(meant) <= 1
        assert not (world.stale and any(i.effect in FORWARD for i in meant)), "an intent on stale data"
        assert not (world.mode is not Mode.ENFORCE and any(i.effect in FORWARD for i in meant))
        assert not (old.status.verdict and any(i.effect in FORWARD for i in meant)), "an experiment repeated"
        assert not (world.frozen and (meant or len(world.made) > effects)), "an effect while suspended"
        self._check_verdict(old, new)

    @rule()
    def the_operator_evaluates(self) -> None:
        self.world.evaluate()

    @rule(seconds=st.integers(15, 300), steps=st.integers(1, 6))
    def time_passes_in_peace(self, seconds: int, steps: int) -> None:
        for _ in range(steps):
            self.world.time += timedelta(seconds=seconds)
            self.world.roll_out()
            self.world.evaluate()
            for remedy in list(self.world.memory):
                self.the_operator_takes_a_step(remedy, Fate.FINE)

    # The world

    @rule(seconds=st.sampled_from([1, 60, 600, 4000, 90_000]))
    def time_leaps(self, seconds: int) -> None:
        self.world.time += timedelta(seconds=seconds)

    @rule(seconds=st.sampled_from([0, 5, 120, 7200]))
    def the_operators_clock_lags(self, seconds: int) -> None:
        self.world.skew = -timedelta(seconds=seconds)

    @rule()
    def data_goes_stale_or_comes_back(self) -> None:
        self.world.stale = not self.world.stale

    @rule(slot=st.integers(0, 1))
    def a_pod_vanishes(self, slot: int) -> None:
        self.world.replace_pod(slot)

    @rule(slot=st.integers(0, 1))
    def a_pod_breaks_or_mends(self, slot: int) -> None:
        pod = self.world.pods[slot]
        pod.broken = not pod.broken

    @rule()
    def the_rollout_moves_on(self) -> None:
        self.world.roll_out()

    @rule(mode=st.sampled_from([Mode.ENFORCE, Mode.ENFORCE, Mode.OBSERVE, Mode.DRY_RUN, None]))
    def the_policy_changes(self, mode: Mode | None) -> None:
        self.world.mode = mode

    @rule()
    def the_policy_is_suspended_or_resumed(self) -> None:
        self.world.suspended = not self.world.suspended

    @rule(remedy=REMEDIES, suspend=st.booleans())
    def a_person_suspends_or_resumes(self, remedy: RemedyType, suspend: bool) -> None:
        self.world.ask(remedy, suspend=suspend)

    @rule(remedy=REMEDIES, action=st.sampled_from([Action.APPLY, Action.APPLY, Action.ROLLBACK]))
    def a_person_asks_for_the_rollback_or_not(self, remedy: RemedyType, action: Action) -> None:
        self.world.ask(remedy, action=action)

    @precondition(lambda self: self.world.template and not self._acting())
    @rule()
    def a_person_takes_the_change_back(self) -> None:
        self.world.template = False

    @precondition(lambda self: len(self.world.made) > 1)
    @rule()
    def the_workload_is_deleted(self) -> None:
        self.world.exists = False

    # What must hold

    @invariant()
    def every_effect_had_its_intent_written(self) -> None:
        for made in self.world.made:
            assert made.kind is made.intent.effect
            assert made.pod_uid == made.intent.pod_uid

    @invariant()
    def one_intent_evicts_at_most_one_pod_and_changes_the_template_once(self) -> None:
        by_intent: dict[Intent, list[str]] = {}
        for made in self.world.made:
            by_intent.setdefault(made.intent, []).append(made.pod_uid)
        assert all(len(effects) == 1 for effects in by_intent.values())

    @invariant()
    def there_are_never_more_forward_effects_than_intents(self) -> None:
        meant = [i for r in self._memory() for i in r.status.intents if i.effect in FORWARD]
        assert sum(made.kind in FORWARD for made in self.world.made) <= len(meant)

    @invariant()
    def a_change_is_taken_back_at_most_once_and_never_without_having_been_made(self) -> None:
        for one in self._memory():
            kinds = [i.effect for i in one.status.intents if i.effect is not EffectKind.EVICT]
            expected = EffectKind.APPLY
            for kind in kinds:
                if expected is EffectKind.REVERT and kind is EffectKind.APPLY:
                    continue  # the rollback found nothing to take back, and the policy came back
                assert kind is expected
                expected = EffectKind.REVERT if kind is EffectKind.APPLY else EffectKind.APPLY

    @invariant()
    def nothing_unproved_is_left_behind(self) -> None:
        one = self.world.memory.get(SHARE)
        if one and self.world.exists and self.world.template and one.status.phase is Phase.DONE:
            assert one.status.outcome in {Outcome.CURED, Outcome.INCONCLUSIVE}

    @invariant()
    def an_end_has_a_reason_and_a_sentence(self) -> None:
        for one in self._memory():
            assert (one.status.phase is Phase.DONE) is (one.status.outcome is not None)
            if one.status.phase is not Phase.PENDING or one.status.history:
                assert Reason.of(one.status.reason)
                assert one.status.message

    @invariant()
    def no_lineage_of_pods_is_restarted_more_often_than_allowed(self) -> None:
        restarts = [made for made in self.world.made if made.kind is EffectKind.EVICT and made.slot == 0]
        assert len(restarts) <= MAX_ATTEMPTS

    @invariant()
    def a_healthy_pod_is_never_evicted(self) -> None:
        assert all(made.slot == 0 for made in self.world.made if made.kind is EffectKind.EVICT)

    @invariant()
    def at_most_one_remediation_of_a_workload_is_not_done(self) -> None:
        assert sum(one.status.phase is not Phase.DONE for one in self._memory()) <= 1

    @invariant()
    def the_pace_is_kept(self) -> None:
        intents = [i for r in self._memory() for i in r.status.intents]
        forward = sorted(i.time for i in intents if i.effect in FORWARD)
        for first, last in zip(forward, forward[MAX_PER_HOUR:], strict=False):
            assert last - first >= timedelta(hours=1)
        for first, last in pairwise(forward):
            assert last - first >= timedelta(seconds=COOLDOWN)

    def _memory(self) -> list[Remediation]:
        return list(self.world.memory.values())

    def _acting(self) -> bool:
        return any(one.status.phase is Phase.ACTING for one in self._memory())

    def _check_verdict(self, old: Remediation, new: Remediation) -> None:
        """Check that a cure rests on fresh data, on enough that was predicted and on little that is there."""
        if old.status.outcome is Outcome.CURED or new.status.outcome is not Outcome.CURED:
            return
        after = new.status.after
        assert after is not None
        assert not self.world.stale
        assert self.world.template
        assert not self.world.own_children
        assert all(pod.patched and not pod.broken for pod in self.world.pods)
        assert after.predicted >= MIN_PREDICTED
        assert after.zombies <= after.predicted * CURED_SHARE


TestRemediating = Remediating.TestCase
TestRemediating.settings = settings(QUICK, max_examples=40, stateful_step_count=30)


# Left in peace, the same loop comes to these ends


def left_in_peace(*remedies: RemedyType, own_children: bool) -> World:
    """Run the loop for half a day, a step a minute."""
    world = World(remedies, own_children)
    for _ in range(720):
        world.time += timedelta(minutes=1)
        world.roll_out()
        world.evaluate()
        for remedy in list(world.memory):
            world.drive(remedy, Fate.FINE)
    return world


@pytest.mark.parametrize(
    ("remedies", "own_children", "ends", "made"),
    [
        pytest.param((SHARE, RESTART), False, {SHARE: Outcome.CURED}, ["Apply"], id="orphans: cured by one rollout"),
        pytest.param(
            (SHARE,), True, {SHARE: Outcome.ROLLED_BACK}, ["Apply", "Revert"], id="own children: taken back, once"
        ),
        pytest.param(
            (RESTART,), True, {RESTART: Outcome.EXHAUSTED}, ["Evict"] * MAX_ATTEMPTS, id="restarts: until exhausted"
        ),
        pytest.param(
            (SHARE, RESTART),
            True,
            {SHARE: Outcome.ROLLED_BACK, RESTART: Outcome.EXHAUSTED},
            ["Apply", "Revert", *["Evict"] * MAX_ATTEMPTS],
            id="own children: taken back, then restarted until exhausted",
        ),
    ],
)
def test_left_in_peace_a_leak_comes_to_its_end(
    remedies: tuple[RemedyType, ...], own_children: bool, ends: dict[RemedyType, Outcome], made: list[str]
) -> None:
    world = left_in_peace(*remedies, own_children=own_children)
    assert {remedy: one.status.outcome for remedy, one in world.memory.items()} == ends
    assert [effect.kind for effect in world.made] == made


# One step, from any state


def states() -> st.SearchStrategy[RemediationStatus]:
    """Return statuses in any phase, with the intents that lead there."""

    def made(phase: Phase, effect: EffectKind, reverted: bool, age: int) -> RemediationStatus:
        first = () if phase is Phase.PENDING else (intent(effect),)
        second = (intent(EffectKind.REVERT),) if reverted and phase is Phase.REVERTING else ()
        outcome = Outcome.CURED if phase is Phase.DONE else None
        entered = enter(status(before=before()), phase, Reason.CHOSEN, "why", later(-age))
        return RemediationStatus(
            **{
                **{name: getattr(entered, name) for name in entered.__slots__},
                "since": later(-age),
                "intents": (*first, *second),
                "outcome": outcome,
            }
        )

    kinds = st.sampled_from([EffectKind.APPLY, EffectKind.EVICT])
    return st.builds(made, st.sampled_from(list(Phase)), kinds, st.booleans(), st.integers(-10_000, 100_000))


def evidences() -> st.SearchStrategy[Evidence]:
    """Return any evidence about two pods."""
    pod = st.builds(
        lambda uid, make, **fields: make(uid, **fields),
        st.sampled_from(["pod-1", "pod-2", "pod-3"]),
        st.sampled_from([observed, patched]),
        fresh=st.booleans(),
        ready=st.booleans(),
        deleting=st.booleans(),
        treated=st.integers(0, 50),
        others=st.integers(0, 50),
        restarts=st.integers(0, 5),
        broken=st.sampled_from([None, None, "crash"]),
        created=st.integers(-10_000, 10_000).map(later),
    )
    return st.builds(
        lambda pods, **fields: seen(*pods, **fields),
        st.lists(pod, min_size=1, max_size=3),
        exists=st.booleans(),
        held=st.sampled_from([None, Refusal(Reason.SUSPENDED, "suspended")]),
        carried=st.booleans(),
        terms=st.sampled_from([None, Terms(30, OLDER)]),
        patched=st.booleans(),
        rolled_out=st.booleans(),
        rollout_failed=st.sampled_from([None, "too slow"]),
    )


def fitting(state: RemediationStatus, action: Action, suspend: bool) -> RemediationSpec:
    evicts = any(i.effect is EffectKind.EVICT for i in state.intents)
    return remediation_spec(RESTART if evicts else SHARE, action=action, suspend=suspend)


@settings(QUICK, max_examples=250)
@given(states(), evidences(), st.sampled_from(list(Action)), st.booleans(), st.booleans())
def test_one_step_from_any_state_by_any_evidence_has_at_most_one_effect_and_its_intent(
    state: RemediationStatus, evidence: Evidence, action: Action, suspend: bool, blocked: bool
) -> None:
    refusals = (Refusal(Reason.STALE_DATA, "too old"),) if blocked else ()
    after, effect = advance(fitting(state, action, suspend), state, evidence, refusals, NOW)
    assert len(after.intents) - len(state.intents) in {0, 1}
    assert after.intents[: len(state.intents)] == state.intents
    if effect is not None:
        assert not blocked
        assert not suspend
        assert evidence.held is None
        assert evidence.exists
        assert after.intents[-1].effect is effect.kind
        assert after.intents[-1].pod_uid == (effect.pod.uid if effect.pod else "")
        assert effect.kind is EffectKind.REVERT or evidence.terms is not None
    if len(after.intents) > len(state.intents):
        assert effect is not None


@settings(QUICK, max_examples=150)
@given(states(), evidences(), st.sampled_from(list(Action)), st.booleans())
def test_a_step_says_where_it_stands_and_a_repeated_one_says_the_same(
    state: RemediationStatus, evidence: Evidence, action: Action, suspend: bool
) -> None:
    spec = fitting(state, action, suspend)
    after, effect = advance(spec, state, evidence, (), NOW)
    assert advance(spec, state, evidence, (), NOW) == (after, effect)
    assert Reason.of(after.reason)
    assert (after.phase is Phase.DONE) is (after.outcome is not None)
