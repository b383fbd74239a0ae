"""The control plane: etcd, the API server, the controllers, the scheduler and the Services' packet rules.

All of it runs in the cluster's network with the default admission plugins and RBAC. Identities are tokens, and the
API server makes its own certificate, which keeps openssl out of the picture.
"""

from pathlib import Path

from tests.cluster import api, credentials, network, processes
from tests.cluster.binaries import Binaries
from tests.cluster.layout import Layout
from tests.cluster.network import Addresses

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
_ISSUER = "https://kubernetes.default.svc.cluster.local"


def server(addresses: Addresses) -> str:
    """Return the API server's address."""
    return f"https://{addresses.api_server}:6443"


def start(layout: Layout, addresses: Addresses, binaries: Binaries) -> None:
    """Start every component and return when the API server serves and the others have their identities."""
    _launch(layout, binaries, "etcd", _etcd(layout.run / "etcd"))
    apiserver = _launch(layout, binaries, "kube-apiserver", _apiserver(layout, addresses))
    apiserver.wait_until("certified", credentials.authority(layout).exists)
    address = server(addresses)
    client = api.Client(address, credentials.token(layout, credentials.ADMIN), credentials.authority(layout))
    apiserver.wait_until("ready", lambda: client.ok("/readyz"))
    for component, flags in {
        "kube-controller-manager": _controller_manager(layout),
        "kube-scheduler": _scheduler(),
        "kube-proxy": _proxy(layout, addresses),
    }.items():
        file = credentials.kubeconfig(layout, address, f"system:{component}", layout.pki / f"{component}.kubeconfig")
        _launch(layout, binaries, component, [f"--kubeconfig={file}", *flags])


def _launch(layout: Layout, binaries: Binaries, component: str, flags: list[str]) -> processes.Component:
    command = [*network.inside(layout), binaries.kubernetes / component, *flags]
    return processes.start(layout, component, command, binaries.search_path)


def _etcd(data: Path) -> list[str]:
    return [
        f"--data-dir={data}",
        "--listen-client-urls=http://127.0.0.1:2379",
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--unsafe-no-fsync",  # nobody misses this data after a power cut
        "--log-level=warn",
    ]


def _apiserver(layout: Layout, addresses: Addresses) -> list[str]:
    policy = credentials.audit_policy(layout.run / "audit-policy.json")
    return [
        "--etcd-servers=http://127.0.0.1:2379",
        "--bind-address=0.0.0.0",
        "--secure-port=6443",
        f"--advertise-address={addresses.api_server}",
        f"--cert-dir={layout.pki}",
        f"--token-auth-file={credentials.token_file(layout)}",
        f"--service-account-key-file={credentials.service_account_key(layout)}",
        f"--service-account-signing-key-file={credentials.service_account_key(layout)}",
        f"--service-account-issuer={_ISSUER}",
        f"--service-cluster-ip-range={addresses.services}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",  # besides all that are on by default
        "--allow-privileged=true",
        "--kubelet-preferred-address-types=InternalIP",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={layout.audit_log}",
        "--v=1",
    ]


def _controller_manager(layout: Layout) -> list[str]:
    return [
        f"--service-account-private-key-file={credentials.service_account_key(layout)}",
        f"--root-ca-file={credentials.authority(layout)}",
        "--use-service-account-credentials",
        f"--flex-volume-plugin-dir={layout.run / 'volume-plugins'}",  # it is made, and must not be made in /usr
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        "--v=1",
    ]


def _scheduler() -> list[str]:
    return ["--leader-elect=false", "--bind-address=127.0.0.1", "--v=1"]


def _proxy(layout: Layout, addresses: Addresses) -> list[str]:
    """Return the flags of the one proxy that serves all nodes: they share the network namespace."""
    return [
        "--proxy-mode=nftables",
        f"--hostname-override={layout.node_name(1)}",
        f"--cluster-cidr={addresses.pods}",
        "--healthz-bind-address=127.0.0.1:10256",
        "--metrics-bind-address=127.0.0.1:10249",
        "--conntrack-max-per-core=0",  # these three are settings of the machine, and not ours to change
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
        "--v=1",
    ]
