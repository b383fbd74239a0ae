"""Events on a real API server: about whom, related to what, once each, and never in anybody's way."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.integration.audit import Witness
from tests.integration.stage import Stage
from zombie_operator.core.reasons import Reason
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.events import MAX_NOTE, Recorder, Subject

Object = dict[str, Any]


def deployment(stage: Stage, name: str = "app", uid: str = "uid-1") -> Subject:
    """Return the subject that a workload is."""
    return Subject("apps/v1", "Deployment", stage.namespace, name, uid)


async def posted(stage: Stage) -> list[Object]:
    """Return the events here, in the order of their making."""
    found = await stage.listed("Event")
    return sorted(found, key=lambda event: event["eventTime"])


async def test_an_event_says_who_what_and_why(client: KubeClient, stage: Stage) -> None:
    about = deployment(stage)
    ours = Subject("zombie-operator.dev/v1alpha1", "ZombieRemediation", stage.namespace, "r", "uid-2")
    recorder = Recorder(client, "zombie-operator-0")
    note = "it holds 100 zombies"
    await recorder.post(about, Reason.APPLYING, note, action="ShareProcessNamespace", warning=True, related=ours)
    (event,) = await posted(stage)
    wanted = {
        "regarding": about.reference(),
        "related": ours.reference(),
        "reason": "Applying",
        "action": "ShareProcessNamespace",
        "type": "Warning",
        "note": note,
        "reportingController": "zombie-operator.dev/operator",
        "reportingInstance": "zombie-operator-0",
    }
    assert {key: event.get(key) for key in wanted} == wanted


async def test_the_same_reason_is_not_posted_twice(client: KubeClient, stage: Stage, witness: Witness) -> None:
    recorder = Recorder(client, "zombie-operator-0")
    for note in ("100 zombies", "101 zombies", "102 zombies"):
        await recorder.post(deployment(stage), Reason.CANARY_UNAVAILABLE, note, action="Assess")
    assert [event["note"] for event in await posted(stage)] == ["100 zombies"]
    assert len(await witness.writes("events")) == 1


async def test_a_change_and_a_return_are_posted_again(client: KubeClient, stage: Stage) -> None:
    recorder = Recorder(client, "zombie-operator-0")
    words = [(Reason.APPLYING, "evicting a"), (Reason.VERIFYING, "a is gone"), (Reason.APPLYING, "evicting b")]
    for reason, note in words:
        await recorder.post(deployment(stage), reason, note, action="Assess")
    assert [(event["reason"], event["note"]) for event in await posted(stage)] == words


async def test_two_reasons_that_take_turns_are_posted_once_each(client: KubeClient, stage: Stage) -> None:
    recorder = Recorder(client, "zombie-operator-0")
    for reason in 3 * (Reason.APPLYING, Reason.REJECTED_BY_SERVER):
        await recorder.post(deployment(stage), reason, "the same words", action="Assess")
    assert [event["reason"] for event in await posted(stage)] == ["Applying", "RejectedByServer"]


async def test_what_could_not_be_posted_is_news_still(client: KubeClient, stage: Stage) -> None:
    recorder = Recorder(client, "zombie-operator-0")
    nowhere = Subject("apps/v1", "Deployment", f"{stage.namespace}-absent", "app", "uid-1")
    await recorder.post(nowhere, Reason.APPLYING, "a note", action="Assess")
    await recorder.post(deployment(stage, uid="uid-1"), Reason.APPLYING, "a note", action="Assess")
    assert [event["reason"] for event in await posted(stage)] == ["Applying"]


async def test_two_objects_of_one_name_are_told_apart(client: KubeClient, stage: Stage) -> None:
    recorder = Recorder(client, "zombie-operator-0")
    for uid in ("uid-1", "uid-2"):
        await recorder.post(deployment(stage, uid=uid), Reason.APPLYING, "a note", action="Assess")
    assert [event["regarding"]["uid"] for event in await posted(stage)] == ["uid-1", "uid-2"]


async def test_words_longer_than_the_server_takes_are_cut(client: KubeClient, stage: Stage) -> None:
    recorder = Recorder(client, "i" * 500)
    about = deployment(stage, name="n" * 253)
    await recorder.post(about, Reason.APPLYING, "ü" * 3_000, action="Assess")
    (event,) = await posted(stage)
    assert set(event["note"]) == {"ü"}
    assert len(event["note"].encode()) <= MAX_NOTE
    assert event["regarding"]["name"] == about.name


async def test_an_event_about_an_object_without_namespace_is_in_default(client: KubeClient, stage: Stage) -> None:
    node = Subject("v1", "Node", "", f"{stage.namespace}-node", f"{stage.namespace}-uid")
    await Recorder(client, "zombie-operator-0").post(node, Reason.NODE_FAULT, "a note", action="Assess")
    here = [event["regarding"] for event in await stage.listed("Event", "default")]
    assert node.reference() in here


async def test_a_refused_post_is_logged_and_stops_nobody(
    client: KubeClient, stage: Stage, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = Subject("apps/v1", "Deployment", f"{stage.namespace}-absent", "app", "uid-1")
    with caplog.at_level(logging.WARNING, "zombie_operator.kube.events"):
        await Recorder(client, "zombie-operator-0").post(nowhere, Reason.APPLYING, "a note", action="Assess")
    assert [entry.code for entry in await witness.writes("events")] == [404]
    assert [record.message for record in caplog.records] == ["Could not post event"]
