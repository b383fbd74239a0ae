"""The CRDs in ``crds/`` are what core says, and what the API server and its users ask of a CRD."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from zombie_operator.api.crd import changes, outputs
from zombie_operator.core.policy import Limits, Rollout, Threshold

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
NAMES = ("zombiepolicies", "clusterzombiepolicies", "zombieremediations")
Node = dict[str, Any]


def crd(name: str) -> Node:
    manifest: Node = yaml.safe_load((ROOT / "crds" / f"{name}.yaml").read_text())
    return manifest


def schema(name: str) -> Node:
    version: Node = crd(name)["spec"]["versions"][0]
    root: Node = version["schema"]["openAPIV3Schema"]
    return root


def nodes(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Yield every schema below ``node`` with its path."""
    yield path, node
    for name, inner in node.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}")
    if "items" in node:
        yield from nodes(node["items"], f"{path}[]")
    if "additionalProperties" in node:
        yield from nodes(node["additionalProperties"], f"{path}{{}}")


def fields(name: str) -> list[tuple[str, Node]]:
    """Return the schemas of ``spec`` and ``status`` and of everything below."""
    parts = schema(name)["properties"]
    return [found for part in ("spec", "status") for found in nodes(parts[part], part)]


every_kind = pytest.mark.parametrize("name", NAMES)


def test_the_committed_files_are_the_generated_ones() -> None:
    files = outputs(ROOT / "crds", ROOT / "docs" / "reference" / "api.md")
    assert changes(files) == ""
    assert sorted(ROOT.joinpath("crds").glob("*.yaml")) == sorted(path for path in files if path.suffix == ".yaml")


@every_kind
def test_the_schema_is_structural(name: str) -> None:
    forbidden = {"$ref", "$defs", "anyOf", "oneOf", "allOf", "not", "propertyNames", "nullable", "title", "const"}
    kinds = {"object", "array", "string", "integer", "number", "boolean"}
    assert [path for path, node in fields(name) if forbidden & node.keys() or node["type"] not in kinds] == []
    both = {"properties", "additionalProperties"}
    assert [
        path for path, node in fields(name) if both <= node.keys() or node.get("additionalProperties") is False
    ] == []


def is_bounded(node: Node) -> bool:
    """Tell whether a value's size has a limit, which is what bounds an object and the cost of its rules."""
    match node["type"]:
        case "integer":
            return node["format"] == "int64" and {"minimum", "maximum"} <= node.keys()
        case "number":
            return "minimum" in node
        case "string":
            return bool({"maxLength", "enum"} & node.keys()) or node.get("format") == "date-time"
        case "array":
            return "maxItems" in node
    return "additionalProperties" not in node or "maxProperties" in node


@every_kind
def test_everything_is_bounded(name: str) -> None:
    assert [path for path, node in fields(name) if not is_bounded(node)] == []


@every_kind
def test_every_field_says_what_it_is_for(name: str) -> None:
    told = {path: node.get("description", "") for path, node in fields(name) if not path.endswith(("{}", "[]"))}
    assert [path for path, text in told.items() if not text.endswith(".") or "`" in text or "  " in text] == []


@every_kind
def test_every_list_says_how_it_is_merged(name: str) -> None:
    lists = {path: node for path, node in fields(name) if node["type"] == "array"}
    conditions = lists.pop("status.conditions", None)
    assert {node["x-kubernetes-list-type"] for node in lists.values()} == {"atomic"}
    if conditions:
        assert conditions["x-kubernetes-list-type"] == "map"
        assert conditions["x-kubernetes-list-map-keys"] == ["type"]


@every_kind
def test_only_a_spec_has_defaults_and_an_object_takes_those_of_its_fields(name: str) -> None:
    defaults = {path: node for path, node in fields(name) if "default" in node}
    assert defaults.pop("status")["default"] == {"observedGeneration": -1}
    assert [path for path in defaults if not path.startswith("spec.")] == []
    assert [path for path, node in defaults.items() if node["type"] == "object" and node["default"] != {}] == []
    assert [path for path, node in defaults.items() if node["default"] in (None, "", [])] == []


