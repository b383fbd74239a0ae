"""The rights that the chart grants: exactly those that the work needs, acting apart from reading."""

import pytest

from tests.contract.chart import rights
from tests.contract.chart.helm import Manifest, One, Render
from tests.contract.chart.rights import Right

ROLES = {"ClusterRole", "Role"}
BINDINGS = {"ClusterRoleBinding", "RoleBinding"}
OURS = "zombie-operator.dev"
CHANGING = {"create", "update", "patch", "delete", "deletecollection"}


def rules(manifests: list[Manifest], *names: str) -> list[tuple[Manifest, Manifest]]:
    found = [m for m in manifests if m["kind"] in ROLES and (not names or m["metadata"]["name"] in names)]
    return [(m, rule) for m in found for rule in m["rules"]]


def granted(manifests: list[Manifest], *names: str) -> set[tuple[str, str, str]]:
    return {
        (group, resource, verb)
        for _, rule in rules(manifests, *names)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def exactly(manifests: list[Manifest], *names: str) -> set[Right]:
    """Return what some roles grant, with the names of objects to which it is limited."""
    return {
        Right(group, resource, verb, name)
        for _, rule in rules(manifests, *names)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }


def test_the_table_of_requests_is_the_source_codes() -> None:
    assert rights.requesting_functions() == set(rights.REQUESTS)


def test_the_operators_role_grants_what_its_requests_need_and_nothing_else(render: Render) -> None:
    elsewhere = (*rights.ENFORCING, *rights.AGENTS)
    others = [name for name in rights.REQUESTS if not name.startswith(elsewhere)]
    wanted = rights.needed(*others) | {request.right for request in rights.KOPF}
    assert exactly(render(), "zombie-operator") == wanted


def test_the_agents_role_grants_what_the_token_needs_and_nothing_else(render: Render) -> None:
    assert exactly(render(), "zombie-operator-agents") == rights.needed(*rights.AGENTS)


def test_the_enforce_role_grants_what_the_two_deliveries_need_and_nothing_else(render: Render) -> None:
    assert exactly(render(), "zombie-operator-enforce") == rights.needed(*rights.ENFORCING)


def test_nothing_is_granted_twice(render: Render) -> None:
    roles = ("zombie-operator", "zombie-operator-enforce")
    everything = [
        (group, resource, verb)
        for _, rule in rules(render(), *roles)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]
    assert len(everything) == len(set(everything))


def test_no_rule_has_a_wildcard(render: Render) -> None:
    for manifest, rule in rules(render()):
        for part in ("apiGroups", "resources", "verbs", "resourceNames"):
            assert "*" not in rule.get(part, []), manifest["metadata"]["name"]


@pytest.mark.parametrize(
    "dangerous",
    [
        "pods/exec",
        "pods/attach",
        "pods/portforward",
        "pods/ephemeralcontainers",
        "nodes/proxy",
        "serviceaccounts/token",
    ],
)
def test_no_role_reaches_into_containers_nodes_or_accounts(render: Render, dangerous: str) -> None:
    assert dangerous not in {resource for _, resource, _ in granted(render())}


def test_no_role_can_raise_rights(render: Render) -> None:
    assert not {verb for _, _, verb in granted(render())} & {"bind", "escalate", "impersonate"}
    assert not {group for group, _, _ in granted(render())} & {
        "rbac.authorization.k8s.io",
        "admissionregistration.k8s.io",
    }


def test_secrets_are_reached_in_the_agents_namespace_only_and_read_by_name(render: Render) -> None:
    secret_rules = [(m, rule) for m, rule in rules(render()) if "secrets" in rule["resources"]]
    assert {(m["kind"], m["metadata"]["namespace"]) for m, _ in secret_rules} == {("Role", "zombie-operator-agents")}
    for _, rule in secret_rules:
        if rule["verbs"] != ["create"]:
            assert rule["resourceNames"] == ["zombie-operator-agent-token"]
            assert set(rule["verbs"]) == {"get", "patch"}


def test_without_the_enforce_role_nothing_but_its_own_objects_can_be_changed(render: Render) -> None:
    manifests = render(enforce={"enabled": False})
    changing = {
        (g, r) for g, r, verb in granted(manifests, "zombie-operator", "zombie-operator-agents") if verb in CHANGING
    }
    assert {resource for group, resource in changing if group != OURS} == {"events", "secrets"}
    assert "zombie-operator-enforce" not in {m["metadata"]["name"] for m in manifests}


def test_named_namespaces_bind_the_enforce_role_in_those_alone(render: Render) -> None:
    manifests = render(enforce={"namespaces": ["shop", "pay"]})
    bindings = [m for m in manifests if m["kind"] in BINDINGS and m["roleRef"]["name"] == "zombie-operator-enforce"]
    assert {(m["kind"], m["metadata"]["namespace"]) for m in bindings} == {
        ("RoleBinding", "shop"),
        ("RoleBinding", "pay"),
    }


def test_every_role_of_the_operator_is_bound_to_its_account_and_no_other(render: Render) -> None:
    manifests = render()
    people = {
        m["metadata"]["name"]
        for m in manifests
        if m["metadata"]["labels"].get("app.kubernetes.io/component") == "users"
    }
    roles = {m["metadata"]["name"] for m in manifests if m["kind"] in ROLES} - people
    bindings = [m for m in manifests if m["kind"] in BINDINGS]
    assert {m["roleRef"]["name"] for m in bindings} == roles
    account = {"kind": "ServiceAccount", "name": "zombie-operator", "namespace": "zombie-operator"}
    assert all(m["subjects"] == [account] for m in bindings)


def test_nobody_but_the_operator_creates_a_remediation(render: Render) -> None:
    creators = [
        m for m, rule in rules(render()) if "zombieremediations" in rule["resources"] and "create" in rule["verbs"]
    ]
    assert [m["metadata"]["name"] for m in creators] == ["zombie-operator"]


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (
            "view",
            {
                (r, v)
                for r in ("zombiepolicies", "clusterzombiepolicies", "zombieremediations")
                for v in ("get", "list", "watch")
            },
        ),
        ("edit", {("zombiepolicies", verb) for verb in CHANGING}),
        ("admin", {("zombieremediations", "patch"), ("zombieremediations", "delete")}),
    ],
)
def test_a_built_in_role_gets_exactly_its_part(render: Render, one: One, role: str, may: set[tuple[str, str]]) -> None:
    manifest = one("ClusterRole", f"zombie-operator-{role}")
    assert manifest["metadata"]["labels"][f"rbac.authorization.k8s.io/aggregate-to-{role}"] == "true"
    assert granted(render(), f"zombie-operator-{role}") == {(OURS, resource, verb) for resource, verb in may}


def test_aggregation_can_be_left_out(render: Render) -> None:
    names = {m["metadata"]["name"] for m in render(rbac={"aggregateRoles": False})}
    assert not names & {f"zombie-operator-{role}" for role in ("view", "edit", "admin")}
