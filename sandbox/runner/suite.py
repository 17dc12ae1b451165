"""A pytest suite in two processes: the tests in one, the tool in the other.

Every call crosses between them as JSON, and only the process of the tests holds the line on which
the host hears verdicts. With both in one process, a tool could patch pytest into passing it.

Not protected from: tests that lie. They are written from the specification before any candidate
exists, and the host runs the same suite against a stub that must fail.
"""

import builtins
import io
import linecache
import os
import sys
import threading
import types
from os import urandom as real_random_bytes

from runner import asks, frames, modules, outcomes
from runner.work import READY, REQUEST, grant

PEER = 3
"""The descriptor between the two processes; the tool moves it to 0, and its line to the host to ASKING where it
may ask, so that it has no other.
"""
ASKING = 4

_LARGEST = 8 << 20
_LONGEST_ROW = 4000


class ToolFailed(BaseException):
    """The tool gave no answer that a test may expect, so no ``pytest.raises`` can catch this."""


def serve_tool():
    """The tool's process: loads the source once, then answers calls until it is killed."""
    try:
        _serve_tool()
    finally:
        os._exit(0)


def _serve_tool():
    sys.stdin = io.StringIO()
    os.write(REQUEST, READY)
    request = frames.receive(REQUEST)
    begin = frames.receive(PEER)["ticket"]  # the tests have been read: nothing can change them any more
    if request["asks"]:
        os.dup2(REQUEST, ASKING)
    os.dup2(PEER, REQUEST)
    os.close(PEER)
    modules.install_toolbox(request["toolbox"], asks.functions(ASKING, request["asks"]))
    grant(request)
    frame = outcomes.outcome_of(lambda: _names(request["source"]), _LARGEST, show_traceback=False)
    ticket = begin
    while True:
        outcomes.flush()
        frames.send(REQUEST, frames.encode(ticket))
        frames.send(REQUEST, frame)
        call = frames.receive(REQUEST)
        ticket, frame = call["ticket"], _answer(call)


def _names(source):
    return modules.public_functions(modules.load("tool", source))


def _answer(call):
    def action():
        function = getattr(sys.modules["tool"], call["name"])
        return function(*call["positional"], **call["named"])

    return outcomes.outcome_of(action, _LARGEST, show_traceback=False)


class Tests:
    """The process of the tests, as a pytest plugin: it reports rows to the host, one frame each."""

    __test__ = False

    def __init__(self, keeper, folder, version):
        self.keeper = keeper
        self.version = version
        self.folder = folder
        self.collected = 0
        self.where = ""
        self.tool = None

    def pytest_collection(self, session):
        """Runs in PID 1 when configuration and plugins are paid for. The fork happens in here."""
        del session
        self.keeper.begin([Tests.become_tester, lambda _: serve_tool()], {"kind": "suite", "pytest": self.version})
        role = self.keeper.serve()
        try:
            role(self)
        except BaseException:  # noqa: BLE001  a forked process must never unwind into PID 1's pytest
            os._exit(98)

    def become_tester(self):
        """Takes the request, writes the test file, and lets pytest go on to collect it."""
        os.write(REQUEST, READY)
        request = frames.receive(REQUEST)
        sys.stdin = io.StringIO()
        grant(request)
        self.tool = ToolOverThere()
        sys.modules["tool"] = self.tool.module
        with open(os.path.join(self.folder, "test_tool.py"), "w", encoding="utf-8") as file:
            file.write(request["tests"])

    def pytest_collection_finish(self, session):
        """The tests are read: now the tool may be."""
        self.collected = len(session.items)
        self._leave_the_folder()
        problem = self.tool.problem()
        if problem:
            session.items.clear()
            self._row("import tool", "error", problem)

    def _leave_the_folder(self):
        """Where the tool has the same files (tier ``wiped``) it must find no word of the tests in them, and can
        leave no module for a test that imports one late. Reports quote the tests from memory.
        """
        for path in (os.path.join(self.folder, name) for name in os.listdir(self.folder) if name.endswith(".py")):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            linecache.cache[path] = len(text), None, text.splitlines(keepends=True), path
            os.unlink(path)
        sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) != self.folder]

    def pytest_collectreport(self, report):
        """A test file that cannot be read is a row of its own."""
        if report.failed:
            self._row(report.nodeid, "error", _errors_only(report.longreprtext))

    def pytest_runtest_makereport(self, call):
        """Remembers where the tool raised; a note on the exception would count for ``match=``."""
        self.where = getattr(call.excinfo.value, "where_in_tool", "") if call.excinfo else ""

    def pytest_runtest_logreport(self, report):
        """One row for each test, and one more where its setup or teardown failed."""
        if report.when == "call" or report.failed or (report.when == "setup" and report.skipped):
            where = f"\n{self.where}" if self.where and report.failed else ""
            self._row(report.nodeid, _verdict(report), report.longreprtext + where)

    def pytest_sessionfinish(self, exitstatus):
        """The last frame: how many tests there were, so that none can be lost on the way."""
        outcomes.flush()
        frames.send(REQUEST, frames.encode({"collected": self.collected, "exit": int(exitstatus)}))
        os._exit(0)

    def _row(self, name, verdict, message):
        name = name.removeprefix("test_tool.py").removeprefix("::") or "import test_tool"
        row = {"name": name[:500], "outcome": verdict, "message": _shorten(message)}
        frames.send(REQUEST, frames.encode({"row": row}))


