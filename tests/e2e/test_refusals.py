"""What somebody else has a say in is left alone, and the status says who and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.e2e.manifests import PROVED, Object, disruption_budget, policy, workload
from tests.e2e.space import shares_process_namespace
from tests.e2e.witness.waiting import never

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.e2e.installed import Installed
    from tests.e2e.space import Space
    from tests.e2e.witness.audit import AuditLog

pytestmark = pytest.mark.cluster

APP = "leaky"
IGNORE = {"zombie-operator.dev/ignore": "true"}
BOTH_REMEDIES = ("ShareProcessNamespace", "RestartPod")


@dataclass(frozen=True)
class Case:
    """What forbids to act on a leaking workload, and what the status must say: a reason, and words of its sentence."""

    reason: str
    words: str
    decision: str = "Refused"
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    pod_annotations: Mapping[str, str] = field(default_factory=dict)
    namespace_annotations: Mapping[str, str] = field(default_factory=dict)
    remedies: tuple[str, ...] = ("ShareProcessNamespace",)
    also: tuple[Object, ...] = ()


HELM = {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "shop"}
ARGO_CD = {"argocd.argoproj.io/tracking-id": f"shop:apps/Deployment:shop/{APP}"}
FLUX = {"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
FLUX_HELM = {"helm.toolkit.fluxcd.io/name": "shop", "helm.toolkit.fluxcd.io/namespace": "flux-system"}
CASES = {
    "helm": Case("ManagedByHelm", "Helm", labels={"app.kubernetes.io/managed-by": "Helm"}, annotations=HELM),
    "argo-cd": Case("ManagedByGitOps", "Argo CD", annotations=ARGO_CD),
    "flux-kustomization": Case("ManagedByGitOps", "Flux", labels=FLUX),
    "flux-helm-release": Case("ManagedByGitOps", "Flux", labels=FLUX_HELM),
    "workload-opts-out": Case("OptedOut", f"Deployment {APP}", annotations=IGNORE, remedies=BOTH_REMEDIES),
    "pod-opts-out": Case("OptedOut", f"pod {APP}-", pod_annotations=IGNORE, remedies=BOTH_REMEDIES),
    "namespace-opts-out": Case("OptedOut", "namespace e2e-", namespace_annotations=IGNORE, remedies=BOTH_REMEDIES),
    "disruption-budget-of-zero": Case(
        "DisruptionBudget",
        f"PodDisruptionBudget {APP}",
        decision="Waiting",
        remedies=("RestartPod",),
        also=(disruption_budget(APP),),
    ),
}


@pytest.fixture(scope="module")
def started(make_space: Callable[[str], Space]) -> dict[str, Space]:
    """Start all cases at once: each is mostly waiting, and they do not mind each other."""
    spaces = {name: make_space(name) for name in CASES}
    for name, case in CASES.items():
        if case.namespace_annotations:
            spaces[name].kube.merge("namespace", spaces[name].name, {"metadata": {"annotations": IGNORE}})
        leaky = workload(APP, PROVED, labels=case.labels, annotations=case.annotations)
        leaky["spec"]["template"]["metadata"]["annotations"] = dict(case.pod_annotations)
        spaces[name].apply(leaky, policy(remedies=case.remedies), *case.also)
    return spaces


@pytest.fixture(params=CASES)
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of one of the cases."""
    return str(request.param)


@pytest.fixture
def space(started: dict[str, Space], name: str) -> Space:
    """Return its namespace."""
    return started[name]


def test_it_is_left_alone_and_the_status_says_why(
    space: Space, name: str, installed: Installed, audit: AuditLog
) -> None:
    case = CASES[name]
    space.leaking(APP)
    pods = space.uids(APP)

    finding = space.found(APP, case.reason)

    assert finding["decision"] == case.decision
    assert case.words in finding["message"]

    def seen() -> tuple[int, list[str]]:
        return space.get("Deployment", APP)["metadata"]["generation"], space.uids(APP)

    never("a change of a workload that is to be left alone", seen, lambda now: now != (1, pods), during=5)
    assert not shares_process_namespace(space.get("Deployment", APP))
    assert space.remediations(APP) == []
    written = audit.writes(by=installed.operator_user, namespace=space.name)
    assert {write.path for write in written} <= {"zombiepolicies/status", "events"}
