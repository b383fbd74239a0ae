"""What the builder takes from its machine, and that it hands it over as secrets only."""

import stat
from pathlib import Path

import pytest

from deploy.image import host


def test_the_environment_wins_over_files_as_it_does_in_pip(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nindex-url = https://file.example/simple\ntimeout = 5\n", encoding="utf-8")
    found = host.pip_settings({"PIP_INDEX_URL": "https://env.example/simple"}, [file])
    assert found == {"index-url": "https://env.example/simple", "timeout": "5"}


@pytest.mark.parametrize("value", ["https://uv.example/simple", "corporate=https://uv.example/simple"])
def test_an_index_told_to_uv_is_told_to_pip(value: str) -> None:
    assert host.pip_settings({"UV_DEFAULT_INDEX": value}, [])["index-url"] == "https://uv.example/simple"


def test_secrets_are_private_and_hold_only_what_a_container_can_use(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.crt"
    bundle.touch()
    environ = {
        "HOME": str(tmp_path),
        "PIP_CERT": str(bundle),
        "PIP_FIND_LINKS": "/wheels",
        "PIP_EXTRA_INDEX_URL": "https://one.example https://two.example",
    }
    secrets = host.write_secrets(tmp_path, environ)
    assert secrets["ca.pem"] == bundle
    assert stat.S_IMODE(secrets["pip.conf"].stat().st_mode) == 0o600
    text = secrets["pip.conf"].read_text(encoding="utf-8")
    assert "extra-index-url =\n  https://one.example\n  https://two.example\n" in text
    assert "cert = /run/secrets/ca.pem\n" in text
    assert "/wheels" not in text
    assert str(bundle) not in text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "sources.list",
            "# deb http://old.example/debian trixie main\ndeb [arch=amd64] http://mirror.example/debian trixie main\n",
        ),
        ("sources.list.d/debian.sources", "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\n"),
        (
            "sources.list.d/debian.sources",
            "Types: deb\nURIs: http://mirror.example/debian-security\n\nTypes: deb\nURIs: http://mirror.example/debian\n",
        ),
    ],
)
def test_the_mirror_is_the_one_of_a_debian_machine(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / "apt" / name
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    assert host.debian_mirror(tmp_path) is None
    (tmp_path / "os-release").write_text('NAME="Debian"\nID=debian\n', encoding="utf-8")
    assert host.debian_mirror(tmp_path) == "http://mirror.example/debian"
