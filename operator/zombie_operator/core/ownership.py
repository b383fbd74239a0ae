"""Who manages a workload: the signals that Argo CD, Flux, Helm, other controllers and tools leave on it.

Only kubectl, or nobody, means that the operator may change the pod template; any other signal, and contradictory ones,
mean that somebody would undo the change. The signals and their sources are in ``docs/reference/ownership.md``.
"""

from __future__ import annotations

from collections.abc import Iterator

from zombie_operator.core.objects import FIELD_MANAGER, Workload
from zombie_operator.core.reasons import Reason, Refusal

ARGO_ANNOTATIONS = ("argocd.argoproj.io/tracking-id", "argocd.argoproj.io/installation-id")
FLUX_LABELS = ("kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name")
HELM_ANNOTATIONS = ("meta.helm.sh/release-name", "meta.helm.sh/release-namespace")
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
KNOWN_MANAGERS = {
    "argocd-controller": (Reason.MANAGED_BY_GITOPS, "Argo CD"),
    "argocd-application-controller": (Reason.MANAGED_BY_GITOPS, "Argo CD"),
    "kustomize-controller": (Reason.MANAGED_BY_GITOPS, "Flux"),
    "helm-controller": (Reason.MANAGED_BY_GITOPS, "Flux"),
    "helm": (Reason.MANAGED_BY_HELM, "Helm"),
    "Helm": (Reason.MANAGED_BY_HELM, "Helm"),
}
# The controllers of Kubernetes write the revision annotation; before-first-apply is what a first server-side apply
# calls the fields of an object that no manager claimed.
BUILT_IN = frozenset({FIELD_MANAGER, "kube-controller-manager", "before-first-apply", ""})


def managed_by(workload: Workload) -> Refusal | None:
    """Return why the workload's template is not ours to change, with the evidence, or None."""
    return next(_signals(workload), None)


def _signals(workload: Workload) -> Iterator[Refusal]:
    """Yield refusals, the strongest signal first: GitOps, then Helm, then owners, then tools."""
    yield from _marks(workload)
    if owner := workload.owner:
        what = f"{owner.kind} {owner.name}"
        evidence = "its controller ownerReference"
        yield _refuse(Reason.MANAGED_BY_OPERATOR, workload.title, what, evidence, f"the {owner.kind}")
    for manager in workload.managers:
        if manager in KNOWN_MANAGERS:
            reason, tool = KNOWN_MANAGERS[manager]
            yield _refuse(reason, workload.title, tool, f"field manager {manager}", "its source")
        elif manager not in BUILT_IN and not manager.startswith("kubectl"):
            yield _refuse(Reason.MANAGED_BY_OTHER, workload.title, manager, "its field manager", "its source")


def _marks(workload: Workload) -> Iterator[Refusal]:
    """Yield what the tools' own labels and annotations say."""
    title, labels, annotations = workload.title, workload.labels, workload.annotations
    for key in ARGO_ANNOTATIONS:
        if key in annotations:
            yield _refuse(Reason.MANAGED_BY_GITOPS, title, "Argo CD", f"annotation {key}", "Git")
    for key in FLUX_LABELS:
        if key in labels:
            yield _refuse(Reason.MANAGED_BY_GITOPS, title, "Flux", f"label {key}", "Git")
    for key in HELM_ANNOTATIONS:
        if key in annotations:
            yield _refuse(Reason.MANAGED_BY_HELM, title, "Helm", f"annotation {key}", "the release's values")
    if tool := labels.get(MANAGED_BY_LABEL):
        reason = Reason.MANAGED_BY_HELM if tool == "Helm" else Reason.MANAGED_BY_OTHER
        yield _refuse(reason, title, tool, f"label {MANAGED_BY_LABEL}", "its source")


def _refuse(reason: Reason, title: str, tool: str, evidence: str, where: str) -> Refusal:
    return Refusal(reason, f"{title} is managed by {tool} (evidence: {evidence}); make the change in {where}")
