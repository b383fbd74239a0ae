"""kubectl, as a person would use it: JSON in, JSON out, and an error that carries what the API server said."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Object = dict[str, Any]


class KubectlError(Exception):
    """Kubectl ended with a failure; the text is its standard error."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """One cluster, by the environment (KUBECONFIG and PATH) that reaches it."""

    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = 90.0) -> str:
        """Run kubectl and return what it printed."""
        done = subprocess.run(
            ["kubectl", *arguments],
            input=stdin,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def get(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """Return one object, or None where there is none of this name."""
        found = self.run(
            "get", kind, name, "--ignore-not-found", "-o", "json", "--show-managed-fields", *_in(namespace)
        )
        return json.loads(found) if found else None

    def list(self, kind: str, namespace: str = "", selector: str = "") -> list[Object]:
        """Return all objects of a kind, in one namespace or (without one) in all."""
        where = _in(namespace) or ("--all-namespaces",)
        chosen = ("-l", selector) if selector else ()
        items: list[Object] = json.loads(self.run("get", kind, "-o", "json", *where, *chosen))["items"]
        return items

    def apply(self, *objects: Object, namespace: str = "") -> None:
        """Apply objects as people do: client-side, which is what leaves kubectl's own traces on them."""
        manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self.run("apply", "-f", "-", *_in(namespace), stdin=manifest)

    def merge(self, kind: str, name: str, patch: Object, *where: str) -> None:
        """Change an object by a JSON merge patch."""
        self.run("patch", kind, name, "--type=merge", "--patch", json.dumps(patch), *where)

    def logs(self, pod: str, namespace: str, *, previous: bool = False) -> str:
        """Return what the pod's only container has printed."""
        return self.run("logs", pod, "--tail=-1", *(("--previous",) if previous else ()), *_in(namespace))

    def raw(self, path: str) -> str:
        """GET a path of the API server, for example through a pod's proxy."""
        return self.run("get", "--raw", path)


def _in(namespace: str) -> tuple[str, ...]:
    return ("-n", namespace) if namespace else ()
