"""Brings a cluster up and takes it down, whatever state it finds.

``down`` does not trust what ``up`` remembered: it ends whatever is in the cluster's cgroup and deletes whatever bears
its name. So an ``up`` that was killed half-way needs nothing more than a ``down``, or another ``up``.
"""

import shutil
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.cluster import api, binaries, cgroups, control_plane, credentials, locks, network, node, processes
from tests.cluster.layout import ClusterError, Layout

_NODE_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Status:
    """What there is of a cluster, as ``status`` prints it."""

    missing: list[str]
    ready: list[str]
    serving: bool

    @property
    def healthy(self) -> bool:
        """Tell whether nothing is missing."""
        return self.serving and not self.missing


def up(layout: Layout, nodes: int) -> None:
    """Return with a working cluster: at once if there is one, or after clearing away what is half dead."""
    began = time.monotonic()
    with _exclusive(layout):
        if status(layout).healthy and _nodes_of(layout) == nodes:
            print(f"the cluster {layout.name!r} is up: {layout.kubeconfig}")
            return
        if cgroups.exists(layout.cgroup) or network.exists(layout) or layout.run.exists():
            print(f"clearing away what is left of the cluster {layout.name!r}", flush=True)
            _clear(layout)
        programs = binaries.build()
        _turn_logs(layout)
        layout.run.mkdir()
        _start(layout, programs, nodes)
    print(f"the cluster {layout.name!r} is up after {time.monotonic() - began:.1f} s: {layout.kubeconfig}")


def down(layout: Layout) -> None:
    """Leave nothing of the cluster but its logs."""
    if not layout.state.exists() and not cgroups.exists(layout.cgroup) and not network.exists(layout):
        print(f"there is no cluster {layout.name!r}")
        return
    with _exclusive(layout):
        _clear(layout)
    print(f"the cluster {layout.name!r} is gone; its logs are in {layout.logs}")


def status(layout: Layout) -> Status:
    """Look at every component and ask the API server for its nodes."""
    names = [layout.node_name(number + 1) for number in range(_nodes_of(layout))]
    expected = [network.HOLDER, *control_plane.COMPONENTS, *names]
    missing = [name for name in expected if not processes.alive(layout, name)]
    if missing or not layout.kubeconfig.exists():
        return Status(missing, [], serving=False)
    try:
        ready = _client(layout).ready_nodes()
    except (OSError, ClusterError):
        return Status(missing, [], serving=False)
    return Status([name for name in names if name not in ready], sorted(ready), serving=True)


def _nodes_of(layout: Layout) -> int:
    return len(list(layout.run.glob(f"{layout.name}-node-*/plan.json")))


def load(layout: Layout, archive: Path) -> None:
    """Import an image archive into every node."""
    if not archive.is_file():
        raise ClusterError(f"There is no image archive {archive}.")
    nodes = _nodes_of(layout)
    for number in range(nodes):
        node.load(layout, binaries.locate(), number + 1, archive)
    if not nodes:
        raise ClusterError(f"The cluster {layout.name!r} has no nodes; `python -m tests.cluster up` makes them.")
    print(f"loaded {archive.name} into {nodes} node{'s' if nodes > 1 else ''}")


def _start(layout: Layout, programs: binaries.Binaries, nodes: int) -> None:
    credentials.issue(layout, programs, nodes)
    addresses = network.create(layout, nodes)
    print(f"starting the control plane at {control_plane.server(addresses)}", flush=True)
    control_plane.start(layout, addresses, programs)
    started = [node.start(layout, addresses, programs, number + 1) for number in range(nodes)]
    client = _client(layout)
    for component in started:
        component.wait_until("Ready", partial(_ready, client, component.name), _NODE_PATIENCE)
        print(f"{component.name} is Ready", flush=True)
    account = "/api/v1/namespaces/default/serviceaccounts/default"  # without it no pod is admitted
    started[0].wait_until("able to take pods", lambda: client.ok(account))
    credentials.kubeconfig(layout, client.server, credentials.ADMIN, layout.kubeconfig)


def _ready(client: api.Client, name: str) -> bool:
    try:
        return name in client.ready_nodes()
    except OSError:
        return False


def _client(layout: Layout) -> api.Client:
    addresses = network.addresses_of(layout)
    token = credentials.token(layout, credentials.ADMIN)
    return api.Client(control_plane.server(addresses), token, credentials.authority(layout))


def _clear(layout: Layout) -> None:
    layout.kubeconfig.unlink(missing_ok=True)
    network.delete(layout)
    cgroups.destroy(layout.cgroup)
    if layout.run.exists():
        shutil.rmtree(layout.run)


def _turn_logs(layout: Layout) -> None:
    """Keep the logs of the run before, and no older ones."""
    shutil.rmtree(layout.previous_logs, ignore_errors=True)
    if layout.logs.exists():
        layout.logs.rename(layout.previous_logs)
        if layout.audit_log.exists():
            layout.audit_log.rename(layout.previous_logs / layout.audit_log.name)
    layout.logs.mkdir()


def _exclusive(layout: Layout) -> AbstractContextManager[None]:
    """Wait until no other ``up`` or ``down`` works on this cluster."""
    layout.state.mkdir(exist_ok=True)
    return locks.held(layout.lock, f"waiting for another up or down of {layout.name!r}")
