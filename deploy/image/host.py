"""What this machine knows about package sources. It is used while building and never written into the image."""

import configparser
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

SECRETS = "/run/secrets"
_PASSED_ON = ("index-url", "extra-index-url", "trusted-host", "timeout", "retries")
_SOURCE = re.compile(r"^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s+)?)(https?://\S+)", re.MULTILINE)
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


def pip_settings(environ: Mapping[str, str] = os.environ, files: Iterable[Path] | None = None) -> dict[str, str]:
    """Return pip's own settings of this machine, by long option name; the environment wins over files, as in pip."""
    found: dict[str, str] = {}
    for path in _pip_files(environ) if files is None else files:
        parser = configparser.RawConfigParser()
        parser.read(path, encoding="utf-8")
        for section in ("global", "install"):
            if parser.has_section(section):
                found.update(parser.items(section))
    for variable in ("UV_INDEX_URL", "UV_DEFAULT_INDEX"):
        if environ.get(variable):
            found["index-url"] = re.sub(r"^[\w.-]+=(?=https?:)", "", environ[variable])
    for name, value in environ.items():
        if name.startswith("PIP_") and value:
            found[name.removeprefix("PIP_").lower().replace("_", "-")] = value
    return found


def certificates(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the bundle of certificates that this machine's tools trust."""
    named = [environ.get(name) for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")]
    candidates = [Path(name) for name in (*named, pip_settings(environ).get("cert"), *_BUNDLES) if name]
    return next((path for path in candidates if path.is_file()), None)


def write_secrets(folder: Path, environ: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """Write the build's secrets into a private folder and return them by the id under which the Dockerfile asks."""
    secrets: dict[str, Path] = {}
    lines = ["[global]"]
    for name, value in sorted(pip_settings(environ).items()):
        if name in _PASSED_ON:
            lines.append(f"{name} =\n  " + "\n  ".join(value.split()))
    if bundle := certificates(environ):
        secrets["ca.pem"] = bundle
        lines.append(f"cert = {SECRETS}/ca.pem")
    if len(lines) > 1:
        secrets["pip.conf"] = folder / "pip.conf"
        secrets["pip.conf"].touch(mode=0o600)
        secrets["pip.conf"].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return secrets


def proxies(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the proxy variables; builders know these names and keep them out of the image's history."""
    names = ("http_proxy", "https_proxy", "no_proxy")
    return {name: environ[name] for base in names for name in (base, base.upper()) if environ.get(name)}


def debian_mirror(etc: Path = Path("/etc")) -> str | None:
    """Return the mirror from which this machine, if it is a Debian, installs its packages."""
    release = etc / "os-release"
    if not release.is_file() or "\nID=debian\n" not in "\n" + release.read_text(encoding="utf-8"):
        return None
    folder = etc / "apt/sources.list.d"
    files = [*sorted(folder.glob("*.sources")), etc / "apt/sources.list", *sorted(folder.glob("*.list"))]
    texts = (path.read_text(encoding="utf-8") for path in files if path.is_file())
    addresses = (found for text in texts for found in _SOURCE.findall(text))
    return next((address for address in addresses if "security" not in address), None)


def _pip_files(environ: Mapping[str, str]) -> list[Path]:
    home = Path(environ.get("HOME") or Path.home())
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"), home / ".pip/pip.conf", config / "pip/pip.conf"]
    return [*files, *([Path(environ["PIP_CONFIG_FILE"])] if environ.get("PIP_CONFIG_FILE") else [])]