@pytest.mark.parametrize("name", ["zombiepolicies", "clusterzombiepolicies"])
@pytest.mark.parametrize(("field", "value"), [("threshold", Threshold()), ("rollout", Rollout()), ("limits", Limits())])
def test_the_defaults_are_those_of_core(name: str, field: str, value: Threshold | Rollout | Limits) -> None:
    fields = schema(name)["properties"]["spec"]["properties"][field]["properties"]
    defaults = [node["default"] for node in fields.values() if "default" in node]
    assert defaults == [default for default in astuple(value) if default is not None]


def test_who_must_say_what() -> None:
    assert [schema(name)["required"] for name in NAMES] == [["spec"]] * 3
    required = {name: schema(name)["properties"]["spec"]["required"] for name in NAMES}
    assert required == {
        "zombiepolicies": ["selector", "remedies"],
        "clusterzombiepolicies": ["selector", "remedies", "namespaceSelector"],
        "zombieremediations": ["targetRef", "policyRef", "container", "cause", "remedy"],
    }


@pytest.mark.parametrize(
    ("name", "kind", "short", "scope"),
    [
        ("zombiepolicies", "ZombiePolicy", "zpol", "Namespaced"),
        ("clusterzombiepolicies", "ClusterZombiePolicy", "czpol", "Cluster"),
        ("zombieremediations", "ZombieRemediation", "zrem", "Namespaced"),
    ],
)
def test_the_names(name: str, kind: str, short: str, scope: str) -> None:
    manifest = crd(name)
    assert manifest["metadata"]["name"] == f"{name}.zombie-operator.dev"
    assert manifest["spec"]["scope"] == scope
    assert manifest["spec"]["names"] == {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": name,
        "singular": kind.lower(),
        "shortNames": [short],
        "categories": ["zombies"],
    }
    (version,) = manifest["spec"]["versions"]
    assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)
    assert version["subresources"] == {"status": {}}


@pytest.mark.parametrize("name", ["zombiepolicies", "clusterzombiepolicies"])
def test_the_columns_of_a_policy(name: str) -> None:
    columns = crd(name)["spec"]["versions"][0]["additionalPrinterColumns"]
    seen = [column["name"] for column in columns if "priority" not in column]
    assert seen == ["Mode", "Leaking", "Remediating", "Cured", "Ready", "Reason", "Age"]
    assert [column["name"] for column in columns if column.get("priority") == 1] == ["Message"]


def test_the_columns_of_a_remediation() -> None:
    columns = crd("zombieremediations")["spec"]["versions"][0]["additionalPrinterColumns"]
    seen = [column["name"] for column in columns if "priority" not in column]
    assert seen == ["Kind", "Workload", "Remedy", "Cause", "Phase", "Outcome", "Reason", "Age"]


@every_kind
def test_every_column_shows_a_field_of_the_schema(name: str) -> None:
    known = {".metadata.creationTimestamp", *(f".{path}" for path, _ in fields(name))}
    columns = crd(name)["spec"]["versions"][0]["additionalPrinterColumns"]
    shown = {column["jsonPath"].replace('[?(@.type=="Ready")]', "[]") for column in columns}
    assert shown <= known


def test_only_suspend_and_action_of_a_remediation_may_change() -> None:
    spec = schema("zombieremediations")["properties"]["spec"]
    guarded = {rule["message"].split()[0].removeprefix("spec.") for rule in spec["x-kubernetes-validations"]}
    assert spec["properties"].keys() - guarded == {"suspend", "action"}


@every_kind
def test_every_rule_names_its_field(name: str) -> None:
    rules = [
        (path, rule["message"]) for path, node in fields(name) for rule in node.get("x-kubernetes-validations", [])
    ]
    # Of an item the message names the item's field, since the server puts the item's path before it.
    assert [path for path, message in rules if not message.startswith("values " if "[]" in path else path)] == []
    assert rules
