"""Every request that the operator makes, and why: the table from which the rights that it needs are computed.

A path is what ``kube/paths.py`` returns for the names in angle brackets; the verb is RBAC's. ``REQUESTS`` lists them by
the function that makes them, and ``requesting_functions`` finds those in the source, so that neither can grow alone.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from zombie_operator.api.v1alpha1 import CLUSTER_ZOMBIE_POLICY, RESOURCES, ZOMBIE_POLICY, ZOMBIE_REMEDIATION
from zombie_operator.kube import paths

PACKAGE = Path(__file__).resolve().parents[3] / "operator/zombie_operator"
SECRET = "zombie-operator-agent-token"  # noqa: S105 - a Secret's name
WORKLOADS = (("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"))
OWNERS = (*WORKLOADS, ("apps/v1", "ReplicaSet"), ("batch/v1", "Job"), ("batch/v1", "CronJob"))
_COLLECTION = frozenset({"list", "watch", "create"})


@dataclass(frozen=True, slots=True)
class Right:
    """One right as RBAC writes it. ``name`` limits it to one object."""

    group: str
    resource: str
    verb: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One kind of request: the path, the verb, and what the operator wants with it."""

    path: str
    verb: str
    why: str

    @property
    def right(self) -> Right:
        """The right that the API server asks for (kubernetes.io, Authorization: request verbs and resources)."""
        parts = urlsplit(self.path).path.strip("/").split("/")
        group = "" if parts[0] == "api" else parts[1]
        rest = parts[2:] if parts[0] == "api" else parts[3:]
        if rest[0] == "namespaces" and len(rest) > 2:
            rest = rest[2:]
        resource, name, subresource = (*rest, "", "")[:3]
        limited = name if (resource, name) == ("secrets", SECRET) and self.verb not in _COLLECTION else ""
        return Right(group, "/".join(filter(None, (resource, subresource))), self.verb, limited)


def _workloads(kinds: tuple[tuple[str, str], ...], verb: str, why: str) -> tuple[Request, ...]:
    found = ((kind, paths.workload(version, kind, "<namespace>", "<name>")) for version, kind in kinds)
    return tuple(Request(path, verb, f"{kind}: {why}") for kind, path in found if path)


KOPF = tuple(
    Request(paths.own(resource), verb, "kopf lists once and then watches, to wake the loop at a person's change")
    for resource in RESOURCES
    for verb in ("list", "watch")
)
"""What ``controller/handlers.py`` makes kopf do. What it discovers first, every account may read (system:discovery)."""

REQUESTS: dict[str, tuple[Request, ...]] = {
    "kube/own.py:policies": (
        Request(paths.own(ZOMBIE_POLICY), "list", "every round reads all policies"),
        Request(paths.own(CLUSTER_ZOMBIE_POLICY), "list", "every round reads all policies"),
    ),
    "kube/own.py:policy": (
        Request(paths.own(ZOMBIE_POLICY, "<ns>", "<name>"), "get", "read again just before an effect"),
        Request(paths.own(CLUSTER_ZOMBIE_POLICY, "", "<name>"), "get", "read again just before an effect"),
    ),
    "kube/own.py:put_policy_status": (
        Request(paths.own(ZOMBIE_POLICY, "<ns>", "<name>", "status"), "patch", "what was found and decided"),
        Request(paths.own(CLUSTER_ZOMBIE_POLICY, "", "<name>", "status"), "patch", "what was found and decided"),
    ),
    "kube/own.py:remediations": (
        Request(paths.own(ZOMBIE_REMEDIATION), "list", "every round reads all remediations: they are the memory"),
    ),
    "kube/own.py:remediation": (
        Request(paths.own(ZOMBIE_REMEDIATION, "<ns>", "<name>"), "get", "read again just before an effect"),
    ),
    "kube/own.py:create_remediation": (
        Request(paths.own(ZOMBIE_REMEDIATION, "<ns>"), "create", "the record of a remedy, before its first effect"),
    ),
    "kube/own.py:put_status": (
        Request(paths.own(ZOMBIE_REMEDIATION, "<ns>", "<name>", "status"), "update", "intents and evidence, fenced"),
    ),
    "kube/events.py:post": (Request(paths.events("<ns>"), "create", "one event for each transition and refusal"),),
    "kube/lookup.py:pods_on": (Request(paths.pods(), "list", "pods of a node whose agent reports a leak"),),
    "kube/lookup.py:pods_in": (Request(paths.pods("<ns>"), "list", "all pods of a leaking workload"),),
    "kube/lookup.py:pod_bodies": (Request(paths.pods("<ns>"), "list", "addresses of the agents"),),
    "kube/lookup.py:budgets": (Request(paths.budgets("<ns>"), "list", "PodDisruptionBudgets may speak against it"),),
    "kube/lookup.py:_get": (
        Request(paths.namespace("<ns>"), "get", "its labels select, its annotation opts out"),
        *_workloads(OWNERS, "get", "an owner of a leaking pod"),
    ),
    "kube/tokens.py:agent_token": (
        Request(paths.secrets("<agents>", SECRET), "get", "the token that the agents ask for"),
        Request(paths.secrets("<agents>", SECRET), "patch", "a new token where somebody emptied the Secret"),
    ),
    "kube/tokens.py:_create": (
        Request(paths.secrets("<agents>"), "create", "the token, made once"),
        Request(paths.secrets("<agents>", SECRET), "get", "another operator was faster"),
    ),
    "engine/via/eviction.py:evict": (
        Request(paths.pods("<ns>", "<name>", "eviction"), "create", "RestartPod; PodDisruptionBudgets decide"),
    ),
    "engine/via/template.py:_server_side_apply": _workloads(WORKLOADS, "patch", "sets or releases its own field"),
}
ENFORCING = ("engine/via/",)
"""Whose requests change what is not the operator's own: they have a role of their own."""
AGENTS = ("kube/tokens.py",)
"""Whose requests stay in the agents' namespace."""


def needed(*modules: str) -> set[Right]:
    """Return the rights for the requests of some modules, by the beginnings of their names, as far as any is made."""
    made = reached(requesting_functions())
    rows = {name: rows for name, rows in REQUESTS.items() if name in made and name.startswith(modules)}
    return {request.right for requests in rows.values() for request in requests}


def requesting_functions() -> set[str]:
    """Find every function that asks a client for something, as ``module:function``."""
    return {
        f"{module.relative_to(PACKAGE).as_posix()}:{function.name}"
        for module, function in _functions()
        if module.name != "client.py" and any(map(_is_request, ast.walk(function)))
    }


def reached(functions: set[str]) -> set[str]:
    """Leave out functions that no line of the operator calls: what is never called needs no right."""
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        for module in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    return {function for function in functions if function.partition(":")[2] in called}


def _functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for module in sorted(PACKAGE.rglob("*.py")):
        if "zombie_operator.kube" in (text := module.read_text(encoding="utf-8")):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield module, node


def _is_request(node: ast.AST) -> bool:
    """Tell whether a node calls ``client.get``, ``client.pages`` or ``client.request``, on any path to a client."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    if node.func.attr not in {"get", "pages", "request"}:
        return False
    return ast.unparse(node.func.value).rpartition(".")[2].lstrip("_") == "client"
