"""The command `python -m deploy.chart_readme`: writes the table of values into the chart's README.

The comments in values.yaml that start with `# --` are the only place where a value is described.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parent / "chart"
_BEGIN, _END = "<!-- values: begin -->\n", "<!-- values: end -->\n"
_KEY = re.compile(r"( *)([A-Za-z]\w*):")


def main() -> int:
    """Rewrite the README in place."""
    path = CHART / "README.md"
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def with_table(readme: str) -> str:
    """Return the README with the present table between its markers."""
    before, _, rest = readme.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    if _BEGIN not in readme or _END not in rest:
        raise ValueError(f"deploy/chart/README.md must contain {_BEGIN.strip()} and {_END.strip()}")
    return before + _BEGIN + table() + _END + after


def table() -> str:
    """Return the table of all values in the order of values.yaml."""
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    defaults = yaml.safe_load(text)
    rows = ["| Value | Default | Meaning |", "|---|---|---|"]
    for path, meaning in descriptions(text):
        default = json.dumps(default_of(defaults, path))
        rows.append(f"| `{'.'.join(path)}` | `{default}` | {meaning} |")
    return "\n".join(rows) + "\n"


def default_of(values: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - a value can be anything
    """Look a default up."""
    for key in path:
        values = values[key]
    return values


def descriptions(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the path and the description of each described value."""
    parents: list[str] = []
    words: list[str] = []
    for line in text.splitlines():
        content = line.strip()
        if content.startswith("# -- "):
            words = [content.removeprefix("# -- ")]
        elif content.startswith("# ") and words:
            words.append(content.removeprefix("# "))
        elif found := _KEY.match(line):
            depth = len(found[1]) // 2
            parents[depth:] = [found[2]]
            if words:
                yield tuple(parents), " ".join(words)
            words = []


if __name__ == "__main__":
    sys.exit(main())
