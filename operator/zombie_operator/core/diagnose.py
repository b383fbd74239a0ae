"""``diagnose``: one scan and the history before it become the node's document and the history after it.

This is the agent's only decision and the same one that ``zombies scan`` prints. Pure: no clock, no files. The rule for
one zombie is in ``core/causes.py``, what time adds is in ``core/history.py``; here they are counted per container.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zombie_operator.core.causes import Verdict, judge, sleeps_in_kernel
from zombie_operator.core.document import (
    Age,
    Cause,
    CauseCount,
    ContainerReport,
    Document,
    Evidence,
    HostReport,
    NodeReport,
    Origin,
    Pids,
    Proof,
)
from zombie_operator.core.history import (
    MAX_FOLLOWED,
    MAX_LINEAGE,
    History,
    Key,
    Track,
    advance_tracks,
    assess_series,
    exhausted_in,
)
from zombie_operator.core.scan import NOT_ZOMBIES, ContainerPath, ContainerSeen, Identity, Scan, ZombieSample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_COMMS = 5
"""Command names kept as evidence of one cause."""

MAX_AGES = 1_000
"""Age triples of one cause. Beyond it the oldest are joined into ranges, which stays true and keeps documents small."""


@dataclass(frozen=True, slots=True)
class _Judged:
    zombie: ZombieSample
    verdict: Verdict


def diagnose(scan: Scan, history: History) -> tuple[Document, History]:
    """Return what the scan means, and what to remember for the next. A history of another boot is dropped."""
    if history.boot_id != scan.boot_id:
        history = History(boot_id=scan.boot_id)
    judged = _judge_all(scan, history)
    dead: dict[Identity, Key] = {
        one.zombie.identity: _key(one.zombie) for one in judged if one.verdict.cause not in NOT_ZOMBIES
    }
    tracks = advance_tracks(history, dead, {one.path for one in scan.containers}, scan.taken_at)
    after = History(
        boot_id=scan.boot_id,
        scans=history.scans + 1,
        dead=dead,
        first_parents=_first_parents(scan, history, judged),
        sleepers=frozenset((p.pid, p.starttime) for p in scan.parents.values() if sleeps_in_kernel(p)),
        tracks=tracks,
        follow=_inits_to_follow(judged),
    )
    return _document(scan, judged, tracks), after


def _judge_all(scan: Scan, history: History) -> list[_Judged]:
    frozen = {one.path for one in scan.containers if one.frozen}
    judged = []
    for zombie in scan.zombies:
        parent = scan.parents.get(zombie.ppid)
        suspended = parent is not None and (
            parent.container in frozen
            or (sleeps_in_kernel(parent) and (parent.pid, parent.starttime) in history.sleepers)
        )
        first = history.first_parents.get(zombie.identity)
        judged.append(_Judged(zombie, judge(zombie, parent, first_parent=first, suspended=suspended)))
    return judged


def _key(zombie: ZombieSample) -> Key:
    """Return the pod's container of a zombie; containers outside Kubernetes count as host."""
    return zombie.container if zombie.container is not None and zombie.container.pod_uid is not None else None


def _first_parents(scan: Scan, history: History, judged: Iterable[_Judged]) -> dict[Identity, int]:
    """Note the parents of processes that may still become orphans, and forget what is gone.

    These are live processes that are followed, and zombies whose parent is not init.
    """
    followed = set(history.follow)
    noted: dict[Identity, int] = {}
    for one in scan.relatives:
        # An orphan that lives on under init keeps the parent that it had: that is what proves it when it dies.
        forker = history.first_parents.get((one.pid, one.starttime), one.ppid)
        if forker not in followed and len(noted) < MAX_LINEAGE:
            noted[(one.pid, one.starttime)] = forker
    for entry in judged:
        identity = entry.zombie.identity
        first = history.first_parents.get(identity)
        if first is None and entry.verdict.cause is not Cause.INIT_NOT_REAPING:
            first = entry.zombie.ppid
        if first is not None and len(noted) < MAX_LINEAGE:
            noted[identity] = first
    for identity in noted.keys() & history.first_parents.keys():
        noted[identity] = history.first_parents[identity]
    return noted


def _inits_to_follow(judged: Iterable[_Judged]) -> tuple[int, ...]:
    """Return the inits of containers that hold zombies which neither session nor container proves, the worst first."""
    unproved = Counter(
        one.zombie.ppid
        for one in judged
        if one.verdict.cause is Cause.INIT_NOT_REAPING
        and _key(one.zombie) is not None
        and not {Proof.SESSION, Proof.CONTAINER} & set(one.verdict.proofs)
    )
    return tuple(pid for pid, _ in unproved.most_common(MAX_FOLLOWED))


