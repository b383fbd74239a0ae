"""The cluster's network: one namespace, one pair of interfaces to the host, and plain routes.

Addresses come from 198.18.0.0/15, which is set aside for tests of network devices and hardly ever in use. Forwarding,
the Services' packet rules and every pod's interface live inside the namespace and vanish with its last process, so
the host's own settings are never touched; only the link has to be deleted.
"""

import json
import subprocess
import zlib
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from tests.cluster import binaries, locks, processes
from tests.cluster.layout import ClusterError, Layout

_RANGE = IPv4Network("198.18.0.0/15")
_SLOTS = list(_RANGE.subnets(new_prefix=20))
HOLDER = "network"
_UPLINK = "uplink"


@dataclass(frozen=True, slots=True)
class Addresses:
    """A /20 cut up: one /24 for the nodes, one for each node's pods, half of it for Services."""

    network: IPv4Network

    @property
    def nodes(self) -> IPv4Network:
        """The addresses of the machine, the API server and the nodes."""
        return next(self.network.subnets(new_prefix=24))

    @property
    def host(self) -> IPv4Address:
        """The machine, seen from the cluster."""
        return self.nodes[1]

    @property
    def api_server(self) -> IPv4Address:
        """The control plane."""
        return self.nodes[2]

    @property
    def pods(self) -> IPv4Network:
        """Every pod's address, and those of the nodes."""
        return next(self.network.subnets(new_prefix=21))

    @property
    def services(self) -> IPv4Network:
        """The Services' virtual addresses."""
        return list(self.network.subnets(new_prefix=21))[1]

    def node(self, number: int) -> IPv4Address:
        """Return the address of a node, numbered from 1."""
        return self.nodes[10 + number]

    def pods_of(self, number: int) -> IPv4Network:
        """Return the range of a node's pods."""
        return list(self.network.subnets(new_prefix=24))[number]


def _free_addresses(name: str) -> Addresses:
    """Return the first part of the range, from a place that depends on the name, that no route of the host covers."""
    routes = json.loads(processes.run("ip", "-json", "-4", "route", "show", "table", "all"))
    taken = [_network(route["dst"]) for route in routes if route["dst"] != "default"]
    first = zlib.crc32(name.encode()) % len(_SLOTS)
    for slot in [*_SLOTS[first:], *_SLOTS[:first]]:
        if not any(slot.overlaps(network) for network in taken):
            return Addresses(slot)
    raise ClusterError(f"Every part of {_RANGE} is routed already on this machine; `ip route` shows by whom.")


def _network(destination: str) -> IPv4Network:
    return IPv4Network(destination, strict=False)


def create(layout: Layout, nodes: int) -> Addresses:
    """Make the namespace, held open by a process that only sleeps, and join it with the host."""
    holder = processes.start(layout, HOLDER, ["unshare", "--net", "--", "sleep", "infinity"])
    own = Path("/proc/self/ns/net").readlink()
    holder.wait_until("in its own network", lambda: Path(f"/proc/{holder.pid}/ns/net").readlink() != own)
    with locks.held(binaries.cache() / ".network.lock"):  # two clusters must not find the same part free
        addresses = _free_addresses(layout.name)
        processes.run("ip", "link", "add", layout.link, "type", "veth", "peer", "name", _UPLINK, "netns", holder.pid)
        processes.run("ip", "address", "add", f"{addresses.host}/24", "dev", layout.link)
        processes.run("ip", "link", "set", layout.link, "up")
        processes.run("ip", "route", "add", addresses.network, "via", addresses.api_server, "dev", layout.link)
    _record(layout).write_text(str(addresses.network))
    _configure_inside(inside(layout), addresses, nodes)
    return addresses


def _configure_inside(inside: list[str], addresses: Addresses, nodes: int) -> None:
    processes.run(*inside, "ip", "link", "set", "lo", "up")
    for address in [addresses.api_server, *(addresses.node(number + 1) for number in range(nodes))]:
        processes.run(*inside, "ip", "address", "add", f"{address}/24", "dev", _UPLINK)
    processes.run(*inside, "ip", "link", "set", _UPLINK, "up")
    processes.run(*inside, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    # The API server, which is no pod, reaches Services too: a route must exist before the packet rules see the packet.
    processes.run(*inside, "ip", "route", "add", addresses.services, "via", addresses.host)


def addresses_of(layout: Layout) -> Addresses:
    """Return the addresses of a cluster that is there."""
    return Addresses(IPv4Network(_record(layout).read_text()))


def _record(layout: Layout) -> Path:
    return layout.run / "network"


def inside(layout: Layout) -> list[str]:
    """Return the words that put a command into the cluster's network."""
    return ["nsenter", f"--net=/proc/{processes.find(layout, HOLDER).pid}/ns/net", "--"]


def delete(layout: Layout) -> None:
    """Take the link away, and with it its routes; the namespace goes with its last process."""
    subprocess.run(["ip", "link", "delete", layout.link], check=False, capture_output=True)


def exists(layout: Layout) -> bool:
    """Tell whether the link is there."""
    return Path("/sys/class/net", layout.link).exists()
