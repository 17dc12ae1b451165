"""The contract of a tool's source, read from the syntax tree; nothing is ever imported or run.

A tool file defines exactly one public function of the tool's name, with typed JSON parameters and a
docstring; see :mod:`agentforge.registry.annotations` for the types and
:mod:`agentforge.registry.hygiene` for what else may stand there. Every problem is a sentence that a
small code model can act on, and all of them come at once.
"""

from __future__ import annotations

import ast
import builtins
import json
import keyword
import re
import threading
import warnings
from collections.abc import Collection
from dataclasses import dataclass

from agentforge.boxes.packages.lock import NO_PACKAGES, Lock
from agentforge.errors import ToolInvalid
from agentforge.parsing import parse
from agentforge.registry import hygiene
from agentforge.registry.annotations import AnnotationReader, typed_dicts, typing_names
from agentforge.registry.schema import mismatches
from agentforge.types import JSON, TOOL_NAME, Capabilities, JSONObject

MAX_SOURCE_BYTES = 64 << 10
"""Largest source of one tool, and of its tests (a page of code is 4 KiB)."""

RESERVED_NAMES = frozenset(
    {"search_tools", "forge_tool", "run_python", "remember", "recall", "tool", "toolbox", "fetch", "ask_server"}
)
"""Names that the agent's dispatch table and the sandbox already use."""

_PURE = Capabilities()
_RAISES = re.compile(
    r"^[ \t]*Raises:?[ \t]*\n([ \t]*-+[ \t]*\n)?(?P<body>(?:[ \t]*\n|[ \t]*\S.*(?:\n|$))*)", re.MULTILINE
)
_SPHINX_RAISES = re.compile(r"^[ \t]*:raises?[ \t]+(\w+)[ \t]*:", re.MULTILINE)
_SECTION = re.compile(r"^[ \t]*(Args|Arguments|Parameters|Returns?|Yields|Examples?|Notes?|See Also)\b:?[ \t]*$")
_EXCEPTION = re.compile(r"^[ \t]*[-*]?[ \t]*`*([A-Za-z_]\w*)`*[ \t]*(?::|$|--|-| if | when )")
_warnings_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Signature:
    """A tool's interface.

    ``parameters`` is the JSON Schema of the argument object, ``returns`` that of the result,
    ``text`` the signature in Python without the name (``(text: str, width: int = 8) -> str``),
    ``summary`` the first line of the docstring, ``raises`` the builtin exceptions that the
    docstring declares.
    """

    name: str
    parameters: JSONObject
    returns: JSONObject
    text: str
    summary: str = ""
    raises: tuple[str, ...] = ()


def name_problems(name: str) -> list[str]:
    """Why a name cannot be a tool's; empty when it can."""
    if not TOOL_NAME.fullmatch(name):
        return [f"{name[:80]!r} is no tool name: a lower-case letter, then at most 62 of a-z, 0-9 and _"]
    if keyword.iskeyword(name):
        return [f"{name!r} is a Python keyword"]
    if hasattr(builtins, name):
        return [f"{name!r} would hide Python's builtin of that name"]
    if name.startswith("test"):
        return [f"{name!r} begins with 'test', so pytest would run it as a test"]
    if name in RESERVED_NAMES:
        return [f"{name!r} is reserved for the agent itself"]
    return []


def read_signature(source: str, name: str) -> Signature:
    """The signature of the tool ``name`` in ``source``.

    Raises:
        ToolInvalid: the function is missing or its signature breaks the contract; all problems.
    """
    module, problems = _parse(source)
    if module is not None:
        try:
            signature, problems = _signature(module, name)
        except RecursionError:
            signature, problems = None, [_TOO_DEEP]
        if signature is not None and not problems:
            return signature
    raise ToolInvalid(name, problems)


def parse_signature(text: str) -> Signature:
    """The signature that a text such as ``(text: str, n: int = 3) -> list[str]`` states.

    A name or ``def NAME`` in front is accepted; TypedDicts are not (there is no file to define them).

    Raises:
        ToolInvalid: it is no signature, or a type is not allowed; all problems.
    """
    match = re.fullmatch(r"(?:def\s+)?(?P<name>\w*)\s*(?P<rest>\(.*?)\s*:?", text.strip(), re.DOTALL)
    name = (match and match["name"]) or "_"
    module, problems = (
        _parse(f"def {name}{match['rest']}: ...") if match else (None, ["it must look like (a: str) -> str"])
    )
    if module is not None:
        function = module.body[0]
        if len(module.body) != 1 or not isinstance(function, ast.FunctionDef):
            raise ToolInvalid(name, ["it must look like (a: str) -> str"])
        reader = AnnotationReader()
        signature = _read_function(function, reader)
        if not reader.problems:
            return signature
        problems = reader.problems
    raise ToolInvalid(text.strip()[:80] if name == "_" else name, problems)


