"""The operator's settings: defaults, the two meanings of namespaces, and every problem at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zombie_operator.controller.settings import PREFIX, Settings, namespaces
from zombie_operator.core.guards import Ceiling
from zombie_operator.engine.observe import AgentsAt
from zombie_operator.runtime.settings import SettingsError, describe, load

ROOT = Path(__file__).resolve().parents[3]
REQUIRED = {"NAMESPACE": "zo", "AGENT_NAMESPACE": "zo-agents"}
WRONG = {
    "AGENT_NAMESPACE": " ",
    "AGENT_PORT": "0",
    "INTERVAL_SECONDS": "soon",
    "STORM_PERCENT": "101",
    "LISTEN": "8080",
    "LOG_LEVEL": "LOUD",
}


def environ(**values: str) -> dict[str, str]:
    """Return an environment with our prefix."""
    return {PREFIX + name: value for name, value in values.items()}


def loaded(**values: str) -> Settings:
    """Load settings with what is required, and more."""
    return load(Settings, PREFIX, environ(**{**REQUIRED, **values}))


def test_two_settings_are_enough_and_the_rest_are_those_of_the_ceiling() -> None:
    settings = loaded()
    protected = Ceiling().protected_namespaces | {"zo", "zo-agents"}
    assert settings.ceiling == Ceiling(protected_namespaces=protected)
    assert settings.agents == AgentsAt("zo-agents", "app.kubernetes.io/component=agent", 8080)
    assert settings.interval_seconds == 15
    assert settings.listen == ("0.0.0.0", 8080)  # noqa: S104 - a pod's own address


def test_the_operators_own_namespaces_are_protected_besides_the_system() -> None:
    assert {"kube-system", "zo", "zo-agents"} <= loaded().ceiling.protected_namespaces


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("*", None),
        (" * ", None),
        ("", frozenset()),
        (" , ", frozenset()),
        ("a", {"a"}),
        (" a ,b,, a", {"a", "b"}),
    ],
)
def test_a_star_means_all_namespaces_and_nothing_means_none(raw: str, meant: frozenset[str] | None) -> None:
    assert namespaces(raw) == meant
    assert loaded(ENFORCE_NAMESPACES=raw).ceiling.enforce_namespaces == meant


def test_every_limit_reaches_the_ceiling() -> None:
    limits = {
        "MAX_CONCURRENT": 3,
        "MAX_PER_HOUR": 4,
        "WARMUP_SECONDS": 5,
        "MAX_SAMPLE_AGE_SECONDS": 6,
        "STORM_WORKLOADS": 7,
        "STORM_PERCENT": 8,
        "STORM_MIN_PODS": 9,
    }
    ceiling = loaded(**{name: str(value) for name, value in limits.items()}).ceiling
    assert {name: getattr(ceiling, name.lower()) for name in limits} == limits


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        load(Settings, PREFIX, environ(**WRONG))
    named = [problem.split(":")[0].removeprefix(PREFIX) for problem in raised.value.problems]
    assert sorted(named) == sorted([*WRONG, "NAMESPACE"])


def test_every_setting_is_described() -> None:
    rows = list(describe(Settings, PREFIX))
    assert [row.variable for row in rows if row.default is None] == [PREFIX + name for name in REQUIRED]
    assert all(row.description for row in rows)


def test_the_program_names_every_problem_and_exits_2() -> None:
    """A real process, without an API server: settings come first."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    done = subprocess.run(
        [sys.executable, "-m", "zombie_operator.controller"],
        env={**outside, **environ(**WRONG), "PYTHONPATH": str(ROOT / "operator")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == len(WRONG) + 1
    for name in [*WRONG, "NAMESPACE"]:
        assert any(line.startswith(f"zombie-operator: {PREFIX}{name}: ") for line in lines)


def test_the_program_says_in_a_sentence_that_it_has_no_credentials(tmp_path: Path) -> None:
    outside = {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "KUBERNETES_"))}
    kubeconfig = {"KUBECONFIG": str(tmp_path / "absent"), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "zombie_operator.controller"],
        env={**outside, **kubeconfig, **environ(**REQUIRED), "PYTHONPATH": str(ROOT / "operator")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Could not start" in done.stderr
    assert "Traceback" not in done.stderr
