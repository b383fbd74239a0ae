"""Builds the zoo into an image: `python -m tests.zoo.image --output FILE` writes an archive with one static program.

Needs a C compiler with a static C library, and nothing else.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cluster import oci

REFERENCE = "localhost/zombie-zoo:1"
PROGRAM = "/leak"
_SOURCES = Path(__file__).parent
_FLAGS = ("-static", "-O2", "-Wall", "-Wextra", "-Werror")


class ZooError(Exception):
    """Something a person can act on; its text is all that is printed."""


def compile_program(output: Path) -> None:
    """Compile the zoo into one static program."""
    compiler = os.environ.get("CC", "gcc")
    sources = sorted(map(str, _SOURCES.glob("*.c")))
    try:
        subprocess.run([compiler, *_FLAGS, "-o", str(output), *sources], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise ZooError(f"There is no C compiler called {compiler}. Install gcc, or set CC.") from error
    except subprocess.CalledProcessError as error:
        raise ZooError(f"The zoo does not compile (is the static C library there?):\n{error.stderr}") from error


def build(output: Path) -> None:
    """Write the image archive to ``output``."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "leak"
        compile_program(program)
        content = program.read_bytes()
    output.parent.mkdir(parents=True, exist_ok=True)
    oci.write_image(output, REFERENCE, {PROGRAM: (content, 0o755)}, entrypoint=[PROGRAM], user="1000")


def main() -> int:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="where the image archive goes")
    try:
        build(parser.parse_args().output)
    except ZooError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
