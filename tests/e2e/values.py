"""The chart's values for tests and demo: the local image, intervals as short as can be, budgets that do not matter."""

from __future__ import annotations

from typing import Any

FAST_VALUES: dict[str, Any] = {
    "image": {"repository": "localhost/zombie-operator", "tag": "dev", "pullPolicy": "Never"},
    "operator": {"intervalSeconds": 2, "warmupSeconds": 3},
    "agent": {"intervalSeconds": 2},
    # A test cluster has few pods, and a test makes most of them leak.
    "enforce": {"maxConcurrent": 100, "maxPerHour": 1000, "stormWorkloads": 100, "stormPercent": 100},
}
