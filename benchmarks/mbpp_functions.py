"""How many ordinary functions of MBPP run green when tool and tests are in two processes.

A function belongs to the list (``benchmarks/mbpp_functions.json``: ids only) when it is public and, in its
own three tests, every argument can be said in JSON, every result is the same after JSON, and a list in the
place of a tuple, as which it arrives, makes no difference to it. The others are counted apart, by reason.
``--derive`` finds the list anew; the code runs in a box for that as for everything else.

Baseline: the same tests with function and tests in one process of the box, which every listed one passes.
"""

from __future__ import annotations

import ast
import asyncio
import hashlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentforge.boxes.open import open_box
from agentforge.boxes.protocol import Box, CallResult, Limits, SuiteResult
from agentforge.errors import AgentForgeError
from agentforge.settings import SandboxSettings, load
from benchmarks.form import cannot_run, parser, progress, read_lines, show

LIST = Path(__file__).with_suffix(".json")
DATA = Path("../shared/bench/mbpp/mbpp_974.jsonl")
LIMITS = Limits(seconds=20.0)
QUICK_EVERY = 12

RECORDER = '''
import json

def record(code, setup, tests):
    """Why the calls that the tests make cannot cross as JSON, or "" where all of them can."""
    module, reasons = {"__name__": "tool"}, []
    exec(compile(code, "tool.py", "exec"), module)
    seen = {name: recorded(value, reasons) if callable(value) else value for name, value in module.items()}
    try:
        for text in (setup, *tests):
            exec(compile(text, "test_tool.py", "exec"), seen)
    except AssertionError:
        reasons.append("it fails its own tests")
    except Exception as error:
        reasons.append(f"its own tests raise {type(error).__name__}")
    return reasons[0] if reasons else ""

def recorded(function, reasons):
    def call(*positional, **named):
        found = kinds([list(positional), named])
        reasons.extend(f"an argument holds {kind}" for kind in found if kind != "a tuple")
        again = json.dumps([positional, named]) if set(found) == {"a tuple"} else ""
        result = function(*positional, **named)
        reasons.extend(wrong_result(result))
        if again and not same(function, json.loads(again), result):
            reasons.append("a list in the place of a tuple makes a difference")
        return result
    return call

def same(function, arguments, result):
    try:
        return function(*arguments[0], **arguments[1]) == result
    except Exception:
        return False

def wrong_result(value):
    found = kinds(value)
    if not found and json.loads(json.dumps(value)) != value:
        found = ["something that JSON changes"]
    return [f"a result holds {kind}" for kind in found]

def kinds(value):
    """What of a value JSON cannot say, or says otherwise."""
    if isinstance(value, dict):
        own = [] if all(isinstance(key, str) for key in value) else ["a key that is no string"]
        return own + [kind for part in value.values() for kind in kinds(part)]
    if isinstance(value, (list, tuple)):
        own = ["a tuple"] if isinstance(value, tuple) else []
        return own + [kind for part in value for kind in kinds(part)]
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return ["a number that is none in JSON"]
    if value is None or isinstance(value, (bool, int, float, str)):
        return []
    return ["a set"] if isinstance(value, (set, frozenset)) else ["an object"]
'''


@dataclass(frozen=True)
class Listed:
    """The committed list: which functions survive JSON, which of them are red nevertheless, and why."""

    sha256: str
    functions: tuple[int, ...]
    exceptions: dict[int, str]
    apart: dict[str, tuple[int, ...]]

    @classmethod
    def read(cls, path: Path = LIST) -> Listed:
        """The list of a file."""
        found = json.loads(path.read_text("utf-8"))
        exceptions = {int(key): why for key, why in found["exceptions"].items()}
        apart = {reason: tuple(ids) for reason, ids in found["apart"].items()}
        return cls(found["sha256"], tuple(found["functions"]), exceptions, apart)

    def write(self, path: Path = LIST) -> None:
        """Keeps it: ids and reasons, nothing of the tasks themselves."""
        about = "Ids of MBPP's tasks whose arguments and results survive JSON; made by benchmarks/mbpp_functions.py"
        kept = {
            "about": about,
            "sha256": self.sha256,
            "functions": self.functions,
            "exceptions": {str(key): why for key, why in sorted(self.exceptions.items())},
            "apart": {reason: self.apart[reason] for reason in sorted(self.apart)},
        }
        path.write_text(_by_lines(kept), "utf-8")


