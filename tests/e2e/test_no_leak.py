"""What looks like a leak at a glance and is none: zombies that their init does wait for, only not at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.manifests import FAST, PROVED, THRESHOLD, policy, workload

if TYPE_CHECKING:
    from tests.e2e.space import Space

pytestmark = pytest.mark.cluster


def test_a_supervisor_that_reaps_is_no_leak(space: Space) -> None:
    space.apply(workload("clean", ("clean", *FAST)), workload("leaky", PROVED), policy("Observe"))
    space.leaking("leaky")

    space.found("leaky", "Observing")

    assert space.orphans("clean") > THRESHOLD
    assert space.finding("clean") is None
    assert space.policy_status()["leaking"] == 1
