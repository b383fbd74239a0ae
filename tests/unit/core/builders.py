"""Builders of the core's values for tests: a sensible default for every field, overridden by keyword.

Each call makes new objects, so no test can disturb another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from zombie_operator.core.assess import Finding, Owned, Sighting
from zombie_operator.core.document import (
    Age,
    Assessment,
    Cause,
    CauseCount,
    ContainerReport,
    Document,
    Evidence,
    NodeReport,
    Origin,
    Pids,
    Proof,
)
from zombie_operator.core.evidence import Evidence as Seen
from zombie_operator.core.evidence import Observed, Terms
from zombie_operator.core.guards import Ceiling, Context, Watched
from zombie_operator.core.leaks import Leak
from zombie_operator.core.objects import Budget, Pod, Workload, pod_from, workload_from
from zombie_operator.core.policy import (
    ClusterPolicySpec,
    LabelSelector,
    Limits,
    Mode,
    Policy,
    PolicyRef,
    PolicySpec,
    RemedyChoice,
    Rollout,
    Threshold,
)
from zombie_operator.core.remediation import (
    Before,
    EffectKind,
    Intent,
    Outcome,
    Phase,
    PodPatch,
    PolicyRefSpec,
    Remediation,
    RemediationSpec,
    RemediationStatus,
    RemedyType,
    Scope,
    Stage,
    TargetRef,
    Via,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
NODE = "node-a"
SHARE, RESTART = RemedyType.SHARE_PROCESS_NAMESPACE, RemedyType.RESTART_POD
Body = dict[str, Any]


def ago(seconds: float) -> datetime:
    """Return the moment that many seconds before NOW."""
    return NOW - timedelta(seconds=seconds)


def later(seconds: float) -> datetime:
    """Return the moment that many seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


def stamp(moment: datetime) -> str:
    """Write a moment as the API server does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


# Documents


def row(zombies: int = 30, *, age: int = 600, **overrides: object) -> CauseCount:
    """Return zombies of one cause and origin, all exactly of one age."""
    made = CauseCount(
        cause=Cause.INIT_NOT_REAPING,
        origin=Origin.ORPHAN,
        zombies=zombies,
        ages=(Age(age, age, zombies),),
        oldest_seconds=age,
        evidence=Evidence(parent_pid=1, parent_comm="app", sigchld="Default", proofs=((Proof.SESSION, zombies),)),
    )
    return replace(made, **overrides)


def report(*rows: CauseCount, **overrides: object) -> ContainerReport:
    """Return one container with these rows (thirty old orphans when none is given)."""
    rows = rows or (row(),)
    made = ContainerReport(
        pod_uid="pod-1",
        container_id="c" * 64,
        namespace="shop",
        pod="web-1",
        container="app",
        init_pid=4242,
        init_comm="app",
        sandbox_reaps=True,
        zombies=sum(r.zombies for r in rows),
        causes=rows,
        assessment=Assessment.LEAKING,
        pids=Pids(current=40, limit=1000, exhausted_in_seconds=None),
    )
    return replace(made, **overrides)


def document(*reports: ContainerReport, node: str = NODE, **overrides: object) -> Document:
    """Return what one agent says."""
    about = NodeReport(
        name=node,
        boot_id="b",
        sample_age_seconds=2.0,
        scan_seconds=0.1,
        complete=True,
        pid_max=4_194_304,
        threads_max=100_000,
    )
    return Document(replace(about, **overrides), reports)


def sighting(made: ContainerReport | None = None, **overrides: object) -> Sighting:
    """Return one container report with its node and age."""
    return replace(Sighting(node=NODE, age_seconds=2.0, complete=True, report=made or report()), **overrides)


def leak(**overrides: object) -> Leak:
    """Return thirty proved orphans under a PID 1 that does not wait."""
    made = Leak(
        pod_uid="pod-1",
        container="app",
        cause=Cause.INIT_NOT_REAPING,
        origin=Origin.ORPHAN,
        zombies=30,
        proved=30,
        oldest_seconds=600,
        init_comm="app",
        sandbox_reaps=True,
        evidence=Evidence(parent_comm="app"),
    )
    return replace(made, **overrides)


# Kubernetes objects


def pod_body(name: str = "web-1", **spec: object) -> Body:
    """Return a raw, running, ready pod of a ReplicaSet; keywords are fields of its spec."""
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": name.replace("web", "pod"),
            "creationTimestamp": stamp(ago(7200)),
            "labels": {"app": "web"},
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d", "uid": "rs-1", "controller": True}
            ],
        },
        "spec": {"nodeName": NODE, "containers": [{"name": "app", "image": "app:1"}], **spec},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "app", "restartCount": 0, "state": {"running": {}}}],
        },
    }


def pod(name: str = "web-1", **overrides: object) -> Pod:
    """Return a running, ready pod; keywords are fields of ``Pod``."""
    return replace(pod_from(pod_body(name)), **overrides)


def pod_with(**spec: object) -> Pod:
    """Return a pod whose spec has these fields."""
    return pod_from(pod_body(**spec))


def workload_body(kind: str = "Deployment", **overrides: object) -> Body:
    """Return a raw, fully rolled out workload with three replicas; keywords are top-level sections."""
    status: Body = {
        "Deployment": {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "readyReplicas": 3},
        "StatefulSet": {
            "replicas": 3,
            "readyReplicas": 3,
            "updatedReplicas": 3,
            "currentRevision": "r1",
            "updateRevision": "r1",
        },
        "DaemonSet": {"desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3},
    }.get(kind, {"replicas": 3, "readyReplicas": 3})
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "uid": "uid-web",
            "generation": 4,
            "creationTimestamp": stamp(ago(86_400)),
        },
        "spec": {
            "replicas": 3,
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "app", "image": "app:1"}]},
            },
        },
        "status": {"observedGeneration": 4, **status},
        **overrides,
    }


def workload(kind: str = "Deployment", **overrides: object) -> Workload:
    """Return a fully rolled out workload with three replicas; keywords are fields of ``Workload``."""
    return replace(workload_from(workload_body(kind)), **overrides)


def workload_with(kind: str = "Deployment", *, status: Mapping[str, object] = {}, **spec: object) -> Workload:
    """Return a workload with these fields of its spec, and its status changed by ``status``."""
    body = workload_body(kind)
    return workload_from({**body, "spec": {**body["spec"], **spec}, "status": {**body["status"], **status}})


def budget(**overrides: object) -> Budget:
    """Return a PodDisruptionBudget over the workload's pods that allows one disruption."""
    made = Budget(
        name="web-pdb",
        selector={"matchLabels": {"app": "web"}},
        disruptions_allowed=1,
        current_healthy=3,
        desired_healthy=2,
    )
    return replace(made, **overrides)


