"""From documents, pods and policies to one finding per leaking workload."""

from __future__ import annotations

import pytest

from tests.unit.core.builders import (
    NODE,
    ago,
    cluster_policy,
    document,
    finding,
    leak,
    owned,
    pod,
    pod_with,
    policy,
    report,
    row,
    sighting,
    stamp,
    threshold,
    workload,
)
from zombie_operator.core.assess import assess, policy_for, refine_origin, selects, sightings, suspects
from zombie_operator.core.document import Cause, Evidence, Origin, Proof
from zombie_operator.core.policy import LabelSelector, Policy


def seen_in(pod_name: str, zombies: int, *, node: str = NODE) -> object:
    return sighting(report(row(zombies), pod_uid=pod_name.replace("web", "pod")), node=node)


def older(made: Policy, seconds: float) -> Policy:
    return Policy(made.ref, made.generation, stamp(ago(seconds)), made.spec)


def test_documents_become_one_sighting_per_container() -> None:
    found = sightings(
        [document(report(), report(container="sidecar")), document(report(), node="node-b")], age_offset=3
    )
    assert [(s.node, s.report.container) for s in found] == [(NODE, "app"), (NODE, "sidecar"), ("node-b", "app")]


def test_a_sighting_is_as_old_as_its_sample_and_what_passed_since() -> None:
    (found,) = sightings([document(report(), sample_age_seconds=4.0, complete=False)], age_offset=3)
    assert (found.age_seconds, found.complete) == (7.0, False)


def test_suspects_are_the_pods_that_some_policy_calls_leaking() -> None:
    strict, lax = policy(threshold=threshold(zombies=5)), policy(name="lax", threshold=threshold(zombies=500))
    seen = [seen_in("web-1", 6), seen_in("web-2", 4), seen_in("web-3", 600, node="node-b")]
    assert suspects(seen, [strict, lax]) == {NODE: frozenset({"pod-1"}), "node-b": frozenset({"pod-3"})}


def test_without_policies_nobody_is_suspected() -> None:
    assert suspects([seen_in("web-1", 600)], []) == {}


@pytest.mark.parametrize(
    ("made", "whole", "expected"),
    [
        pytest.param(policy(), owned(), True, id="a policy of the pod's namespace"),
        pytest.param(policy(namespace="bank"), owned(), False, id="a policy of another namespace"),
        pytest.param(policy(selector=LabelSelector({"app": "web"})), owned(), True, id="the pod's labels"),
        pytest.param(policy(selector=LabelSelector({"app": "db"})), owned(), False, id="other labels"),
        pytest.param(cluster_policy(), owned(), True, id="a cluster policy of this namespace's labels"),
        pytest.param(
            cluster_policy(), owned(namespace_labels={"team": "bank"}), False, id="a cluster policy of other namespaces"
        ),
        pytest.param(
            cluster_policy(selector=LabelSelector({"app": "db"})), owned(), False, id="a cluster policy of other pods"
        ),
    ],
)
def test_a_policy_covers_what_its_selectors_match(made: Policy, whole: object, expected: bool) -> None:
    assert selects(made, whole) is expected


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        pytest.param((), None, id="none"),
        pytest.param((policy(namespace="bank"),), None, id="none that covers it"),
        pytest.param(
            (older(cluster_policy(), 9_999_999), policy()), "leaks", id="a namespaced one before an older cluster one"
        ),
        pytest.param((older(policy(name="b"), 60), older(policy(name="z"), 120)), "z", id="the older one"),
        pytest.param((policy(name="b"), policy(name="a")), "a", id="by name where they are of one age"),
        pytest.param(
            (older(cluster_policy(name="b"), 60), older(cluster_policy(name="z"), 120)),
            "z",
            id="the older cluster policy",
        ),
    ],
)
def test_the_most_specific_and_then_the_older_policy_speaks(policies: tuple[Policy, ...], expected: str | None) -> None:
    chosen = policy_for(owned(), policies)
    assert (chosen.ref.name if chosen else None) == expected


def test_a_workload_has_one_finding_of_its_worst_pod_and_names_the_others() -> None:
    pods = {f"pod-{i}": owned(pod=pod(f"web-{i}")) for i in (1, 2, 3)}
    findings, _ = assess([seen_in("web-1", 25), seen_in("web-2", 90), seen_in("web-3", 3)], pods, [policy()])
    (found,) = findings
    assert found.title == "Deployment web"
    assert found.key == "uid-web"
    assert (found.leak.zombies, found.owned.pod.name) == (90, "web-2")
    assert [p.name for p in found.pods] == ["web-2", "web-1"]


def test_two_leaking_containers_of_a_pod_are_one_finding_with_one_pod() -> None:
    seen = [sighting(report(row(30))), sighting(report(row(50), container="sidecar"))]
    ((found,), _) = assess(seen, {"pod-1": owned()}, [policy()])
    assert (found.leak.container, len(found.pods)) == ("sidecar", 1)


