"""The document's JSON: what goes in comes out, and nothing else gets in."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.codec.strategies import documents
from zombie_operator.core.codec import DocumentError, decode, encode
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

ID = "a" * 64
EVIDENCE = Evidence(4711, "app", "Default", ((Proof.SESSION, 2),), (("sleep", 2), ("curl", 1)), 2)
LEAK = CauseCount(Cause.INIT_NOT_REAPING, Origin.ORPHAN, 3, (Age(10, 10, 2), Age(60, 90, 1)), 60, EVIDENCE)
BUG = CauseCount(Cause.PARENT_NOT_WAITING, None, 1, (Age(5, 5, 1),), 5, Evidence())
DOCUMENT = Document(
    node=NodeReport("node-1", "boot-1", 1.5, 0.25, complete=True, pid_max=32768, threads_max=None),
    containers=(
        ContainerReport(
            pod_uid="0c9d7e2f-1b3a-4c5d-8e6f-7a8b9c0d1e2f",
            container_id=ID,
            namespace="shop",
            pod="web-1",
            container="app",
            init_pid=4711,
            init_comm="app",
            sandbox_reaps=True,
            zombies=3,
            causes=(LEAK,),
            assessment=Assessment.LEAKING,
            pids=Pids(40, 100, None),
        ),
    ),
    host=(HostReport(1, "systemd", 1, (BUG,)),),
    not_observable=("f" * 32,),
)


def test_the_json_has_the_names_of_the_contract() -> None:
    plain = json.loads(encode(DOCUMENT))
    assert plain["apiVersion"] == "zombie-operator.dev/v1alpha1"
    assert plain["kind"] == "ZombieDocument"
    assert plain["node"] == {
        "name": "node-1",
        "bootID": "boot-1",
        "sampleAgeSeconds": 1.5,
        "scanSeconds": 0.25,
        "complete": True,
        "pidMax": 32768,
        "threadsMax": None,
    }
    (container,) = plain["containers"]
    assert container["podUID"] == "0c9d7e2f-1b3a-4c5d-8e6f-7a8b9c0d1e2f"
    assert container["pids"] == {"current": 40, "limit": 100, "exhaustedInSeconds": None}
    assert container["causes"][0]["ages"] == [[10, 10, 2], [60, 90, 1]]
    assert container["causes"][0]["evidence"] == {
        "parentPID": 4711,
        "parentComm": "app",
        "sigchld": "Default",
        "proofs": {"Session": 2},
        "comms": {"sleep": 2, "curl": 1},
        "sessions": 2,
    }
    assert plain["host"][0]["parentPID"] == 1
    assert plain["notObservable"] == ["f" * 32]


@given(documents())
def test_what_is_encoded_is_decoded(document: Document) -> None:
    assert decode(encode(document)) == document


def test_unknown_keys_of_a_newer_agent_are_ignored() -> None:
    plain = json.loads(encode(DOCUMENT))
    plain["news"] = plain["node"]["news"] = plain["containers"][0]["news"] = [1]
    assert decode(json.dumps(plain).encode()) == DOCUMENT


MISSING = object()
LONE = "\ud800"


def changed(path: str, value: object) -> bytes:
    """Return the document with one value replaced, or removed."""
    plain: Any = copy.deepcopy(json.loads(encode(DOCUMENT)))
    at = plain
    keys: list[Any] = [int(key) if key.isdigit() else key for key in path.split(".")]
    for key in keys[:-1]:
        at = at[key]
    if value is MISSING:
        del at[keys[-1]]
    else:
        at[keys[-1]] = value
    return json.dumps(plain).encode()


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("apiVersion", "zombie-operator.dev/v2", "apiVersion"),
        ("kind", "Pod", "kind"),
        ("kind", MISSING, "kind"),
        ("node", [], "node"),
        ("node.name", MISSING, "node.name"),
        ("node.name", 7, "node.name"),
        ("node.name", "n" * 257, "node.name"),
        ("node.name", LONE, "node.name"),
        ("node.complete", 1, "node.complete"),
        ("node.scanSeconds", -0.1, "node.scanSeconds"),
        ("node.scanSeconds", True, "node.scanSeconds"),
        ("node.scanSeconds", 1e300, "node.scanSeconds"),
        ("node.scanSeconds", 10**400, "node.scanSeconds"),
        ("node.pidMax", 1.0, "node.pidMax"),
        ("node.pidMax", True, "node.pidMax"),
        ("node.pidMax", 2**53 + 1, "node.pidMax"),
        ("node.pidMax", MISSING, "node.pidMax"),
        ("containers", {}, "containers"),
        ("containers.0", None, "containers[0]"),
        ("containers.0.podUID", "../../etc", "containers[0].podUID"),
        ("containers.0.podUID", None, "containers[0].podUID"),
        ("containers.0.containerID", "", "containers[0].containerID"),
        ("containers.0.pod", "Web_1", "containers[0].pod"),
        ("containers.0.pod", "web-1\n", "containers[0].pod"),
        ("containers.0.sandboxReaps", "yes", "containers[0].sandboxReaps"),
        ("containers.0.zombies", -1, "containers[0].zombies"),
        ("containers.0.zombies", 4, "containers[0].zombies"),
        ("containers.0.assessment", "Growing", "containers[0].assessment"),
        ("containers.0.pids", None, "containers[0].pids"),
        ("containers.0.pids.limit", -1, "containers[0].pids.limit"),
        ("containers.0.causes.0.cause", "Gremlins", "containers[0].causes[0].cause"),
        ("containers.0.causes.0.cause", "Traced", "containers[0].causes[0].origin"),
        ("containers.0.causes.0.origin", None, "containers[0].causes[0].origin"),
        ("containers.0.causes.0.zombies", 0, "containers[0].causes[0].zombies"),
        ("containers.0.causes.0.zombies", 4, "containers[0].causes[0].ages"),
        ("containers.0.causes.0.oldestSeconds", 90, "containers[0].causes[0].oldestSeconds"),
        ("containers.0.causes.0.ages", [], "containers[0].causes[0].ages"),
        ("containers.0.causes.0.ages.0", [10, 10], "containers[0].causes[0].ages[0]"),
        ("containers.0.causes.0.ages.0", [10, 10, 1, 1], "containers[0].causes[0].ages[0]"),
        ("containers.0.causes.0.ages.0", [11, 10, 2], "containers[0].causes[0].ages[0]"),
        ("containers.0.causes.0.ages.0", [10, 10, 0], "containers[0].causes[0].ages[0]"),
        ("containers.0.causes.0.ages.0", [-1, 10, 2], "containers[0].causes[0].ages[0][0]"),
        ("containers.0.causes.0.evidence.sigchld", "Lost", "containers[0].causes[0].evidence.sigchld"),
        ("containers.0.causes.0.evidence.proofs", {"Hunch": 1}, "containers[0].causes[0].evidence.proofs"),
        ("containers.0.causes.0.evidence.proofs", {"Session": 4}, "containers[0].causes[0].evidence.proofs"),
        ("containers.0.causes.0.evidence.comms", {"sleep": 4}, "containers[0].causes[0].evidence.comms"),
        ("containers.0.causes.0.evidence.comms", {"s" * 300: 1}, "containers[0].causes[0].evidence.comms"),
        ("containers.0.causes.0.evidence.comms", ["sleep"], "containers[0].causes[0].evidence.comms"),
        ("host.0.zombies", 0, "host[0].zombies"),
        ("notObservable.0", 1, "notObservable[0]"),
    ],
)
def test_garbage_is_refused_and_named(path: str, value: object, field: str) -> None:
    with pytest.raises(DocumentError) as caught:
        decode(changed(path, value))
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_numbers_that_are_none_are_refused(word: bytes) -> None:
    data = encode(DOCUMENT).replace(b'"scanSeconds":0.25', b'"scanSeconds":' + word)
    with pytest.raises(DocumentError):
        decode(data)


@pytest.mark.parametrize("where", ["containers", "causes"])
def test_nothing_counts_twice(where: str) -> None:
    plain = json.loads(encode(DOCUMENT))
    if where == "containers":
        plain["containers"] *= 2
    else:
        plain["containers"][0]["causes"] *= 2
        plain["containers"][0]["zombies"] *= 2
    with pytest.raises(DocumentError, match="twice"):
        decode(json.dumps(plain).encode())


def test_too_many_bytes_are_not_even_parsed() -> None:
    data = encode(DOCUMENT)
    assert decode(data, max_bytes=len(data)) == DOCUMENT
    with pytest.raises(DocumentError, match="at most"):
        decode(data, max_bytes=len(data) - 1)


def test_a_tower_of_brackets_is_an_error_and_no_crash() -> None:
    with pytest.raises(DocumentError):
        decode(b"[" * 100_000)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PATHS = st.sampled_from(
    [
        "node",
        "node.pidMax",
        "containers",
        "containers.0",
        "containers.0.causes",
        "containers.0.causes.0",
        "containers.0.causes.0.ages",
        "containers.0.causes.0.ages.0",
        "containers.0.causes.0.evidence",
        "containers.0.causes.0.evidence.comms",
        "containers.0.pids",
        "host",
        "host.0.causes",
        "notObservable",
    ]
)


@given(st.binary(max_size=300) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_document_or_a_document_error(data: bytes) -> None:
    with pytest.raises(DocumentError):
        decode(data)


@given(PATHS, json_values)
def test_any_value_anywhere_is_a_document_or_a_document_error(path: str, value: object) -> None:
    try:
        document = decode(changed(path, value))
    except DocumentError:
        return
    assert decode(encode(document)) == document