# Policies and findings


def spec_of(*remedies: RemedyType, **overrides: object) -> PolicySpec:
    """Return what an enforcing policy for everything declares, with these remedies."""
    made = PolicySpec(
        selector=LabelSelector(),
        remedies=tuple(RemedyChoice(remedy) for remedy in remedies or (SHARE, RESTART)),
        mode=Mode.ENFORCE,
    )
    return replace(made, **overrides)


def policy(*remedies: RemedyType, name: str = "leaks", namespace: str = "shop", **overrides: object) -> Policy:
    """Return a ZombiePolicy; keywords are fields of its spec."""
    ref = PolicyRef("ZombiePolicy", namespace, name, f"uid-{namespace}-{name}")
    return Policy(ref, 1, stamp(ago(86_400)), spec_of(*remedies, **overrides))


def cluster_policy(*remedies: RemedyType, name: str = "everywhere", **overrides: object) -> Policy:
    """Return a ClusterZombiePolicy for namespaces of team shop; keywords are fields of its spec."""
    made = ClusterPolicySpec(
        selector=LabelSelector(),
        remedies=tuple(RemedyChoice(remedy) for remedy in remedies or (SHARE, RESTART)),
        mode=Mode.ENFORCE,
        namespace_selector=LabelSelector({"team": "shop"}),
    )
    ref = PolicyRef("ClusterZombiePolicy", "", name, f"uid-{name}")
    return Policy(ref, 1, stamp(ago(86_400)), replace(made, **overrides))


def owned(**overrides: object) -> Owned:
    """Return a pod with its namespace and its Deployment."""
    made = Owned(pod=pod(), namespace_labels={"team": "shop"}, namespace_annotations={}, workload=workload())
    return replace(made, **overrides)


def finding(*remedies: RemedyType, **overrides: object) -> Finding:
    """Return a leaking Deployment under a policy with these remedies."""
    whole = owned()
    made = Finding(policy=policy(*remedies), owned=whole, leak=leak(), sighting=sighting(), pods=(whole.pod,))
    return replace(made, **overrides)


def rollout(**overrides: object) -> Rollout:
    """Return how a remedy is tried."""
    return replace(Rollout(), **overrides)


def limits(**overrides: object) -> Limits:
    """Return how much may happen."""
    return replace(Limits(), **overrides)


