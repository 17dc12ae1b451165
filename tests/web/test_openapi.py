"""Requests of every shape that the OpenAPI document allows, and of many that it does not: none breaks the server."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis

from agentforge.api import Forge
from agentforge.web.app import create_app
from agentforge.web.desk import Desk

from .lived import lived, settings_here
from .memory import PEOPLE

MOST = 6
"""Requests of each kind, for each operation: bounded, since each is a real one to a real registry."""

pytestmark = pytest.mark.timeout(300)  # a busy machine


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The application over a home of its own, as an ASGI schema of it."""
    home = tmp_path_factory.mktemp("asked") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTFORGE_HOME", str(home))
        settings = settings_here()
        asyncio.run(lived(settings))
        forge = Forge(user="ada", settings=settings)
        asyncio.run(forge.open())
        desk = Desk(forge)
        app = create_app(desk.read, desk.decide, PEOPLE, forge=forge, allowed_hosts=("testserver", "localhost"))
        headers = {"authorization": f"Bearer {PEOPLE[0].token}"}
        yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=headers)
        asyncio.run(forge.aclose())
    shutil.rmtree(Path(home), ignore_errors=True)


def test_no_request_breaks_the_server(pages: Any) -> None:
    asked: set[str] = set()
    headers = {"authorization": f"Bearer {PEOPLE[0].token}"}
    for operation in (found.ok() for found in pages.get_all_operations()):

        @hypothesis.given(case=operation.as_strategy())
        @hypothesis.settings(
            max_examples=MOST,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=[*hypothesis.HealthCheck],
        )
        def ask(case: Any) -> None:
            answer = case.call(headers=headers)
            asked.add(f"{case.method} {case.operation.path}")
            assert answer.status_code < 500, (case.operation.path, answer.status_code, answer.text)

        ask()
    assert len(asked) == sum(len(one) for one in pages.raw_schema["paths"].values())
