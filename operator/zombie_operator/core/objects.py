"""Kubernetes objects as the core sees them: the few facts that decisions need, taken from raw API bodies.

Pure: a body goes in, a frozen value comes out. A body that lacks a field gives the field's zero, because the API server
omits empty fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from zombie_operator.core.remediation import TargetRef

Body = Mapping[str, Any]

FIELD_MANAGER = "zombie-operator"
"""Our field manager. It must never start with ``kubectl``: Flux removes the fields of such managers."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BROKEN_WAITING = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)
"""Reasons of a waiting container that do not pass by themselves (kubelet, pkg/kubelet/container and images)."""


@dataclass(frozen=True, slots=True)
class OwnerRef:
    """A controller ownerReference."""

    api_version: str
    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod: identity, placement, health and its raw spec. ``broken`` says why it will not become ready by itself."""

    uid: str
    namespace: str
    name: str
    node: str
    created: datetime
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    owner: OwnerRef | None
    spec: Body
    ready: bool
    running: bool
    deleting: bool
    restarts: int
    broken: str | None


@dataclass(frozen=True, slots=True)
class Workload:
    """The top owner of a pod.

    ``managers`` are the field managers of the object itself (of no subresource), ``own_fields`` the fieldsV1 of ours.
    """

    ref: TargetRef
    namespace: str
    created: datetime
    generation: int
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    owner: OwnerRef | None
    managers: tuple[str, ...]
    own_fields: Body
    spec: Body
    status: Body

    @property
    def title(self) -> str:
        """Kind and name, as people say it."""
        return f"{self.ref.kind} {self.ref.name}"

    @property
    def pod_spec(self) -> Body:
        """The pod template's spec."""
        return _dict(_dict(self.spec.get("template")).get("spec"))

    @property
    def pod_labels(self) -> Mapping[str, str]:
        """The pod template's labels."""
        return _dict(_dict(_dict(self.spec.get("template")).get("metadata")).get("labels"))


@dataclass(frozen=True, slots=True)
class Budget:
    """A PodDisruptionBudget: whom it covers and what it allows now."""

    name: str
    selector: Body | None
    disruptions_allowed: int
    current_healthy: int
    desired_healthy: int


def parse_time(text: str | None) -> datetime:
    """Return an API timestamp as an aware datetime; a missing one is the epoch."""
    return datetime.fromisoformat(text) if text else EPOCH


def pod_from(body: Body) -> Pod:
    """Take what the core needs from a v1 Pod."""
    meta, spec, status = _dict(body.get("metadata")), _dict(body.get("spec")), _dict(body.get("status"))
    states = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    conditions = {c.get("type"): c.get("status") for c in status.get("conditions") or ()}
    return Pod(
        uid=meta.get("uid", ""),
        namespace=meta.get("namespace", ""),
        name=meta.get("name", ""),
        node=spec.get("nodeName", ""),
        created=parse_time(meta.get("creationTimestamp")),
        labels=_dict(meta.get("labels")),
        annotations=_dict(meta.get("annotations")),
        owner=controller_of(meta),
        spec=spec,
        ready=conditions.get("Ready") == "True",
        running=status.get("phase") == "Running",
        deleting="deletionTimestamp" in meta,
        restarts=sum(int(s.get("restartCount", 0)) for s in status.get("containerStatuses") or ()),
        broken=next(_broken(states), None),
    )


def workload_from(body: Body) -> Workload:
    """Take what the core needs from a workload object of any kind."""
    meta = _dict(body.get("metadata"))
    fields = meta.get("managedFields") or ()
    return Workload(
        ref=TargetRef(body.get("apiVersion", ""), body.get("kind", ""), meta.get("name", ""), meta.get("uid", "")),
        namespace=meta.get("namespace", ""),
        created=parse_time(meta.get("creationTimestamp")),
        generation=int(meta.get("generation", 0)),
        labels=_dict(meta.get("labels")),
        annotations=_dict(meta.get("annotations")),
        owner=controller_of(meta),
        managers=tuple(dict.fromkeys(f.get("manager", "") for f in fields if not f.get("subresource"))),
        own_fields=next((_dict(f.get("fieldsV1")) for f in fields if _is_ours(f)), {}),
        spec=_dict(body.get("spec")),
        status=_dict(body.get("status")),
    )


def budget_from(body: Body) -> Budget:
    """Take what the core needs from a policy/v1 PodDisruptionBudget."""
    status = _dict(body.get("status"))
    return Budget(
        name=_dict(body.get("metadata")).get("name", ""),
        selector=_dict(body.get("spec")).get("selector"),
        disruptions_allowed=int(status.get("disruptionsAllowed", 0)),
        current_healthy=int(status.get("currentHealthy", 0)),
        desired_healthy=int(status.get("desiredHealthy", 0)),
    )


def controller_of(meta: Body) -> OwnerRef | None:
    """Return the controller among an object's ownerReferences; there is at most one."""
    for ref in meta.get("ownerReferences") or ():
        if ref.get("controller"):
            return OwnerRef(ref.get("apiVersion", ""), ref.get("kind", ""), ref.get("name", ""), ref.get("uid", ""))
    return None


def containers_of(pod_spec: Body) -> Iterator[Body]:
    """Yield the containers that run for the pod's life: the main ones and restartable init containers (KEP-753)."""
    yield from pod_spec.get("containers") or ()
    for container in pod_spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            yield container


def _is_ours(field: Body) -> bool:
    return field.get("manager") == FIELD_MANAGER and field.get("operation") == "Apply" and not field.get("subresource")


def _broken(states: list[Body]) -> Iterator[str]:
    for state in states:
        waiting = _dict(_dict(state.get("state")).get("waiting"))
        if waiting.get("reason") in BROKEN_WAITING:
            yield f"container {state.get('name')} is in {waiting.get('reason')}"


def _dict(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a raw API body
    return value if isinstance(value, dict) else {}
