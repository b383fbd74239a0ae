"""Scans become documents: counts, ages, evidence, and what a series of scans adds."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.diagnose.builders import APP, INIT, NOW, OTHER, SANDBOX, UID, parent, scan, seen, zombie
from zombie_operator.core.codec import decode, encode
from zombie_operator.core.diagnose import MAX_AGES, diagnose, merge_ages
from zombie_operator.core.document import Age, Cause, Document, Evidence, Origin, Pids, Proof
from zombie_operator.core.history import FORGET_SECONDS, History
from zombie_operator.core.scan import ContainerNames, Relative, Scan


def once(one: Scan) -> Document:
    document, _ = diagnose(one, History())
    return document


def series(*scans: Scan) -> tuple[Document, History]:
    history = History()
    for one in scans:
        document, history = diagnose(one, history)
    return document, history


def at(seconds: float, *ages: float, first_pid: int = 70) -> Scan:
    """Return a scan ``seconds`` after NOW in which the zombies' ages are these."""
    taken_at = NOW + seconds
    pids = range(first_pid, first_pid + len(ages))
    dead = [zombie(pid, age=age, taken_at=taken_at) for pid, age in zip(pids, ages, strict=True)]
    return scan(*dead, taken_at=taken_at, containers=(seen(),))


def test_zombies_are_counted_by_cause_and_origin() -> None:
    document = once(
        scan(
            zombie(70, age=10.9),
            zombie(71, age=10.1, session=71),
            zombie(72, age=400, session=60, comm="sleep"),
            zombie(73, age=5, ppid=60, comm="curl"),
            zombie(74, threads=2),
            parents=(parent(), parent(60, ns_pid=9, comm="worker", sigchld="Caught")),
        )
    )
    (report,) = document.containers
    assert (report.pod_uid, report.container_id, report.zombies) == (UID, APP.container_id, 4)
    rows = {(one.cause, one.origin): one for one in report.causes}
    assert {key: row.zombies for key, row in rows.items()} == {
        (Cause.INIT_NOT_REAPING, Origin.UNKNOWN): 2,
        (Cause.INIT_NOT_REAPING, Origin.ORPHAN): 1,
        (Cause.PARENT_NOT_WAITING, None): 1,
        (Cause.LEADER_EXITED, None): 1,
    }
    unknown = rows[Cause.INIT_NOT_REAPING, Origin.UNKNOWN]
    assert unknown.ages == (Age(10, 10, 2),)
    assert unknown.evidence == Evidence(INIT, "app", "Default", (), (("job", 2),), 2)
    orphan = rows[Cause.INIT_NOT_REAPING, Origin.ORPHAN]
    assert (orphan.oldest_seconds, orphan.evidence.proofs) == (400, ((Proof.SESSION, 1),))
    assert rows[Cause.PARENT_NOT_WAITING, None].evidence.sigchld == "Caught"


def test_a_dead_leader_alone_is_no_zombie_of_the_container() -> None:
    (report,) = once(scan(zombie(70, threads=2), containers=(seen(),))).containers
    assert (report.zombies, report.causes[0].zombies, report.assessment) == (0, 1, None)


def test_every_container_seen_is_reported_the_worst_first() -> None:
    quiet = seen(OTHER, names=ContainerNames("shop", "web-1", "app"))
    document = once(scan(zombie(70), containers=(quiet, seen(pids_current=40, pids_limit=100, sandbox_reaps=True))))
    first, second = document.containers
    assert (first.zombies, first.sandbox_reaps, first.pids) == (1, True, Pids(40, 100, None))
    assert (second.zombies, second.namespace, second.pod, second.container) == (0, "shop", "web-1", "app")
    assert (second.init_pid, second.sandbox_reaps, second.pids) == (None, None, Pids(None, None, None))


def test_zombies_outside_pods_are_reported_by_parent() -> None:
    document = once(
        scan(
            zombie(70, container=None, depth=1, ppid=1),
            zombie(71, container=None, depth=1, ppid=0),
            parents=(parent(1, container=None, depth=1, comm="systemd"),),
        )
    )
    assert document.containers == ()
    by_parent = {one.parent_pid: one for one in document.host}
    assert by_parent[1].parent_comm == "systemd"
    assert by_parent[1].causes[0].cause is Cause.INIT_NOT_REAPING
    assert by_parent[None].causes[0].cause is Cause.RUNTIME_NOT_REAPING


def test_orphans_of_a_shared_namespace_count_for_their_own_container() -> None:
    document = once(scan(zombie(70), parents=(parent(container=SANDBOX, comm="pause"),)))
    (report,) = document.containers
    assert report.container_id == APP.container_id
    assert report.causes[0].evidence.proofs == ((Proof.CONTAINER, 1),)


def test_a_frozen_containers_parent_is_suspended() -> None:
    (report,) = once(scan(zombie(70), containers=(seen(frozen=True),))).containers
    assert report.causes[0].cause is Cause.PARENT_SUSPENDED


def test_a_parent_in_state_d_is_suspended_only_if_two_scans_say_so() -> None:
    asleep = scan(zombie(70), parents=(parent(state="D"),))
    first, history = diagnose(asleep, History())
    second, _ = diagnose(asleep, history)
    assert first.containers[0].causes[0].cause is Cause.INIT_NOT_REAPING
    assert second.containers[0].causes[0].cause is Cause.PARENT_SUSPENDED