def _document(scan: Scan, judged: Iterable[_Judged], tracks: Mapping[Key, Track]) -> Document:
    by_container: dict[ContainerPath, list[_Judged]] = {}
    by_parent: dict[int, list[_Judged]] = {}
    for one in judged:
        key = _key(one.zombie)
        if key is None:
            by_parent.setdefault(one.zombie.ppid, []).append(one)
        else:
            by_container.setdefault(key, []).append(one)
    seen = {one.path: one for one in scan.containers}
    seen.update({path: ContainerSeen(path) for path in by_container if path not in seen})
    reports = [_container(scan, one, by_container.get(path, []), tracks.get(path)) for path, one in seen.items()]
    reports.sort(
        key=lambda one: (-one.zombies, one.namespace or "", one.pod or "", one.container or "", one.container_id)
    )
    hosts = [_host(scan, parent, members) for parent, members in by_parent.items()]
    hosts.sort(key=lambda one: (-one.zombies, one.parent_pid or 0))
    node = NodeReport(
        name=scan.node,
        boot_id=scan.boot_id,
        sample_age_seconds=0.0,
        scan_seconds=round(scan.seconds, 6),
        complete=scan.complete,
        pid_max=scan.pid_max,
        threads_max=scan.threads_max,
    )
    return Document(node, tuple(reports), tuple(hosts), scan.not_observable)


def _container(scan: Scan, seen: ContainerSeen, judged: list[_Judged], track: Track | None) -> ContainerReport:
    causes = _causes(scan, judged)
    ages = [(age.min_seconds, age.count) for one in causes if one.cause not in NOT_ZOMBIES for age in one.ages]
    names = seen.names
    limit, current = seen.pids_limit, seen.pids_current
    return ContainerReport(
        pod_uid=seen.path.pod_uid or "",
        container_id=seen.path.container_id,
        namespace=names.namespace if names else None,
        pod=names.pod if names else None,
        container=names.container if names else None,
        init_pid=seen.init_pid,
        init_comm=seen.init_comm,
        sandbox_reaps=seen.sandbox_reaps,
        zombies=_counted(causes),
        causes=causes,
        assessment=assess_series(ages, track, scan.taken_at) if track else None,
        pids=Pids(current, limit, exhausted_in(track, current, limit) if track else None),
    )


def _host(scan: Scan, parent: int, judged: list[_Judged]) -> HostReport:
    causes = _causes(scan, judged)
    sample = scan.parents.get(parent)
    return HostReport(parent or None, sample.comm if sample else None, _counted(causes), causes)


def _counted(causes: Iterable[CauseCount]) -> int:
    return sum(one.zombies for one in causes if one.cause not in NOT_ZOMBIES)


def _causes(scan: Scan, judged: Iterable[_Judged]) -> tuple[CauseCount, ...]:
    groups: dict[tuple[Cause, Origin | None], list[_Judged]] = {}
    for one in judged:
        groups.setdefault((one.verdict.cause, one.verdict.origin), []).append(one)
    counts = [_cause_count(scan, cause, origin, members) for (cause, origin), members in groups.items()]
    return tuple(sorted(counts, key=lambda one: (-one.zombies, one.cause, one.origin or "")))


def _cause_count(scan: Scan, cause: Cause, origin: Origin | None, members: list[_Judged]) -> CauseCount:
    ages = merge_ages(_age(one.zombie, scan.taken_at) for one in members)
    return CauseCount(
        cause=cause,
        origin=origin,
        zombies=len(members),
        ages=ages,
        oldest_seconds=max(age.min_seconds for age in ages),
        evidence=_evidence(scan, members),
    )


def _age(zombie: ZombieSample, now: float) -> tuple[int, int]:
    """Return the bounds of a zombie's age in whole seconds; one that died during the scan is 0 s old."""
    return max(int(now - zombie.died_before), 0), max(int(now - zombie.died_after), 0)


def merge_ages(bounds: Iterable[tuple[int, int]]) -> tuple[Age, ...]:
    """Count equal ages, youngest first, and join neighbours from the oldest on until ``MAX_AGES`` are left."""
    counted = sorted(Counter(bounds).items())
    ages = [Age(low, high, count) for (low, high), count in counted]
    while len(ages) > MAX_AGES:
        keep = max(2 * MAX_AGES - len(ages), 0)
        tail = ages[keep:]
        pairs = [tail[index : index + 2] for index in range(0, len(tail), 2)]
        ages[keep:] = [
            Age(pair[0].min_seconds, max(one.max_seconds for one in pair), sum(one.count for one in pair))
            for pair in pairs
        ]
    return tuple(ages)


def _evidence(scan: Scan, members: list[_Judged]) -> Evidence:
    """Return what the verdicts rest on; of several parents the one with the most zombies stands for all."""
    ppid = Counter(one.zombie.ppid for one in members).most_common(1)[0][0]
    parent = scan.parents.get(ppid)
    proofs = Counter(proof for one in members for proof in one.verdict.proofs)
    comms = Counter(one.zombie.comm for one in members)
    return Evidence(
        parent_pid=ppid or None,
        parent_comm=parent.comm if parent else None,
        sigchld=parent.sigchld if parent else None,
        proofs=tuple(sorted(proofs.items())),
        comms=tuple(sorted(comms.items(), key=lambda item: (-item[1], item[0]))[:MAX_COMMS]),
        sessions=len({one.zombie.session for one in members}),
    )