def threshold(**overrides: object) -> Threshold:
    """Return when a container leaks."""
    return replace(Threshold(), **overrides)


# Remediations


def remediation_spec(remedy: RemedyType = SHARE, **overrides: object) -> RemediationSpec:
    """Return one remedy for the Deployment."""
    template = remedy is SHARE
    made = RemediationSpec(
        target_ref=TargetRef("apps/v1", "Deployment", "web", "uid-web"),
        policy_ref=PolicyRefSpec("ZombiePolicy", "leaks"),
        container="app",
        cause=Cause.INIT_NOT_REAPING,
        remedy=remedy,
        origin=Origin.ORPHAN,
        patch=PodPatch(share_process_namespace=True) if template else PodPatch(),
        stages=(Stage(Scope.ALL, Via.TEMPLATE) if template else Stage(Scope.ONE, Via.EVICTION),),
    )
    return replace(made, **overrides)


def status(phase: Phase = Phase.PENDING, **overrides: object) -> RemediationStatus:
    """Return a status in this phase since NOW."""
    return replace(RemediationStatus(observed_generation=1, phase=phase, since=NOW), **overrides)


def done(outcome: Outcome, **overrides: object) -> RemediationStatus:
    """Return a status that ended with this outcome."""
    return status(Phase.DONE, outcome=outcome, **overrides)


def remediation(remedy: RemedyType = SHARE, *, name: str = "web", **overrides: object) -> Remediation:
    """Return a remediation as read from the API server."""
    made = Remediation("shop", name, f"uid-{name}", 1, "7", remediation_spec(remedy), status())
    return replace(made, **overrides)


def intent(effect: EffectKind = EffectKind.EVICT, at: datetime = NOW, **overrides: object) -> Intent:
    """Return an intent, by default to evict the first pod."""
    uid, name = ("pod-1", "web-1") if effect is EffectKind.EVICT else ("", "")
    return replace(Intent(time=at, stage=0, effect=effect, pod_uid=uid, pod_name=name), **overrides)


# Evidence


def observed(uid: str = "pod-1", **overrides: object) -> Observed:
    """Return a healthy, unpatched pod that leaks thirty zombies of the treated cause."""
    made = Observed(
        uid=uid,
        name=uid.replace("pod", "web"),
        created=ago(7200),
        patched=False,
        ready=True,
        deleting=False,
        restarts=0,
        broken=None,
        fresh=True,
        treated=30,
        others=0,
        oldest_seconds=600,
    )
    made = replace(made, **overrides)
    rates = {
        "per_hour": made.treated * 3600 / max(1, made.oldest_seconds),
        "others_per_hour": made.others * 3600 / max(1, made.oldest_seconds),
    }
    return replace(made, **{name: rate for name, rate in rates.items() if name not in overrides})


def patched(uid: str = "pod-9", **overrides: object) -> Observed:
    """Return a healthy, patched pod without zombies, made at NOW."""
    return observed(uid, **{"created": NOW, "patched": True, "treated": 0, "oldest_seconds": 0, **overrides})


def seen(*pods: Observed, **overrides: object) -> Seen:
    """Return evidence of an unpatched, rolled out workload; its candidate is the first pod that is not patched."""
    pods = pods or (observed(),)
    made = Seen(
        exists=True,
        held=None,
        carried=False,
        terms=Terms(verify_seconds=30, older_than_seconds=10),
        patched=False,
        rolled_out=True,
        rollout_failed=None,
        pods=pods,
        candidate=next((p for p in pods if not p.patched and not p.deleting), None),
        patch_hash="abc",
        withdrawn="ZombiePolicy leaks was deleted",
    )
    return replace(made, **{"carried": bool(overrides.get("patched")), **overrides})


def before(**overrides: object) -> Before:
    """Return the leak before the change: 180 zombies an hour in one pod."""
    made = Before(time=NOW, zombies=30, oldest_seconds=600, per_hour=180.0, pods=1, ready=1)
    return replace(made, **overrides)


# Guards


def context(**overrides: object) -> Context:
    """Return the eviction of a pod from a healthy Deployment, which no guard refuses."""
    one = pod()
    made = Context(
        now=NOW,
        started=ago(3600),
        ceiling=Ceiling(),
        watched=Watched(leaking_workloads=1, leaking_pods=1, observed_pods=100),
        policy=policy(),
        remediation=remediation(RESTART),
        others=(),
        via=Via.EVICTION,
        workload=workload(),
        pods=(one,),
        candidate=one,
        namespace_annotations={},
        budgets=(),
        sample_age_seconds=5.0,
        sample_complete=True,
    )
    return replace(made, **overrides)
