"""The command `python -m deploy.image.lock [--upgrade]`: resolves every dependency and pins it with its hashes.

Three files, none of which names an index: what the image runs with, what developers need besides, and what builds the
wheel. Pins stay as they are unless a requirement excludes them or `--upgrade` asks for the newest.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.image.inputs import ROOT

_OPTIONS = ("--universal", "--generate-hashes", "--python-version=3.11", "--annotation-style=line", "--quiet")
# Output, and the arguments that make it; later files repeat the pins of earlier ones.
LOCKS = {
    "requirements.txt": ("pyproject.toml",),
    "requirements-dev.txt": ("pyproject.toml", "--group=dev", "--constraints=requirements.txt"),
    "deploy/image/requirements-build.txt": (
        "deploy/image/requirements-build.in",
        "--constraints=requirements-dev.txt",
    ),
}


def main(arguments: list[str]) -> int:
    """Write the locks; return the exit code."""
    if arguments not in ([], ["--upgrade"]):
        print(__doc__, file=sys.stderr)
        return 2
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        print("lock: there is no uv; `make setup` installs it into .venv", file=sys.stderr)
        return 2
    environment = os.environ | {"UV_CUSTOM_COMPILE_COMMAND": "make lock"}
    for output, sources in LOCKS.items():
        command = [uv, "pip", "compile", *_OPTIONS, *arguments, *sources, f"--output-file={output}"]
        done = subprocess.run(command, check=False, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
