"""The chart as a whole: it renders the same twice, carries the present CRDs, and its documentation is true."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import chart_readme
from deploy.image import inputs
from tests.contract.chart.helm import Manifest, One, Render, Template

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "deploy/chart"
EVERYTHING = {
    "networkPolicy": {"enabled": True},
    "podMonitor": {"enabled": True},
    "imagePullSecrets": ["registry"],
    "commonLabels": {"team": "platform"},
}
CLUSTER_SCOPED = {"Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}


def test_lint_finds_no_error(helm: str) -> None:
    done = subprocess.run([helm, "lint", "--strict", str(CHART)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_rendering_twice_gives_the_same(template: Template) -> None:
    values = json.dumps(EVERYTHING)
    assert template(values).stdout == template(values).stdout


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_names_are_unique_and_objects_have_their_namespace_and_labels(render: Render, values: Manifest) -> None:
    manifests = render(**values)
    identities = [(m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) for m in manifests]
    assert len(identities) == len(set(identities))
    for kind, namespace, name in identities:
        assert (namespace is None) == (kind in CLUSTER_SCOPED), f"{kind} {name}"
    for manifest in manifests:
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "zombie-operator"
        if values and manifest["kind"] != "CustomResourceDefinition":
            assert labels["team"] == "platform"


def test_a_secret_is_never_rendered(render: Render) -> None:
    assert not [m for m in render(**EVERYTHING) if m["kind"] == "Secret"]


def test_crds_in_the_chart_are_the_generated_ones() -> None:
    generated = {path.name: path.read_bytes() for path in (ROOT / "crds").glob("*.yaml")}
    packed = {path.name: path.read_bytes() for path in (CHART / "files/crds").glob("*.yaml")}
    assert generated
    assert packed == generated, "run `make generate`"


def test_rendering_changes_nothing_in_the_crds_but_keeps_them(render: Render) -> None:
    sources = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "crds").glob("*.yaml")]
    for source in sources:
        annotations = source["metadata"].get("annotations", {})
        source["metadata"]["annotations"] = annotations | {"helm.sh/resource-policy": "keep"}
    assert by_name(crds(render())) == by_name(sources)


def test_crds_can_be_left_out_or_removed_with_the_chart(render: Render) -> None:
    assert not crds(render(crds={"enabled": False}))
    for crd in crds(render(crds={"keep": False})):
        assert "helm.sh/resource-policy" not in crd["metadata"].get("annotations", {})


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"operator": {"intervallSeconds": 5}}, "intervallSeconds"),
        ({"agents": {}}, "agents"),
        ({"operator": {"intervalSeconds": 0}}, "intervalSeconds"),
        ({"enforce": {"namespaces": ["Shop"]}}, "namespaces"),
        ({"image": {"digest": "latest"}}, "digest"),
        ({"agent": {"hostPID": "no"}}, "hostPID"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(template: Template, wrong: Manifest, complaint: str) -> None:
    done = template(json.dumps(wrong))
    assert done.returncode != 0
    assert complaint in done.stderr


def test_schema_and_values_have_the_same_keys() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    # Helm itself sets `global` where the chart is part of another one.
    known = set(schema_paths(schema)) - {("global",)}
    assert known == {path for path, _ in described()}


def test_every_object_in_the_schema_refuses_unknown_keys_unless_it_is_a_map() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert [path for path, node in objects(schema) if "properties" in node and node["additionalProperties"]] == []


def test_the_readme_documents_every_value_with_its_present_default() -> None:
    readme = (CHART / "README.md").read_text(encoding="utf-8")
    assert chart_readme.with_table(readme) == readme, "run `python -m deploy.chart_readme`"
    defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    documented = {path for path, _ in described()}
    missing = [path for path in leaves(defaults) if not any(path[: len(known)] == known for known in documented)]
    assert missing == []


def test_the_chart_has_the_version_of_the_project() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["appVersion"] == chart["version"] == inputs.version()


def test_a_digest_decides_over_a_tag(one: One) -> None:
    image = {"repository": "example.org/zo", "tag": "1.0", "digest": "sha256:" + "0" * 64}
    for kind, name in (("Deployment", "zombie-operator"), ("DaemonSet", "zombie-operator-agent")):
        container = one(kind, name, image=image)["spec"]["template"]["spec"]["containers"][0]
        assert container["image"] == "example.org/zo@sha256:" + "0" * 64


def crds(manifests: list[Manifest]) -> list[Manifest]:
    """Pick the CustomResourceDefinitions."""
    return [m for m in manifests if m["kind"] == "CustomResourceDefinition"]


def by_name(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Index manifests by their names."""
    return {m["metadata"]["name"]: m for m in manifests}


def described() -> list[tuple[tuple[str, ...], str]]:
    """Return every described value."""
    return list(chart_readme.descriptions((CHART / "values.yaml").read_text(encoding="utf-8")))


def schema_paths(node: Manifest, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the values that the schema knows; requests and limits are Kubernetes' own and count as one value."""
    if path and ("properties" not in node or path[-1] == "resources"):
        yield path
        return
    for key, child in node["properties"].items():
        yield from schema_paths(child, (*path, key))


def objects(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Manifest]]:  # noqa: ANN401
    """Yield every node of the schema that describes an object."""
    if isinstance(node, dict):
        if node.get("type") == "object" and "description" not in node:
            yield path, node
        for key, child in node.items():
            yield from objects(child, (*path, key))


def leaves(values: Manifest, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all values that are no group of others."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)
