"""What the documents tell people to type and to read is there."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
)


def relative(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_make_target_and_module_that_is_named_exists(page: Path) -> None:
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", page.read_text(encoding="utf-8"), re.DOTALL))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+(?:-[a-z]+)*)", code, re.MULTILINE)) - targets == set()
    modules = re.findall(r"python -m ((?:tests|deploy|docs)\.[\w.]+)", code)
    assert [
        m for m in modules if not any((ROOT / m.replace(".", "/")).with_suffix(s).exists() for s in ("", ".py"))
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_value_that_helm_is_given_is_the_charts(page: Path) -> None:
    values = (ROOT / "deploy/chart/README.md").read_text(encoding="utf-8")
    given = re.findall(r"--set '?([A-Za-z.]+)=", page.read_text(encoding="utf-8"))
    assert [name for name in given if f"| `{name}` |" not in values] == []
