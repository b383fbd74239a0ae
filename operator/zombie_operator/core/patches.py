"""Pod patches: how one is written into a pod template, and whether a pod or a template carries it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from zombie_operator.core.objects import Body, Workload
from zombie_operator.core.remediation import PodPatch

FIELDS = {"share_process_namespace": "shareProcessNamespace"}
"""Pod-level scalars by their names in the Kubernetes API."""


def as_pod_spec(patch: PodPatch) -> dict[str, Any]:
    """Return the fields of a pod spec that the patch sets, and no others."""
    values = {name: getattr(patch, attribute) for attribute, name in FIELDS.items()}
    return {name: value for name, value in values.items() if value is not None}


def patch_hash(patch: PodPatch) -> str:
    """Return a short name for a patch, which an intent records."""
    return hashlib.sha256(json.dumps(as_pod_spec(patch), sort_keys=True).encode()).hexdigest()[:12]


def carries(pod_spec: Body, patch: PodPatch) -> bool:
    """Tell whether a pod spec has every value of a patch; no pod carries an empty patch."""
    wanted = as_pod_spec(patch)
    return bool(wanted) and all(pod_spec.get(name) == value for name, value in wanted.items())


def applied_by_us(workload: Workload, patch: PodPatch) -> bool:
    """Tell whether the template has the patch and our field manager owns it.

    The same value set by somebody else is theirs: it is not ours to take back.
    """
    owned: Any = workload.own_fields
    for step in ("f:spec", "f:template", "f:spec"):
        owned = owned.get(step) or {}
    return carries(workload.pod_spec, patch) and all(f"f:{name}" in owned for name in as_pod_spec(patch))
