"""What may stand in a tool's file: its imports and its top-level statements.

This is hygiene, so that a tool is one readable function that does nothing when loaded and says
what it reaches. It is *no* security boundary: ``getattr`` gets around all of it, and only the
sandbox decides what code can do.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator, Mapping

from agentforge.boxes.packages.lock import NO_PACKAGES, Lock
from agentforge.registry.annotations import typed_dicts
from agentforge.types import Capabilities


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NEVER = _words(
    "asyncio atexit builtins code codeop concurrent ctypes curses dbm ensurepip faulthandler fcntl gc idlelib imp "
    "importlib inspect marshal mmap multiprocessing pdb pickle pip pkgutil pty readline resource runpy shelve signal "
    "site subprocess sysconfig termios this threading tkinter trace tracemalloc turtle turtledemo tty venv "
    "webbrowser winreg zipapp zipimport _thread"
)
"""Modules that no capability opens: processes, threads, native code, loaders, unpickling, windows."""

_NEEDS: Mapping[str, str] = {
    **dict.fromkeys(_NEVER, ""),
    **dict.fromkeys(
        _words(
            "ftplib http imaplib nntplib poplib select selectors smtplib socket socketserver ssl telnetlib urllib "
            "wsgiref xmlrpc"
        ),
        "hosts",
    ),
    **dict.fromkeys(_words("fileinput glob os shutil tempfile"), "files"),
    **dict.fromkeys(_words("random secrets uuid"), "randomness"),
    "time": "clock",
}
"""Module → the capability that opens it (empty: none does)."""

_PURE: Mapping[str, frozenset[str]] = {
    "os": frozenset({"path", "sep", "linesep", "fspath", "PathLike"}),
    "urllib": frozenset({"parse"}),
    "http": frozenset({"HTTPStatus", "HTTPMethod"}),
    "random": frozenset({"Random"}),
    "uuid": frozenset({"UUID", "uuid3", "uuid5", "NAMESPACE_DNS", "NAMESPACE_URL", "NAMESPACE_OID", "NAMESPACE_X500"}),
    "time": frozenset({"strptime", "struct_time"}),
}
"""The parts of such modules that reach nothing, and so are open to every tool."""

_OTHERWISE: Mapping[str, str] = {
    **dict.fromkeys(("os.environ", "os.getenv", "os.environb"), "secrets"),
    **dict.fromkeys(("os.urandom", "os.getrandom"), "randomness"),
    **dict.fromkeys(("os.system", "os.popen", "os.fork", "os.kill", "os.killpg", "os._exit", "os.abort"), ""),
}
"""Parts that need another capability than their module does."""

_NO_CALLS: Mapping[str, str] = {
    "eval": "text would be run as code: parse it yourself",
    "exec": "text would be run as code: write the code itself",
    "compile": "text would be run as code: write the code itself",
    "__import__": "use an import statement",
    "input": "a tool takes its input as parameters",
    "breakpoint": "a tool runs without a person",
    "exit": "raise a ValueError instead",
    "quit": "raise a ValueError instead",
}
_NOW = frozenset({"now", "today", "utcnow"})

_CALLS_WHEN_LOADED = _words(
    "frozenset set tuple list dict range len sorted reversed min max sum abs round zip enumerate map filter int float "
    "str bool bytes ord chr pow divmod slice compile Decimal Fraction timedelta date datetime timezone ZoneInfo "
    "maketrans OrderedDict defaultdict Counter deque namedtuple TypeVar NewType Struct Context itemgetter attrgetter "
    "MappingProxyType field partial product chain permutations combinations fromkeys "
    "split rsplit splitlines strip lower upper title join format replace items keys values copy encode union "
    "log log2 log10 sqrt exp isqrt radians cos sin tan"
)
"""Calls that are fine in a constant: they build a value and reach nothing."""

_DECORATORS = _words(
    "cache lru_cache wraps total_ordering singledispatch contextmanager dataclass unique staticmethod classmethod "
    "property"
)

_ALLOWED_HERE = "only imports, constants, the function, private helpers (_name) and TypedDicts may stand there"


FETCH = "fetch"
"""What the toolbox offers beside tools: the network, for those that declare hosts,"""
ASK_SERVER = "ask_server"
"""and MCP servers of the settings, for those that declare tools of theirs."""
_OFFERED = {FETCH: "hosts", ASK_SERVER: "servers"}


def toolbox_imports(source: ast.Module) -> tuple[str, ...]:
    """The tools that a syntax tree imports with ``from toolbox import …``, in order, each once."""
    names = (
        alias.name
        for node in ast.walk(source)
        if isinstance(node, ast.ImportFrom) and node.module == "toolbox" and not node.level
        for alias in node.names
        if alias.name not in _OFFERED
    )
    return tuple(dict.fromkeys(names))


def import_problems(
    module: ast.Module,
    name: str,
    *,
    known_tools: Collection[str],
    capabilities: Capabilities,
    packages: Lock = NO_PACKAGES,
) -> list[str]:
    """Imports that are not there, not ours, or reach further than the tool's capabilities.

    Of the locked ``packages`` exactly those may be imported that the capabilities name.
    """
    problems: list[str] = []
    declared = packages.modules(capabilities.packages)
    for root, part, line in imports_of(module):
        if root == "toolbox":
            problems.extend(
                _capability_problem(f"toolbox.{part}", _OFFERED[part], line, capabilities)
                if part in _OFFERED
                else _toolbox_problem(part, name, line, known_tools)
            )
        elif root not in sys.stdlib_module_names:
            problems += [] if root in declared else [_not_granted(root, line, packages)]
        elif root in _NEEDS and part not in _PURE.get(root, ()):
            what = f"{root}.{part}" if part else root
            problems.extend(_capability_problem(what, _OTHERWISE.get(what, _NEEDS[root]), line, capabilities))
    problems.extend(_call_problems(module, capabilities))
    return list(dict.fromkeys(problems))


def imports_of(module: ast.Module) -> Iterator[tuple[str, str, int]]:
    """Every (root module, part of it that is used, line); the part is empty when unknown."""
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            root, _, below = (node.module or "").partition(".")
            root = "." * node.level + root
            part = "*" if root == "toolbox" and below else below.partition(".")[0]
            for alias in node.names:
                yield root, part or alias.name, node.lineno
        elif isinstance(node, ast.Import):
            for alias in node.names:
                root, _, below = alias.name.partition(".")
                if below or root not in _PURE:
                    yield root, below.partition(".")[0], node.lineno
                else:
                    yield from _used_parts(module, root, alias.asname or root)


def _used_parts(module: ast.Module, root: str, called: str) -> Iterator[tuple[str, str, int]]:
    """The attributes taken from a plainly imported module."""
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == called:
            yield root, node.attr, node.lineno


def _not_granted(root: str, line: int, packages: Lock) -> str:
    if owners := packages.bringing(root):
        return f"line {line}: {root} comes with the package {owners[0]}, which this tool does not declare"
    return f"line {line}: {root or '.'} is not in the standard library; write the code without it"


def _toolbox_problem(part: str, name: str, line: int, known_tools: Collection[str]) -> Iterator[str]:
    if not part or part == "*":
        yield f"line {line}: name what you need: `from toolbox import NAME`"
    elif part == name:
        yield f"line {line}: {name} imports itself from the toolbox"
    elif part not in known_tools:
        yield f"line {line}: the toolbox has no tool named {part}"


def _capability_problem(what: str, needs: str, line: int, capabilities: Capabilities) -> Iterator[str]:
    if not needs:
        yield f"line {line}: {what} may not be used in a tool; write the code without it"
    elif not getattr(capabilities, needs):
        yield f"line {line}: {what} needs the capability {needs!r}, which this tool does not have"


def _call_problems(module: ast.Module, capabilities: Capabilities) -> Iterator[str]:
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=called) if called in _NO_CALLS:
                yield f"line {node.lineno}: {called}() may not be used; {_NO_CALLS[called]}"
            case ast.Name(id="open") if not capabilities.files:
                yield f"line {node.lineno}: open() needs the capability 'files', which this tool does not have"
            case ast.Attribute(value=ast.Name(id="date" | "datetime" | "dt"), attr=called) if called in _NOW:
                yield from _capability_problem(f"{called}()", "clock", node.lineno, capabilities)
            case ast.Attribute(value=ast.Attribute(attr="date" | "datetime"), attr=called) if called in _NOW:
                yield from _capability_problem(f"{called}()", "clock", node.lineno, capabilities)
            case _:
                pass


def statement_problems(module: ast.Module, name: str) -> list[str]:
    """Top-level statements that do something when the file is loaded, or do not belong there."""
    typed = frozenset(typed_dicts(module))
    problems = [problem for node in module.body for problem in _statement(node, name, typed)]
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    if any(node.name == name for node in functions):
        problems.extend(
            f"line {node.lineno}: function {node.name} must be private: rename it to _{node.name}"
            for node in functions
            if node.name != name and not node.name.startswith("_")
        )
    return problems


def _statement(node: ast.stmt, name: str, typed: frozenset[str]) -> Iterator[str]:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Expr(value=ast.Constant(value=str())):
            pass
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            if node.name != name:
                yield from _helper(node)
        case ast.ClassDef():
            yield from _class(node, typed)
        case ast.Assign(targets=targets, value=value):
            yield from _constant(node, targets, value)
        case ast.AnnAssign(target=target):
            yield from _constant(node, [target], node.value)
        case ast.If(test=test) if _is_main(test):
            yield f'line {node.lineno}: remove the `if __name__ == "__main__":` block'
        case _:
            yield f"line {node.lineno}: `{_shown(node)}` runs when the file is loaded; {_ALLOWED_HERE}"


def _helper(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    yield from _decorators(node.decorator_list)
    for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
        if not _builds_value(default):
            yield f"line {node.lineno}: the default `{_shown(default)}` of {node.name} runs when the file is loaded"


def _class(node: ast.ClassDef, typed: frozenset[str]) -> Iterator[str]:
    if node.name not in typed and not node.name.startswith("_"):
        yield f"line {node.lineno}: class {node.name} must be private: rename it to _{node.name.lstrip('_')}"
    yield from _decorators(node.decorator_list)
    for statement in node.body:
        match statement:
            case ast.FunctionDef() | ast.Pass() | ast.Expr(value=ast.Constant()) | ast.AnnAssign(value=None):
                pass
            case ast.Assign(value=value) | ast.AnnAssign(value=value) if value is not None and _builds_value(value):
                pass
            case _:
                yield f"line {statement.lineno}: `{_shown(statement)}` in class {node.name} runs on loading"


def _decorators(decorators: list[ast.expr]) -> Iterator[str]:
    for node in decorators:
        if _called(node.func if isinstance(node, ast.Call) else node) not in _DECORATORS:
            yield f"line {node.lineno}: decorator @{_shown(node)} is not allowed"


def _constant(node: ast.stmt, targets: list[ast.expr], value: ast.expr | None) -> Iterator[str]:
    plain = all(isinstance(leaf, ast.Name) for target in targets for leaf in _leaves(target))
    if not plain or (value is not None and not _builds_value(value)):
        yield f"line {node.lineno}: `{_shown(node)}` runs when the file is loaded; {_ALLOWED_HERE}"


def _leaves(target: ast.expr) -> list[ast.expr]:
    return list(target.elts) if isinstance(target, ast.Tuple | ast.List) else [target]


def _builds_value(node: ast.expr) -> bool:
    """Whether an expression only builds a value: no call but harmless ones, nothing awaited."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and _called(inner.func) not in _CALLS_WHEN_LOADED:
            return False
        if isinstance(inner, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
            return False
    return True


def _called(func: ast.expr) -> str:
    match func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _is_main(test: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))


def _shown(node: ast.AST) -> str:
    """The first line of a piece of source, capped."""
    return ast.unparse(node).split("\n", 1)[0][:60]


def test_import_problems(module: ast.Module, name: str, modules: Collection[str]) -> list[str]:
    """Imports of a test file: the tool by name, pytest, the standard library and ``modules``, nothing else."""
    problems: list[str] = []
    imported = False
    for root, part, line in imports_of(module):
        if root == "tool":
            imported = imported or part == name
            if part != name:
                problems.append(f"line {line}: import the tool with `from tool import {name}` and nothing else of it")
        elif root != "pytest" and root not in sys.stdlib_module_names and root not in modules:
            problems.append(f"line {line}: tests import the tool, pytest and the standard library only, found: {root}")
    if not imported:
        problems.insert(0, f"the tool is not imported: write `from tool import {name}`")
    return problems
