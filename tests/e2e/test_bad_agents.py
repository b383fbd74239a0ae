"""An agent that answers garbage, stalls or speaks for others' pods is counted, logged, and believed in nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.e2e import fake_agents
from tests.e2e.manifests import FAST, PROVED, policy, workload
from tests.e2e.witness.waiting import eventually, never

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.installed import Installed
    from tests.e2e.space import Space
    from tests.e2e.witness.audit import AuditLog

pytestmark = pytest.mark.cluster

NAME = "fake-agent"
ERRORS = "zombie_operator_agent_errors_total"
FOREIGN_PODS = "zombie_operator_foreign_pods_total"


class Start(Protocol):
    """Starts a fake agent on a node."""

    def __call__(self, node: str, answer: str, *, delay: float = 0) -> None: ...


@dataclass(frozen=True)
class Bad:
    """What the agent of the first of two nodes answers, how late, and the word that it is counted under."""

    reason: str
    answer: str = ""
    speaks_for_other_node: bool = False
    delay: float = 0


BAD = {
    "garbage": Bad("garbage", "<html>It works!</html>"),
    "timeout": Bad("timeout", "{}", delay=600),
    "speaks-for-another-node": Bad("wrong_node", speaks_for_other_node=True),
}


@pytest.fixture
def start(installed: Installed) -> Iterator[Start]:
    """Return a function that starts a fake agent; whatever it started is gone after the test."""
    kube, namespace = installed.kube, installed.agents_namespace
    agent = installed.agent_pods()[0]
    kube.apply(fake_agents.holder(NAME), namespace=namespace)
    owner = kube.get("configmap", NAME, namespace) or {}

    def start(node: str, answer: str, *, delay: float = 0) -> None:
        fake = fake_agents.pod(NAME, agent, owner, node=node, answer=answer, delay=delay)
        kube.apply(fake, namespace=namespace)
        kube.run("wait", "--for=condition=Ready", f"pod/{NAME}", "-n", namespace, "--timeout=60s")

    yield start
    kube.run("delete", f"configmap/{NAME}", f"pod/{NAME}", "-n", namespace, "--ignore-not-found")


@pytest.fixture
def lonely_node(installed: Installed) -> Iterator[tuple[str, str]]:
    """Return two nodes, the second without an agent of the DaemonSet as long as the test runs."""
    kube, namespace = installed.kube, installed.agents_namespace
    first, second = sorted(node["metadata"]["name"] for node in kube.list("nodes"))[:2]
    daemons = kube.list("daemonsets", namespace)[0]["metadata"]["name"]
    elsewhere = {"key": "kubernetes.io/hostname", "operator": "NotIn", "values": [second]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [elsewhere]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    _set_affinity(installed, daemons, affinity)
    yield first, second
    _set_affinity(installed, daemons, None)


def _set_affinity(installed: Installed, daemons: str, affinity: dict[str, Any] | None) -> None:
    where = ("-n", installed.agents_namespace)
    installed.kube.merge("daemonset", daemons, {"spec": {"template": {"spec": {"affinity": affinity}}}}, *where)
    installed.kube.run("rollout", "status", f"daemonset/{daemons}", *where, "--timeout=90s", timeout=100)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_agent_is_counted_and_logged_and_nothing_else_suffers(
    space: Space, installed: Installed, start: Start, bad: Bad
) -> None:
    space.apply(workload("leaky", PROVED), policy("Observe"))
    nodes = sorted(node["metadata"]["name"] for node in installed.kube.list("nodes"))
    counted = installed.metric(ERRORS, reason=bad.reason)
    restarts = installed.restarts()
    since = datetime.now(UTC)

    start(nodes[0], fake_agents.document(nodes[1]) if bad.speaks_for_other_node else bad.answer, delay=bad.delay)

    eventually(
        "another error is counted", lambda: installed.metric(ERRORS, reason=bad.reason), lambda now: now > counted
    )
    eventually("the log names the agent", lambda: installed.log(since), lambda log: NAME in log)
    space.found("leaky", "Observing")
    assert installed.restarts() == restarts


def test_an_agent_is_believed_only_for_the_pods_of_its_own_node(
    space: Space, installed: Installed, audit: AuditLog, start: Start, lonely_node: tuple[str, str]
) -> None:
    first, second = lonely_node
    _apply_clean_workloads(space, first, second)
    elsewhere, here, vanished = _running(space, "elsewhere"), _running(space, "here"), _running(space, "vanished")
    space.kube.run("delete", "pod", "vanished-0", "-n", space.name, "--grace-period=1")
    eventually("a new pod of that name", lambda: space.uids("vanished"), lambda uids: uids and uids[0] != vanished)
    apps = ("elsewhere", "here", "vanished")
    pods = {app: space.uids(app) for app in apps}
    since = datetime.now(UTC)
    counted = installed.metric(FOREIGN_PODS)

    start(second, fake_agents.document(second, (elsewhere, here, vanished)))

    # It is an agent like any other, so of a pod on its own node it is believed.
    finding = eventually("a finding about the pod of its own node", lambda: space.finding("here", "observe"))
    assert finding is not None
    assert finding["zombies"] == 100
    eventually(
        "the log names both pods", lambda: installed.log(since), lambda log: elsewhere in log and vanished in log
    )
    assert installed.metric(FOREIGN_PODS) >= counted + 2
    never(
        "a decision about a pod that is not on the agent's node",
        lambda: (space.policy_status("enforce").get("findings"), *(space.remediations(app) for app in apps)),
        any,
        during=8,
    )
    assert {app: space.uids(app) for app in apps} == pods
    written = audit.writes(by=installed.operator_user, namespace=space.name)
    assert {write.path for write in written} <= {"zombiepolicies/status", "events"}


def _apply_clean_workloads(space: Space, first: str, second: str) -> None:
    """Apply workloads without a leak on both nodes, and policies that would act on all but `here`, if they leaked."""
    clean = ("clean", *FAST)
    on_first, on_second = ({"nodeSelector": {"kubernetes.io/hostname": node}} for node in (first, second))
    others = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["here"]}]}
    space.apply(
        workload("elsewhere", clean, pod=on_first),
        workload("here", clean, pod=on_second),
        workload("vanished", clean, kind="StatefulSet", pod=on_second),
        policy("Observe", name="observe", selector={"matchLabels": {"app": "here"}}),
        policy(name="enforce", remedies=("ShareProcessNamespace", "RestartPod"), selector=others),
    )


def _running(space: Space, app: str) -> str:
    """Wait for the only pod of an app, and return its UID."""
    return eventually(f"a pod of {app}", lambda: space.uids(app))[0]
