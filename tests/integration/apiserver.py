"""A bare control plane for one test run: etcd and kube-apiserver, without nodes, controllers or scheduler.

Both come from the test cluster's cache, listen on free ports of the loopback interface, write into one temporary
folder, and die with this process whatever becomes of it.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from tests.cluster import api, binaries

Object = dict[str, Any]

ADMIN = "admin"
OPERATOR = "operator"
GUEST = "guest"
"""An operator whose chart was installed by halves: it may do what the roles that a test makes allow it."""
INSTALLED = "system:serviceaccount:zombie-operator:zombie-operator"
"""The account that the chart makes: it may what the chart's roles grant."""
USERS = {ADMIN: '"system:masters"', OPERATOR: '"system:masters"', GUEST: "", INSTALLED: ""}
PATIENCE_SECONDS = 60.0
CRDS = Path(__file__).resolve().parents[2] / "crds"
HOST = "127.0.0.1"


@dataclass
class ApiServer:
    """A running API server. A context manager: leaving it ends both processes."""

    folder: Path
    url: str = ""
    tokens: dict[str, str] = field(default_factory=lambda: {u: secrets.token_hex(16) for u in USERS})
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def authority(self) -> Path:
        """The certificate by which clients know the server."""
        return self.folder / "pki" / "apiserver.crt"

    @property
    def audit_log(self) -> Path:
        """What was asked, one JSON object a line."""
        return self.folder / "audit.log"

    def __enter__(self) -> Self:
        """Start both and return when the API server serves."""
        programs = binaries.build().kubernetes
        with self._stack:
            etcd, peers, port = _free_ports(3)
            (self.folder / "pki").mkdir()
            self._start(programs / "etcd", *_etcd(self.folder / "etcd", etcd, peers))
            self.url = f"https://{HOST}:{port}"
            server = self._start(programs / "kube-apiserver", *self._flags(programs, etcd, port))
            self._wait(server)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End both."""
        self._stack.close()

    def kubeconfig(self, path: Path, url: str = "", user: str = OPERATOR) -> Path:
        """Write a kubeconfig for one user, for the server itself or for a proxy (plain HTTP) in front of it."""
        where = {"server": url} if url else {"server": self.url, "certificate-authority": str(self.authority)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "clusters": [{"name": "it", "cluster": where}],
            "users": [{"name": "it", "user": {"token": self.tokens[user]}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        }
        path.write_text(json.dumps(content))
        return path

    def _flags(self, programs: Path, etcd: int, port: int) -> list[str]:
        key, tokens, policy = (self.folder / name for name in ("sa.key", "tokens.csv", "audit.json"))
        key.write_bytes(subprocess.run([programs / "zo-key"], check=True, capture_output=True).stdout)
        tokens.write_text("".join(f"{self.tokens[user]},{user},{user},{groups}\n" for user, groups in USERS.items()))
        policy.write_text(json.dumps(AUDIT))
        return [
            f"--etcd-servers=http://{HOST}:{etcd}",
            f"--bind-address={HOST}",
            f"--advertise-address={HOST}",
            f"--secure-port={port}",
            f"--cert-dir={self.folder / 'pki'}",
            f"--token-auth-file={tokens}",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            "--service-cluster-ip-range=10.250.0.0/24",
            "--endpoint-reconciler-type=none",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",  # nobody makes the default accounts here
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.audit_log}",
        ]

    def _start(self, program: Path, *flags: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{program.name}.log").open("ab") as log:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", program, *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
            )
        self._stack.callback(_end, process)
        return process

    def _wait(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._ready():
            if server.poll() is not None or time.monotonic() > deadline:
                log = (self.folder / "kube-apiserver.log").read_text(errors="replace").splitlines()[-25:]
                raise RuntimeError("\n".join(["The API server does not become ready:", *log]))
            time.sleep(0.1)

    def _ready(self) -> bool:
        if not self.authority.exists():
            return False
        return api.Client(self.url, self.tokens[ADMIN], self.authority).ok("/readyz")


AUDIT: Object = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Request", "users": [OPERATOR, GUEST, INSTALLED]}, {"level": "None"}],
}


def crds() -> list[Object]:
    """Return the published definitions of our kinds."""
    return [yaml.safe_load(path.read_text()) for path in sorted(CRDS.glob("*.yaml"))]


def _etcd(data: Path, port: int, peers: int) -> list[str]:
    return [
        f"--data-dir={data}",
        f"--listen-client-urls=http://{HOST}:{port}",
        f"--advertise-client-urls=http://{HOST}:{port}",
        f"--listen-peer-urls=http://{HOST}:{peers}",
        f"--initial-advertise-peer-urls=http://{HOST}:{peers}",
        f"--initial-cluster=default=http://{HOST}:{peers}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
