"""`make demo-clean`: takes away what the demo made and nothing else, and says what stays.

The demo marks what it makes: the release by its description in Helm, the operator's namespace by a label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.release import GROUP, KINDS, Release, reach
from tests.e2e import install

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "zombie-demo"
DESCRIPTION = "Installed by make demo"
MADE_BY = f"{GROUP}/made-by"


def refuse_foreign_release(environment: Mapping[str, str]) -> None:
    """Raise InstallError when somebody's own cluster has an operator that the demo would have to replace."""
    release = Release(environment)
    if not install.own_cluster_is_meant() and release.status() is not None and not is_the_demos(release):
        raise install.InstallError(
            f"Release {release.name} in namespace {release.namespace} of this cluster is not the demo's, and the demo "
            "would have to replace it. Use another cluster, unset KUBECONFIG for the project's own one, or take the "
            "release away first: make uninstall"
        )


def is_the_demos(release: Release) -> bool:
    """Tell whether the demo installed this release, and nobody has upgraded it since."""
    status = release.status() or {}
    return bool(status.get("info", {}).get("description") == DESCRIPTION)


def clean() -> None:
    """Take it all away, and say so. Raises NoClusterError when the cluster does not answer."""
    environment = reach()
    if environment is None:
        print("The test cluster is not up, so nothing of the demo runs.")
        return
    release = Release(environment)
    _remove_workloads(release)
    _remove_release(release)
    print("Stays: the images on the nodes and in build/. Remove the latter: make clean")
    if install.own_cluster_is_meant():
        print("Stays: the test cluster itself. Take it away, images and all: make cluster-down")


def _remove_workloads(release: Release) -> None:
    if release.kube.get("namespace", NAMESPACE) is None:
        print(f"There is no namespace {NAMESPACE}.")
        return
    release.kube.run("delete", "namespace", NAMESPACE)
    print(f"Removed namespace {NAMESPACE} with its workloads, policy and remediations.")


def _remove_release(release: Release) -> None:
    where = f"release {release.name} in namespace {release.namespace}"
    if release.status() is None:
        print(f"There is no {where}.")
        _say_that_kinds_stay(release)
    elif not is_the_demos(release):
        print(f"Stays: {where}, which the demo did not install. Take it away: make uninstall")
        return
    else:
        release.uninstall()
        print(f"Removed {where}, with its agents.")
        _remove_kinds(release)
    _remove_namespace(release)


def _remove_kinds(release: Release) -> None:
    """Remove our kinds where they hold nothing; else somebody's policies would go with them."""
    if release.objects(*KINDS):
        _say_that_kinds_stay(release)
    elif release.kinds():
        release.delete_kinds()
        print(f"Removed the CustomResourceDefinitions of {GROUP}, which held nothing.")


def _say_that_kinds_stay(release: Release) -> None:
    if release.kinds():
        held = len(release.objects(*KINDS))
        print(
            f"Stays: the CustomResourceDefinitions of {GROUP}, with {held} policies and remediations that are not the "
            "demo's. Remove them all: make uninstall ARGS=--purge"
        )


def _remove_namespace(release: Release) -> None:
    name = release.namespace
    namespace = release.kube.get("namespace", name)
    if namespace is None:
        return
    if namespace["metadata"].get("labels", {}).get(MADE_BY) == "demo":
        release.kube.run("delete", "namespace", name)
        print(f"Removed namespace {name}.")
    else:
        print(f"Stays: namespace {name}, which the demo did not make. Remove it: kubectl delete namespace {name}")
