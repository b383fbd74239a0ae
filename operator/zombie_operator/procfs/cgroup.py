"""Reads pod and container out of a cgroup path. Pure; every runtime's shape is a row of the tests.

Paths differ by cgroup version, driver (systemd, cgroupfs), runtime and by the reader's own cgroup namespace, which cuts
the front off (kernel ``cgroup_path_ns``). So nothing is anchored at the root: the pod's segment and the first container
id after it decide.
"""

from __future__ import annotations

import re

from zombie_operator.core.scan import ContainerPath

_UID = r"[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32}"
_POD = re.compile(rf"(?:^|-)pod({_UID})(?:\.slice)?$")
# The prefix list is closed on purpose: `crio-conmon-<id>.scope` is the monitor of a container, not the container.
_CONTAINER = re.compile(r"^(?:(?:cri-containerd|crio|docker|libpod|containerd)-)?([0-9a-f]{64})(?:\.scope)?$")
_DELETED = " (deleted)"


def parse_cgroup(line: str) -> ContainerPath | None:
    """Return the container of one line of ``/proc/PID/cgroup``, or of a bare path; None for a host process.

    Where pods are nested in pods the outermost wins: it is the one that the kubelet of this machine started, and a
    container started inside it (docker in docker) belongs to it. Outside any pod the last container id counts.
    """
    segments = _segments(line)
    for index, segment in enumerate(segments):
        pod = _POD.search(segment)
        if pod:
            for inner in segments[index + 1 :]:
                container = _CONTAINER.match(inner)
                if container:
                    return ContainerPath(pod[1].replace("_", "-"), container[1])
            return None
    ids = [match[1] for match in map(_CONTAINER.match, segments) if match]
    return ContainerPath(None, ids[-1]) if ids else None


def parse_cgroup_file(text: str) -> ContainerPath | None:
    """Return the container of a whole ``/proc/PID/cgroup``: a line that names a pod is worth more than one that not.

    On cgroup v1 every line of a zombie reads ``/`` (kernel ``proc_cgroup_show``), so None there means nothing: its
    ``/proc/PID/cpuset`` still holds the path.
    """
    outside = None
    for line in text.splitlines():
        path = parse_cgroup(line)
        if path is not None:
            if path.pod_uid is not None:
                return path
            outside = path
    return outside


def container_in_pod(directory: str) -> str | None:
    """Return the container id that a cgroup directory's name holds, None for any other directory."""
    match = _CONTAINER.match(directory)
    return match[1] if match else None


def pod_of(directory: str) -> str | None:
    """Return the pod UID that a cgroup directory's name holds, None for any other directory."""
    match = _POD.search(directory)
    return match[1].replace("_", "-") if match else None


def _segments(line: str) -> list[str]:
    """Split a path at slashes, and ``pod.slice:runtime:id`` (systemd's form before its unit exists) at its colons."""
    path = line.strip("\n").removesuffix(_DELETED)
    if not path.startswith("/"):
        path = path.split(":", 2)[-1]
    segments: list[str] = []
    for segment in path.split("/"):
        parts = segment.split(":")
        if len(parts) == 3:  # noqa: PLR2004 - slice, prefix, id
            segments += [parts[0], f"{parts[1]}-{parts[2]}"]
        else:
            segments.append(segment)
    return segments
