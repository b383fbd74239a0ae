"""The agent's settings: one dataclass, from variables that begin with ``ZOMBIE_AGENT_``."""

from __future__ import annotations

from dataclasses import dataclass

from zombie_operator.runtime.logs import LEVELS
from zombie_operator.runtime.settings import address, choice, number, setting, text, whole

PREFIX = "ZOMBIE_AGENT_"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """What a node's agent can be told. Defaults are those of the DaemonSet in the chart."""

    node_name: str = setting(text, "Name of this node, from the pod's spec.nodeName. The operator trusts its own.")
    proc_root: str = setting(text, "Where the host's /proc is mounted, read-only.", default="/host/proc")
    cgroup_root: str = setting(
        text,
        "Where the host's /sys/fs/cgroup is mounted; without it quiet containers and PID limits stay unknown.",
        default="/host/sys/fs/cgroup",
    )
    container_logs: str = setting(
        text,
        "Where the host's /var/log/containers is mounted; without it containers have no names.",
        default="/host/var/log/containers",
    )
    interval_seconds: float = setting(
        number(1, 3600), "Seconds from the beginning of one scan to the next, 1 to 3600.", default=10.0
    )
    listen: tuple[str, int] = setting(
        address, "host:port to answer on; without a host on every address, IPv6 and IPv4.", default=("", 8080)
    )
    token_file: str = setting(
        text,
        "File with the bearer token that /v1/zombies asks for; it may appear or change while the agent runs.",
        default="/var/run/secrets/zombie-operator/token",
    )
    max_series: int = setting(
        whole(1, 100_000),
        "Containers in /metrics at most; the rest is counted by zombie_agent_series_dropped.",
        default=1000,
    )
    log_level: str = setting(
        choice(*LEVELS), "Least important log line written: " + ", ".join(LEVELS) + ".", default="INFO"
    )
