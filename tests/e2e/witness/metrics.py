"""The operator's own metrics, as Prometheus would read them: through the API server's proxy, in the text format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.witness.kube import Kubectl

_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$", re.MULTILINE)
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


def read(kube: Kubectl, namespace: str, pod: str, port: int) -> str:
    """Return the page of one pod."""
    return kube.raw(f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy/metrics")


def total(page: str, name: str, **labels: str) -> float:
    """Add up all samples of a metric that carry these labels; 0 where there is none."""
    return sum(
        float(sample["value"])
        for sample in _SAMPLE.finditer(page)
        if sample["name"] == name and labels.items() <= dict(_LABEL.findall(sample["labels"] or "")).items()
    )
