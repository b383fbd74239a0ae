"""The operator's settings: the administrator's ceiling over all policies, and where things are."""

from __future__ import annotations

from dataclasses import dataclass

from zombie_operator.core.guards import Ceiling
from zombie_operator.engine.observe import AgentsAt
from zombie_operator.runtime.logs import LEVELS
from zombie_operator.runtime.settings import address, choice, setting, text, whole, words

PREFIX = "ZOMBIE_OPERATOR_"


def namespaces(raw: str) -> frozenset[str] | None:
    """Parse a comma separated list of namespaces; ``*`` is all of them, and an empty list is none."""
    return None if raw.strip() == "*" else frozenset(words(raw))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set, by environment variables named ZOMBIE_OPERATOR_ and the field."""

    namespace: str = setting(text, "namespace of the operator's own pod; never acted on")
    agent_namespace: str = setting(text, "namespace of the node agents; never acted on")
    pod_name: str = setting(text, "name of the operator's own pod, for events", default="zombie-operator")
    agent_selector: str = setting(
        text, "label selector of the agents' pods", default="app.kubernetes.io/component=agent"
    )
    agent_port: int = setting(whole(1, 65_535), "port of the agents", default=8080)
    agent_secret: str = setting(text, "Secret with the agents' bearer token", default="zombie-operator-agent-token")
    interval_seconds: int = setting(whole(1, 3_600), "seconds between evaluations", default=15)
    enforce_namespaces: frozenset[str] | None = setting(
        namespaces, 'namespaces where Enforce is possible, comma separated; "*" for all', default=None
    )
    max_concurrent: int = setting(whole(1, 10_000), "remediations in progress at once, over all policies", default=10)
    max_per_hour: int = setting(whole(1, 100_000), "rollouts and evictions an hour, over all policies", default=60)
    warmup_seconds: int = setting(whole(0, 86_400), "seconds after a start in which nothing is acted on", default=30)
    max_sample_age_seconds: int = setting(whole(5, 3_600), "age in seconds up to which a sample counts", default=60)
    storm_workloads: int = setting(whole(1, 100_000), "more leaking workloads than this stop all actions", default=20)
    storm_percent: int = setting(
        whole(1, 100), "a larger share of leaking pods than this stops all actions", default=30
    )
    storm_min_pods: int = setting(whole(1, 100_000), "leaking pods from which on the share counts", default=10)
    listen: tuple[str, int] = setting(address, "address and port of /metrics and probes", default=("0.0.0.0", 8080))  # noqa: S104 - a pod's own address
    log_level: str = setting(choice(*LEVELS), f"one of {', '.join(LEVELS)}", default="INFO")

    @property
    def ceiling(self) -> Ceiling:
        """The administrator's limits as the guards know them."""
        return Ceiling(
            enforce_namespaces=self.enforce_namespaces,
            protected_namespaces=Ceiling().protected_namespaces | {self.namespace, self.agent_namespace},
            max_concurrent=self.max_concurrent,
            max_per_hour=self.max_per_hour,
            warmup_seconds=self.warmup_seconds,
            max_sample_age_seconds=self.max_sample_age_seconds,
            storm_workloads=self.storm_workloads,
            storm_percent=self.storm_percent,
            storm_min_pods=self.storm_min_pods,
        )

    @property
    def agents(self) -> AgentsAt:
        """Where the agents are."""
        return AgentsAt(self.agent_namespace, self.agent_selector, self.agent_port)
