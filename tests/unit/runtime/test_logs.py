"""Logs are one JSON object a line, whatever is logged."""

from __future__ import annotations

import io
import json
import logging
import os
from typing import TYPE_CHECKING

import pytest

from zombie_operator.runtime.logs import configure

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("INFO", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_has_time_level_logger_message_and_extras(stream: io.StringIO) -> None:
    logging.getLogger("a.b").warning("Found %d", 3, extra={"pod": "web\n-1", "path": object})
    (line,) = stream.getvalue().splitlines()
    read = json.loads(line)
    assert (read["level"], read["logger"], read["message"], read["pod"]) == ("warning", "a.b", "Found 3", "web\n-1")
    assert read["time"].endswith("Z")
    assert "class" in read["path"]


def test_a_traceback_stays_in_its_line(stream: io.StringIO) -> None:
    try:
        os.environ["NO_SUCH_VARIABLE_HERE"]
    except KeyError:
        logging.getLogger("a").exception("Failed")
    (line,) = stream.getvalue().splitlines()
    assert "KeyError" in json.loads(line)["error"]


def test_less_important_lines_are_left_out(stream: io.StringIO) -> None:
    logging.getLogger("a").debug("nothing")
    assert stream.getvalue() == ""
