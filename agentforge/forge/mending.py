"""What the rules say in so many words is put into a candidate by the host, not asked of a model again.

A small model rounds one of two results, or leaves out the one case that a sentence of the rules gives;
shown that failure, it writes the same again (16 of 16 repairs of two needs, by a model of 1.5 billion
parameters). A mended candidate meets all the gates that any other meets.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TypeAlias, TypeGuard, cast

from agentforge.forge.grounding import FOREIGN_LETTER
from agentforge.forge.rewriting import INDENT, function_of, joined, lines_of
from agentforge.forge.spec import Spec
from agentforge.parsing import parse
from agentforge.types import Example, JSONObject

Edit: TypeAlias = tuple[int, int, str]
"""Line (from 1), column in UTF-8 bytes, and what is put in there."""


def rounded(spec: Spec, source: str) -> str:
    """``source`` with every result of the tool rounded as the rules promise; the same where they promise nothing.

    Rounding twice is rounding once, so that a candidate that keeps the promise does what it did.
    """
    decimals = next((promise.decimals for promise in spec.promises if promise.decimals is not None), None)
    function = function_of(source, spec.name)
    if decimals is None or function is None or spec.signature.returns.get("type") != "number":
        return source
    edits: list[Edit] = []
    for value in _results(function):
        if value.end_lineno is not None and value.end_col_offset is not None and not _is_rounded(value, decimals):
            edits += [
                (value.lineno, value.col_offset, "round("),
                (value.end_lineno, value.end_col_offset, f", {decimals})"),
            ]
    return edited(source, edits)


def with_stated_cases(spec: Spec, source: str, missed: Sequence[Example]) -> str:
    """``source`` with a guard for each case of the rules that it misses, in front of all it does.

    A text that must be refused for a letter beyond ASCII is refused with all of its kind. Other refusals
    of texts tell of a whole kind that the host cannot describe, so they get no guard.
    """
    function = function_of(source, spec.name)
    guards = list(dict.fromkeys(filter(None, map(_guard, missed))))
    if function is None or not guards:
        return source
    first = function.body[1] if ast.get_docstring(function) is not None and len(function.body) > 1 else function.body[0]
    indent = lines_of(source)[first.lineno - 1][: first.col_offset]
    deeper = indent + ("\t" if "\t" in indent else INDENT)
    text = "".join(f"if {condition}:\n{deeper}{outcome}\n{indent}" for condition, outcome in guards)
    return edited(source, [(first.lineno, first.col_offset, text)])


def with_private_helpers(spec: Spec, source: str) -> str:
    """``source`` with an underscore before the name of each other function that stands beside the tool, wherever it
    is used.
    """
    if function_of(source, spec.name) is None:
        return source
    tree = parse(source)
    beside = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    helpers = {name for name in beside if name != spec.name and not name.startswith("_")}
    if any(f"_{name}" in beside for name in helpers):
        return source
    places = [(beside[name].lineno, beside[name].col_offset + len("def ")) for name in helpers]
    places += [
        (one.lineno, one.col_offset) for one in ast.walk(tree) if isinstance(one, ast.Name) and one.id in helpers
    ]
    return edited(source, [(line, column, "_") for line, column in places])


def with_own_arguments(spec: Spec, source: str) -> str:
    """``source`` with a copy of each list or object that it is given and writes into, made before all it does."""
    function = function_of(source, spec.name)
    if function is None:
        return source
    kinds = cast("dict[str, JSONObject]", spec.signature.parameters.get("properties", {}))
    given = [name for name, schema in kinds.items() if schema.get("type") in ("array", "object")]
    anew = {node.id for one in function.body for node in ast.walk(one) if _is_stored(node)}
    tree = parse(source)
    changed = _written(tree)
    changed |= {other for name, other in _aliases(tree) if name in changed}
    written = [name for name in given if name in changed - anew]
    if not written:
        return source
    first = function.body[1] if ast.get_docstring(function) is not None and len(function.body) > 1 else function.body[0]
    indent = lines_of(source)[first.lineno - 1][: first.col_offset]
    copies = "".join(f"{name} = copy.deepcopy({name})\n{indent}" for name in written)
    return "import copy\n" + edited(source, [(first.lineno, first.col_offset, copies)])


def _aliases(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Names with the name whose value they were given as it is."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=other)):
                yield name, other
            case _:
                continue


def _is_stored(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _written(tree: ast.AST) -> set[str]:
    """Names of what is written into: an item is set or deleted, or a method is called that changes it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        inner: ast.expr | None = None
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            inner = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGING:
            inner = node.func.value
        while isinstance(inner, ast.Subscript):
            inner = inner.value
        if isinstance(inner, ast.Name):
            found.add(inner.id)
    return found


_CHANGING = frozenset(
    ("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "update", "setdefault", "popitem")
)


def _guard(example: Example) -> tuple[str, str] | None:
    """Condition and outcome of one case."""
    if example.raises is None:
        condition = " and ".join(f"{name} == {value!r}" for name, value in example.args.items())
        return condition, f"return {example.returns!r}"
    for name, value in example.args.items():
        if isinstance(value, str) and FOREIGN_LETTER in value:
            return f"not {name}.isascii()", f'raise {example.raises}("{name} may hold ASCII characters only")'
    return None


def _results(function: ast.FunctionDef) -> list[ast.expr]:
    """What the function itself returns; functions inside it return something of their own."""
    found: list[ast.expr] = []
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            found.append(node.value)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo += ast.iter_child_nodes(node)
    return found


def _is_rounded(value: ast.expr, decimals: int) -> bool:
    match value:
        case ast.Call(func=ast.Name(id="round"), args=[_, ast.Constant(value=given)]):
            return given == decimals
        case _:
            return False


def edited(source: str, edits: Sequence[Edit]) -> str:
    """``source`` with all of the texts put in."""
    lines = [line.encode() for line in lines_of(source)]
    for line, column, text in sorted(edits, reverse=True):
        lines[line - 1] = lines[line - 1][:column] + text.encode() + lines[line - 1][column:]
    return joined([line.decode() for line in lines])