def test_findings_come_worst_first() -> None:
    other = workload()
    other = workload(ref=type(other.ref)("apps/v1", "Deployment", "api", "uid-api"))
    pods = {"pod-1": owned(), "pod-2": owned(pod=pod("web-2"), workload=other)}
    findings, _ = assess([seen_in("web-1", 25), seen_in("web-2", 90)], pods, [policy()])
    assert [found.title for found in findings] == ["Deployment api", "Deployment web"]


def test_a_bare_pod_stands_for_itself() -> None:
    made = finding(owned=owned(workload=None))
    assert (made.title, made.key) == ("Pod web-1", "pod-1")


@pytest.mark.parametrize(
    ("seen", "pods", "policies"),
    [
        pytest.param([seen_in("web-1", 90)], {}, [policy()], id="the pod vanished"),
        pytest.param([seen_in("web-1", 90)], {"pod-1": owned()}, [], id="no policy covers it"),
        pytest.param([seen_in("web-1", 3)], {"pod-1": owned()}, [policy()], id="it does not leak by this policy"),
        pytest.param(
            [seen_in("web-1", 90, node="node-b")],
            {"pod-1": owned()},
            [policy()],
            id="the agent of another node says it",
        ),
    ],
)
def test_what_is_not_there_not_covered_or_not_leaking_is_no_finding(
    seen: list[object], pods: dict[str, object], policies: list[Policy]
) -> None:
    assert assess(seen, pods, policies) == ((), {})


def test_a_lying_agent_of_another_node_does_not_make_a_leak_look_worse() -> None:
    seen = [seen_in("web-1", 25), seen_in("web-1", 1_000_000, node="node-b")]
    ((found,), _) = assess(seen, {"pod-1": owned()}, [policy()])
    assert found.leak.zombies == 25


def test_a_losing_policy_is_told_whom_it_lost_to_whom() -> None:
    winner, loser, elsewhere = policy(), cluster_policy(), policy(name="elsewhere", namespace="bank")
    findings, lost = assess([seen_in("web-1", 90)], {"pod-1": owned()}, [loser, winner, elsewhere])
    assert findings[0].policy is winner
    assert lost == {loser.ref: frozenset({"Deployment web to ZombiePolicy leaks"})}


def probed(*command: str, probe: str = "livenessProbe") -> object:
    return pod_with(containers=[{"name": "app", probe: {"exec": {"command": list(command)}}}])


def by_session(*comms: str) -> object:
    return leak(evidence=Evidence(proofs=((Proof.SESSION, 30),), comms=tuple((comm, 5) for comm in comms)))


@pytest.mark.parametrize(
    ("made", "where", "expected"),
    [
        pytest.param(by_session("curl"), probed("curl", "-s", "x"), Origin.PROBE, id="the probe's own command"),
        pytest.param(by_session("curl"), probed("/usr/bin/curl"), Origin.PROBE, id="its path is cut"),
        pytest.param(by_session("sleep"), probed("sh", "-c", "sleep 5; true"), Origin.PROBE, id="a word of a script"),
        pytest.param(
            by_session("a-very-long-nam"), probed("/opt/a-very-long-name"), Origin.PROBE, id="names have 15 bytes"
        ),
        pytest.param(by_session("check"), probed("check", probe="readinessProbe"), Origin.PROBE, id="readiness"),
        pytest.param(by_session("check"), probed("check", probe="startupProbe"), Origin.PROBE, id="startup"),
        pytest.param(by_session("worker"), probed("curl"), Origin.ORPHAN, id="another name"),
        pytest.param(by_session("curl"), pod(), Origin.ORPHAN, id="a pod without probes"),
        pytest.param(
            by_session("curl"),
            pod_with(containers=[{"name": "app", "livenessProbe": {"httpGet": {"path": "/"}}}]),
            Origin.ORPHAN,
            id="a probe that runs no command",
        ),
        pytest.param(
            leak(evidence=Evidence(proofs=((Proof.HISTORY, 30),), comms=(("curl", 5),))),
            probed("curl"),
            Origin.ORPHAN,
            id="not proved by session",
        ),
        pytest.param(
            leak(origin=Origin.UNKNOWN, evidence=Evidence(proofs=((Proof.SESSION, 3),), comms=(("curl", 5),))),
            probed("curl"),
            Origin.UNKNOWN,
            id="not proved enough",
        ),
        pytest.param(
            leak(cause=Cause.PARENT_NOT_WAITING, origin=None), probed("app"), None, id="another cause has no origin"
        ),
    ],
)
def test_orphans_of_an_exec_probe_are_recognised(made: object, where: object, expected: Origin | None) -> None:
    assert refine_origin(made, where).origin is expected


def test_a_finding_names_the_probe_as_origin() -> None:
    evidence = Evidence(proofs=((Proof.SESSION, 30),), comms=(("curl", 30),))
    seen = [sighting(report(row(30, evidence=evidence)))]
    ((found,), _) = assess(seen, {"pod-1": owned(pod=probed("curl"))}, [policy()])
    assert found.leak.origin is Origin.PROBE
