"""Mistakes of omission: a right tool from which one clause is taken out, and nothing stands in its place.

Every clause whose absence leaves a tool that runs is tried, in the order of the source: a guard, one condition of
several, a branch, a normalising call, a ``sorted``, a rounding, a ``key=``, a filter, a default. A wrong tool made
so holds no trace of what is missing. Its honest suites are the right tool's strong one without exactly those
tests that notice (:func:`without`), and a few of these (:func:`few`).
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterator

_METHODS = frozenset(
    ("strip", "lstrip", "rstrip", "lower", "upper", "casefold", "replace", "removeprefix", "removesuffix", "title")
)
_CALLS = frozenset(("sorted", "set", "round", "abs", "max", "min", "reversed"))


def omissions(source: str) -> list[tuple[str, str]]:
    """``(what is missing, source)`` for each clause, in the order of the source."""
    module = ast.parse(source)
    seen = {ast.dump(module)}
    found: list[tuple[str, str]] = []
    for node in ast.walk(module):
        for told, undo in _left_out(node):
            shape = ast.dump(module)
            if shape not in seen:
                seen.add(shape)
                found.append((f"missing: {told}", ast.unparse(ast.fix_missing_locations(module)) + "\n"))
            undo()
    return found


def _left_out(parent: ast.AST) -> Iterator[tuple[str, object]]:
    """Takes one clause out at a time; the second part of what is yielded puts it back."""
    for field, value in ast.iter_fields(parent):
        for at, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST):
                continue
            for new in _without_a_clause(child):
                told = f"line {getattr(child, 'lineno', 0)}, {ast.unparse(child).splitlines()[0][:90]}"

                def put(node: object, field: str = field, at: int | None = at) -> None:
                    if at is None:
                        setattr(parent, field, node)
                    else:
                        getattr(parent, field)[at] = node

                put(ast.copy_location(new, child) if isinstance(new, ast.expr | ast.stmt) else new)
                yield told, lambda put=put, child=child: put(child)


def _without_a_clause(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.If(body=[ast.Raise()], orelse=orelse):
            yield from orelse[:1] if len(orelse) == 1 else [ast.Pass()] if not orelse else []
        case ast.If(orelse=[]):
            yield ast.Pass()
        case ast.If(orelse=[one]):
            yield one
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.BoolOp(op=op, values=values) if len(values) > 2:
            for at in range(len(values)):
                yield ast.BoolOp(op, [value for place, value in enumerate(values) if place != at])
        case ast.BoolOp(values=[one, other]):
            yield from (one, other)
        case ast.Compare(left=left, ops=[first, second], comparators=[middle, right]):
            yield ast.Compare(left, [first], [middle])
            yield ast.Compare(middle, [second], [right])
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _METHODS:
            yield value
        case ast.Call(func=ast.Name(id="max" | "min"), args=[one, other], keywords=[]):
            yield from (one, other)
        case ast.Call(func=ast.Name(id="sorted"), args=[one], keywords=keywords):
            yield ast.Call(ast.Name("list", ast.Load()), [one], [])
            if keywords:
                yield ast.Call(ast.Name("sorted", ast.Load()), [one], keywords[1:])
        case ast.Call(func=ast.Name(id=name), args=[one, *_]) if name in _CALLS:
            yield ast.Call(ast.Name("list", ast.Load()), [one], []) if name in ("set", "reversed") else one
        case ast.Call(func=ast.Attribute(attr="sort") as func, args=args, keywords=[_, *rest]):
            yield ast.Call(func, args, rest)
        case ast.comprehension(target=target, iter=items, ifs=[_, *rest], is_async=is_async):
            yield ast.comprehension(target, items, rest, is_async)
        case _:
            pass


def without(tests: str, failing: Collection[tuple[str, int]]) -> str:
    """A suite without some of its tests, each given by its function and its number among the rows of this function.

    A test that is not parametrised goes whole.
    """
    module = ast.parse(tests)
    kept: list[ast.stmt] = []
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            numbers = {number for function, number in failing if function == node.name}
            listed = _parametrised(node)
            if numbers and listed is None:
                continue
            if numbers and listed is not None:
                listed.elts = [row for at, row in enumerate(listed.elts) if at not in numbers]
                if not listed.elts:
                    continue
        kept.append(node)
    return ast.unparse(ast.fix_missing_locations(ast.Module(kept, []))) + "\n"


def _parametrised(node: ast.FunctionDef) -> ast.List | None:
    lists = [
        call.args[1]
        for call in node.decorator_list
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("parametrize") and len(call.args) > 1
    ]
    return lists[0] if len(lists) == 1 and isinstance(lists[0], ast.List) else None


def few(tests: str, most: int) -> str:
    """The same with ``most`` tests or rows at the most, spread evenly over it."""
    module = copy.deepcopy(ast.parse(tests))
    places: list[tuple[ast.FunctionDef, ast.expr | None]] = []
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            listed = _parametrised(node)
            places += [(node, row) for row in listed.elts] if listed is not None else [(node, None)]
    if len(places) <= most:
        return tests
    chosen = [places[number * len(places) // most] for number in range(most)]
    kept: list[ast.stmt] = []
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            rows = [row for owner, row in chosen if owner is node]
            listed = _parametrised(node)
            if not rows:
                continue
            if listed is not None:
                listed.elts = [row for row in rows if row is not None]
        kept.append(node)
    return ast.unparse(ast.fix_missing_locations(ast.Module(kept, []))) + "\n"
