"""The few requests to the API server by which the driver knows that the cluster has come to life."""

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Client:
    """The administrator's access to one API server."""

    server: str
    token: str
    authority: Path

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON is what it is
        """Return the decoded answer; an ``OSError`` means that there was none."""
        return json.loads(self._read(path))

    def ok(self, path: str) -> bool:
        """Tell whether the path answers with success."""
        try:
            self._read(path)
        except OSError:
            return False
        return True

    def ready_nodes(self) -> set[str]:
        """Return the names of the nodes whose kubelet and network are ready."""
        return {
            node["metadata"]["name"]
            for node in self.get("/api/v1/nodes")["items"]
            for condition in node["status"].get("conditions", [])
            if condition["type"] == "Ready" and condition["status"] == "True"
        }

    def _read(self, path: str) -> bytes:
        request = urllib.request.Request(  # noqa: S310 - the address is the cluster's own
            self.server + path, headers={"Authorization": f"Bearer {self.token}"}
        )
        trust = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(self.authority)))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), trust)
        with opener.open(request, timeout=_TIMEOUT) as answer:
            return bytes(answer.read())
