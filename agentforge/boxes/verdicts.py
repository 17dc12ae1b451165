"""From what a box said to results. The verdict is computed here, outside the box."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from agentforge.boxes import wire
from agentforge.boxes.conversation import Ending
from agentforge.boxes.files import decode_outputs, room_for
from agentforge.boxes.protocol import CallResult, CallStatus, Limits, SuiteResult, SuiteStatus, TestRow
from agentforge.types import JSONObject

_LONGEST_NAME = 200
_LONGEST_MESSAGE = 4000
_MOST_ROWS = 2000
_ENVELOPE = len('{"status":"returned","value":,"files":}')
_OUTCOMES: Final = ("passed", "failed", "error", "skipped")


def call_result(
    ending: Ending,
    answers: Sequence[bytes],
    limits: Limits,
    outputs: Collection[str],
    stdout: str,
    stderr: str,
    seconds: float,
) -> CallResult:
    """The result of a call or a script from its one answer. ``outputs`` names the files that it may leave."""
    finished = ending == "finished"
    answer = _answer(answers[-1], limits, outputs) if finished else CallResult(cast("CallStatus", ending))
    return replace(answer, stdout=stdout, stderr=stderr, seconds=seconds)


def _answer(payload: bytes, limits: Limits, outputs: Collection[str]) -> CallResult:
    try:
        answer = wire.decode(payload)
    except wire.MalformedFrameError as error:
        return CallResult("bad_result", message=f"The answer is {error}.")
    if not isinstance(answer, dict):
        return CallResult("bad_result", message="The answer is no object.")
    match answer:
        case {"status": "returned", "value": value, **rest} if not rest or (outputs and rest.keys() == {"files"}):
            if len(payload) > limits.result_bytes + _ENVELOPE + room_for(outputs, limits):
                return CallResult("result_too_big")
            files = decode_outputs(rest.get("files", {}), outputs, limits)
            return (
                CallResult("bad_result", message="Its files are malformed.")
                if files is None
                else CallResult("returned", value, files=files)
            )
        case {"status": "raised", "error": str(error), "message": str(message)}:
            return CallResult("raised", None, error[:_LONGEST_NAME], message[:_LONGEST_MESSAGE])
        case {"status": ("bad_result" | "result_too_big") as status, "message": str(message)}:
            return CallResult(cast("CallStatus", status), message=message[:_LONGEST_MESSAGE])
        case _:
            return CallResult("bad_result", message="The answer has an unknown form.")


class SuiteReport:
    """Collects the rows that the process of the tests reports, and judges them."""

    def __init__(self, most_bytes: int) -> None:
        self._bytes_left = most_bytes
        self._rows: list[TestRow] = []
        self._collected = -1
        self._exit = -1

    def take(self, payload: bytes) -> bool:
        """One frame: a row, or the last frame with the number of tests.

        Raises:
            MalformedFrameError: it is neither, or there are too many.
        """
        self._bytes_left -= len(payload)
        frame = wire.decode(payload)
        if self._bytes_left < 0 or len(self._rows) >= _MOST_ROWS:
            raise wire.MalformedFrameError("more rows than allowed")
        if not isinstance(frame, dict):
            raise wire.MalformedFrameError("no object")
        if "row" in frame:
            self._rows.append(_row(frame["row"]))
            return False
        return self._end(frame)

    def _end(self, frame: JSONObject) -> bool:
        match frame:
            case {"collected": int(collected), "exit": int(exit_code)}:
                self._collected, self._exit = collected, exit_code
                return True
            case _:
                raise wire.MalformedFrameError("neither a row nor an end")

    def result(self, ending: Ending, stdout: str, stderr: str, seconds: float) -> SuiteResult:
        """The verdict. Rows that were reported before a bad ending are kept for the reader."""
        rows = list(self._rows)
        if ending == "finished":
            rows += self._contradictions()
        status: SuiteStatus = "bad_result" if ending == "result_too_big" else ending
        return SuiteResult(status, tuple(rows), stdout, stderr, seconds)

    def _contradictions(self) -> list[TestRow]:
        """Rows, number of tests and exit code must tell the same story; a test lost is an error."""
        if self._collected == 0 and not self._rows:
            return [TestRow("suite", "error", "There are no tests.")]
        all_passed = all(row.outcome == "passed" for row in self._rows)
        if all_passed and (self._exit != 0 or len(self._rows) < self._collected):
            message = f"{self._collected} tests, {len(self._rows)} reports, pytest's exit code {self._exit}."
            return [TestRow("suite", "error", message)]
        return []


def _row(value: Any) -> TestRow:
    match value:
        case {"name": str(name), "outcome": str(outcome), "message": str(message)} if outcome in _OUTCOMES:
            return TestRow(name[:_LONGEST_NAME], outcome, message[:_LONGEST_MESSAGE])  # pyright: ignore[reportArgumentType]  checked by the guard
        case _:
            raise wire.MalformedFrameError("a malformed row")
