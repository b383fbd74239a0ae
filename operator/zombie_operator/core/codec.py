"""The ``/v1/zombies`` document as JSON and back: ``decode(encode(document)) == document``.

The agent and ``zombies scan -o json`` encode; the operator decodes what agents send, which may be anything, so
``decode`` returns a document that is consistent in itself or raises ``DocumentError`` with the field at fault.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeVar

from zombie_operator.core.checked import DocumentError, Item, load
from zombie_operator.core.document import (
    API_VERSION,
    KIND,
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["DEFAULT_MAX_BYTES", "DocumentError", "decode", "encode", "to_json"]

DEFAULT_MAX_BYTES = 8 << 20
"""Largest document accepted. One of 200 leaking containers has about 500 KiB."""

T = TypeVar("T")

_POD_UID = re.compile(r"[0-9A-Za-z-]{1,64}")
_CONTAINER_ID = re.compile(r"[0-9A-Za-z_.-]{1,128}")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_SIGCHLD = re.compile(r"Caught|Blocked|Ignored|Default")


def encode(document: Document) -> bytes:
    """Return the document as compact JSON in ASCII."""
    return json.dumps(to_json(document), separators=(",", ":"), allow_nan=False).encode("ascii")


def to_json(document: Document) -> dict[str, object]:
    """Return the document as JSON's own types."""
    node = document.node
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "node": {
            "name": node.name,
            "bootID": node.boot_id,
            "sampleAgeSeconds": node.sample_age_seconds,
            "scanSeconds": node.scan_seconds,
            "complete": node.complete,
            "pidMax": node.pid_max,
            "threadsMax": node.threads_max,
        },
        "containers": [_container_to_json(one) for one in document.containers],
        "host": [
            {
                "parentPID": one.parent_pid,
                "parentComm": one.parent_comm,
                "zombies": one.zombies,
                "causes": [_cause_to_json(cause) for cause in one.causes],
            }
            for one in document.host
        ],
        "notObservable": list(document.not_observable),
    }


def _container_to_json(one: ContainerReport) -> dict[str, object]:
    return {
        "podUID": one.pod_uid,
        "containerID": one.container_id,
        "namespace": one.namespace,
        "pod": one.pod,
        "container": one.container,
        "initPID": one.init_pid,
        "initComm": one.init_comm,
        "sandboxReaps": one.sandbox_reaps,
        "zombies": one.zombies,
        "causes": [_cause_to_json(cause) for cause in one.causes],
        "assessment": one.assessment,
        "pids": {
            "current": one.pids.current,
            "limit": one.pids.limit,
            "exhaustedInSeconds": one.pids.exhausted_in_seconds,
        },
    }


def _cause_to_json(one: CauseCount) -> dict[str, object]:
    evidence = one.evidence
    return {
        "cause": one.cause,
        "origin": one.origin,
        "zombies": one.zombies,
        "ages": [[age.min_seconds, age.max_seconds, age.count] for age in one.ages],
        "oldestSeconds": one.oldest_seconds,
        "evidence": {
            "parentPID": evidence.parent_pid,
            "parentComm": evidence.parent_comm,
            "sigchld": evidence.sigchld,
            "proofs": dict(evidence.proofs),
            "comms": dict(evidence.comms),
            "sessions": evidence.sessions,
        },
    }


def decode(data: bytes, *, max_bytes: int = DEFAULT_MAX_BYTES) -> Document:
    """Return the document that untrusted bytes hold. Raises ``DocumentError`` and nothing else."""
    top = load(data, max_bytes)
    for key, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
        if top[key].text() != expected:
            top[key].fail(f"not {expected}")
    document = Document(
        node=_node(top["node"]),
        containers=_many(top["containers"], _container),
        host=_many(top["host"], _host),
        not_observable=_many(top["notObservable"], lambda one: one.text(_POD_UID)),
    )
    _refuse_duplicates(document)
    return document


def _many(item: Item, read: Callable[[Item], T]) -> tuple[T, ...]:
    return tuple(read(one) for one in item.items())


def _node(item: Item) -> NodeReport:
    return NodeReport(
        name=item["name"].text(),
        boot_id=item["bootID"].text(),
        sample_age_seconds=item["sampleAgeSeconds"].seconds(),
        scan_seconds=item["scanSeconds"].seconds(),
        complete=item["complete"].boolean(),
        pid_max=item["pidMax"].maybe(Item.integer),
        threads_max=item["threadsMax"].maybe(Item.integer),
    )


