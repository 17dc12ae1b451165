"""The arms ``arise`` and ``autotool`` of ``benchmarks.needs``.

Each need gets a fresh box (``bubble``) with the peer's driver in it; the tokens are counted at the
one way out (``counter``). Nothing is judged here: the benchmark runs the hidden cases against the
delivered source in its own sandbox, as for every arm.
"""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentforge.errors import ModelUnavailable
from agentforge.types import Example, Need, Role
from benchmarks.peers import bubble
from benchmarks.peers.counter import Counter
from benchmarks.peers.setup import venv_of

if TYPE_CHECKING:
    from benchmarks.needs import Bench, Made


def with_peer(peer: str) -> Callable[[Bench, Need], Awaitable[Made]]:
    """The arm that gives a need to ``peer``.

    The arm raises:
        SandboxUnavailable: the peer is not set up, or bubblewrap does not work here.
        ModelUnavailable: the model server failed, so that nothing is known about the peer.
    """

    async def arm(bench: Bench, need: Need) -> Made:
        from benchmarks.needs import Made  # that module has the arms of this one

        venv, endpoint = venv_of(peer), bench.settings.endpoint(Role.GENERATE)
        with tempfile.TemporaryDirectory() as folder, Counter(endpoint, Path(folder, "model.sock")) as counter:
            task = {"need": _asked(need), "model": endpoint.model}
            told = await bubble.run(peer, venv, task, Path(folder, "model.sock"))
            usage, refused, unreachable = counter.usage, counter.refused, counter.unreachable
        if unreachable:
            raise ModelUnavailable(unreachable)
        note = f"; {len(refused)} requests were refused, the last with {refused[-1]}" if refused else ""
        return Made(told.source, told.reason + note, usage, usage.output_tokens, {})

    return arm


def _asked(need: Need) -> dict[str, Any]:
    return {
        "name": need.name,
        "signature": need.signature,
        "purpose": need.purpose,
        "examples": [_case(example) for example in need.examples],
    }


def _case(example: Example) -> dict[str, Any]:
    if example.raises is not None:
        return {"args": example.args, "raises": example.raises}
    return {"args": example.args, "returns": example.returns}
