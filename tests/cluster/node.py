"""One node: containerd and a kubelet behind their own PID, mount and host name namespaces, as on a machine of its own.

This module writes the configuration and starts the node's first process, ``node_init``, which does the rest from the
inside. What the node writes to /var/lib, /var/log and /run is its own.
"""

import json
import subprocess
import sys
from pathlib import Path

from tests.cluster import cgroups, control_plane, credentials, network, node_init, processes
from tests.cluster.binaries import PAUSE_REFERENCE, Binaries
from tests.cluster.layout import ClusterError, Layout
from tests.cluster.network import Addresses

CNI_PLUGINS = [Path("/usr/lib/cni"), Path("/opt/cni/bin"), Path("/usr/libexec/cni")]
PODS_PID_LIMIT = 2000
_OVERLAY_MAGIC = "overlayfs"
_KUBELET_PORT, _HEALTH_PORT = 10250, 10350


def start(layout: Layout, addresses: Addresses, binaries: Binaries, number: int) -> processes.Component:
    """Start the node with this number."""
    name, folder = layout.node_name(number), layout.node_dir(number)
    pods_cgroup = f"{layout.cgroup}/{name}"
    cgroups.create(pods_cgroup)
    for part in (*node_init.OWN_FOLDERS.values(), "cni"):
        (folder / part).mkdir(parents=True)
    (folder / "cni" / "10-pods.conflist").write_text(_json(_pod_network(addresses, number)))
    (folder / "containerd.toml").write_text(_containerd(folder))
    (folder / "kubelet.json").write_text(_json(_kubelet(pods_cgroup, number, folder)))
    (folder / "resolv.conf").write_text("options timeout:1 attempts:1\n")
    user = f"system:node:{name}"
    credentials.kubeconfig(layout, control_plane.server(addresses), user, folder / "kubeconfig")
    kubelet = ["--config", folder / "kubelet.json", "--kubeconfig", folder / "kubeconfig"]
    plan = node_init.Plan(
        folder=str(folder),
        containerd=["containerd", "--config", str(folder / "containerd.toml")],
        images=["ctr", "--namespace=k8s.io", "images", "import", str(binaries.pause_image)],
        kubelet=["kubelet", *map(str, kubelet), f"--node-ip={addresses.node(number)}", f"--hostname-override={name}"],
        hostname=name,
    )
    (folder / "plan.json").write_text(plan.dump())
    namespaces = "unshare --pid --mount --uts --fork --kill-child --mount-proc --propagation=private --".split()  # noqa: SIM905
    command = [*network.inside(layout), *namespaces, sys.executable, "-I", node_init.__file__, folder / "plan.json"]
    return processes.start(layout, name, command, binaries.search_path)


def load(layout: Layout, binaries: Binaries, number: int, archive: Path) -> None:
    """Import an image archive (OCI or Docker) into the node's containerd."""
    pid = processes.find(layout, layout.node_name(number)).pid
    ctr = [str(binaries.containerd / "ctr"), "--namespace=k8s.io", "images", "import", "-"]
    with archive.open("rb") as content:
        done = subprocess.run(
            ["nsenter", f"--mount=/proc/{pid}/ns/mnt", "--", *ctr], stdin=content, check=False, capture_output=True
        )
    if done.returncode:
        raise ClusterError(f"{layout.node_name(number)} did not take {archive}: {done.stderr.decode().strip()}")


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def _pod_network(addresses: Addresses, number: int) -> dict[str, object]:
    """Return a point-to-point network: every packet passes the host's routing, so Services work between any two pods.

    On a bridge, an answer to a pod of the same node would take the short way and miss the address translation.
    """
    ranges = [[{"subnet": str(addresses.pods_of(number))}]]
    ipam = {"type": "host-local", "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}]}
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": [{"type": "ptp", "ipam": ipam}]}


def _containerd(folder: Path) -> str:
    filesystem = processes.run("stat", "--file-system", "--format=%T", folder).strip()
    snapshotter = "native" if filesystem == _OVERLAY_MAGIC else "overlayfs"  # an overlay cannot lie on an overlay
    runtime = "plugins.'io.containerd.cri.v1.runtime'"
    return f"""version = 3
[plugins.'io.containerd.internal.v1.opt']
path = "/var/lib/containerd/opt"
[plugins.'io.containerd.cri.v1.images']
snapshotter = "{snapshotter}"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "{PAUSE_REFERENCE}"
[{runtime}]
restrict_oom_score_adj = true # without CAP_SYS_RESOURCE no sandbox would start
[{runtime}.cni]
bin_dirs = {json.dumps([str(folder) for folder in CNI_PLUGINS])}
conf_dir = "{folder / "cni"}"
[{runtime}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[{runtime}.containerd.runtimes.runc.options]
SystemdCgroup = false
"""


def _kubelet(pods_cgroup: str, number: int, folder: Path) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "0.0.0.0",  # noqa: S104 - in the cluster's own network, for `kubectl logs`
        "port": _KUBELET_PORT + number,
        "healthzPort": _HEALTH_PORT + number,
        "readOnlyPort": 0,
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{pods_cgroup}",  # two kubelets on one root would delete each other's pods
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "makeIPTablesUtilChains": False,
        "podPidsLimit": PODS_PID_LIMIT,
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        "resolvConf": str(folder / "resolv.conf"),
        "imageGCHighThresholdPercent": 100,  # there is no registry to get an image back from
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
    }
