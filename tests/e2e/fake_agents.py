"""Agents that lie, stall or talk nonsense: pods that the operator takes for agents, with a document of the test's own.

A document is written down here from the published schema, not with the product's code.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Object = dict[str, Any]

SERVER = """
import http.server, os, time

class Fake(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(float(os.environ["DELAY"]))
        answer = os.environ["ANSWER"].encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Fake).serve_forever()
"""


def holder(name: str) -> Object:
    """Return an object to own the fake agents: deleted with it, and not adopted by the agents' own DaemonSet."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def pod(name: str, agent: Object, owner: Object, *, node: str, answer: str, delay: float = 0) -> Object:
    """Return a pod that looks to the operator like ``agent`` (a pod of the DaemonSet), and answers what it is told."""
    container = agent["spec"]["containers"][0]
    by_hand = {key: value for key, value in agent["metadata"]["labels"].items() if key.startswith("app.kubernetes.io/")}
    variables = {"ANSWER": answer, "DELAY": str(delay), "PORT": str(container["ports"][0]["containerPort"])}
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": by_hand, "ownerReferences": [reference]},
        "spec": {
            "nodeName": node,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": agent["spec"]["securityContext"],
            "containers": [
                {
                    "name": "fake",
                    "image": container["image"],
                    "imagePullPolicy": "Never",
                    "command": ["python3", "-c", SERVER],
                    "env": [{"name": key, "value": value} for key, value in variables.items()],
                    "securityContext": container["securityContext"],
                }
            ],
        },
    }


def document(node: str, pod_uids: Iterable[str] = ()) -> str:
    """Return the document of an agent that claims to see a hundred old zombies in each of these pods."""
    return json.dumps(
        {
            "apiVersion": "zombie-operator.dev/v1alpha1",
            "kind": "ZombieDocument",
            "node": {
                "name": node,
                "bootID": "5d4c6c1e-0a0b-4c3d-8e9f-001122334455",
                "sampleAgeSeconds": 0.5,
                "scanSeconds": 0.01,
                "complete": True,
                "pidMax": 4_194_304,
                "threadsMax": 100_000,
            },
            "containers": [_container(uid, number) for number, uid in enumerate(pod_uids)],
            "host": [],
            "notObservable": [],
        }
    )


def _container(pod_uid: str, number: int) -> Object:
    zombies, age = 100, 600
    return {
        "podUID": pod_uid,
        "containerID": f"{number:064x}",
        "namespace": None,
        "pod": None,
        "container": "zoo",
        "initPID": 4711,
        "initComm": "leak",
        "sandboxReaps": True,
        "zombies": zombies,
        "causes": [
            {
                "cause": "InitNotReaping",
                "origin": "Orphan",
                "zombies": zombies,
                "ages": [[age, age, zombies]],
                "oldestSeconds": age,
                "evidence": {
                    "parentPID": 4711,
                    "parentComm": "leak",
                    "sigchld": "Default",
                    "proofs": {"Session": zombies},
                    "comms": {"leak": zombies},
                    "sessions": zombies,
                },
            }
        ],
        "assessment": "Leaking",
        "pids": {"current": zombies + 1, "limit": None, "exhaustedInSeconds": None},
    }
