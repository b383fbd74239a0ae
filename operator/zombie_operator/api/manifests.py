"""The three CustomResourceDefinitions as objects: names, columns and schemas put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zombie_operator.api.codec import Body, ClusterPolicyBody, PolicyBody, RemediationBody
from zombie_operator.api.schema import structural_schema
from zombie_operator.api.v1alpha1 import (
    CLUSTER_ZOMBIE_POLICY,
    GROUP,
    RESOURCES,
    VERSION,
    ZOMBIE_POLICY,
    ZOMBIE_REMEDIATION,
    Resource,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

CATEGORY = "zombies"
BODIES: Mapping[Resource, type[Body]] = {
    ZOMBIE_POLICY: PolicyBody,
    CLUSTER_ZOMBIE_POLICY: ClusterPolicyBody,
    ZOMBIE_REMEDIATION: RemediationBody,
}


def _column(name: str, path: str, kind: str = "string", *, wide: bool = False) -> dict[str, Any]:
    return {"name": name, "type": kind, "jsonPath": path} | ({"priority": 1} if wide else {})


def _ready(field: str) -> str:
    return f'.status.conditions[?(@.type=="Ready")].{field}'


AGE = _column("Age", ".metadata.creationTimestamp", "date")
POLICY_COLUMNS = (
    _column("Mode", ".spec.mode"),
    _column("Leaking", ".status.leaking", "integer"),
    _column("Remediating", ".status.remediating", "integer"),
    _column("Cured", ".status.cured", "integer"),
    _column("Ready", _ready("status")),
    _column("Reason", _ready("reason")),
    AGE,
    _column("Message", _ready("message"), wide=True),
)
REMEDIATION_COLUMNS = (
    # The server prints one value a column, so a workload's kind has its own.
    _column("Kind", ".spec.targetRef.kind"),
    _column("Workload", ".spec.targetRef.name"),
    _column("Remedy", ".spec.remedy"),
    _column("Cause", ".spec.cause"),
    _column("Phase", ".status.phase"),
    _column("Outcome", ".status.outcome"),
    _column("Reason", ".status.reason"),
    AGE,
    _column("Message", ".status.message", wide=True),
)


def definition(resource: Resource) -> dict[str, Any]:
    """Return one kind's CustomResourceDefinition."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": resource.crd_name,
            "labels": {"app.kubernetes.io/name": "zombie-operator", "app.kubernetes.io/component": "crd"},
        },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced" if resource.namespaced else "Cluster",
            "names": {
                "kind": resource.kind,
                "listKind": f"{resource.kind}List",
                "plural": resource.plural,
                "singular": resource.kind.lower(),
                "shortNames": [resource.short_name],
                "categories": [CATEGORY],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": list(
                        REMEDIATION_COLUMNS if resource == ZOMBIE_REMEDIATION else POLICY_COLUMNS
                    ),
                    "schema": {"openAPIV3Schema": structural_schema(BODIES[resource])},
                }
            ],
        },
    }


def definitions() -> dict[str, dict[str, Any]]:
    """Return all CustomResourceDefinitions by the name of their file."""
    return {f"{resource.plural}.yaml": definition(resource) for resource in RESOURCES}
