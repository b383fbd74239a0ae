"""The remedies, one file each. To add one: write its file and add a line to ``REMEDIES``."""

from __future__ import annotations

from zombie_operator.core.remediation import RemedyType
from zombie_operator.core.remedies.base import Remedy
from zombie_operator.core.remedies.restart_pod import RestartPod
from zombie_operator.core.remedies.share_process_namespace import ShareProcessNamespace

REMEDIES: dict[RemedyType, Remedy] = {
    RemedyType.SHARE_PROCESS_NAMESPACE: ShareProcessNamespace(),
    RemedyType.RESTART_POD: RestartPod(),
}

__all__ = ["REMEDIES", "Remedy"]
