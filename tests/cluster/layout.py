"""Names and places of one cluster: the only module that knows what a cluster's files, cgroup and link are called.

Everything is derived from the cluster's name, so that ``down`` finds what a crashed ``up`` left behind without having
to trust a state file.
"""

import re
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_NAME = "zo"
DEFAULT_NODES = 2
MAX_NODES = 7  # one /24 of pods each, see network.Addresses
_NAME = re.compile(r"[a-z][a-z0-9-]{0,11}")


class ClusterError(Exception):
    """Something a person can act on; its text is all that is printed."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the cluster called ``name`` owns on this machine."""

    name: str = DEFAULT_NAME

    def __post_init__(self) -> None:
        """Refuse names that do not fit into a network interface's 15 characters."""
        if not _NAME.fullmatch(self.name):
            raise ClusterError(f"{self.name!r} is no cluster name: up to 12 of a-z, 0-9 and '-', a letter first.")

    @property
    def state(self) -> Path:
        """Everything this cluster writes."""
        return REPOSITORY / (".cluster" if self.name == DEFAULT_NAME else f".cluster-{self.name}")

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig; it exists exactly while the cluster is up."""
        return self.state / "kubeconfig"

    @property
    def logs(self) -> Path:
        """One file per component, kept by ``down``."""
        return self.state / "logs"

    @property
    def previous_logs(self) -> Path:
        """The logs of the run before."""
        return self.state / "logs.previous"

    @property
    def audit_log(self) -> Path:
        """What the API server was asked to change, and by whom; kept by ``down``."""
        return self.state / "audit.log"

    @property
    def run(self) -> Path:
        """Data, keys and configuration; gone after ``down``."""
        return self.state / "run"

    @property
    def lock(self) -> Path:
        """Held while ``up`` or ``down`` work."""
        return self.state / "lock"

    @property
    def pki(self) -> Path:
        """Keys, certificates and tokens."""
        return self.run / "pki"

    @property
    def cgroup(self) -> str:
        """The cgroup, below the root of each hierarchy, that holds every process of the cluster."""
        return f"zo-{self.name}"

    @property
    def link(self) -> str:
        """The host's end of the pair that joins it with the cluster's network namespace."""
        return f"zo-{self.name}"

    def node_name(self, number: int) -> str:
        """Return the name of the node with this number, from 1."""
        return f"{self.name}-node-{number}"

    def node_dir(self, number: int) -> Path:
        """Return the folder with everything this node writes."""
        return self.run / self.node_name(number)
