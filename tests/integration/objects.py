"""Bodies of what the tests put on the API server, and documents as an agent sends them, written from the contracts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

Object = dict[str, Any]

GROUP = "zombie-operator.dev"
API_VERSION = f"{GROUP}/v1alpha1"
PROVED, UNPROVED = "Orphan", "Unknown"
OLDEST_SECONDS, YOUNGEST_SECONDS = 600, 60
AGENT_LABELS = {"app.kubernetes.io/component": "agent"}
PLURALS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}


def workload(name: str, *, kind: str = "Deployment", replicas: int = 2, pod: Object | None = None) -> Object:
    """Return a workload as somebody would write it down."""
    labels = {"app": name}
    spec: Object = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod_spec(**(pod or {}))},
    }
    if kind != "DaemonSet":
        spec["replicas"] = replicas
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def pod_spec(**more: object) -> Object:
    """Return the spec of a pod of one container."""
    return {"containers": [{"name": "main", "image": "example/app:1"}], **more}


def replica_set(owner: Object, number: int) -> Object:
    """Return the ReplicaSet that a Deployment's controller would make of its present template."""
    meta, spec = owner["metadata"], owner["spec"]
    labels = {**spec["selector"]["matchLabels"], "pod-template-hash": f"h{number}"}
    template = {"metadata": {"labels": labels}, "spec": spec["template"]["spec"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": f"{meta['name']}-h{number}", "labels": labels, "ownerReferences": [controller(owner)]},
        "spec": {"replicas": spec["replicas"], "selector": {"matchLabels": labels}, "template": template},
    }


def pod(name: str, *, labels: Mapping[str, str], owner: Object | None = None, node: str = "", **spec: object) -> Object:
    """Return a pod, bound to a node where one is named."""
    meta: Object = {"name": name, "labels": dict(labels)}
    if owner:
        meta["ownerReferences"] = [controller(owner)]
    wanted = {**pod_spec(), **spec, "terminationGracePeriodSeconds": 30}
    if node:
        wanted["nodeName"] = node
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": wanted}


def controller(owner: Object, **more: object) -> Object:
    """Return a controller ownerReference to an object."""
    meta = owner["metadata"]
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": meta["name"], "uid": meta["uid"]}
    return {**reference, "controller": True, **more}


def policy(
    name: str = "policy",
    *,
    kind: str = "ZombiePolicy",
    mode: str = "Enforce",
    remedies: tuple[str, ...] = ("ShareProcessNamespace",),
    canary: str = "Auto",
    limits: Object | None = None,
    **more: object,
) -> Object:
    """Return a policy with short times and no pace of its own; ``more`` replaces parts of its spec."""
    spec: Object = {
        "mode": mode,
        "selector": {},
        "remedies": [{"type": remedy} for remedy in remedies],
        "threshold": {"zombies": 20, "olderThanSeconds": 60},
        "rollout": {"canary": canary, "verifySeconds": 60},
        "limits": {"maxConcurrent": 50, "maxPerHour": 100, "cooldownSeconds": 0, "minReplicas": 1, **(limits or {})},
        **more,
    }
    if kind == "ClusterZombiePolicy":
        spec.setdefault("namespaceSelector", {"matchLabels": {"kubernetes.io/metadata.name": "none"}})
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


def budget(name: str, labels: Mapping[str, str]) -> Object:
    """Return a PodDisruptionBudget."""
    spec = {"minAvailable": 1, "selector": {"matchLabels": dict(labels)}}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec}


def remediation_spec(
    owner: Object, *, remedy: str = "ShareProcessNamespace", policy_name: str = "policy", **more: object
) -> Object:
    """Return the spec of a remediation of a workload."""
    template = remedy == "ShareProcessNamespace"
    stage = {"scope": "All", "via": "Template"} if template else {"scope": "One", "via": "Eviction"}
    meta = owner["metadata"]
    target = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": meta["name"], "uid": meta["uid"]}
    return {
        "targetRef": target,
        "policyRef": {"kind": "ZombiePolicy", "name": policy_name},
        "container": "main",
        "cause": "InitNotReaping",
        "origin": PROVED,
        "remedy": remedy,
        "patch": {"shareProcessNamespace": True} if template else {},
        "stages": [stage],
        **more,
    }


def document(node: str, containers: Iterable[Object] = (), **more: object) -> Object:
    """Return what the agent of a node says; ``more`` replaces parts of its ``node``."""
    about: Object = {
        "name": node,
        "bootID": "0f1e2d3c-4b5a-4697-8877-665544332211",
        "sampleAgeSeconds": 0.5,
        "scanSeconds": 0.01,
        "complete": True,
        "pidMax": 4_194_304,
        "threadsMax": 100_000,
        **more,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "ZombieDocument",
        "node": about,
        "containers": list(containers),
        "host": [],
        "notObservable": [],
    }


def container(
    pod_uid: str, zombies: int, *, origin: str = PROVED, cause: str = "InitNotReaping", sandbox_reaps: bool = True
) -> Object:
    """Return an agent's report about one container whose zombies came one by one and are of one cause."""
    orphans = cause == "InitNotReaping"
    row = {
        "cause": cause,
        "origin": origin if orphans else None,
        "zombies": zombies,
        "ages": [[age, age, count] for age, count in sorted(Counter(_ages(zombies)).items())],
        "oldestSeconds": OLDEST_SECONDS,
        "evidence": {
            "parentPID": 4711,
            "parentComm": "app",
            "sigchld": "Default",
            "proofs": {"History": zombies} if orphans and origin == PROVED else {},
            "comms": {"child": zombies},
            "sessions": 1,
        },
    }
    return {
        "podUID": pod_uid,
        "containerID": f"c-{pod_uid}",
        "namespace": None,
        "pod": None,
        "container": "main",
        "initPID": 4711,
        "initComm": "app",
        "sandboxReaps": sandbox_reaps,
        "zombies": zombies,
        "causes": [row] if zombies else [],
        "assessment": "Leaking" if zombies else None,
        "pids": {"current": zombies + 1, "limit": None, "exhaustedInSeconds": None},
    }


def _ages(zombies: int) -> list[int]:
    """Return ages from the oldest on, evenly down to what every policy here counts."""
    return [OLDEST_SECONDS - (OLDEST_SECONDS - YOUNGEST_SECONDS) * i // max(1, zombies) for i in range(zombies)]


def remediation(name: str, namespace: str, spec: Object) -> Object:
    """Return a remediation as the API server would send it."""
    meta = {"name": name, "namespace": namespace, "uid": "not-stored", "resourceVersion": "1", "generation": 1}
    return {"apiVersion": API_VERSION, "kind": "ZombieRemediation", "metadata": meta, "spec": spec}
