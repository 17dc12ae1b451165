"""What the host sends into a box: one frame for each process of a run."""

from __future__ import annotations

from typing import cast

from agentforge.boxes import wire
from agentforge.boxes.files import encode_inputs
from agentforge.boxes.protocol import Grant, Limits, Toolbox
from agentforge.errors import UsageError
from agentforge.types import JSON, JSONObject

LARGEST = 32 << 20
"""Bytes of one request."""


def work(what: JSONObject, toolbox: Toolbox, limits: Limits, grant: Grant, *, kept: bool = False) -> bytes:
    """The request of a call or a script. ``kept``: the process serves further calls afterwards.

    Raises:
        UsageError: it is not JSON, or larger than allowed.
    """
    outputs: list[JSON] = [*grant.outputs]
    bounds: JSONObject = {
        "kept": kept,
        "seconds": limits.seconds,
        "result_bytes": limits.result_bytes,
        "file_bytes": limits.file_bytes,
        "files": encode_inputs(grant, limits),
        "outputs": outputs,
    }
    return _frame(what | _granted(toolbox, grant) | bounds)


def further(args: JSONObject, ticket: str) -> bytes:
    """A further call of a process that is kept; its answer comes behind ``ticket``. Raises as :func:`work`."""
    return _frame({"args": args, "ticket": ticket})


def suite(source: str, tests: str, toolbox: Toolbox, grant: Grant) -> list[bytes]:
    """The requests of a suite: to the process of the tests, to that of the tool; raises as :func:`work`."""
    return [
        _frame({"tests": tests} | _reach(grant)),
        _frame({"source": source} | _granted(toolbox, grant)),
    ]


def _granted(toolbox: Toolbox, grant: Grant) -> JSONObject:
    asks: list[JSON] = [*grant.asks]
    sent: JSONObject = {"toolbox": cast("JSON", dict(toolbox)), "asks": asks}
    return sent | _reach(grant)


def _reach(grant: Grant) -> JSONObject:
    """What the runner's ``work.grant`` reads."""
    return {"clock": grant.clock, "randomness": grant.randomness, "packages": bool(grant.packages)}


def _frame(request: JSONObject) -> bytes:
    try:
        frame = wire.encode(request)
    except wire.MalformedFrameError as error:
        raise UsageError(f"What goes into the box must be JSON: {error}.") from None
    if len(frame) > LARGEST:
        raise UsageError(
            f"What goes into the box is {len(frame):,} bytes long; {LARGEST:,} are allowed.",
            fix="Pass less data, or pass it in parts.",
        )
    return frame
