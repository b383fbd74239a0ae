"""Who manages a workload: every signal refuses; kubectl, or nobody, lets pass."""

from __future__ import annotations

import pytest

from tests.unit.core.builders import workload
from zombie_operator.core.objects import FIELD_MANAGER, OwnerRef
from zombie_operator.core.ownership import managed_by
from zombie_operator.core.reasons import Reason

GITOPS, HELM = Reason.MANAGED_BY_GITOPS, Reason.MANAGED_BY_HELM
OPERATOR, OTHER = Reason.MANAGED_BY_OPERATOR, Reason.MANAGED_BY_OTHER


@pytest.mark.parametrize(
    ("fields", "reason", "evidence"),
    [
        pytest.param(
            {"annotations": {"argocd.argoproj.io/tracking-id": "a:apps/Deployment:shop/web"}},
            GITOPS,
            "annotation argocd.argoproj.io/tracking-id",
            id="Argo CD's tracking id",
        ),
        pytest.param(
            {"annotations": {"argocd.argoproj.io/installation-id": "x"}},
            GITOPS,
            "annotation argocd.argoproj.io/installation-id",
            id="Argo CD's installation id",
        ),
        pytest.param({"managers": ("argocd-controller",)}, GITOPS, "manager argocd-controller", id="Argo CD's manager"),
        pytest.param(
            {"managers": ("argocd-application-controller",)},
            GITOPS,
            "manager argocd-application-controller",
            id="Argo CD's older manager",
        ),
        pytest.param(
            {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}},
            GITOPS,
            "label kustomize.toolkit.fluxcd.io/name",
            id="Flux's kustomization label",
        ),
        pytest.param(
            {"labels": {"helm.toolkit.fluxcd.io/name": "apps"}},
            GITOPS,
            "label helm.toolkit.fluxcd.io/name",
            id="Flux's helm release label",
        ),
        pytest.param({"managers": ("kustomize-controller",)}, GITOPS, "kustomize-controller", id="Flux's manager"),
        pytest.param({"managers": ("helm-controller",)}, GITOPS, "helm-controller", id="Flux's helm manager"),
        pytest.param(
            {"annotations": {"meta.helm.sh/release-name": "web"}}, HELM, "release-name", id="Helm's release name"
        ),
        pytest.param(
            {"annotations": {"meta.helm.sh/release-namespace": "shop"}},
            HELM,
            "release-namespace",
            id="Helm's release namespace",
        ),
        pytest.param({"managers": ("helm",)}, HELM, "field manager helm", id="Helm's manager"),
        pytest.param({"managers": ("Helm",)}, HELM, "field manager Helm", id="Helm's manager of old"),
        pytest.param(
            {"labels": {"app.kubernetes.io/managed-by": "Helm"}},
            HELM,
            "label app.kubernetes.io/managed-by",
            id="the managed-by label of Helm",
        ),
        pytest.param(
            {"labels": {"app.kubernetes.io/managed-by": "kustomize-v5"}},
            OTHER,
            "label app.kubernetes.io/managed-by",
            id="the managed-by label of another tool",
        ),
        pytest.param(
            {"owner": OwnerRef("db.example/v1", "Database", "orders", "u")},
            OPERATOR,
            "controller ownerReference",
            id="another controller owns it",
        ),
        pytest.param({"managers": ("terraform",)}, OTHER, "its field manager", id="an unknown field manager"),
    ],
)
def test_every_signal_of_a_manager_refuses_with_its_evidence(
    fields: dict[str, object], reason: Reason, evidence: str
) -> None:
    refusal = managed_by(workload(**fields))
    assert refusal is not None
    assert refusal.reason is reason
    assert evidence in refusal.message
    assert "Deployment web is managed by" in refusal.message
    assert "make the change in" in refusal.message


@pytest.mark.parametrize(
    "managers",
    [
        pytest.param((), id="nobody"),
        pytest.param(("kubectl",), id="kubectl apply --server-side"),
        pytest.param(("kubectl-client-side-apply", "kubectl-rollout", "kubectl-edit"), id="several kubectl commands"),
        pytest.param(("kube-controller-manager",), id="the built-in controllers"),
        pytest.param(("before-first-apply", "kubectl"), id="fields nobody claimed"),
        pytest.param((FIELD_MANAGER, "kubectl"), id="ourselves"),
        pytest.param(("",), id="a manager without a name"),
    ],
)
def test_kubectl_or_nobody_lets_pass(managers: tuple[str, ...]) -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "deployment.kubernetes.io/revision": "3"}
    assert managed_by(workload(managers=managers, annotations=annotations, labels={"app": "web"})) is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param(
            {"managers": ("kubectl-edit",), "labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}},
            GITOPS,
            id="edited by kubectl, labelled by Flux",
        ),
        pytest.param(
            {"labels": {"app.kubernetes.io/managed-by": "Helm"}, "managers": ("argocd-controller",)},
            HELM,
            id="rendered by Helm, applied by Argo CD",
        ),
        pytest.param(
            {"annotations": {"meta.helm.sh/release-name": "web", "argocd.argoproj.io/tracking-id": "x"}},
            GITOPS,
            id="Helm and Argo CD: GitOps is named",
        ),
        pytest.param({"managers": ("kubectl", "terraform")}, OTHER, id="kubectl and an unknown manager"),
        pytest.param(
            {"managers": ("helm",), "owner": OwnerRef("x/v1", "App", "a", "u")}, OPERATOR, id="owner before tools"
        ),
    ],
)
def test_contradictory_signals_refuse(fields: dict[str, object], reason: Reason) -> None:
    refusal = managed_by(workload(**fields))
    assert refusal is not None
    assert refusal.reason is reason


def test_our_field_manager_is_no_kubectl() -> None:
    """Flux removes the fields of managers whose name starts with kubectl."""
    assert not FIELD_MANAGER.startswith("kubectl")
