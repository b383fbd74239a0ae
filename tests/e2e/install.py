"""From nothing to an installed operator: a cluster, the two images in it, the chart. For the tests and for the demo.

Without $KUBECONFIG the project's own cluster is brought up and used, and missing Debian packages are installed for it.
Another one that it names must meet these conditions:

* its nodes run on this machine (kind, k3d), because the witnesses read this machine's /proc;
* $ZOMBIE_IMAGE_LOAD says how an image archive gets to its nodes, with {} for the file, for example
  ``kind load image-archive {}`` or ``k3d image import {}``; an empty value says that both images are there already;
* $ZOMBIE_AUDIT_LOG names the API server's audit log, at level Request for the accounts of the operator's two
  namespaces; without it the tests that need it are skipped.

Standard library only.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.witness.kube import Kubectl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
RELEASE = "zombie-operator"
OPERATOR_NAMESPACE = "zombie-operator"
AGENTS_NAMESPACE = "zombie-operator-agents"
IMAGE = "localhost/zombie-operator:dev"
OWN_CLUSTER = ROOT / ".cluster"
KEPT_LINES = 30


class InstallError(Exception):
    """Something a person can act on; its text is all that is printed."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster: the environment that reaches it, how images get to its nodes, and its audit log."""

    environment: Mapping[str, str] = field(repr=False)
    load_command: tuple[str, ...] | None
    audit_log: Path | None

    @property
    def kube(self) -> Kubectl:
        """Return kubectl for this cluster."""
        return Kubectl(self.environment)


@dataclass(frozen=True, slots=True)
class Installer:
    """Does it step by step. ``tell`` is given every line that the commands print; without it they print themselves."""

    tell: Callable[[str], None] | None = None

    def find_cluster(self) -> Cluster:
        """Return the cluster that $KUBECONFIG names, or the project's own one, brought up."""
        if not own_cluster_is_meant():
            return _given_cluster()
        self._run(sys.executable, "-m", "tests.cluster", "up", "--install")
        load = (sys.executable, "-m", "tests.cluster", "load", "{}")
        return Cluster(own_environment(), load, OWN_CLUSTER / "audit.log")

    def load_images(self, cluster: Cluster) -> None:
        """Build the operator's image and the zoo's, and bring both to every node."""
        if cluster.load_command is None:
            return
        product, zoo = BUILD / "image.tar", BUILD / "zoo.tar"
        tools = ("--install",) if own_cluster_is_meant() else ()
        self._run(sys.executable, "-m", "deploy.image", "build", "--tag", IMAGE, "--output", str(product), *tools)
        self._run(sys.executable, "-m", "tests.zoo.image", "--output", str(zoo))
        for archive in (product, zoo):
            load = (word.replace("{}", str(archive)) for word in cluster.load_command)
            self._run(*load, environment=cluster.environment)

    def install_chart(self, cluster: Cluster, values: Mapping[str, Any], description: str = "") -> None:
        """Install the chart afresh, so that the pods run the image that was just loaded; return when they are ready.

        Helm keeps the description with the release, so that whoever made it can know it again.
        """
        self.uninstall_chart(cluster)
        BUILD.mkdir(exist_ok=True)
        settings = BUILD / "values.json"
        settings.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        where = ("--namespace", OPERATOR_NAMESPACE, "--create-namespace")
        options = ["--values", str(settings), "--wait", "--timeout", "120s", "--hide-notes"]
        if description:
            options += ["--description", description]
        self._helm(cluster, "install", RELEASE, str(ROOT / "deploy" / "chart"), *where, *options)

    def uninstall_chart(self, cluster: Cluster) -> None:
        """Take the release away, if there is one."""
        gone = ("--ignore-not-found", "--wait", "--timeout", "90s", "--namespace", OPERATOR_NAMESPACE)
        self._helm(cluster, "uninstall", RELEASE, *gone)

    def _helm(self, cluster: Cluster, *arguments: str) -> None:
        helm = shutil.which("helm", path=cluster.environment.get("PATH"))
        if helm is None:
            raise InstallError("There is no helm on PATH, and the chart needs it.")
        self._run(helm, *arguments, environment=cluster.environment)

    def _run(self, *command: str, environment: Mapping[str, str] | None = None) -> None:
        """Run a command in the repository's root, and fail with the end of what it printed."""
        output = None if self.tell is None else subprocess.PIPE
        last: deque[str] = deque(maxlen=KEPT_LINES)
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process:
            for line in process.stdout or ():
                last.append(line)
                if self.tell and line.strip():
                    self.tell(line.strip())
        if process.returncode:
            raise InstallError(f"`{shlex.join(command)}` ended with exit code {process.returncode}.\n{''.join(last)}")


def own_cluster_is_meant() -> bool:
    """Tell whether $KUBECONFIG is unset or names the project's own cluster."""
    return os.environ.get("KUBECONFIG", "") in {"", str(OWN_CLUSTER / "kubeconfig")}


def own_cluster_is_up() -> bool:
    """Tell whether the project's own cluster is there; its kubeconfig exists exactly as long as it does."""
    return (OWN_CLUSTER / "kubeconfig").exists()


def _given_cluster() -> Cluster:
    load = os.environ.get("ZOMBIE_IMAGE_LOAD")
    if load is None:
        raise InstallError(
            "KUBECONFIG is set, so that cluster is used, but ZOMBIE_IMAGE_LOAD does not say how an image archive gets "
            "to its nodes. For kind: ZOMBIE_IMAGE_LOAD='kind load image-archive {}'. Unset KUBECONFIG to use the "
            "project's own cluster."
        )
    audit = os.environ.get("ZOMBIE_AUDIT_LOG")
    return Cluster(dict(os.environ), tuple(shlex.split(load)) or None, Path(audit) if audit else None)


def own_environment() -> dict[str, str]:
    """Return the environment that reaches the project's own cluster: what the cluster's driver prints for a shell."""
    command = (sys.executable, "-m", "tests.cluster", "env")
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    environment = dict(os.environ)
    for line in printed.splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        environment[name] = value.replace("$PATH", os.environ.get("PATH", os.defpath))
    return environment
