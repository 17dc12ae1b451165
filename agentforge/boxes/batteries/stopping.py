"""What stopped a hostile run, in plain words; what it said itself is quoted, shortened, and stays hostile text."""

from __future__ import annotations

from agentforge.boxes.protocol import CallResult, Limits, SuiteResult

_LONGEST = 200


def what_stopped(result: CallResult, limits: Limits) -> str:
    """Why a call delivered nothing."""
    match result.status:
        case "returned":
            return "it delivered nothing"
        case "timed_out":
            return f"time limit ({limits.seconds:g} s)"
        case "output_too_big":
            return f"output limit ({limits.output_bytes >> 10} KB)"
        case "result_too_big":
            return f"result limit ({limits.result_bytes >> 10} KB)"
        case "bad_result" if refused_as_json(result):
            return f"result refused: {result.message}"[:_LONGEST]
        case "bad_result":
            return "forged frame refused"
        case "died":
            return "its process ended without an answer"
        case "raised":
            return _exception(result)


def refused_as_json(result: CallResult) -> bool:
    """Whether the runner says that the value cannot be written as JSON."""
    return result.status == "bad_result" and result.message.startswith("The result cannot be written as JSON")


def _exception(result: CallResult) -> str:
    if result.error == "MemoryError":
        return "memory limit"
    if result.error == "SystemExit":
        return f"SystemExit: it ended its own process only ({result.message[:_LONGEST]})"
    return f"{result.error}: {result.message}"[:_LONGEST]


def what_rejected(result: SuiteResult, limits: Limits) -> str:
    """Why a suite did not pass: how it ended, or its first test that did not pass."""
    match result.status:
        case "timed_out":
            return f"time limit ({limits.seconds:g} s)"
        case "output_too_big":
            return f"output limit ({limits.output_bytes >> 10} KB)"
        case "bad_result":
            return "forged frame refused"
        case "died":
            return "the process of the tests ended without a verdict"
        case "finished":
            failed = next((row for row in result.rows if row.outcome != "passed"), None)
            return f"{failed.name}: {_first_error(failed.message)}"[:_LONGEST] if failed else "no test was reported"


def _first_error(message: str) -> str:
    """The line of a pytest report that says what is wrong."""
    errors = [line.removeprefix("E").strip() for line in message.splitlines() if line.startswith("E ")]
    told = errors[0] if errors else message.strip()
    return told.removeprefix("runner.suite.ToolFailed: ").removeprefix("AssertionError: ")