def same_signature(one: str, other: str) -> bool:
    """Whether two texts are one signature to Python, however they are spaced and quoted."""
    if one == other:
        return True
    parsed = [_parse(f"def _{text.strip()}: ...")[0] for text in (one, other)]
    try:
        shapes = [ast.dump(module) for module in parsed if module is not None and len(module.body) == 1]
    except RecursionError:
        return False
    return len(shapes) == 2 and shapes[0] == shapes[1]


def check_source(
    source: str,
    name: str,
    *,
    known_tools: Collection[str] = (),
    capabilities: Capabilities = _PURE,
    packages: Lock = NO_PACKAGES,
    expected: Signature | None = None,
) -> list[str]:
    """Every problem of a tool's source, in words a generator can act on; empty when there is none.

    ``known_tools`` are the names that ``from toolbox import …`` may use, ``packages`` what the
    registry has locked. With ``expected`` the parameters and the result must be those of that
    signature.
    """
    module, problems = _parse(source)
    if module is None:
        return problems
    try:
        signature, problems = _signature(module, name)
        if signature is not None:
            problems += _docstring_problems(docstring_of(source, name), name)
        if signature is not None and not problems and expected is not None:
            problems += signature_problems(signature, expected)
        problems += hygiene.statement_problems(module, name)
        problems += hygiene.import_problems(
            module, name, known_tools=known_tools, capabilities=capabilities, packages=packages
        )
    except RecursionError:
        return [_TOO_DEEP]
    return list(dict.fromkeys(problems))


def signature_problems(found: Signature, expected: Signature) -> list[str]:
    """How ``found`` differs from ``expected``: parameters, their order and types, and the result."""
    if (found.parameters, list(_properties(found)), found.returns) == (
        expected.parameters,
        list(_properties(expected)),
        expected.returns,
    ):
        return []
    return [f"the signature must be def {found.name}{expected.text}, found: def {found.name}{found.text}"]


def toolbox_imports(source: str) -> tuple[str, ...]:
    """The tools that some code imports with ``from toolbox import …``; none where it does not parse."""
    module, _ = _parse(source, limit=None)
    return hygiene.toolbox_imports(module) if module is not None else ()


def modules_imported(source: str) -> frozenset[str]:
    """The modules that some code imports, by their first names; none where it does not parse."""
    module, _ = _parse(source, limit=None)
    return frozenset(root for root, _, _ in hygiene.imports_of(module)) if module is not None else frozenset()


def docstring_of(source: str, name: str) -> str:
    """The docstring of a tool's function; empty where there is none, or no function."""
    module, _ = _parse(source)
    for node in module.body if module is not None else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
    return ""


def check_tests(tests: str, name: str, modules: Collection[str] = ()) -> list[str]:
    """Every problem of a tool's test file; empty when there is none.

    It imports the tool with ``from tool import NAME`` and otherwise only pytest, the standard
    library and ``modules``, those of the packages that the tool declares; it defines at least one
    test function.
    """
    module, unreadable = _parse(tests)
    if module is None:
        return [f"tests: {problem}" for problem in unreadable]
    problems: list[str] = []
    if not any(node.name.startswith("test") for node in ast.walk(module) if isinstance(node, ast.FunctionDef)):
        problems.append("tests: there is no test function (def test_...)")
    if any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(module)):
        problems.append("tests: test functions may not be async")
    return problems + [f"tests: {problem}" for problem in hygiene.test_import_problems(module, name, modules)]


_TOO_DEEP = "the code is nested too deeply"


def _parse(source: str, *, limit: int | None = MAX_SOURCE_BYTES) -> tuple[ast.Module | None, list[str]]:
    """The syntax tree, or what keeps it from being one. Warnings of the compiler are not ours to show."""
    size = len(source.encode("utf-8", "replace"))
    if limit is not None and size > limit:
        return None, [f"the file has {size} bytes; at most {limit} are allowed"]
    try:
        with _warnings_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parse(source), []
    except SyntaxError as error:
        return None, [f"line {error.lineno or 1}: syntax error: {error.msg}"]
    except ValueError as error:
        return None, [f"the file is no Python text: {error}"]
    except (RecursionError, MemoryError):
        return None, [_TOO_DEEP]


def _signature(module: ast.Module, name: str) -> tuple[Signature | None, list[str]]:
    problems = name_problems(name)
    named = [node for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    found = [node for node in named if node.name == name]
    if len(found) != 1:
        others = [node.name for node in named if not node.name.startswith("_")]
        what = (
            f"the function {name} is defined {len(found)} times"
            if found
            else (f"the function must be named {name}, found: {', '.join(others) or 'no public function'}")
        )
        return None, [*problems, what]
    function = found[0]
    problems += _kind_problems(function)
    deferred = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in module.body)
    reader = AnnotationReader(typed_dicts(module), None if deferred else typing_names(module))
    signature = _read_function(function, reader)
    return signature, problems + reader.problems


