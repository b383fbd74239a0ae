"""``/metrics`` as Prometheus' own parser reads it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from tests.unit.diagnose.builders import APP, NOW, OTHER, scan, seen, zombie
from zombie_operator.agent.exposition import Family, expose
from zombie_operator.agent.metrics import render
from zombie_operator.agent.state import Published, Scanned
from zombie_operator.core.diagnose import diagnose
from zombie_operator.core.history import History
from zombie_operator.core.scan import ContainerNames, ContainerPath, Scan

Labels = dict[str, str]
WEB = ContainerNames("shop", "web-1", "app")
OF_WEB = {"namespace": "shop", "pod": "web-1", "container": "app"}


def published(*scans: Scan, **fields: Any) -> Published:  # noqa: ANN401
    history = History()
    latest = None
    for one in scans:
        document, history = diagnose(one, history)
        latest = Scanned(document, history, at=1.0, unix=1_700_000_000.5, processes=42)
    return Published(started=0, interval=10, attempted=0, latest=latest, **fields)


def read(page: bytes) -> dict[str, list[tuple[Labels, float]]]:
    samples: dict[str, list[tuple[Labels, float]]] = {}
    for family in text_string_to_metric_families(page.decode()):
        assert family.documentation
        assert family.type in {"gauge", "counter"}
        for sample in family.samples:
            samples.setdefault(sample.name, []).append((sample.labels, sample.value))
    for name, values in samples.items():
        keys = [tuple(sorted(labels.items())) for labels, _ in values]
        assert len(set(keys)) == len(keys), name
    return samples


def test_before_the_first_scan_the_agent_tells_of_itself_only() -> None:
    samples = read(render(published(errors={"failed": 2}), 10))
    assert samples["zombie_agent_scan_errors_total"] == [({"kind": "failed"}, 2)]
    assert "zombie_agent_last_scan_timestamp_seconds" not in samples


def test_zombies_are_told_by_container_cause_and_origin() -> None:
    ages = (10, 60, 130, 700)
    dead = [zombie(70 + index, age=age, session=61) for index, age in enumerate(ages)]
    named = seen(names=WEB, pids_current=40, pids_limit=100)
    samples = read(render(published(scan(*dead, zombie(90, threads=2), containers=(named,))), 10))
    labels = {**OF_WEB, "cause": "InitNotReaping", "origin": "Orphan"}
    assert samples["zombie_container_zombies"] == [(labels, 4)]
    assert samples["zombie_container_zombies_older"] == [
        ({**labels, "seconds": "60"}, 3),
        ({**labels, "seconds": "120"}, 2),
        ({**labels, "seconds": "600"}, 1),
    ]
    assert samples["zombie_container_oldest_zombie_seconds"] == [(labels, 700)]
    assert samples["zombie_container_pids_current"] == [(OF_WEB, 40)]
    assert samples["zombie_container_pids_limit"] == [(OF_WEB, 100)]
    assert samples["zombie_agent_processes"] == [({}, 42)]
    assert samples["zombie_agent_last_scan_timestamp_seconds"] == [({}, 1_700_000_000.5)]


def test_a_quiet_container_has_its_zero() -> None:
    samples = read(render(published(scan(containers=(seen(names=WEB),))), 10))
    assert samples["zombie_container_zombie_births_total"] == [(OF_WEB, 0)]


def test_births_count_what_came_after_the_start() -> None:
    first = scan(zombie(70), containers=(seen(names=WEB),))
    second = scan(zombie(70), zombie(71), containers=(seen(names=WEB),), taken_at=NOW + 10)
    assert read(render(published(first, second), 10))["zombie_container_zombie_births_total"] == [(OF_WEB, 1)]


def test_two_containers_of_one_name_are_added_up() -> None:
    again = ContainerPath(APP.pod_uid, "d" * 64)
    dead = (zombie(70, age=9), zombie(71, age=30, container=again))
    page = render(published(scan(*dead, containers=(seen(names=WEB), seen(again, names=WEB)))), 10)
    samples = read(page)
    assert sum(value for _, value in samples["zombie_container_zombies"]) == 2
    assert [value for labels, value in samples["zombie_container_oldest_zombie_seconds"]][-1] == 30


def test_what_is_too_much_is_counted_and_the_leaking_stay() -> None:
    quiet = [seen(ContainerPath(OTHER.pod_uid, f"{n:064x}"), names=ContainerNames("x", f"p{n}", "c")) for n in range(5)]
    samples = read(render(published(scan(zombie(70), containers=(*quiet, seen(names=WEB)))), 2))
    assert samples["zombie_agent_series_dropped"] == [({}, 4)]
    assert [labels["pod"] for labels, _ in samples["zombie_container_zombie_births_total"]] == ["web-1", "p0"]


def test_a_container_without_a_name_is_no_series() -> None:
    assert "zombie_container_zombies" not in read(render(published(scan(zombie(70), containers=(seen(),))), 10))


def test_zombies_of_the_host_are_told_by_cause() -> None:
    dead = [zombie(pid, container=None, depth=1, ppid=0) for pid in (70, 71)]
    samples = read(render(published(scan(*dead)), 10))
    assert samples["zombie_host_zombies"] == [({"cause": "RuntimeNotReaping"}, 2)]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_label_value_survives(value: str) -> None:
    family = Family("a_metric", "gauge", 'A "text"\nof two \\ lines.', ("label",))
    family.add((value,), 1.5)
    # The parser under test splits lines as str.splitlines does; the format knows only the newline.
    if len(value.splitlines()) <= 1 and "\r" not in value:
        (parsed,) = text_string_to_metric_families(expose([family]).decode())
        assert parsed.samples[0].labels == {"label": value}
    assert expose([family]).count(b"\n") == 3
