"""What happened, as a frame: a value, an exception, or why there is neither."""

import builtins
import contextlib
import sys
import traceback

from runner import frames

_LONGEST_MESSAGE = 4000
_FRAMES_SHOWN = 8


def outcome_of(action, largest, show_traceback=True, collect=None):
    """Runs ``action`` and returns the encoded frame that tells its outcome. Never raises.

    ``collect`` reads the files that the action was to leave.
    """
    try:
        return returned(action(), largest, collect)
    except BaseException as error:  # noqa: BLE001  whatever code under test raises is its outcome
        if show_traceback:
            _print_traceback(error)
        return raised(error)


def returned(value, largest, collect=None):
    """The frame of a result, or the frame that says why it cannot be one."""
    try:
        frame = frames.encode({"status": "returned", "value": value}, largest + 64)
        frames.insist_on_whole(value, frame)
        return frame if collect is None else _with_files(frame, collect)
    except (frames.TooBigError, MemoryError) as error:
        return _plain("result_too_big", str(error) or "no memory left to write the result down")
    except (frames.NotJSONError, ValueError, TypeError, RecursionError) as error:
        return _plain("bad_result", f"The result cannot be written as JSON: {error}.")


def _with_files(frame, collect):
    """Adds the files behind the value, whose own length was bounded before."""
    try:
        return frame[:-1] + b',"files":' + frames.encode(collect()) + b"}"
    except ValueError as error:
        return _plain("bad_result", f"The files cannot be taken: {error}.")


def raised(error):
    """The frame of an exception: its name, its text, and the builtins that it is a kind of."""
    kinds = [kind.__name__ for kind in type(error).__mro__ if vars(builtins).get(kind.__name__) is kind]
    frame = {
        "status": "raised",
        "error": type(error).__name__[:200],
        "kinds": kinds,
        "message": _text(error)[:_LONGEST_MESSAGE],
        "where": _where(error),
        "args": _plain_arguments(error),
    }
    return frames.encode(frame)


def _plain(status, message):
    return frames.encode({"status": status, "message": message[:_LONGEST_MESSAGE]})


def _text(error):
    try:
        return str(error).encode(errors="backslashreplace").decode()  # half a surrogate pair is no JSON
    except BaseException as worse:  # noqa: BLE001  a hostile __str__
        return f"(its text cannot be read: {type(worse).__name__})"


def _plain_arguments(error):
    """The exception's arguments where all are short scalars, so that it can be made again."""
    arguments = getattr(error, "args", ())
    short = all(item is None or isinstance(item, (bool, int, float, str)) for item in arguments)
    try:
        frame = frames.encode(list(arguments)) if short else b""
        frames.insist_on_whole(arguments, frame)
        if short and len(frame) <= _LONGEST_MESSAGE:
            return list(arguments)
    except ValueError:
        pass
    return None


def _where(error):
    """The innermost line that stands in a module made from source text."""
    with contextlib.suppress(Exception):
        for entry in reversed(traceback.extract_tb(error.__traceback__)):
            if "/" not in entry.filename and entry.filename.endswith(".py"):
                return f"{entry.filename}, line {entry.lineno}, in {entry.name}: {entry.line}"[:300]
    return ""


def _print_traceback(error):
    """To stderr, without the runner's own lines. SystemExit says all by its code."""
    with contextlib.suppress(BaseException):
        trace = error.__traceback__
        while trace is not None and "/" in trace.tb_frame.f_code.co_filename:
            trace = trace.tb_next
        traceback.print_exception(type(error), error, trace, limit=-_FRAMES_SHOWN)


def flush():
    """Brings what was printed out before the outcome is told."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