def _verdict(report):
    if hasattr(report, "wasxfail"):
        return "skipped"
    return report.outcome if report.when == "call" or report.skipped else "error"


def _errors_only(text):
    """Without pytest's own frames, which lead the traceback of a file that cannot be imported."""
    lines = [line for line in text.splitlines() if line.startswith("E ")]
    return "\n".join(lines) or text


def _shorten(text):
    if len(text) <= _LONGEST_ROW:
        return text
    return f"{text[: _LONGEST_ROW // 4]}\n[…]\n{text[-_LONGEST_ROW * 3 // 4 :]}"


class ToolOverThere:
    """Stands for the module ``tool``; each of its functions calls into the other process."""

    def __init__(self):
        self.lock = threading.Lock()
        self.names = None
        self.failure = ""
        self.wanted = set()
        self.module = types.ModuleType("tool")
        self.module.__getattr__ = self._function

    def problem(self):
        """Why the tool cannot be tested, or ``""``."""
        try:
            self._begin()
        except ToolFailed as error:
            self.failure = f"The tool cannot be imported: {error}"
        missing = sorted(self.wanted.difference(self.names or ()))
        if self.failure or not missing:
            return self.failure
        return f"The tests import {', '.join(missing)} from tool; it has: {', '.join(self.names) or 'nothing'}."

    def _function(self, name):
        if name.startswith("_"):
            raise AttributeError(f"module 'tool' has no public attribute {name!r}")
        if self.names is not None and name not in self.names:
            raise AttributeError(f"module 'tool' has no public function {name!r}")
        self.wanted.add(name)

        def proxy(*positional, **named):
            return self._call(name, positional, named)

        proxy.__name__ = proxy.__qualname__ = name
        setattr(self.module, name, proxy)
        return proxy

    def _begin(self):
        if self.names is not None:
            return
        self.names = ()
        answer = self._exchange({})
        if answer["status"] == "returned":
            self.names = tuple(answer["value"])
        else:
            self.failure = f"The tool cannot be imported: {_summary(answer)}"

    def _call(self, name, positional, named):
        self._begin()
        if self.failure:
            raise ToolFailed(self.failure)
        with self.lock:
            answer = self._exchange({"name": name, "positional": list(positional), "named": named})
        if answer["status"] == "returned":
            return answer["value"]
        if answer["status"] == "raised":
            raise _again(answer)
        raise ToolFailed(answer["message"])

    def _exchange(self, message):
        ticket = real_random_bytes(8).hex()  # so that no answer can lie ready before its question
        try:
            frame = frames.encode(message | {"ticket": ticket})
        except ValueError as error:
            raise ToolFailed(f"the test calls the tool with something that is not JSON: {error}") from None
        try:
            frames.send(PEER, frame)
            if frames.receive(PEER) != ticket:
                raise ToolFailed("the tool's process answered what was not asked")
            return _checked(frames.receive(PEER))
        except (EOFError, OSError):
            raise ToolFailed("the tool's process ended without an answer") from None
        except ValueError as error:
            raise ToolFailed(f"the tool's process answered with something that is not JSON: {error}") from None


def _checked(answer):
    """What the other side says is hostile: only known shapes count."""
    if isinstance(answer, dict):
        status = answer.get("status")
        if status == "returned" and "value" in answer:
            return answer
        if isinstance(answer.get("message"), str):
            if status in ("bad_result", "result_too_big"):
                return answer
            if status == "raised" and isinstance(answer.get("error"), str) and isinstance(answer.get("kinds"), list):
                return answer
    raise ToolFailed("the tool's process answered with a malformed frame")


def _summary(answer):
    text = f"{answer.get('error', answer['status'])}: {answer['message']}"
    return f"{text} ({answer['where']})" if answer.get("where") else text


def _again(answer):
    """The exception that the tool raised, as the nearest builtin of the same kind."""
    kinds = [getattr(builtins, name, None) for name in answer["kinds"] if isinstance(name, str)]
    kind = next((k for k in kinds if isinstance(k, type) and issubclass(k, Exception)), None)
    if kind is None:
        return ToolFailed(_summary(answer))
    error = _make(kind, answer.get("args"), answer["message"])
    error.where_in_tool = f"{answer['error'][:200]} was raised at {str(answer.get('where', ''))[:300]}"
    return error


def _make(kind, arguments, message):
    try:
        error = kind(*arguments) if isinstance(arguments, list) else kind(message)
        if str(error) == message:
            return error
    except Exception:  # noqa: BLE001, S110  such a constructor wants other arguments
        pass
    silent = {"__init__": lambda _self: None, "__str__": lambda _self: message}
    try:
        return type(kind.__name__, (kind,), silent)()
    except Exception:  # noqa: BLE001  such as ExceptionGroup, which insists on its arguments
        return ToolFailed(f"{kind.__name__}: {message}, which cannot be raised again in the tests")
