"""The remedies: which causes they answer, what they change, and what forbids them, with the evidence."""

from __future__ import annotations

import pytest

from tests.unit.core.builders import RESTART, SHARE, leak, pod, pod_with
from zombie_operator.core.document import Cause
from zombie_operator.core.objects import OwnerRef, Pod
from zombie_operator.core.reasons import Reason
from zombie_operator.core.remediation import PodPatch, RemedyType, Via
from zombie_operator.core.remedies import REMEDIES
from zombie_operator.core.remedies.pid1 import INSISTING_INITS

INIT, PARENT = Cause.INIT_NOT_REAPING, Cause.PARENT_NOT_WAITING


def running(*command: str) -> Pod:
    return pod_with(containers=[{"name": "app", "command": list(command)}])


def hooking(place: str, *command: str) -> Pod:
    handler = {"exec": {"command": list(command)}}
    lifecycle = place in {"preStop", "postStart"}
    return pod_with(containers=[{"name": "db", **({"lifecycle": {place: handler}} if lifecycle else {place: handler})}])


def reasons(made: Pod, remedy: RemedyType = SHARE, **leaking: object) -> list[Reason]:
    return [refusal.reason for refusal in REMEDIES[remedy].preflight(made, leak(**leaking))]


def test_every_remedy_is_listed_under_its_own_name() -> None:
    assert {remedy.type for remedy in REMEDIES.values()} == set(RemedyType) == set(REMEDIES)


@pytest.mark.parametrize("cause", list(Cause))
def test_a_shared_namespace_answers_only_what_pid_1_holds(cause: Cause) -> None:
    assert REMEDIES[SHARE].answers(leak(cause=cause)) is (cause is INIT)


@pytest.mark.parametrize("cause", list(Cause))
def test_a_restart_answers_what_lives_and_dies_with_the_pod(cause: Cause) -> None:
    assert REMEDIES[RESTART].answers(leak(cause=cause)) is (cause in {INIT, PARENT})


def test_what_the_remedies_change_and_how() -> None:
    share, restart = REMEDIES[SHARE], REMEDIES[RESTART]
    assert (share.via, share.patch(pod())) == (Via.TEMPLATE, PodPatch(share_process_namespace=True))
    assert (restart.via, restart.patch(pod())) == (Via.EVICTION, PodPatch())


def test_an_ordinary_pod_passes_both() -> None:
    assert reasons(pod()) == reasons(pod(), RESTART) == []


@pytest.mark.parametrize(
    ("made", "leaking", "expected"),
    [
        pytest.param(pod_with(hostPID=True), {}, Reason.HOST_PID_SET, id="hostPID"),
        pytest.param(pod_with(os={"name": "windows"}), {}, Reason.WINDOWS_POD, id="windows"),
        pytest.param(pod_with(shareProcessNamespace=True), {}, Reason.ALREADY_SET, id="already shared"),
        pytest.param(pod(), {"sandbox_reaps": False}, Reason.SANDBOX_NOT_REAPING, id="the sandbox does not reap"),
        pytest.param(pod(), {"sandbox_reaps": None}, Reason.SANDBOX_NOT_REAPING, id="the sandbox was not seen"),
        *(
            pytest.param(pod(), {"init_comm": comm}, Reason.NEEDS_PID_1, id=f"{comm} is PID 1")
            for comm in sorted(INSISTING_INITS)
        ),
        pytest.param(hooking("preStop", "sh", "-c", "kill -HUP 1"), {}, Reason.USES_PID_1, id="preStop hook"),
        pytest.param(hooking("postStart", "kill", "1"), {}, Reason.USES_PID_1, id="postStart hook"),
        pytest.param(hooking("livenessProbe", "test", "-e", "/proc/1/exe"), {}, Reason.USES_PID_1, id="liveness"),
        pytest.param(hooking("readinessProbe", "pidof", "app"), {}, Reason.USES_PID_1, id="readiness"),
        pytest.param(hooking("startupProbe", "pkill", "-0", "app"), {}, Reason.USES_PID_1, id="startup"),
        pytest.param(
            pod_with(containers=[{"name": "app", "args": ["-c", "kill 1"]}]), {}, Reason.USES_PID_1, id="args alone"
        ),
        pytest.param(
            pod_with(initContainers=[{"name": "proxy", "restartPolicy": "Always", "command": ["killall", "envoy"]}]),
            {},
            Reason.USES_PID_1,
            id="a restartable init container",
        ),
    ],
)
def test_what_forbids_a_shared_namespace(made: Pod, leaking: dict[str, object], expected: Reason) -> None:
    assert reasons(made, **leaking) == [expected]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(pod_with(os={"name": "linux"}), id="linux said explicitly"),
        pytest.param(pod_with(hostPID=False, shareProcessNamespace=False), id="the fields said to be off"),
        pytest.param(
            pod_with(initContainers=[{"name": "setup", "command": ["sh", "-c", "kill 1"]}]),
            id="an init container that ends before the pod runs",
        ),
        pytest.param(
            pod_with(containers=[{"name": "app", "lifecycle": {"preStop": {"sleep": {"seconds": 5}}}}]),
            id="a hook that runs no command",
        ),
        pytest.param(
            pod_with(containers=[{"name": "app", "livenessProbe": {"httpGet": {"path": "/proc/1"}}}]),
            id="a probe that runs no command",
        ),
        pytest.param(
            pod_with(containers=[{"name": "app", "command": None, "args": None, "lifecycle": None}]), id="nulls"
        ),
    ],
)
def test_what_does_not_forbid_a_shared_namespace(made: Pod) -> None:
    assert reasons(made) == []


