"""kopf's part: what wakes the loop, and what kopf is told to leave alone."""

from __future__ import annotations

import itertools
from typing import Any

import kopf
import pytest

from zombie_operator.api.v1alpha1 import GROUP, RESOURCES
from zombie_operator.controller.handlers import registry_for, settings


class Watched:
    """The one handler that every kind has, called as kopf calls it, and how often it woke the loop."""

    def __init__(self) -> None:
        self.wakes = 0
        self.registry = registry_for(self._wake)
        handlers = list(self.registry._watching.get_all_handlers())  # noqa: SLF001 - kopf has no public list
        self.selectors = [handler.selector for handler in handlers]
        self._handler: Any = handlers[0].fn

    def _wake(self) -> None:
        self.wakes += 1

    async def sees(self, change: str | None, uid: str, generation: int = 1) -> bool:
        """Tell whether this event wakes the loop."""
        before = self.wakes
        result = await self._handler(type=change, meta={"uid": uid, "generation": generation}, body={}, logger=None)
        assert result is None, "kopf would write the result onto the object"
        return self.wakes > before


async def test_a_new_object_and_a_new_generation_wake() -> None:
    watched = Watched()
    assert await watched.sees(None, "a")
    assert await watched.sees("ADDED", "b")
    assert await watched.sees("MODIFIED", "b", 2)


async def test_a_write_that_changes_no_generation_does_not_wake() -> None:
    """Such are our own status writes."""
    watched = Watched()
    await watched.sees("ADDED", "a")
    assert [await watched.sees("MODIFIED", "a") for _ in range(3)] == [False] * 3
    assert not await watched.sees(None, "a"), "after a reconnect the object is listed again"


async def test_two_objects_of_one_generation_are_told_apart() -> None:
    watched = Watched()
    assert [await watched.sees("ADDED", uid) for uid in "abc"] == [True] * 3


async def test_a_deletion_wakes_and_is_forgotten() -> None:
    watched = Watched()
    await watched.sees("ADDED", "a")
    assert await watched.sees("DELETED", "a")
    assert await watched.sees("DELETED", "never seen")
    assert await watched.sees("ADDED", "a"), "it is remembered no longer"


def test_only_our_kinds_are_watched() -> None:
    watched = [(selector.group, selector.version, selector.any_name) for selector in Watched().selectors if selector]
    assert watched == [(GROUP, "v1alpha1", resource.plural) for resource in RESOURCES]


def test_there_is_no_handler_for_which_kopf_writes_anything() -> None:
    """Any other kind than an event handler brings finalizers or annotations onto the objects."""
    registry = Watched().registry
    kinds = ("_changing", "_spawning", "_indexing", "_webhooks")
    others = itertools.chain.from_iterable(getattr(registry, kind).get_all_handlers() for kind in kinds)
    assert list(others) == []


def test_kopf_posts_no_events_scans_nothing_and_has_no_name_of_its_own_to_write() -> None:
    wanted = settings()
    assert (wanted.posting.enabled, wanted.scanning.disabled, wanted.peering.standalone) == (False, True, True)
    assert wanted.persistence.finalizer.startswith(GROUP)
    assert isinstance(wanted.persistence.progress_storage, kopf.AnnotationsProgressStorage)
    assert "kopf.zalando.org" not in f"{vars(wanted.persistence.progress_storage)}{wanted.persistence.finalizer}"


@pytest.mark.parametrize("name", ["server_timeout", "client_timeout", "connect_timeout"])
def test_no_watch_waits_for_ever(name: str) -> None:
    assert 0 < getattr(settings().watching, name) <= 600
