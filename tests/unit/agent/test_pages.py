"""Which path answers what, to whom, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.diagnose.builders import scan, zombie
from zombie_operator.agent.pages import MAX_TOKEN, Pages
from zombie_operator.agent.server import Request, Response
from zombie_operator.agent.state import Board, Scanned
from zombie_operator.core.codec import decode
from zombie_operator.core.diagnose import diagnose
from zombie_operator.core.history import History

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "s3cret"  # noqa: S105


class Agent:
    """An agent's pages with a clock that the test turns."""

    def __init__(self, folder: Path) -> None:
        self.now = 1000.0
        self.token_file = folder / "token"
        self.board = Board(self.now, 10.0)
        self.pages = Pages(self.board, str(self.token_file), 100, clock=lambda: self.now)

    def get(self, path: str, method: str = "GET", **headers: str) -> Response:
        return self.pages(Request(method, path, headers))

    def scanned(self) -> None:
        document, history = diagnose(scan(zombie(70)), History())
        latest = Scanned(document, history, at=self.now, unix=0, processes=1)
        self.board.put(latest=latest, attempted=self.now)


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def test_the_document_needs_the_token(agent: Agent) -> None:
    agent.token_file.write_text(f"{TOKEN}\n")
    agent.scanned()
    for headers in (
        {},
        {"authorization": TOKEN},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": "Bearer \xe9"},
    ):
        response = agent.get("/v1/zombies", **headers)
        assert (response.status, response.body) == (401, b"needs the bearer token\n"), headers
    response = agent.get("/v1/zombies", authorization=f"bearer {TOKEN}")
    assert (response.status, response.content_type) == (200, "application/json")
    assert decode(response.body).containers[0].zombies == 1


def test_the_age_of_the_sample_is_its_age_when_served(agent: Agent) -> None:
    agent.token_file.write_text(TOKEN)
    agent.scanned()
    agent.now += 4.25
    body = agent.get("/v1/zombies", authorization=f"Bearer {TOKEN}").body
    assert decode(body).node.sample_age_seconds == 4.25
    assert agent.get("/v1/zombies", authorization=f"Bearer {TOKEN}").body is body, "one copy for a crowd"
    agent.now += 1
    assert decode(agent.get("/v1/zombies", authorization=f"Bearer {TOKEN}").body).node.sample_age_seconds == 5.25


def test_a_new_scan_is_served_at_once(agent: Agent) -> None:
    agent.token_file.write_text(TOKEN)
    agent.scanned()
    before = agent.get("/v1/zombies", authorization=f"Bearer {TOKEN}").body
    agent.scanned()
    assert agent.get("/v1/zombies", authorization=f"Bearer {TOKEN}").body is not before


@pytest.mark.parametrize("content", [None, "", " \n", "x" * (MAX_TOKEN + 1)], ids=["absent", "empty", "blank", "long"])
def test_without_a_token_nobody_gets_the_document(agent: Agent, content: str | None) -> None:
    if content is not None:
        agent.token_file.write_text(content)
    agent.scanned()
    assert agent.get("/v1/zombies").status == 503
    assert agent.get("/v1/zombies", authorization="Bearer ").status == 503


def test_a_token_may_appear_and_change(agent: Agent) -> None:
    agent.scanned()
    agent.token_file.write_text("old")
    assert agent.get("/v1/zombies", authorization="Bearer old").status == 200
    agent.token_file.write_text("new")
    assert agent.get("/v1/zombies", authorization="Bearer old").status == 401
    assert agent.get("/v1/zombies", authorization="Bearer new").status == 200


def test_before_the_first_scan_there_is_no_document(agent: Agent) -> None:
    agent.token_file.write_text(TOKEN)
    assert agent.get("/v1/zombies", authorization=f"Bearer {TOKEN}").status == 503
    assert agent.get("/v1/zombies").status == 401


def test_ready_means_a_fresh_scan(agent: Agent) -> None:
    assert agent.get("/readyz").status == 503
    agent.scanned()
    assert agent.get("/readyz").status == 200
    agent.now += 35
    assert agent.get("/readyz").status == 200
    agent.now += 0.1
    assert agent.get("/readyz").status == 503


def test_alive_means_that_the_loop_turns(agent: Agent) -> None:
    agent.now += 120
    assert agent.get("/healthz").status == 200
    agent.now += 0.1
    assert agent.get("/healthz").status == 503
    agent.board.put(attempted=agent.now)
    assert agent.get("/healthz").status == 200


def test_metrics_are_open_and_other_paths_and_methods_are_not(agent: Agent) -> None:
    assert agent.get("/metrics").content_type.startswith("text/plain; version=0.0.4")
    assert agent.get("/v1").status == 404
    response = agent.get("/metrics", "POST")
    assert (response.status, response.headers) == (405, (("Allow", "GET, HEAD"),))
