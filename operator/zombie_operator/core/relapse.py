"""Relapses: a remediation that ended with its remedy in place, and whose patched pods leak again.

What was called cured too early, as after a burst that had paused, is found here and taken back, once.
"""

from __future__ import annotations

from collections.abc import Sequence

from zombie_operator.core.assess import Finding
from zombie_operator.core.choose import policy_ref
from zombie_operator.core.document import Cause, Origin
from zombie_operator.core.patches import applied_by_us, carries
from zombie_operator.core.remediation import Outcome, Remediation

KEPT = frozenset({Outcome.CURED, Outcome.INCONCLUSIVE})
"""Outcomes that leave the remedy in place."""


def relapsed(memory: Sequence[Remediation], finding: Finding) -> Remediation | None:
    """Return the remediation of this workload that did not cure this leak, if its change is still there and ours."""
    return next((one for one in memory if _relapsed(one, finding)), None)


def _relapsed(one: Remediation, finding: Finding) -> bool:
    workload, spec, cause = finding.owned.workload, one.spec, finding.leak.cause
    if one.status.outcome not in KEPT or spec.policy_ref != policy_ref(finding.policy):
        return False
    # The experiment on an unknown origin was about exactly this: does the program hold its own children? After a proved
    # orphan it is a second leak of another cause, for which the remedy cannot be blamed.
    own_children = spec.origin is Origin.UNKNOWN and cause is Cause.PARENT_NOT_WAITING
    if cause is not spec.cause and not own_children:
        return False
    return workload is not None and carries(finding.owned.pod.spec, spec.patch) and applied_by_us(workload, spec.patch)
