"""Our own kinds on the API server: reading policies and remediations, writing remediations and statuses."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from zombie_operator.api.problems import ValidationProblems
from zombie_operator.api.v1alpha1 import (
    API_VERSION,
    CLUSTER_ZOMBIE_POLICY,
    ZOMBIE_POLICY,
    ZOMBIE_REMEDIATION,
    Resource,
    decode_policy,
    decode_policy_status,
    decode_remediation,
    encode_remediation_spec,
    encode_status,
)
from zombie_operator.core.policy import Policy, PolicyRef
from zombie_operator.core.remediation import Remediation, RemediationSpec, RemediationStatus
from zombie_operator.core.status import PolicyStatus
from zombie_operator.kube import paths
from zombie_operator.kube.client import MERGE, KubeClient
from zombie_operator.kube.errors import NotFound

log = logging.getLogger(__name__)

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A policy with its present status; ``policy`` is None when its spec cannot be read, ``problem`` says why."""

    ref: PolicyRef
    generation: int
    resource_version: str
    status: PolicyStatus
    policy: Policy | None
    problem: str | None = None


async def policies(client: KubeClient) -> list[StoredPolicy]:
    """Read every policy of both kinds, the unreadable ones with their problem."""
    return [
        _stored(body)
        for resource in (ZOMBIE_POLICY, CLUSTER_ZOMBIE_POLICY)
        async for body in client.pages(paths.own(resource))
    ]


async def remediations(client: KubeClient) -> list[Remediation]:
    """Read every remediation. One that cannot be read is logged and left out, so it is never acted on."""
    found: list[Remediation] = []
    async for body in client.pages(paths.own(ZOMBIE_REMEDIATION)):
        try:
            found.append(decode_remediation(body))
        except ValidationProblems as problems:
            log.warning(
                "Skipped unreadable ZombieRemediation", extra={"object": _name(body), "problems": str(problems)}
            )
    return found


async def remediation(client: KubeClient, namespace: str, name: str) -> Remediation:
    """Read one remediation; raises NotFound."""
    return decode_remediation(await client.get(paths.own(ZOMBIE_REMEDIATION, namespace, name)))


async def unchanged(client: KubeClient, known: Remediation) -> bool:
    """Tell whether a remediation is on the API server as it was read, neither changed nor deleted since."""
    try:
        now = await remediation(client, known.namespace, known.name)
    except (NotFound, ValidationProblems):
        return False
    return (now.uid, now.resource_version) == (known.uid, known.resource_version)


async def policy(client: KubeClient, ref_kind: str, namespace: str, name: str) -> Policy:
    """Read one policy; raises NotFound, or ValidationProblems when it cannot be read."""
    resource = _resource(ref_kind)
    return decode_policy(await client.get(paths.own(resource, namespace if resource.namespaced else "", name)))


async def create_remediation(client: KubeClient, namespace: str, name: str, spec: RemediationSpec) -> Remediation:
    """Create a remediation that the garbage collector removes with its workload. Raises Conflict when it exists."""
    target = spec.target_ref
    owner = {"apiVersion": target.api_version, "kind": target.kind, "name": target.name, "uid": target.uid}
    body = {
        "apiVersion": API_VERSION,
        "kind": ZOMBIE_REMEDIATION.kind,
        # No label or annotation of the workload is copied: GitOps tools would claim the object by them.
        "metadata": {"name": name, "namespace": namespace, "ownerReferences": [owner]},
        "spec": encode_remediation_spec(spec),
    }
    path = paths.own(ZOMBIE_REMEDIATION, namespace)
    return decode_remediation(await client.request("POST", path, body=body))


async def put_status(client: KubeClient, before: Remediation, status: RemediationStatus) -> Remediation:
    """Write a remediation's status, fenced by the resourceVersion it was read at. Raises Conflict when it moved on."""
    status = replace(status, observed_generation=before.generation)
    path = paths.own(ZOMBIE_REMEDIATION, before.namespace, before.name, "status")
    body = {
        "apiVersion": API_VERSION,
        "kind": ZOMBIE_REMEDIATION.kind,
        "metadata": {
            "name": before.name,
            "namespace": before.namespace,
            "uid": before.uid,
            "resourceVersion": before.resource_version,
        },
        "spec": encode_remediation_spec(before.spec),
        "status": encode_status(status),
    }
    return decode_remediation(await client.request("PUT", path, body=body))


async def put_policy_status(client: KubeClient, stored: StoredPolicy, status: PolicyStatus) -> None:
    """Write a policy's status by a merge patch, fenced by the resourceVersion it was read at."""
    path = paths.own(_resource(stored.ref.kind), stored.ref.namespace, stored.ref.name, "status")
    metadata = {"uid": stored.ref.uid, "resourceVersion": stored.resource_version}
    body = {"metadata": metadata, "status": encode_status(status, merge=True)}
    await client.request("PATCH", path, body=body, content_type=MERGE)


def _resource(kind: str) -> Resource:
    return CLUSTER_ZOMBIE_POLICY if kind == CLUSTER_ZOMBIE_POLICY.kind else ZOMBIE_POLICY


def _stored(body: Body) -> StoredPolicy:
    meta = body.get("metadata") or {}
    ref = PolicyRef(body["kind"], meta.get("namespace", ""), meta.get("name", ""), meta.get("uid", ""))
    policy_read, problem = None, None
    try:
        policy_read = decode_policy(body)
    except ValidationProblems as problems:
        problem = str(problems)
    return StoredPolicy(
        ref=ref,
        generation=int(meta.get("generation", 0)),
        resource_version=meta.get("resourceVersion", ""),
        status=decode_policy_status(body),
        policy=policy_read,
        problem=problem,
    )


def _name(body: Body) -> str:
    meta = body.get("metadata") or {}
    return f"{meta.get('namespace')}/{meta.get('name')}"
