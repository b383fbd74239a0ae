"""The installed release and what it leaves in a cluster, for `make uninstall` and `make demo-clean`.

Standard library only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e import install
from tests.e2e.witness.kube import Kubectl, KubectlError

Object = dict[str, Any]

GROUP = "zombie-operator.dev"
POLICIES = (f"zombiepolicies.{GROUP}", f"clusterzombiepolicies.{GROUP}")
REMEDIATIONS = f"zombieremediations.{GROUP}"
KINDS = (*POLICIES, REMEDIATIONS)
ANSWER_SECONDS = 10


class NoClusterError(Exception):
    """There is no cluster to look into; the text is one sentence with the way out."""


def reach() -> Mapping[str, str] | None:
    """Return the environment that reaches the cluster; None when the project's own is meant and not up.

    Raises NoClusterError when the cluster does not answer, or when a program is missing.
    """
    if not install.own_cluster_is_meant():
        environment: Mapping[str, str] = dict(os.environ)
    elif install.own_cluster_is_up():
        environment = install.own_environment()
    else:
        return None
    for program in ("kubectl", "helm"):
        if shutil.which(program, path=environment.get("PATH")) is None:
            raise NoClusterError(f"There is no {program} on PATH: install it, then try again.")
    try:
        Kubectl(environment).run("get", "--raw", "/readyz", f"--request-timeout={ANSWER_SECONDS}s")
    except (KubectlError, subprocess.TimeoutExpired) as error:
        last = str(error).strip().splitlines()[-1]
        raise NoClusterError(
            f"The cluster of KUBECONFIG={environment['KUBECONFIG']} does not answer, so nothing was changed: {last}"
        ) from error
    return environment


@dataclass(frozen=True, slots=True)
class Release:
    """The release of the chart in one namespace, and the kinds that it brought into the cluster."""

    environment: Mapping[str, str]
    namespace: str = install.OPERATOR_NAMESPACE
    name: str = install.RELEASE

    @property
    def kube(self) -> Kubectl:
        """Return kubectl for this cluster."""
        return Kubectl(self.environment)

    def status(self) -> Object | None:
        """Return what Helm knows of the release, None where there is none of this name."""
        done = self._helm("status", self.name, "--output", "json")
        if done.returncode and "not found" in done.stderr:
            return None
        return dict(json.loads(self._checked(done)))

    def uninstall(self) -> None:
        """Take it away, if it is there, and wait for that."""
        self._checked(self._helm("uninstall", self.name, "--ignore-not-found", "--wait", "--timeout", "90s"))

    def kinds(self) -> tuple[str, ...]:
        """Return which of our kinds the cluster knows."""
        found = self.kube.run("get", "crd", *KINDS, "--ignore-not-found", "-o", "name")
        known = {line.rpartition("/")[2] for line in found.split()}
        return tuple(kind for kind in KINDS if kind in known)

    def objects(self, *kinds: str) -> list[Object]:
        """Return all objects of some of our kinds, in all namespaces."""
        return [one for kind in self.kinds() if kind in kinds for one in self.kube.list(kind)]

    def delete_kinds(self) -> None:
        """Delete our kinds, and so every policy and remediation."""
        self.kube.run("delete", "crd", *KINDS, "--ignore-not-found")

    def _helm(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["helm", *arguments, "--namespace", self.namespace]
        return subprocess.run(command, env=dict(self.environment), capture_output=True, text=True, check=False)

    def _checked(self, done: subprocess.CompletedProcess[str]) -> str:
        if done.returncode:
            raise install.InstallError(f"`{' '.join(done.args)}` failed: {done.stderr.strip()}")
        return done.stdout
