"""Promises about the shape of the code that import-linter cannot check."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "operator" / "zombie_operator"
MODULES = sorted(PACKAGE.rglob("*.py"))
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
MAY_WRITE = {
    "engine/via/template.py": "the owning workload's pod template",
    "engine/via/eviction.py": "one pod's eviction",
    "kube/own.py": "our own kinds",
    "kube/events.py": "events",
    "kube/tokens.py": "the agents' Secret",
}


def relative(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def test_the_source_root_is_no_package_that_would_shadow_the_standard_library() -> None:
    assert not (ROOT / "operator" / "__init__.py").exists()


def test_modules_are_small() -> None:
    lines = {relative(m): len(m.read_text().splitlines()) for m in MODULES}
    assert {name: count for name, count in lines.items() if count > 300} == {}
    assert statistics.median(lines.values()) <= 150


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_every_module_says_what_it_is_for(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text()))


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_functions_fit_a_screen(module: Path) -> None:
    functions = [
        n for n in ast.walk(ast.parse(module.read_text())) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = {f.name: f.end_lineno - f.lineno + 1 for f in functions if f.end_lineno and f.end_lineno - f.lineno >= 50}
    assert long == {}


def test_only_the_listed_modules_write_to_the_api_server() -> None:
    """The first argument of a request is its method, as a literal; a computed one would hide a write."""
    writers = set()
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "request" and node.args:
                method = node.args[0]
                assert isinstance(method, ast.Constant), f"{relative(module)}:{node.lineno}: the method is computed"
                if method.value in WRITES:
                    writers.add(relative(module))
    assert writers == set(MAY_WRITE)


def test_the_generated_typed_apis_are_never_imported() -> None:
    for module in MODULES:
        text = module.read_text()
        assert "kubernetes.aio.client.api." not in text, relative(module)
        assert "CoreV1Api" not in text, relative(module)
        assert "import kubernetes.client" not in text, relative(module)
