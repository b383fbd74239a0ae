"""Any document that an honest agent could send, for Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from zombie_operator.core.document import (
    Age,
    Assessment,
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
from zombie_operator.core.scan import NOT_ZOMBIES

NUMBERS = st.integers(0, 1 << 40)
MAYBE = st.none() | NUMBERS
COMMS = st.text(st.characters(exclude_categories=["Cs"]), max_size=64)
NAMES = st.none() | st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,30}[a-z0-9])?", fullmatch=True)
SECONDS = st.floats(0, 1e9)


@st.composite
def evidence(draw: st.DrawFn, zombies: int) -> Evidence:
    return Evidence(
        parent_pid=draw(MAYBE),
        parent_comm=draw(st.none() | COMMS),
        sigchld=draw(st.none() | st.sampled_from(["Caught", "Blocked", "Ignored", "Default"])),
        proofs=tuple(draw(st.dictionaries(st.sampled_from(Proof), st.integers(0, zombies))).items()),
        comms=tuple(draw(st.dictionaries(COMMS, st.integers(0, zombies), max_size=5)).items()),
        sessions=draw(MAYBE),
    )


@st.composite
def cause_counts(draw: st.DrawFn, cause: Cause, origin: Origin | None) -> CauseCount:
    bounds = draw(st.lists(st.tuples(NUMBERS, NUMBERS, st.integers(1, 1000)), min_size=1, max_size=5))
    ages = tuple(Age(min(low, high), max(low, high), count) for low, high, count in bounds)
    zombies = sum(age.count for age in ages)
    oldest = max(age.min_seconds for age in ages)
    return CauseCount(cause, origin, zombies, ages, oldest, draw(evidence(zombies)))


@st.composite
def causes(draw: st.DrawFn) -> tuple[CauseCount, ...]:
    rows = [(cause, None) for cause in Cause if cause is not Cause.INIT_NOT_REAPING]
    chosen = draw(st.lists(st.sampled_from([*rows, *((Cause.INIT_NOT_REAPING, one) for one in Origin)]), unique=True))
    return tuple(draw(cause_counts(cause, origin)) for cause, origin in chosen)


def total(rows: tuple[CauseCount, ...]) -> int:
    return sum(one.zombies for one in rows if one.cause not in NOT_ZOMBIES)


@st.composite
def containers(draw: st.DrawFn) -> ContainerReport:
    rows = draw(causes())
    return ContainerReport(
        pod_uid=str(draw(st.uuids())),
        container_id=draw(st.from_regex(r"[0-9a-f]{64}", fullmatch=True)),
        namespace=draw(NAMES),
        pod=draw(NAMES),
        container=draw(NAMES),
        init_pid=draw(MAYBE),
        init_comm=draw(st.none() | COMMS),
        sandbox_reaps=draw(st.none() | st.booleans()),
        zombies=total(rows),
        causes=rows,
        assessment=draw(st.none() | st.sampled_from(Assessment)),
        pids=Pids(draw(MAYBE), draw(MAYBE), draw(MAYBE)),
    )


@st.composite
def hosts(draw: st.DrawFn) -> HostReport:
    rows = draw(causes())
    return HostReport(draw(MAYBE), draw(st.none() | COMMS), total(rows), rows)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    return Document(
        node=NodeReport(
            name=draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=60)),
            boot_id=str(draw(st.uuids())),
            sample_age_seconds=draw(SECONDS),
            scan_seconds=draw(SECONDS),
            complete=draw(st.booleans()),
            pid_max=draw(MAYBE),
            threads_max=draw(MAYBE),
        ),
        containers=tuple(draw(st.lists(containers(), max_size=3, unique_by=lambda one: one.container_id))),
        host=tuple(draw(st.lists(hosts(), max_size=2))),
        not_observable=tuple(str(uid) for uid in draw(st.lists(st.uuids(), max_size=2))),
    )
