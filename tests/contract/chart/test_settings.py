"""The chart sets every setting of the programs, by the right name, to a value that they accept."""

from typing import Any

import pytest
import yaml

from deploy import chart_readme
from docs.reference.chart_values import FIXED, VALUES
from tests.contract.chart.helm import Manifest, One
from zombie_operator.agent import settings as agent
from zombie_operator.controller import settings as controller
from zombie_operator.runtime.settings import describe, load

Program = tuple[type[Any], str, tuple[str, str]]
PROGRAMS: dict[str, Program] = {
    "operator": (controller.Settings, controller.PREFIX, ("Deployment", "zombie-operator")),
    "agent": (agent.AgentSettings, agent.PREFIX, ("DaemonSet", "zombie-operator-agent")),
}
# What the chart says on purpose otherwise than a program that is started by hand.
OWN_DEFAULTS = {"ZOMBIE_OPERATOR_AGENT_SELECTOR", "ZOMBIE_OPERATOR_POD_NAME", "ZOMBIE_OPERATOR_LISTEN"}


# For each value another one than the default, and what the variable then holds.
OTHER: dict[str, tuple[Any, str]] = {
    "agent.namespace": ("elsewhere", "elsewhere"),
    "agent.port": (9111, "9111"),
    "agent.tokenSecret": ("other-token", "other-token"),
    "agent.hostPID": (True, "/proc"),
    "agent.intervalSeconds": (7, "7"),
    "agent.maxSeries": (71, "71"),
    "agent.logLevel": ("DEBUG", "DEBUG"),
    "operator.intervalSeconds": (7, "7"),
    "operator.warmupSeconds": (71, "71"),
    "operator.maxSampleAgeSeconds": (72, "72"),
    "operator.port": (9112, "9112"),
    "operator.logLevel": ("ERROR", "ERROR"),
    "enforce.namespaces": (["shop", "pay"], "shop,pay"),
    "enforce.maxConcurrent": (3, "3"),
    "enforce.maxPerHour": (4, "4"),
    "enforce.stormWorkloads": (5, "5"),
    "enforce.stormPercent": (6, "6"),
    "enforce.stormMinPods": (8, "8"),
}


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> Program:
    return PROGRAMS[request.param]


def environment(one: One, identity: tuple[str, str], **values: Any) -> dict[str, str]:  # noqa: ANN401 - values are any JSON
    container = one(*identity, **values)["spec"]["template"]["spec"]["containers"][0]
    return {
        e["name"]: e.get("value", e.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")) for e in container["env"]
    }


def test_the_chart_sets_exactly_the_settings_that_there_are(one: One, program: Program) -> None:
    cls, prefix, identity = program
    assert set(environment(one, identity)) == {row.variable for row in describe(cls, prefix)}


def test_the_programs_accept_what_the_chart_sets(one: One, program: Program) -> None:
    cls, prefix, identity = program
    assert load(cls, prefix, environment(one, identity)) is not None


def test_every_setting_has_a_chart_value_or_follows_from_the_chart(program: Program) -> None:
    cls, prefix, _ = program
    variables = {row.variable for row in describe(cls, prefix)}
    assert {name for name in (*VALUES, *FIXED) if name.startswith(prefix)} == variables
    assert not VALUES.keys() & FIXED.keys()


@pytest.mark.parametrize(("variable", "value"), VALUES.items())
def test_a_chart_value_sets_the_variable_that_it_is_said_to_set(one: One, variable: str, value: str) -> None:
    cls, prefix, identity = next(p for p in PROGRAMS.values() if variable.startswith(p[1]))
    given, wanted = OTHER[value]
    part, _, key = value.partition(".")
    before, after = environment(one, identity), environment(one, identity, **{part: {key: given}})
    assert before[variable] != after[variable]
    assert after[variable].removeprefix(":") == wanted
    assert load(cls, prefix, after) is not None


def test_every_value_of_the_ceiling_sets_a_setting() -> None:
    """What an administrator reads about under `enforce` or `operator` and that is no part of the pod is a setting."""
    described = [
        path for path, _ in chart_readme.descriptions((chart_readme.CHART / "values.yaml").read_text(encoding="utf-8"))
    ]
    ceiling = {".".join(path) for path in described if path[0] == "enforce"}
    assert ceiling - set(VALUES.values()) == {"enforce.enabled"}


def test_the_defaults_of_chart_and_program_are_the_same(one: One, program: Program) -> None:
    cls, prefix, identity = program
    env = environment(one, identity)
    bare = {row.variable: env[row.variable] for row in describe(cls, prefix) if row.default is None}
    by_hand, by_chart = load(cls, prefix, bare), load(cls, prefix, env)
    different = {
        f"{prefix}{name.upper()}"
        for name in cls.__dataclass_fields__
        if getattr(by_hand, name) != getattr(by_chart, name)
    }
    assert different - OWN_DEFAULTS == set()


def test_the_operator_finds_the_agents_by_the_labels_that_they_carry(one: One) -> None:
    wanted = environment(one, PROGRAMS["operator"][2])["ZOMBIE_OPERATOR_AGENT_SELECTOR"]
    terms = dict(term.split("=") for term in wanted.split(","))
    assert terms == one("DaemonSet", "zombie-operator-agent")["spec"]["selector"]["matchLabels"]


@pytest.mark.parametrize(
    ("enforce", "expected"),
    [
        ({"namespaces": ["*"]}, None),
        ({"namespaces": ["shop", "*"]}, None),
        ({"namespaces": ["shop", "pay"]}, frozenset({"shop", "pay"})),
        ({"namespaces": []}, frozenset()),
        ({"enabled": False}, frozenset()),
    ],
)
def test_enforce_is_possible_where_its_rights_are(one: One, enforce: Manifest, expected: frozenset[str] | None) -> None:
    cls, prefix, identity = PROGRAMS["operator"]
    assert load(cls, prefix, environment(one, identity, enforce=enforce)).enforce_namespaces == expected


def test_the_values_for_local_images_are_known_to_the_chart(one: One) -> None:
    path = chart_readme.CHART.parent / "local-values.yaml"
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    container = one("Deployment", "zombie-operator", **values)["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "localhost/zombie-operator:dev"
    assert container["imagePullPolicy"] == "Never"
