"""Plain Docker, for comparison: a container for each call, or one warm container and ``docker exec``.

The containers are hardened as a box is, and the daemon is spoken to as a box speaks to it, without
the time that the command ``docker`` takes to start.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agentforge.boxes import hardening, image, owners
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.docker import OWNER_LABEL
from agentforge.settings import SandboxSettings
from benchmarks.sandbox.work import PASSED, PROGRAM, REQUEST, SOURCE, TESTS, WrongAnswerError, insist_on_text

_CALL = ["python3", "-I", "-B", "-c", PROGRAM, REQUEST]
_SUITE = (
    f"cd /tmp && printf %s {shlex.quote(SOURCE)} >tool.py && printf %s {shlex.quote(TESTS)} >test_tool.py && "
    "PYTHONPATH=/opt/agentforge/site exec python3 -s -B -m pytest -q -p no:cacheprovider test_tool.py"
)


def owner_label() -> dict[str, str]:
    """By which the next program that opens a box finds containers of one that was killed, and removes them."""
    return {OWNER_LABEL: owners.Owner.this_process().label()}


class Containers:
    """Plain containers of the box's image; ``warm`` is one that runs."""

    def __init__(self, client: Any, image_id: str, settings: SandboxSettings) -> None:
        self._client = client
        self._image = image_id
        hardened = hardening.request(settings, None)
        changed = {"stdin_open": False, "auto_remove": False, "log_config": None, "labels": owner_label()}
        self._request = hardened | changed
        self._warm: Any = None

    def run_call(self) -> None:
        """``docker run --rm``."""
        insist_on_text("docker run", self._run(_CALL))

    def run_suite(self) -> None:
        """The five tests by ``docker run --rm``."""
        said = self._run(["sh", "-c", _SUITE])
        if PASSED not in said:
            raise WrongAnswerError(f"pytest in docker run said {said[-400:]!r}")

    def exec_call(self) -> None:
        """``docker exec`` in the warm container, which is started at the first time."""
        if self._warm is None:
            self._warm = self._client.containers.create(self._image, ["sleep", "86400"], **self._request)
            self._warm.start()
        _, said = self._warm.exec_run(_CALL)
        insist_on_text("docker exec", said.decode("utf-8", "replace"))

    def close(self) -> None:
        """Removes the warm container; harmless when repeated."""
        if self._warm is not None:
            self._warm.remove(force=True)
            self._warm = None

    def _run(self, command: list[str]) -> str:
        said = self._client.containers.run(self._image, command, remove=True, stderr=True, **self._request)
        return said.decode("utf-8", "replace")


@contextmanager
def containers(settings: SandboxSettings) -> Iterator[Containers]:
    """Plain containers; removed afterwards.

    Raises:
        SandboxError: no daemon answers, or the image of the box was not built.
    """
    with Daemon.connect() as daemon:
        made = Containers(daemon._client, image.need_image(daemon).digest, settings)
        try:
            yield made
        finally:
            made.close()
