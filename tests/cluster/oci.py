"""Packs programs into OCI image archives that ``ctr images import`` takes: no daemon, no registry, no base image.

For images of a static program or two: the pause image, and the leaking programs of the end-to-end tests.
"""

import gzip
import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_MEDIA = "application/vnd.oci.image"


def architecture() -> str:
    """Return this machine's architecture in the words of OCI."""
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


def write_image(
    path: Path,
    reference: str,
    files: Mapping[str, tuple[bytes, int]],
    *,
    entrypoint: Sequence[str],
    user: str | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Write an image archive to ``path``.

    ``reference`` is the full name with its tag, as pods will write it. ``files`` maps absolute paths to content and
    mode; parent folders are made. ``user`` is what the program runs as (root if not given). The same arguments give
    the same bytes, so a caller may cache by content.
    """
    layer = _layer(files)
    compressed = gzip.compress(layer, compresslevel=1, mtime=0)
    settings: dict[str, object] = {"Entrypoint": list(entrypoint)}
    if user is not None:
        settings["User"] = user
    if env:
        settings["Env"] = [f"{key}={value}" for key, value in env.items()]
    config = _json(
        {
            "architecture": architecture(),
            "os": "linux",
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{_MEDIA}.manifest.v1+json",
            "config": _descriptor(f"{_MEDIA}.config.v1+json", config),
            "layers": [_descriptor(f"{_MEDIA}.layer.v1.tar+gzip", compressed)],
        }
    )
    names = {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference.rpartition(":")[2]}
    index = {
        "schemaVersion": 2,
        "mediaType": f"{_MEDIA}.index.v1+json",
        "manifests": [_descriptor(f"{_MEDIA}.manifest.v1+json", manifest) | {"annotations": names}],
    }
    with tarfile.open(path, "w") as archive:
        _add(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(archive, "index.json", _json(index))
        for blob in (config, compressed, manifest):
            _add(archive, f"blobs/sha256/{_digest(blob).removeprefix('sha256:')}", blob)


def _layer(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    names = {PurePosixPath(name): content for name, content in files.items()}
    folders = {parent for name in names for parent in name.parents} - {PurePosixPath("/")}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        for folder in sorted(folders):
            entry = tarfile.TarInfo(str(folder).lstrip("/"))
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            layer.addfile(entry)
        for name, (content, mode) in sorted(names.items()):
            _add(layer, str(name).lstrip("/"), content, mode)
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _descriptor(media_type: str, blob: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": _digest(blob), "size": len(blob)}


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
