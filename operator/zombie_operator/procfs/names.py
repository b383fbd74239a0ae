"""The kubelet's names of containers, from the links it keeps in ``/var/log/containers``: no API and no token.

A link is called ``<pod>_<namespace>_<container>-<container id>.log``. Names hold no underscore (they are DNS labels and
subdomains), so splitting is safe. Links of containers that ended stay for a while, so a link alone is no container.
"""

from __future__ import annotations

import os
import re

from zombie_operator.core.scan import ContainerNames

_LINK = re.compile(r"([a-z0-9.-]{1,253})_([a-z0-9-]{1,63})_([a-z0-9.-]{1,253})-([0-9a-f]{64})\.log")


def parse_link(name: str) -> tuple[str, ContainerNames] | None:
    """Return the container id and names that a link's file name holds, None for any other file."""
    match = _LINK.fullmatch(name)
    if match is None:
        return None
    pod, namespace, container, container_id = match.groups()
    return container_id, ContainerNames(namespace, pod, container)


class NameTable:
    """Container id to names, kept from scan to scan: a link never changes, so only new ones are parsed."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._links: dict[str, tuple[str, ContainerNames] | None] = {}
        self.by_id: dict[str, ContainerNames] = {}
        self.readable = False

    def refresh(self) -> None:
        """List the directory again. Not being there is normal (no kubelet) and leaves the table empty."""
        try:
            present = os.listdir(self._directory)  # noqa: PTH208 - see sweep.py
        except OSError:
            present = []
            self.readable = False
        else:
            self.readable = True
        known = self._links
        self._links = {name: known[name] if name in known else parse_link(name) for name in present}
        self.by_id = dict(entry for entry in self._links.values() if entry is not None)
