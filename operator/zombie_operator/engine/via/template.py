"""Template: a change of the workload's pod template by server-side apply, with our own field manager and without force.

Only our fields are in the body, so nothing else is owned or overwritten. Taking it back is the same apply without our
fields: the server then removes exactly what only we own (seen on a 1.36 API server, and KEP-555).
"""

from __future__ import annotations

from zombie_operator.core.objects import FIELD_MANAGER
from zombie_operator.core.patches import as_pod_spec
from zombie_operator.core.remediation import Remediation
from zombie_operator.kube import paths
from zombie_operator.kube.client import APPLY, KubeClient
from zombie_operator.kube.errors import Invalid


async def apply(client: KubeClient, remediation: Remediation) -> None:
    """Set the patch. Raises Conflict with the managers' names when somebody else owns a field."""
    spec = {"template": {"spec": as_pod_spec(remediation.spec.patch)}}
    await _server_side_apply(client, remediation, {"spec": spec})


async def revert(client: KubeClient, remediation: Remediation) -> None:
    """Release our fields."""
    await _server_side_apply(client, remediation, {})


async def _server_side_apply(client: KubeClient, remediation: Remediation, change: dict[str, object]) -> None:
    target = remediation.spec.target_ref
    path = paths.workload(target.api_version, target.kind, remediation.namespace, target.name)
    if path is None:
        raise Invalid(f"{target.kind} {target.name} has no pod template that can be changed")
    body = {
        "apiVersion": target.api_version,
        "kind": target.kind,
        # The UID makes the server refuse when another object has taken the name meanwhile.
        "metadata": {"name": target.name, "namespace": remediation.namespace, "uid": target.uid},
        **change,
    }
    await client.request("PATCH", path, body=body, query={"fieldManager": FIELD_MANAGER}, content_type=APPLY)