def test_the_node_and_the_sample_are_told() -> None:
    node = once(scan(seconds=0.25, hidden=True, pid_max=32768, not_observable=("x",))).node
    assert (node.name, node.boot_id, node.scan_seconds, node.complete) == ("node-1", "boot-1", 0.25, False)
    assert (node.pid_max, node.threads_max, node.sample_age_seconds) == (32768, None, 0.0)


def test_an_orphan_that_lives_on_under_init_for_many_scans_is_proved_when_it_dies() -> None:
    _, history = diagnose(scan(zombie(70)), History())
    _, history = diagnose(scan(zombie(70), relatives=(Relative(80, 500_000, 61),)), history)
    for _ in range(3):
        _, history = diagnose(scan(zombie(70), relatives=(Relative(80, 500_000, INIT),)), history)
    document, _ = diagnose(scan(zombie(70), zombie(80)), history)
    rows = {one.origin: one for one in document.containers[0].causes}
    assert rows[Origin.ORPHAN].evidence.proofs == ((Proof.HISTORY, 1),)


def test_an_unproved_inits_living_descendants_are_followed_and_then_prove() -> None:
    before = scan(zombie(70), relatives=())
    _, history = diagnose(before, History())
    assert history.follow == (INIT,)
    alive = scan(zombie(70), relatives=(Relative(80, 500_000, 61), Relative(81, 500_000, INIT)))
    _, history = diagnose(alive, history)
    document, history = diagnose(scan(zombie(70), zombie(80), zombie(81)), history)
    rows = {one.origin: one for one in document.containers[0].causes}
    assert rows[Origin.ORPHAN].evidence.proofs == ((Proof.HISTORY, 1),)
    assert (rows[Origin.ORPHAN].zombies, rows[Origin.UNKNOWN].zombies) == (1, 2)
    later, _ = diagnose(scan(zombie(70), zombie(80), zombie(81)), history)
    assert later.containers[0].causes == document.containers[0].causes, "a proof stays"


def test_a_zombie_that_changes_its_parent_proves_that_init_adopted_it() -> None:
    workers = scan(zombie(70, ppid=60), parents=(parent(), parent(60, ns_pid=9)))
    document, _ = series(workers, scan(zombie(70)))
    (row,) = document.containers[0].causes
    assert (row.origin, row.evidence.proofs) == (Origin.ORPHAN, ((Proof.HISTORY, 1),))


def test_proved_or_foreign_inits_are_not_followed() -> None:
    _, history = diagnose(scan(zombie(70, session=61)), History())
    assert history.follow == ()
    _, history = diagnose(scan(zombie(70, container=None), parents=(parent(container=None),)), History())
    assert history.follow == ()


def test_another_boot_forgets_everything() -> None:
    _, history = series(at(0, 5), at(10, 15, 5))
    assert history.tracks[APP].births == 1
    _, history = diagnose(dataclasses.replace(at(20, 5), boot_id="boot-2"), history)
    assert (history.scans, history.tracks[APP].births) == (1, 0)


def test_births_and_ends_are_counted_by_identity() -> None:
    _, history = series(at(0, 50, 40), at(10, 60, 50, 5), at(20, 1, 2, first_pid=72))
    track = history.tracks[APP]
    assert (track.births, track.reaped) == (2, 2), "72 stayed, 73 is new; 70 and 71 are gone"


def test_counters_survive_a_gap_and_not_a_long_one() -> None:
    absent = scan(taken_at=NOW + 30)
    _, history = series(at(0), at(10, 5), absent, at(40, 35))
    assert history.tracks[APP].births == 2
    _, history = diagnose(scan(taken_at=NOW + 41 + FORGET_SECONDS), history)
    assert APP not in history.tracks


def test_the_time_until_the_limit_comes_from_the_growth_seen() -> None:
    scans = [
        dataclasses.replace(at(second, *[500.0] * count), containers=(seen(pids_current=count + 10, pids_limit=100),))
        for second, count in ((0, 10), (30, 20), (60, 30))
    ]
    document, _ = series(*scans)
    # 20 zombies in 60 s, and 60 pids left.
    assert document.containers[0].pids == Pids(40, 100, 180)
    document, _ = series(scans[0], scans[1])
    assert document.containers[0].pids.exhausted_in_seconds is None, "two points are no trend"


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 50)), min_size=1, max_size=3 * MAX_AGES))
def test_merged_ages_keep_every_zombie_within_true_bounds(pairs: list[tuple[int, int]]) -> None:
    bounds = [(low, low + width) for low, width in pairs]
    ages = merge_ages(bounds)
    assert sum(age.count for age in ages) == len(bounds)
    assert len(ages) <= MAX_AGES
    assert min(age.min_seconds for age in ages) == min(low for low, _ in bounds)
    assert max(age.max_seconds for age in ages) == max(high for _, high in bounds)
    for limit in (0, 60, 5_000):
        assert sum(a.count for a in ages if a.min_seconds >= limit) <= sum(low >= limit for low, _ in bounds)


def test_thousands_of_different_ages_become_ranges_of_the_oldest() -> None:
    ages = merge_ages((second, second) for second in range(3 * MAX_AGES))
    assert len(ages) <= MAX_AGES
    assert sum(age.count for age in ages) == 3 * MAX_AGES


@pytest.mark.parametrize("count", [0, 1, 40])
def test_what_diagnosis_says_passes_the_operators_own_decoder(count: int) -> None:
    document, _ = series(at(0, *range(count)), at(30, *range(30, 30 + count), 3))
    assert decode(encode(document)) == document
