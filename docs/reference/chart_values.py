"""Which value of the chart sets which setting: a column of the settings page, and one that refusals can name.

`tests/contract/chart/test_settings.py` changes each value and sees the variable change.
"""

VALUES: dict[str, str] = {
    "ZOMBIE_OPERATOR_AGENT_NAMESPACE": "agent.namespace",
    "ZOMBIE_OPERATOR_AGENT_PORT": "agent.port",
    "ZOMBIE_OPERATOR_AGENT_SECRET": "agent.tokenSecret",
    "ZOMBIE_OPERATOR_INTERVAL_SECONDS": "operator.intervalSeconds",
    "ZOMBIE_OPERATOR_ENFORCE_NAMESPACES": "enforce.namespaces",
    "ZOMBIE_OPERATOR_MAX_CONCURRENT": "enforce.maxConcurrent",
    "ZOMBIE_OPERATOR_MAX_PER_HOUR": "enforce.maxPerHour",
    "ZOMBIE_OPERATOR_WARMUP_SECONDS": "operator.warmupSeconds",
    "ZOMBIE_OPERATOR_MAX_SAMPLE_AGE_SECONDS": "operator.maxSampleAgeSeconds",
    "ZOMBIE_OPERATOR_STORM_WORKLOADS": "enforce.stormWorkloads",
    "ZOMBIE_OPERATOR_STORM_PERCENT": "enforce.stormPercent",
    "ZOMBIE_OPERATOR_STORM_MIN_PODS": "enforce.stormMinPods",
    "ZOMBIE_OPERATOR_LISTEN": "operator.port",
    "ZOMBIE_OPERATOR_LOG_LEVEL": "operator.logLevel",
    "ZOMBIE_AGENT_PROC_ROOT": "agent.hostPID",
    "ZOMBIE_AGENT_INTERVAL_SECONDS": "agent.intervalSeconds",
    "ZOMBIE_AGENT_MAX_SERIES": "agent.maxSeries",
    "ZOMBIE_AGENT_LISTEN": "agent.port",
    "ZOMBIE_AGENT_LOG_LEVEL": "agent.logLevel",
}
"""The value by which an administrator sets each variable."""

FIXED: dict[str, str] = {
    "ZOMBIE_OPERATOR_NAMESPACE": "the release's namespace",
    "ZOMBIE_OPERATOR_POD_NAME": "the pod's name",
    "ZOMBIE_OPERATOR_AGENT_SELECTOR": "the agents' labels",
    "ZOMBIE_AGENT_NODE_NAME": "the pod's node",
    "ZOMBIE_AGENT_CGROUP_ROOT": "the mount",
    "ZOMBIE_AGENT_CONTAINER_LOGS": "the mount",
    "ZOMBIE_AGENT_TOKEN_FILE": "the mount",
}
"""What the chart sets by itself, and from what: there is nothing to choose."""