@pytest.mark.parametrize(
    "script",
    [
        "kill 1",
        "kill -9 1",
        "kill -HUP 1",
        "kill -s HUP 1",
        "kill -n 15 1",
        "kill --signal TERM 1",
        "kill -TERM -- 1",
        "kill  -0   1",
        "kill 1; sleep 5",
        "kill 1 && exit",
        "kill 1|cat",
        "(kill -QUIT 1)",
        "trap 'kill -TERM 1' EXIT",
        'kill -HUP "1"',
        "/bin/kill -HUP 1",
        "nginx -t && kill -HUP 1\nsleep 1",
        "kill -9 -1",
        "kill -TERM -- -1",
        "kill -s KILL -1",
        "cat /proc/1/status",
        "ls /proc/1",
        "readlink /proc/1/exe",
        "pkill nginx",
        "pkill -HUP -x app",
        "killall app",
        "killall5 -9",
        "pidof app",
        "kill $(pidof app)",
        "jcmd 1 GC.run",
        "nsenter -t 1 -m",
        "nsenter -t1 -m",
        "nsenter --target 1 --mount",
        "nsenter --target=1",
        "nsenter -m -t 1 sh",
    ],
)
def test_a_command_that_addresses_pid_1_or_names_forbids_it(script: str) -> None:
    assert reasons(running("sh", "-c", script)) == [Reason.USES_PID_1]


@pytest.mark.parametrize(
    "script",
    [
        "kill -9 12",
        "kill 10",
        "kill -1 12",
        "kill -9 -12",
        "kill $PID",
        'kill "$(cat /run/app.pid)"',
        "kill %1",
        "skill 1",
        "killer 1",
        "cat /proc/10/status",
        "cat /proc/self/status",
        "cat /proc/12",
        "spkiller",
        "jcmd 10 GC.run",
        "jcmd app GC.run",
        "nsenter -t 12 -m",
        "nsenter --target=1234",
        "sleep 1",
        "exec app --kill-timeout 1",
        "redis-cli client kill 10.0.0.1:1",
    ],
)
def test_near_misses_do_not_forbid_it(script: str) -> None:
    assert reasons(running("sh", "-c", script)) == []


def test_a_refusal_names_container_command_and_place() -> None:
    (refusal,) = REMEDIES[SHARE].preflight(hooking("preStop", "sh", "-c", "kill -HUP 1"), leak())
    assert refusal.message.startswith("container db runs `sh -c kill -HUP 1` in preStop")


def test_a_long_command_is_cut_to_what_fits_a_status_line() -> None:
    (refusal,) = REMEDIES[SHARE].preflight(running("sh", "-c", "kill 1; " + "x" * 100), leak())
    quoted = refusal.message.split("`")[1]
    assert len(quoted) == 60
    assert quoted.endswith("...")


def test_everything_that_speaks_against_it_is_said() -> None:
    made = pod_with(hostPID=True, containers=[{"name": "app", "command": ["pkill", "x"]}])
    assert reasons(made, init_comm="systemd", sandbox_reaps=False) == [
        Reason.HOST_PID_SET,
        Reason.SANDBOX_NOT_REAPING,
        Reason.NEEDS_PID_1,
        Reason.USES_PID_1,
    ]


def user(name: str, uid: int | None) -> dict[str, object]:
    return {"name": name, **({} if uid is None else {"securityContext": {"runAsUser": uid}})}


@pytest.mark.parametrize(
    ("containers", "pod_user", "warned"),
    [
        pytest.param([user("app", 10)], None, False, id="one container"),
        pytest.param([user("app", 10), user("db", 11)], None, False, id="two users"),
        pytest.param([user("app", 10), user("db", 10)], None, True, id="one user twice"),
        pytest.param([user("app", None), user("db", None)], None, True, id="both of the images' users: not known"),
        pytest.param([user("app", None), user("db", 11)], 11, True, id="one by the pod's user"),
        pytest.param([user("app", None), user("db", 12)], 11, False, id="another than the pod's user"),
    ],
)
def test_containers_of_one_user_would_see_each_other(
    containers: list[dict[str, object]], pod_user: int | None, warned: bool
) -> None:
    made = pod_with(containers=containers, securityContext={"runAsUser": pod_user} if pod_user else {})
    caveats = REMEDIES[SHARE].caveats(made)
    assert bool(caveats) is warned
    assert all("app, db" in sentence for sentence in caveats)


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        pytest.param(None, [Reason.BARE_POD], id="a bare pod"),
        pytest.param(OwnerRef("batch/v1", "Job", "j", "u"), [Reason.OWNER_UNSUPPORTED], id="a Job's pod"),
        pytest.param(OwnerRef("apps/v1", "ReplicaSet", "r", "u"), [], id="a ReplicaSet's pod"),
        pytest.param(OwnerRef("apps/v1", "DaemonSet", "d", "u"), [], id="a DaemonSet's pod"),
    ],
)
def test_a_restart_needs_somebody_who_brings_the_pod_back(owner: OwnerRef | None, expected: list[Reason]) -> None:
    assert reasons(pod(owner=owner), RESTART) == expected


def test_a_restart_says_that_it_does_not_cure() -> None:
    assert REMEDIES[RESTART].caveats(pod()) == ("a restart clears the zombies and does not cure the leak",)
