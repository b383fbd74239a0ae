"""Assessing: from node documents, pods and policies to one finding per leaking workload and policy.

The operator never lists all pods. It first asks which pods a document names as leaking (``suspects``), looks those up,
and then comes back with them (``assess``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from zombie_operator.core.document import ContainerReport, Document, Origin
from zombie_operator.core.leaks import Leak, by_session, leaks_of
from zombie_operator.core.objects import Body, Pod, Workload, containers_of
from zombie_operator.core.policy import ClusterPolicySpec, Policy, PolicyRef
from zombie_operator.core.selectors import matches

COMM_BYTES = 15
"""A command name is cut to this (kernel, include/linux/sched.h, TASK_COMM_LEN - 1)."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One container report and how trustworthy it is: the node it came from and its age in seconds."""

    node: str
    age_seconds: float
    complete: bool
    report: ContainerReport


@dataclass(frozen=True, slots=True)
class Owned:
    """A pod with its namespace's labels and annotations and its top owner (None: a bare pod).

    ``terminating``: the namespace is being deleted, so the server refuses to create anything in it.
    """

    pod: Pod
    namespace_labels: Mapping[str, str]
    namespace_annotations: Mapping[str, str]
    workload: Workload | None
    terminating: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One leaking workload under one policy: its worst container, and the other leaking pods, worst first."""

    policy: Policy
    owned: Owned
    leak: Leak
    sighting: Sighting
    pods: tuple[Pod, ...]

    @property
    def key(self) -> str:
        """The workload's identity; a bare pod stands for itself."""
        workload = self.owned.workload
        return workload.ref.uid if workload else self.owned.pod.uid

    @property
    def title(self) -> str:
        """Kind and name of the workload, as people say it."""
        workload = self.owned.workload
        return workload.title if workload else f"Pod {self.owned.pod.name}"


def sightings(documents: Iterable[Document], age_offset: float = 0.0) -> tuple[Sighting, ...]:
    """Spread documents into one sighting per container; ``age_offset`` seconds passed since they were served."""
    return tuple(
        Sighting(doc.node.name, doc.node.sample_age_seconds + age_offset, doc.node.complete, report)
        for doc in documents
        for report in doc.containers
    )


def suspects(seen: Iterable[Sighting], policies: Iterable[Policy]) -> dict[str, frozenset[str]]:
    """Return the nodes, each with the UIDs of pods that leak by the threshold of at least one policy."""
    thresholds = {policy.spec.threshold for policy in policies}
    found: dict[str, set[str]] = {}
    for sighting in seen:
        if any(leaks_of(sighting.report, threshold) for threshold in thresholds):
            found.setdefault(sighting.node, set()).add(sighting.report.pod_uid)
    return {node: frozenset(uids) for node, uids in found.items()}


def policy_for(owned: Owned, policies: Iterable[Policy]) -> Policy | None:
    """Return the policy that speaks for a pod: a namespaced one before a cluster one, then the older."""
    speaking = [policy for policy in policies if selects(policy, owned)]
    return min(speaking, key=lambda p: (p.ref.kind == "ClusterZombiePolicy", p.created, p.ref.name), default=None)


def selects(policy: Policy, owned: Owned) -> bool:
    """Tell whether a policy's selectors cover a pod."""
    if policy.ref.namespace and policy.ref.namespace != owned.pod.namespace:
        return False
    spec = policy.spec
    if isinstance(spec, ClusterPolicySpec) and not matches(spec.namespace_selector, owned.namespace_labels):
        return False
    return matches(policy.spec.selector, owned.pod.labels)


def assess(
    seen: Iterable[Sighting], pods: Mapping[str, Owned], policies: Iterable[Policy]
) -> tuple[tuple[Finding, ...], dict[PolicyRef, frozenset[str]]]:
    """Return one finding per leaking workload, the worst first, and for each policy whom it lost to another one.

    Raises nothing: a pod that is not in ``pods`` vanished between the sample and the look-up, which is normal.
    """
    listed = tuple(policies)
    leaking = list(_leaking(seen, pods, listed))
    leaking.sort(key=lambda f: -f.leak.zombies)
    by_workload: dict[str, list[Finding]] = {}
    for finding in leaking:
        by_workload.setdefault(finding.key, []).append(finding)
    findings = tuple(_worst(group) for group in by_workload.values())
    losers: dict[PolicyRef, set[str]] = {}
    for finding in findings:
        for policy in listed:
            if policy is not finding.policy and selects(policy, finding.owned):
                losers.setdefault(policy.ref, set()).add(
                    f"{finding.title} to {finding.policy.ref.kind} {finding.policy.ref.name}"
                )
    return findings, {ref: frozenset(names) for ref, names in losers.items()}


def refine_origin(leak: Leak, pod: Pod) -> Leak:
    """Turn a proved orphan into ``Probe`` when its session and its name say that an exec probe of the pod left it.

    runc and crun start a session for every exec (runc, nsexec.c), so a probe's orphans are proved by session; the name
    is that of one of the words of the probe's command.
    """
    if leak.origin is not Origin.ORPHAN or not by_session(leak.evidence):
        return leak
    words = {_comm(word) for container in containers_of(pod.spec) for word in _probe_words(container)}
    if any(comm in words for comm, _ in leak.evidence.comms):
        return replace(leak, origin=Origin.PROBE)
    return leak


def _leaking(seen: Iterable[Sighting], pods: Mapping[str, Owned], policies: tuple[Policy, ...]) -> Iterator[Finding]:
    for sighting in seen:
        owned = pods.get(sighting.report.pod_uid)
        if owned is None or owned.pod.node != sighting.node:  # vanished, or an agent speaks for another node's pod
            continue
        if (policy := policy_for(owned, policies)) is None:
            continue
        for leak in leaks_of(sighting.report, policy.spec.threshold)[:1]:
            yield Finding(policy, owned, refine_origin(leak, owned.pod), sighting, (owned.pod,))


def _worst(group: list[Finding]) -> Finding:
    pods = {finding.owned.pod.uid: finding.owned.pod for finding in group}
    return replace(group[0], pods=tuple(pods.values()))


def _probe_words(container: Body) -> Iterator[str]:
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        for argument in ((container.get(probe) or {}).get("exec") or {}).get("command") or ():
            yield from str(argument).split()


def _comm(word: str) -> str:
    name = word.rsplit("/", 1)[-1]
    return name.encode()[:COMM_BYTES].decode(errors="ignore")
