"""The parent rule as a table: the first condition that holds decides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.diagnose.builders import APP, INIT, SANDBOX, parent, zombie
from zombie_operator.core.causes import judge
from zombie_operator.core.document import Cause, Origin, Proof
from zombie_operator.core.scan import ContainerPath

PID = 70
DOCKER = ContainerPath(None, "d" * 64)


@pytest.mark.parametrize(
    ("of_zombie", "of_parent", "given", "cause"),
    [
        ({"threads": 3}, {}, {}, Cause.LEADER_EXITED),
        ({"threads": 3, "stuck": True}, {}, {}, Cause.STUCK_IN_KERNEL),
        ({"threads": 3, "tracer_pid": 9}, {}, {}, Cause.LEADER_EXITED),
        ({"tracer_pid": 9}, {"depth": 1}, {}, Cause.TRACED),
        ({"ns_pid": 1}, {"depth": 1, "ns_pid": 40}, {}, Cause.RUNTIME_NOT_REAPING),
        ({}, {"depth": 1, "ns_pid": 1}, {}, Cause.RUNTIME_NOT_REAPING),
        ({"depth": 1}, {"depth": 1, "ns_pid": 40, "container": None}, {}, Cause.RUNTIME_NOT_REAPING),
        ({}, {"depth": 1, "state": "T"}, {}, Cause.RUNTIME_NOT_REAPING),
        ({}, {"state": "T"}, {}, Cause.PARENT_SUSPENDED),
        ({}, {"state": "t", "ns_pid": 7}, {}, Cause.PARENT_SUSPENDED),
        ({}, {}, {"suspended": True}, Cause.PARENT_SUSPENDED),
        ({}, {"state": "D"}, {}, Cause.INIT_NOT_REAPING),
        ({}, {"ns_pid": 7}, {}, Cause.PARENT_NOT_WAITING),
        ({"depth": 1, "container": None}, {"depth": 1, "ns_pid": 40, "container": None}, {}, Cause.PARENT_NOT_WAITING),
        (
            {"depth": 1, "container": DOCKER},
            {"depth": 1, "ns_pid": 40, "container": None},
            {},
            Cause.PARENT_NOT_WAITING,
        ),
        ({}, {}, {}, Cause.INIT_NOT_REAPING),
        ({"depth": 1, "container": None}, {"depth": 1, "container": None}, {}, Cause.INIT_NOT_REAPING),
    ],
    ids=[
        "threads-live",
        "threads-killed-and-stuck",
        "threads-before-tracer",
        "tracer-before-runtime",
        "main-process-of-a-shim",
        "exec-of-a-nested-runtime",
        "shim-of-a-hostpid-pod",
        "runtime-before-suspended",
        "stopped",
        "stopped-by-a-debugger",
        "frozen",
        "one-look-at-state-D",
        "same-namespace-not-init",
        "host-daemon",
        "docker-on-a-plain-machine",
        "init",
        "init-of-the-host",
    ],
)
def test_cause(of_zombie: dict[str, Any], of_parent: dict[str, Any], given: dict[str, Any], cause: Cause) -> None:
    verdict = judge(zombie(PID, **of_zombie), parent(**of_parent), **given)
    assert verdict.cause is cause
    assert (verdict.origin is not None) == (cause is Cause.INIT_NOT_REAPING)


def test_a_parent_outside_the_mounts_namespace_is_a_runtime() -> None:
    assert judge(zombie(PID, ppid=0), None).cause is Cause.RUNTIME_NOT_REAPING


@pytest.mark.parametrize(
    ("of_zombie", "of_parent", "first", "proofs"),
    [
        ({"session": INIT}, {}, None, ()),
        ({"session": PID}, {}, None, ()),
        ({"session": 61}, {}, None, (Proof.SESSION,)),
        ({"session": 0}, {}, None, (Proof.SESSION,)),
        ({"session": 0}, {"session": 0}, None, ()),
        ({}, {"container": SANDBOX}, None, (Proof.CONTAINER,)),
        ({}, {"container": None}, None, (Proof.CONTAINER,)),
        ({"container": None}, {}, None, ()),
        ({}, {}, INIT, ()),
        ({}, {}, 61, (Proof.HISTORY,)),
        ({"session": 61}, {"container": SANDBOX}, 61, (Proof.SESSION, Proof.CONTAINER, Proof.HISTORY)),
    ],
    ids=[
        "inits-session",
        "own-session",
        "anothers-session",
        "session-of-an-exec-seen-from-inside",
        "no-sessions-seen",
        "adopted-by-the-sandbox",
        "adopted-by-the-hosts-init",
        "container-unknown",
        "forked-by-init",
        "forked-by-another",
        "all-at-once",
    ],
)
def test_what_proves_an_orphan(
    of_zombie: dict[str, Any], of_parent: dict[str, Any], first: int | None, proofs: tuple[Proof, ...]
) -> None:
    verdict = judge(zombie(PID, **of_zombie), parent(**of_parent), first_parent=first)
    assert verdict.proofs == proofs
    assert verdict.origin is (Origin.ORPHAN if proofs else Origin.UNKNOWN)


def test_a_program_under_a_shared_namespace_owns_its_own_children() -> None:
    """P is not the namespace's init, so no init helps, whatever the sessions say."""
    verdict = judge(zombie(PID, session=61), parent(60, ns_pid=7, container=APP))
    assert (verdict.cause, verdict.proofs) == (Cause.PARENT_NOT_WAITING, ())
