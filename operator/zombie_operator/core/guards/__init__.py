"""The guards, in order: small functions that may each refuse an effect, with the reason and the way out.

They run before every forward effect; unknown means refuse. Taking a remedy back is bound only by ``REVERT_GUARDS``.
To add one: write it in a file here and add a line to the list. ``docs/reference/guards.md`` has a row for each.
"""

from __future__ import annotations

from zombie_operator.core.guards.availability import disruption_budget, strategy_too_disruptive, too_few_replicas
from zombie_operator.core.guards.base import Ceiling, Context, Guard, Watched
from zombie_operator.core.guards.data import stale_data, storm_breaker, warming_up
from zombie_operator.core.guards.pace import budget_exhausted, cooling_down
from zombie_operator.core.guards.permission import namespace_not_enforceable, not_enforcing, suspended
from zombie_operator.core.guards.protection import opted_out, protected
from zombie_operator.core.guards.selection import partly_selected
from zombie_operator.core.guards.workload import managed, paused, rollout_in_progress
from zombie_operator.core.reasons import Refusal

GUARDS: tuple[Guard, ...] = (
    suspended,
    not_enforcing,
    namespace_not_enforceable,
    protected,
    opted_out,
    warming_up,
    stale_data,
    storm_breaker,
    managed,
    partly_selected,
    paused,
    rollout_in_progress,
    too_few_replicas,
    strategy_too_disruptive,
    disruption_budget,
    cooling_down,
    budget_exhausted,
)

REPEAT_GUARDS: tuple[Guard, ...] = tuple(guard for guard in GUARDS if guard not in {cooling_down, budget_exhausted})
"""For an effect whose intent is written already: budgets and cooldowns have counted it, so they are not asked again."""
RELAPSE_GUARDS: tuple[Guard, ...] = (suspended, not_enforcing, warming_up, stale_data, storm_breaker)
"""For beginning to take back what was called cured: only what says that the operator may act, and knows enough."""
REVERT_GUARDS: tuple[Guard, ...] = (suspended,)


def refusals(context: Context, guards: tuple[Guard, ...] = GUARDS) -> tuple[Refusal, ...]:
    """Return what the guards say, in their order; empty means go."""
    return tuple(refusal for guard in guards if (refusal := guard(context)) is not None)


__all__ = [
    "GUARDS",
    "RELAPSE_GUARDS",
    "REPEAT_GUARDS",
    "REVERT_GUARDS",
    "Ceiling",
    "Context",
    "Guard",
    "Watched",
    "refusals",
]