def _kind_problems(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    problems: list[str] = []
    if isinstance(function, ast.AsyncFunctionDef):
        problems.append(f"{function.name} may not be async: write a plain def")
    if _yields(function):
        problems.append(f"{function.name} may not be a generator: return a list instead of yield")
    if function.decorator_list:
        problems.append(f"{function.name} may not have decorators")
    return problems


def _yields(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether ``yield`` stands in the function itself (not in one nested in it)."""
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))
    return False


def _read_function(function: ast.FunctionDef | ast.AsyncFunctionDef, reader: AnnotationReader) -> Signature:
    """The signature of a function; problems are left in ``reader``."""
    properties: JSONObject = {}
    required: list[JSON] = []
    for argument, default in _arguments(function.args, reader):
        where = f"parameter {argument.arg!r}"
        if argument.annotation is None:
            reader.problems.append(f"{where} has no type annotation")
            continue
        schema = reader.schema(argument.annotation, where)
        if default is None:
            required.append(argument.arg)
        else:
            schema = _with_default(schema, argument, default, reader)
        properties[argument.arg] = schema
    if function.returns is None:
        reader.problems.append("the result has no type annotation: write def NAME(...) -> TYPE")
    returns = reader.schema(function.returns, "the result") if function.returns is not None else {}
    docstring = ast.get_docstring(function) or ""
    return Signature(
        name=function.name,
        parameters={"type": "object", "properties": properties, "required": required, "additionalProperties": False},
        returns=returns,
        text=_text(function),
        summary=docstring.strip().split("\n", 1)[0].strip(),
        raises=declared_errors(docstring),
    )


def _arguments(args: ast.arguments, reader: AnnotationReader) -> list[tuple[ast.arg, ast.expr | None]]:
    """Each parameter with its default."""
    for star in filter(None, (args.vararg, args.kwarg)):
        reader.problems.append(f"parameter {star.arg!r} may not be * or **: name every parameter")
    if args.posonlyargs:
        reader.problems.append("parameters may not be positional-only: remove the /")
    plain = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(plain) - len(args.defaults)) + args.defaults
    return [*zip(plain, defaults, strict=True), *zip(args.kwonlyargs, args.kw_defaults, strict=True)]


def _with_default(schema: JSONObject, argument: ast.arg, default: ast.expr, reader: AnnotationReader) -> JSONObject:
    """The schema with its default noted; a default that is no literal or of another type is a problem."""
    shown = ast.unparse(default)[:60]
    try:
        value: JSON = json.loads(json.dumps(ast.literal_eval(default), allow_nan=False))
        fits = not mismatches(value, schema)
    except (ValueError, TypeError, SyntaxError, MemoryError):
        reader.problems.append(f"the default of parameter {argument.arg!r} must be a literal, found: {shown}")
        return schema
    if not fits:
        written = ast.unparse(argument.annotation) if argument.annotation else ""
        reader.problems.append(
            f"parameter {argument.arg!r} is {written} but its default is {shown}"
            + (f": write {written} | None" if value is None else "")
        )
    return {**schema, "default": value}


def _text(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The signature as Python writes it, without the name."""
    args = function.args
    plain = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(plain) - len(args.defaults)) + args.defaults
    parts = [_parameter(*pair) for pair in zip(plain, defaults, strict=True)]
    if args.kwonlyargs:
        parts.append("*")
        parts += [_parameter(*pair) for pair in zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    returns = f" -> {ast.unparse(function.returns)}" if function.returns is not None else ""
    return f"({', '.join(parts)}){returns}"


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    typed = f"{argument.arg}: {ast.unparse(argument.annotation)}" if argument.annotation else argument.arg
    return typed if default is None else f"{typed} = {ast.unparse(default)}"


def _docstring_problems(docstring: str, name: str) -> list[str]:
    if not docstring.strip():
        return [f"{name} has no docstring: say in one line what it does, then list its exceptions under Raises:"]
    return [
        f"Raises: names {error}, which is no builtin exception"
        for error in _raises(docstring)
        if not is_builtin_error(error)
    ]


def declared_errors(docstring: str) -> tuple[str, ...]:
    """The builtin exceptions that a docstring declares (Google, NumPy and Sphinx sections)."""
    return tuple(name for name in _raises(docstring) if is_builtin_error(name))


def _raises(docstring: str) -> list[str]:
    names: list[str] = _SPHINX_RAISES.findall(docstring)
    section = _RAISES.search(docstring)
    for line in section["body"].splitlines() if section else ():
        if _SECTION.match(line):
            break
        found = _EXCEPTION.match(line)
        if found and (found[1].endswith(("Error", "Exception", "Interrupt", "Exit")) or is_builtin_error(found[1])):
            names.append(found[1])
    return list(dict.fromkeys(names))


def is_builtin_error(name: str) -> bool:
    """Whether a name is that of a builtin exception which a tool may raise."""
    kind = getattr(builtins, name, None)
    return isinstance(kind, type) and issubclass(kind, Exception)


def _properties(signature: Signature) -> JSONObject:
    properties = signature.parameters["properties"]
    return properties if isinstance(properties, dict) else {}
