"""``/metrics``: the published scan as Prometheus text (exposition format 0.0.4).

Only names that an administrator chose are labels, never pids, UIDs or command names, and the number of containers is
bounded. Two containers of one name, such as an old and a new instance, are added up: series must be unique.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zombie_operator import __version__
from zombie_operator.agent.exposition import Family, expose
from zombie_operator.core.scan import NOT_ZOMBIES, ContainerPath

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zombie_operator.agent.state import Published, Scanned
    from zombie_operator.core.document import CauseCount, ContainerReport, Document

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

OLDER_SECONDS = (60, 120, 600)
"""Ages that ``zombie_container_zombies_older`` counts from."""

_NAMES = ("namespace", "pod", "container")
_CAUSE = (*_NAMES, "cause", "origin")


def render(published: Published, max_series: int) -> bytes:
    """Return the page. Before the first scan it holds the agent's own metrics only."""
    families = _own(published)
    if published.latest is not None:
        families += _scan(published.latest)
        families += _containers(published.latest, max_series)
    return expose(families)


def _own(published: Published) -> list[Family]:
    info = Family("zombie_agent_build_info", "gauge", "Version of the agent; always 1.", ("version",))
    info.add((__version__,), 1)
    scans = Family("zombie_agent_scans_total", "counter", "Finished scans.")
    scans.add((), published.scans)
    errors = Family(
        "zombie_agent_scan_errors_total", "counter", "Failed scans, and processes a scan missed.", ("kind",)
    )
    for kind, count in sorted(published.errors.items()):
        errors.add((kind,), count)
    return [info, scans, errors]


def _scan(latest: Scanned) -> list[Family]:
    document = latest.document
    node = document.node
    values = (
        ("zombie_agent_last_scan_timestamp_seconds", "Unix time at which the last scan began.", latest.unix),
        ("zombie_agent_scan_duration_seconds", "How long the last scan took.", node.scan_seconds),
        ("zombie_agent_scan_complete", "1 if the agent may see every process of its node.", int(node.complete)),
        ("zombie_agent_processes", "Processes the last scan found, threads not counted.", latest.processes),
        ("zombie_agent_containers", "Containers the last scan found.", len(document.containers)),
        ("zombie_agent_pods_not_observable", "Pods of gVisor or Kata seen.", len(document.not_observable)),
    )
    families = []
    for name, description, value in values:
        family = Family(name, "gauge", description)
        family.add((), value)
        families.append(family)
    if node.pid_max is not None:
        pid_max = Family("zombie_agent_pid_max", "gauge", "The node's limit of process ids (kernel.pid_max).")
        pid_max.add((), node.pid_max)
        families.append(pid_max)
    return [*families, _host(document)]


def _host(document: Document) -> Family:
    host = Family("zombie_host_zombies", "gauge", "Zombies outside of pods.", ("cause",))
    for report in document.host:
        for one in report.causes:
            if one.cause not in NOT_ZOMBIES:
                host.add((one.cause,), one.zombies)
    return host


def _containers(latest: Scanned, max_series: int) -> list[Family]:
    """Return the families by container, those with zombies first so that they are the last to be dropped."""
    zombies = Family("zombie_container_zombies", "gauge", "Zombies by why nobody reaps them.", _CAUSE)
    older = Family(
        "zombie_container_zombies_older", "gauge", "Zombies dead for at least so many seconds.", (*_CAUSE, "seconds")
    )
    oldest = Family("zombie_container_oldest_zombie_seconds", "gauge", "Seconds since the oldest zombie died.", _CAUSE)
    births = Family("zombie_container_zombie_births_total", "counter", "Zombies first seen since the start.", _NAMES)
    reaped = Family("zombie_container_zombies_reaped_total", "counter", "Zombies gone since the start.", _NAMES)
    current = Family("zombie_container_pids_current", "gauge", "Processes and threads, zombies too.", _NAMES)
    limit = Family("zombie_container_pids_limit", "gauge", "Limit of processes and threads.", _NAMES)
    dropped = Family("zombie_agent_series_dropped", "gauge", "Containers left out of this page for their number.")
    reports = [one for one in latest.document.containers if one.pod is not None]
    for report in reports[:max_series]:
        names = _labels(report)
        for one in report.causes:
            if one.cause not in NOT_ZOMBIES:
                _cause(one, (*names, one.cause, one.origin or ""), zombies, older, oldest)
        track = latest.history.tracks.get(ContainerPath(report.pod_uid, report.container_id))
        births.add(names, track.births if track else 0)
        reaped.add(names, track.reaped if track else 0)
        if report.pids.current is not None:
            current.add(names, report.pids.current)
        if report.pids.limit is not None:
            limit.add(names, report.pids.limit)
    dropped.add((), max(len(reports) - max_series, 0))
    return [zombies, older, oldest, births, reaped, current, limit, dropped]


def _labels(report: ContainerReport) -> tuple[str, str, str]:
    return (report.namespace or "", report.pod or "", report.container or "")


def _cause(one: CauseCount, labels: tuple[str, ...], zombies: Family, older: Family, oldest: Family) -> None:
    zombies.add(labels, one.zombies)
    for seconds in OLDER_SECONDS:
        older.add((*labels, str(seconds)), _older(one, seconds))
    oldest.most(labels, one.oldest_seconds)


def _older(one: CauseCount, seconds: int) -> int:
    """Count zombies that are surely so old: by the lower bound of their age."""
    ages: Iterable[int] = (age.count for age in one.ages if age.min_seconds >= seconds)
    return sum(ages)
