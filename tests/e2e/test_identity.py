"""The operator and its agents run as nobody in particular, with no capability, by the node's own account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.witness import proc

if TYPE_CHECKING:
    from tests.e2e.installed import Installed

pytestmark = pytest.mark.cluster

NON_ROOT = 65532


def test_every_process_of_the_product_runs_without_privilege(installed: Installed) -> None:
    pods = [*installed.operator_pods(), *installed.agent_pods()]
    containers = [status["containerID"] for pod in pods for status in pod["status"]["containerStatuses"]]
    nodes = installed.kube.list("nodes")

    assert len(installed.agent_pods()) == len(nodes), "an agent on every node"
    for container in containers:
        processes = proc.living(container_id=container)
        assert processes, f"no process of {container} in /proc"
        for process in processes:
            seen = proc.credentials(process)
            assert set(seen.uids) == {NON_ROOT}
            assert set(seen.gids) == {NON_ROOT}
            assert set(seen.capabilities.values()) == {0}, seen.capabilities
            assert seen.no_new_privileges
            assert seen.seccomp_filtered


def test_agents_hold_no_api_token(installed: Installed) -> None:
    for pod in installed.agent_pods():
        projected = [volume for volume in pod["spec"]["volumes"] if "projected" in volume]
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert projected == []
