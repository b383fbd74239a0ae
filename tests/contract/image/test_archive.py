"""The built image: whom it runs as, what it starts, and that nothing of the machine that built it is inside.

Marked `cluster` because building needs what the cluster needs: root or a Docker engine, and package mirrors.
"""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import pytest

from deploy.image import host, inputs
from deploy.image.__main__ import REFERENCE
from tests.contract.image.archive import Archive

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).resolve().parents[3]
CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


@pytest.fixture(scope="module")
def image() -> Archive:
    output = ROOT / "build/image.tar"
    command = [sys.executable, "-m", "deploy.image", "build", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Archive.open(output)


def test_it_has_the_name_that_the_chart_uses_for_local_images(image: Archive) -> None:
    assert image.references == [REFERENCE]


def test_it_runs_as_a_numeric_user_so_that_kubernetes_can_see_that_it_is_not_root(image: Archive) -> None:
    assert image.configuration["config"]["User"] == "65532:65532"


def test_it_starts_a_program_and_no_shell(image: Archive) -> None:
    assert image.configuration["config"]["Entrypoint"] == ["zombie-operator"]
    assert not image.configuration["config"].get("Cmd")


def test_it_is_labelled_with_licence_and_version(image: Archive) -> None:
    labels = image.configuration["config"]["Labels"]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["org.opencontainers.image.version"] == inputs.version()


def test_the_three_programs_are_there_and_no_tool_that_built_them(image: Archive) -> None:
    names = [name.removeprefix("./") for name in image.names()]
    environment = [
        name.removeprefix("opt/zombie-operator/") for name in names if name.startswith("opt/zombie-operator/")
    ]
    programs = {name for name in environment if re.fullmatch(r"bin/zomb[a-z-]+", name)}
    assert programs == {"bin/zombie-operator", "bin/zombie-agent", "bin/zombies"}
    tools = ("pip", "hatchling", "setuptools", "pytest", "mypy", "ruff")
    assert not [name for name in environment if name.split("/")[-1].split("-")[0] in tools]
    assert not [name for name in names if name.startswith(("build/", "root/.cache/"))]


def test_the_package_is_compiled_because_a_read_only_file_system_keeps_no_byte_code(image: Archive) -> None:
    names = set(image.names())
    sources = {n for n in names if "/site-packages/zombie_operator/" in n and n.endswith(".py")}
    compiled = {re.sub(r"__pycache__/(\w+)\.cpython-\d+\.pyc$", r"\1.py", n) for n in names if n.endswith(".pyc")}
    assert sources
    assert sources <= compiled


def test_neither_environment_nor_history_name_package_sources(image: Archive) -> None:
    environment = image.configuration["config"]["Env"]
    assert not [
        entry for entry in environment if re.match(r"(?i)(pip|uv|\w*(_proxy|cert|bundle))", entry.partition("=")[0])
    ]
    history = "\n".join(step.get("created_by", "") for step in image.configuration["history"])
    for address in index_hosts():
        assert address not in history


def test_no_secret_of_the_build_and_no_sources_of_packages_are_in_any_layer(image: Archive) -> None:
    names = [name.removeprefix("./") for name in image.names()]
    assert not [
        name for name in names if name.startswith(("run/secrets", "etc/pip.conf")) or name.endswith("/pip.conf")
    ]
    hosts = [address.encode() for address in index_hosts()]
    # Code and descriptions of packages may name any index, as their authors wrote them; what the build writes may not.
    written = (
        (name, content)
        for name, content in image.files(1_000_000)
        if "-packages/" not in name or name.endswith("/direct_url.json")
    )
    if hosts:
        assert [name for name, content in written if any(address in content for address in hosts)] == []


def test_no_certificate_that_only_this_machine_trusts_is_in_any_layer(image: Archive) -> None:
    bundle = host.certificates()
    if bundle is None:
        return
    known = certificates(Path(certifi.where()).read_bytes())
    for path in Path("/usr/share/ca-certificates").rglob("*.crt"):
        known |= certificates(path.read_bytes())
    private = certificates(bundle.read_bytes()) - known
    for name, content in image.files(1_000_000):
        assert not certificates(content) & private, name


def certificates(text: bytes) -> set[bytes]:
    """Return the certificates in a text, without white space."""
    return {b"".join(body.split()) for body in CERTIFICATE.findall(text)} if b"BEGIN CERTIFICATE" in text else set()


def index_hosts() -> set[str]:
    """Return the hosts of the package indexes that this machine was told to use."""
    settings = host.pip_settings()
    addresses = f"{settings.get('index-url', '')} {settings.get('extra-index-url', '')}".split()
    return {name for address in addresses if (name := urlsplit(address).hostname)}
