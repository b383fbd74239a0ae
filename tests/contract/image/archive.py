"""Reads an image archive in the format of `docker save`."""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Archive:
    """One image: its configuration, and the files of its layers from the base upwards."""

    path: Path
    references: list[str] = field(default_factory=list)
    configuration: dict[str, Any] = field(default_factory=dict)
    layers: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path) -> "Archive":
        """Read what says what the image is."""
        with tarfile.open(path) as tar:
            manifest = json.loads(_content(tar, "manifest.json"))[0]
            configuration = json.loads(_content(tar, manifest["Config"]))
        return cls(path, manifest["RepoTags"], configuration, manifest["Layers"])

    def names(self) -> Iterator[str]:
        """Yield the names of everything in all layers, also of what a later layer hides."""
        for _, member in self._members():
            yield member.name

    def files(self, largest: int) -> Iterator[tuple[str, bytes]]:
        """Yield regular files up to a size."""
        for layer, member in self._members():
            if member.isfile() and member.size <= largest:
                yield member.name, _content(layer, member)

    def _members(self) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
        with tarfile.open(self.path) as outer:
            for name in self.layers:
                with tarfile.open(fileobj=outer.extractfile(name)) as layer:
                    yield from ((layer, member) for member in layer)


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo | str) -> bytes:
    file = tar.extractfile(member)
    return file.read() if file else b""
