"""Who may speak to the API server: tokens, kubeconfigs, the key of service accounts, and what is written down of it."""

import base64
import json
import secrets
import subprocess
from pathlib import Path

from tests.cluster.binaries import Binaries
from tests.cluster.layout import ClusterError, Layout

ADMIN = "admin"
_COMPONENTS = ("kube-controller-manager", "kube-scheduler", "kube-proxy")
_OURS = ["system:serviceaccounts:zombie-operator", "system:serviceaccounts:zombie-operator-agents"]


def issue(layout: Layout, binaries: Binaries, nodes: int) -> None:
    """Write the tokens of everyone and the key that signs service account tokens."""
    layout.pki.mkdir(mode=0o700)
    groups = {ADMIN: "system:masters"} | {f"system:{component}": "" for component in _COMPONENTS}
    groups |= {f"system:node:{layout.node_name(number + 1)}": "system:nodes" for number in range(nodes)}
    rows = [f'{secrets.token_hex(16)},{user},{user},"{group}"' for user, group in groups.items()]
    _tokens(layout).write_text("\n".join(rows) + "\n")
    key = subprocess.run([binaries.kubernetes / "zo-key"], check=True, capture_output=True).stdout
    service_account_key(layout).write_bytes(key)
    for file in layout.pki.iterdir():
        file.chmod(0o600)


def _tokens(layout: Layout) -> Path:
    return layout.pki / "tokens.csv"


def token_file(layout: Layout) -> Path:
    """Return the file for ``--token-auth-file``."""
    return _tokens(layout)


def service_account_key(layout: Layout) -> Path:
    """Return the private key that signs service account tokens."""
    return layout.pki / "service-accounts.key"


def authority(layout: Layout) -> Path:
    """Return the certificate by which clients know the API server, which writes it on its first start."""
    return layout.pki / "apiserver.crt"


def token(layout: Layout, user: str) -> str:
    """Return the token of a user."""
    for row in _tokens(layout).read_text().splitlines():
        value, name, *_ = row.split(",")
        if name == user:
            return value
    raise ClusterError(f"The cluster has no user {user!r}.")


def kubeconfig(layout: Layout, server: str, user: str, path: Path) -> Path:
    """Write a kubeconfig that needs no other file."""
    ca = base64.b64encode(authority(layout).read_bytes()).decode()
    name = f"zombie-operator-{layout.name}"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": ca}}],
        "users": [{"name": user, "user": {"token": token(layout, user)}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path


def audit_policy(path: Path) -> Path:
    """Write what the audit log keeps: all that our accounts do, with its body, and who else changes what."""
    leases = [{"group": "coordination.k8s.io", "resources": ["leases"]}]
    rules: list[dict[str, object]] = [
        {"level": "None", "resources": leases, "namespaces": ["kube-system", "kube-node-lease"]},
        {"level": "Request", "userGroups": _OURS},
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {"level": "None", "nonResourceURLs": ["*"]},
        {"level": "Metadata"},
    ]
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": rules}
    path.write_text(json.dumps(policy, indent=2) + "\n")
    return path