def _name(item: Item) -> str | None:
    return item.maybe(lambda one: one.text(_NAME))


def _container(item: Item) -> ContainerReport:
    pids = item["pids"]
    causes = _many(item["causes"], _cause)
    return ContainerReport(
        pod_uid=item["podUID"].text(_POD_UID),
        container_id=item["containerID"].text(_CONTAINER_ID),
        namespace=_name(item["namespace"]),
        pod=_name(item["pod"]),
        container=_name(item["container"]),
        init_pid=item["initPID"].maybe(Item.integer),
        init_comm=item["initComm"].maybe(Item.text),
        sandbox_reaps=item["sandboxReaps"].maybe(Item.boolean),
        zombies=_total(item["zombies"], causes),
        causes=causes,
        assessment=item["assessment"].maybe(lambda one: one.word(Assessment)),
        pids=Pids(
            current=pids["current"].maybe(Item.integer),
            limit=pids["limit"].maybe(Item.integer),
            exhausted_in_seconds=pids["exhaustedInSeconds"].maybe(Item.integer),
        ),
    )


def _host(item: Item) -> HostReport:
    causes = _many(item["causes"], _cause)
    return HostReport(
        parent_pid=item["parentPID"].maybe(Item.integer),
        parent_comm=item["parentComm"].maybe(Item.text),
        zombies=_total(item["zombies"], causes),
        causes=causes,
    )


def _cause(item: Item) -> CauseCount:
    zombies = item["zombies"].integer(1)
    ages = _many(item["ages"], _age)
    if sum(age.count for age in ages) != zombies:
        item["ages"].fail(f"counts do not add up to {zombies} zombies")
    oldest = item["oldestSeconds"].integer()
    if oldest != max(age.min_seconds for age in ages):
        item["oldestSeconds"].fail("not the largest lower bound of ages")
    cause, origin = item["cause"].word(Cause), item["origin"].maybe(lambda one: one.word(Origin))
    if (origin is None) == (cause is Cause.INIT_NOT_REAPING):
        item["origin"].fail(f"{origin} does not go with {cause}")
    return CauseCount(cause, origin, zombies, ages, oldest, _evidence(item["evidence"], zombies))


def _age(item: Item) -> Age:
    numbers = [one.integer() for one in item.items(3)]
    if len(numbers) != 3 or numbers[0] > numbers[1] or not numbers[2]:  # noqa: PLR2004 - a triple
        item.fail("not [minimum, maximum, count]")
    return Age(*numbers)


def _evidence(item: Item, zombies: int) -> Evidence:
    proofs = tuple((key.word(Proof), value.integer()) for key, value in item["proofs"].entries())
    comms = tuple((key.text(), value.integer()) for key, value in item["comms"].entries())
    for field, counts in (("proofs", [n for _, n in proofs]), ("comms", [n for _, n in comms])):
        if any(count > zombies for count in counts):
            item[field].fail(f"more than {zombies} zombies")
    return Evidence(
        parent_pid=item["parentPID"].maybe(Item.integer),
        parent_comm=item["parentComm"].maybe(Item.text),
        sigchld=item["sigchld"].maybe(lambda one: one.text(_SIGCHLD)),
        proofs=proofs,
        comms=comms,
        sessions=item["sessions"].maybe(Item.integer),
    )


def _total(item: Item, causes: Iterable[CauseCount]) -> int:
    """Return a container's zombies, which are those of its causes without processes that only look dead."""
    zombies = item.integer()
    if zombies != sum(one.zombies for one in causes if one.cause not in NOT_ZOMBIES):
        item.fail("not the sum of its causes")
    return zombies


def _refuse_duplicates(document: Document) -> None:
    """One container twice, or one cause twice in it, would count its zombies twice."""
    ids = [one.container_id for one in document.containers]
    if len(set(ids)) != len(ids):
        raise DocumentError("containers", "the same containerID twice")
    for index, one in enumerate(document.containers):
        rows = [(cause.cause, cause.origin) for cause in one.causes]
        if len(set(rows)) != len(rows):
            raise DocumentError(f"containers[{index}].causes", "the same cause and origin twice")