def _by_lines(kept: dict[str, Any]) -> str:
    """JSON in which a list of numbers is one line."""
    parts = [f'"{key}": {_short(value)}' for key, value in kept.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _short(value: Any) -> str:
    if not isinstance(value, dict):
        return json.dumps(value)
    inner = [f"  {json.dumps(key)}: {json.dumps(one)}" for key, one in value.items()]
    return "{\n" + ",\n".join(inner) + "\n}" if inner else "{}"


def suite_of(task: dict[str, Any]) -> str:
    """The tests of a task as a pytest file, one test for each assertion; with the imports of the code
    that the tests rely on, since they no longer share a module.
    """
    body, used = ast.parse(task["code"]).body, _used(task)
    imports = [ast.unparse(one) for one in body if isinstance(one, ast.Import | ast.ImportFrom) if _given(one) & used]
    # Inside each test, or pytest would take a function called test_… for one of them.
    own = ", ".join(sorted(_defined(task) & used)) or "*"
    tests = [
        f"def test_{number}():\n    from tool import {own}\n    {text.strip()}\n"
        for number, text in enumerate(task["test_list"])
    ]
    return "\n".join([*imports, task.get("test_setup_code", "").replace("\r\n", "\n"), *tests])


def _is_python(task: dict[str, Any]) -> bool:
    try:
        for text in (task["code"], *task["test_list"]):
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def _given(node: ast.Import | ast.ImportFrom) -> set[str]:
    return {(one.asname or one.name).partition(".")[0] for one in node.names}


def _defined(task: dict[str, Any]) -> set[str]:
    kinds = ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef
    return {node.name for node in ast.parse(task["code"]).body if isinstance(node, kinds)}


def _used(task: dict[str, Any]) -> set[str]:
    """The names that the tests of a task read."""
    nodes = (node for text in task["test_list"] for node in ast.walk(ast.parse(text)))
    return {node.id for node in nodes if isinstance(node, ast.Name)}


async def reason_apart(box: Box, task: dict[str, Any]) -> str:
    """Why a task is not on the list, found by running its calls in the box; ``""`` where it is."""
    if not _is_python(task):
        return "it is no Python"
    if any(name.startswith("_") for name in _defined(task) & _used(task)):
        return "its function is not public"
    args = {"code": task["code"], "setup": task.get("test_setup_code", ""), "tests": task["test_list"]}
    result: CallResult = await box.call(RECORDER, "record", args, limits=LIMITS)
    if result.ok and isinstance(result.value, str):
        return result.value
    return f"its own tests end with {result.error or result.status}"


async def derive(box: Box, tasks: list[dict[str, Any]], sha256: str, known: dict[int, str]) -> Listed:
    """The list for ``tasks``; the explanations that are ``known`` stay where they still belong."""
    functions, apart = list[int](), dict[str, list[int]]()
    for number, task in enumerate(tasks, 1):
        reason = await reason_apart(box, task)
        (apart.setdefault(reason, []) if reason else functions).append(task["task_id"])
        if number % 100 == 0:
            progress(f"{number} of {len(tasks)} tasks looked at")
    exceptions = {key: why for key, why in known.items() if key in functions}
    return Listed(sha256, tuple(functions), exceptions, {reason: tuple(ids) for reason, ids in apart.items()})


async def red_of(box: Box, tasks: list[dict[str, Any]]) -> dict[int, str]:
    """Tasks whose tests do not pass with tests and function in two processes, and the first reason."""
    red: dict[int, str] = {}
    for number, task in enumerate(tasks, 1):
        result = await box.suite(task["code"], suite_of(task), limits=LIMITS)
        if not result.passed:
            red[task["task_id"]] = first_problem(result)
            progress(f"task {task['task_id']}: {red[task['task_id']]}")
        if number % 100 == 0:
            progress(f"{number} of {len(tasks)} suites run")
    return red


def first_problem(result: SuiteResult) -> str:
    """The first line that says why a suite did not pass."""
    row = next((row for row in result.rows if row.outcome != "passed"), None)
    if row is None:
        return result.status
    lines = [line[1:].strip() for line in row.message.splitlines() if line.startswith("E ")]
    return f"{row.name}: {(lines or [row.message])[0]}"[:200]


async def run(options: Any, settings: SandboxSettings) -> int:
    """Derives the list where asked, then runs what is listed."""
    content: bytes = options.mbpp.read_bytes()
    sha256, tasks = hashlib.sha256(content).hexdigest(), read_lines(options.mbpp)
    began = time.monotonic()
    async with await open_box(settings, user="bench", on_notice=progress) as box:
        if options.derive:
            known = Listed.read(options.list).exceptions if options.list.exists() else {}
            (await derive(box, tasks, sha256, known)).write(options.list)
        listed = Listed.read(options.list)
        if listed.sha256 != sha256:
            return cannot_run(f"The list was made from other data than {options.mbpp}; make it with --derive.", 2)
        chosen = [task for task in tasks if task["task_id"] in listed.functions]
        chosen = chosen[::QUICK_EVERY] if options.quick else chosen
        red = await red_of(box, chosen)
    figures = figures_of(listed, len(tasks), [task["task_id"] for task in chosen], red)
    figures |= {"quick": options.quick, "seconds": round(time.monotonic() - began, 1)}
    show(figures, {"mbpp": {key: figures[key] for key in ("total", "listed", "run", "green")}}, as_json=options.json)
    return 0


def figures_of(listed: Listed, total: int, ran: list[int], red: dict[int, str]) -> dict[str, Any]:
    """What is printed; ``unexplained`` are red and no exception of the list, ``mended`` the other way round."""
    return {
        "benchmark": "mbpp_functions",
        "total": total,
        "listed": len(listed.functions),
        "run": len(ran),
        "green": len(ran) - len(red),
        "red": {str(key): why for key, why in red.items()},
        "exceptions": {str(key): why for key, why in listed.exceptions.items()},
        "unexplained": [key for key in red if key not in listed.exceptions],
        "mended": [key for key in listed.exceptions if key in ran and key not in red],
        "apart": {reason: len(ids) for reason, ids in listed.apart.items()},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser(__doc__ or "")
    options.add_argument("--mbpp", type=Path, default=DATA, help="MBPP as JSON Lines")
    options.add_argument("--list", type=Path, default=LIST, help="the list of functions (default: the committed one)")
    options.add_argument("--derive", action="store_true", help="make the list anew first")
    chosen = options.parse_args(arguments)
    try:
        return asyncio.run(run(chosen, load().sandbox))
    except FileNotFoundError as error:
        return cannot_run(f"{error.filename} does not exist; name the data with --mbpp, make a list with --derive.", 2)
    except (ValueError, KeyError) as error:
        return cannot_run(f"The data or the list cannot be read: {type(error).__name__}: {error}.", 2)
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)


if __name__ == "__main__":
    sys.exit(main())
