"""What the two pods may do on their nodes: as little as the work allows."""

from typing import Any

import pytest

from tests.contract.chart.helm import Manifest, One, Render

OPERATOR = ("Deployment", "zombie-operator")
AGENT = ("DaemonSet", "zombie-operator-agent")


@pytest.fixture(params=[OPERATOR, AGENT], ids=["operator", "agent"])
def pod(request: pytest.FixtureRequest, one: One) -> Any:  # noqa: ANN401 - a pod spec
    return one(*request.param)["spec"]["template"]["spec"]


@pytest.fixture
def agent(one: One) -> Any:  # noqa: ANN401 - a pod spec
    return one(*AGENT)["spec"]["template"]["spec"]


def test_a_pod_runs_as_a_numeric_user_that_is_not_root(pod: Manifest) -> None:
    context = pod["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == context["runAsGroup"] == 65532
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}


def test_a_container_has_no_capability_and_cannot_write_to_its_image(pod: Manifest) -> None:
    assert len(pod["containers"]) == 1
    assert "initContainers" not in pod
    assert pod["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_a_pod_is_not_on_the_host_network_or_in_another_host_namespace(pod: Manifest) -> None:
    assert not pod.get("hostNetwork")
    assert not pod.get("hostIPC")
    assert not pod.get("hostPID")
    assert "hostPort" not in pod["containers"][0]["ports"][0]


def test_a_container_has_probes_a_memory_limit_and_no_cpu_limit(pod: Manifest) -> None:
    container = pod["containers"][0]
    paths = {name: container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert {container[name]["httpGet"]["port"] for name in paths} == {"http"}
    assert container["resources"]["limits"].keys() == {"memory"}
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}


def test_the_command_is_a_program_and_no_shell(pod: Manifest) -> None:
    assert pod["containers"][0]["command"] in (["zombie-operator"], ["zombie-agent"])


def test_an_upgrade_keeps_the_old_operator_until_the_new_one_has_evaluated(one: One) -> None:
    spec = one(*OPERATOR)["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    # Ready means one whole evaluation (controller/loop.py), which a wrong image, right or setting prevents.
    assert spec["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_the_operator_mounts_nothing_from_its_node(one: One) -> None:
    assert "volumes" not in one(*OPERATOR)["spec"]["template"]["spec"]


def test_the_agent_has_no_api_token(agent: Manifest, one: One) -> None:
    assert agent["automountServiceAccountToken"] is False
    assert one("ServiceAccount", "zombie-operator-agent")["automountServiceAccountToken"] is False
    assert not [volume for volume in agent["volumes"] if "projected" in volume]


def test_the_agent_mounts_three_host_paths_and_all_mounts_are_read_only(agent: Manifest) -> None:
    paths = {volume["hostPath"]["path"] for volume in agent["volumes"] if "hostPath" in volume}
    assert paths == {"/proc", "/sys/fs/cgroup", "/var/log/containers"}
    mounts = agent["containers"][0]["volumeMounts"]
    assert {mount["name"] for mount in mounts} == {volume["name"] for volume in agent["volumes"]}
    assert all(mount["readOnly"] is True for mount in mounts)


def test_with_host_pid_the_agent_reads_its_own_proc_and_mounts_no_other(one: One) -> None:
    pod = one(*AGENT, agent={"hostPID": True})["spec"]["template"]["spec"]
    assert pod["hostPID"] is True
    assert "proc" not in {volume["name"] for volume in pod["volumes"]}
    assert {"name": "ZOMBIE_AGENT_PROC_ROOT", "value": "/proc"} in pod["containers"][0]["env"]


def test_the_agents_token_is_one_key_of_one_secret_and_agents_can_start_without_it(agent: Manifest, one: One) -> None:
    def secret(pod: Manifest) -> Any:  # noqa: ANN401 - a volume source
        return next(volume["secret"] for volume in pod["volumes"] if "secret" in volume)

    assert secret(agent)["secretName"] == "zombie-operator-agent-token"
    assert secret(agent)["items"] == [{"key": "token", "path": "token"}]
    alone = one(*AGENT, agent={"waitForToken": False})["spec"]["template"]["spec"]
    assert (secret(agent)["optional"], secret(alone)["optional"]) == (False, True)


def test_an_agent_runs_on_every_linux_node_and_is_replaced_slowly(one: One, agent: Manifest) -> None:
    assert agent["tolerations"] == [{"operator": "Exists"}]
    assert agent["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert agent["priorityClassName"] == "system-node-critical"
    assert one(*AGENT)["spec"]["updateStrategy"] == {"rollingUpdate": {"maxUnavailable": "10%"}}


def test_host_paths_are_allowed_in_the_agents_namespace_only(one: One, render: Render) -> None:
    labels = one("Namespace", "zombie-operator-agents")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "privileged"
    assert [m["metadata"]["name"] for m in render() if m["kind"] == "Namespace"] == ["zombie-operator-agents"]
    assert not [m for m in render(agent={"createNamespace": False}) if m["kind"] == "Namespace"]


def test_selectors_name_nothing_that_an_upgrade_changes(one: One) -> None:
    for kind, name in (OPERATOR, AGENT):
        spec = one(kind, name)["spec"]
        selector = spec["selector"]["matchLabels"]
        assert {key.removeprefix("app.kubernetes.io/") for key in selector} == {"name", "instance", "component"}
        assert selector.items() <= spec["template"]["metadata"]["labels"].items()
