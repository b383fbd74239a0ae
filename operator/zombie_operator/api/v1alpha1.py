"""The kinds of ``zombie-operator.dev/v1alpha1``: their names, and reading and writing their objects.

Every ``decode_*`` takes the object as the API server sends it (or as a file has it) and raises ``ValidationProblems``
with all that is wrong. Fields it does not know are ignored, as the server drops them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, overload

from zombie_operator.api import codec
from zombie_operator.api.problems import ValidationProblems
from zombie_operator.core.policy import Policy, PolicyRef
from zombie_operator.core.remediation import Remediation, RemediationSpec, RemediationStatus
from zombie_operator.core.status import PolicyStatus

GROUP = "zombie-operator.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """How the API server names one kind."""

    kind: str
    plural: str
    short_name: str
    namespaced: bool

    @property
    def crd_name(self) -> str:
        """The name of its CustomResourceDefinition."""
        return f"{self.plural}.{GROUP}"


ZOMBIE_POLICY = Resource("ZombiePolicy", "zombiepolicies", "zpol", namespaced=True)
CLUSTER_ZOMBIE_POLICY = Resource("ClusterZombiePolicy", "clusterzombiepolicies", "czpol", namespaced=False)
ZOMBIE_REMEDIATION = Resource("ZombieRemediation", "zombieremediations", "zrem", namespaced=True)
RESOURCES = (ZOMBIE_POLICY, CLUSTER_ZOMBIE_POLICY, ZOMBIE_REMEDIATION)

_POLICY_BODIES: Mapping[str, type[codec.PolicyBody | codec.ClusterPolicyBody]] = {
    ZOMBIE_POLICY.kind: codec.PolicyBody,
    CLUSTER_ZOMBIE_POLICY.kind: codec.ClusterPolicyBody,
}


def decode_policy(raw: Raw) -> Policy:
    """Read a ZombiePolicy or a ClusterZombiePolicy. Its status is not looked at (``decode_policy_status``)."""
    kind = _kind_of(raw, *_POLICY_BODIES)
    body = codec.decode(_POLICY_BODIES[kind], {"spec": raw.get("spec")})
    meta = _metadata(raw)
    ref = PolicyRef(kind, meta.get("namespace") or "", meta.get("name") or "", meta.get("uid") or "")
    return Policy(
        ref=ref,
        generation=meta.get("generation") or 0,
        created=meta.get("creationTimestamp") or "",
        spec=body.spec,
    )


def decode_policy_status(raw: Raw) -> PolicyStatus:
    """Read the status of a policy of either kind; an absent one is the empty status.

    One that cannot be read (written by a newer operator, before a downgrade) is the empty status as well: it is only
    ever an answer, it is written anew at the next evaluation, and refusing it would leave it wrong for ever.
    """
    try:
        return codec.decode(codec.PolicyStatusBody, raw).status
    except ValidationProblems:
        return PolicyStatus()


def decode_remediation(raw: Raw) -> Remediation:
    """Read a ZombieRemediation. Its status is memory, so one that cannot be read is a problem, not an empty one."""
    _kind_of(raw, ZOMBIE_REMEDIATION.kind)
    body = codec.decode(codec.RemediationBody, raw)
    meta = _metadata(raw)
    return Remediation(
        namespace=meta.get("namespace") or "",
        name=meta.get("name") or "",
        uid=meta.get("uid") or "",
        generation=meta.get("generation") or 0,
        resource_version=meta.get("resourceVersion") or "",
        spec=body.spec,
        status=body.status,
    )


def encode_remediation_spec(spec: RemediationSpec) -> dict[str, Any]:
    """Write the ``spec`` of a new ZombieRemediation, or raise what the server would refuse."""
    written: dict[str, Any] = codec.encode(spec)
    codec.decode(codec.RemediationSpecBody, {"spec": written})
    return written


@overload
def encode_status(status: PolicyStatus, *, merge: bool = False) -> dict[str, Any]: ...
@overload
def encode_status(status: RemediationStatus, *, merge: bool = False) -> dict[str, Any]: ...
def encode_status(status: PolicyStatus | RemediationStatus, *, merge: bool = False) -> dict[str, Any]:
    """Write a ``status``, or raise what the server would refuse.

    By default it is for PUT (and server-side apply), where what is left out is gone. With ``merge`` it is for a JSON
    merge patch: what is to be gone is null.
    """
    model = codec.PolicyStatusBody if isinstance(status, PolicyStatus) else codec.RemediationStatusBody
    codec.decode(model, {"status": codec.encode(status)})
    written: dict[str, Any] = codec.encode(status, nulls=merge)
    return written


def _metadata(raw: Raw) -> Raw:
    metadata: Raw = raw.get("metadata") or {}
    return metadata


def _kind_of(raw: Raw, *allowed: str) -> str:
    problems = []
    if raw.get("apiVersion", API_VERSION) != API_VERSION:
        problems.append(f"apiVersion: must be {API_VERSION}")
    kind = raw.get("kind")
    if kind not in allowed:
        problems.append(f"kind: must be {' or '.join(allowed)}")
    if problems:
        raise ValidationProblems(problems)
    return str(kind)
