"""The types of the fixtures in conftest.py."""

from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

Manifest = dict[str, Any]
Template = Callable[[str], CompletedProcess[str]]
Render = Callable[..., list[Manifest]]
One = Callable[..., Manifest]
