"""Small changes of a tool's source, each of which its suite would notice if it were strong.

Source: DeMillo, Lipton and Sayward 1978, "Hints on Test Data Selection", and the operators of
mutation testing since. Always the same mutants for the same source; equal ones (by their syntax
tree) once. Docstrings, annotations, imports and the words of an exception stay as they are: no suite
should pin them down.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from agentforge.parsing import parse

LONGEST_CHANGE = 100
"""Characters of a change that people are shown."""

_COMPARE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
_METHODS = {
    "lower": "upper",
    "upper": "lower",
    "startswith": "endswith",
    "endswith": "startswith",
    "lstrip": "rstrip",
    "rstrip": "lstrip",
    "floor": "ceil",
    "ceil": "floor",
    "find": "rfind",
    "rfind": "find",
    "title": "capitalize",
    "capitalize": "title",
    "split": "rsplit",
    "index": "rindex",
}
_LEFT_OUT = frozenset(
    ("strip", "lstrip", "rstrip", "lower", "upper", "casefold", "title", "capitalize", "swapcase", "replace")
) | frozenset(("removeprefix", "removesuffix", "zfill", "ljust", "rjust", "center"))
"""Methods of a text that give a text, so that the text itself can stand in their place."""
_UNWRAPPED = frozenset(["abs", "sorted", "round", "set", "reversed", "int", "float", "str"])
_ANOTHER_ERROR = {"ValueError": "KeyError"}
"""What is raised instead; for every other error it is ValueError."""

_Variants: TypeAlias = Callable[[ast.AST], Iterator[ast.AST]]
_NO_BEHAVIOUR = (ast.Import, ast.ImportFrom, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed source; ``change`` tells people where and what, ``line`` is that of the source, ``place`` the first and
    the last line and column of what was changed.
    """

    change: str
    source: str
    line: int = 0
    place: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Site:
    """A place in a tree and what could stand there instead."""

    parent: ast.AST
    field: str
    at: int | None
    old: ast.AST
    new: ast.AST

    def put(self, node: ast.AST) -> None:
        if self.at is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.at] = node

    @property
    def line(self) -> int:
        return getattr(self.old, "lineno", 0)

    @property
    def place(self) -> tuple[int, int, int, int]:
        first, column, last, end = (
            getattr(self.old, name, 0) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset")
        )
        return first, column, last, end

    @property
    def change(self) -> str:
        before, after = (ast.unparse(node).split("\n", 1)[0][:LONGEST_CHANGE] for node in (self.old, self.new))
        return f"line {self.line}: {before} → {after}"


def mutants(source: str, *, most: int) -> list[Mutant]:
    """Up to ``most`` mutants of a source, spread evenly over it, none of them equal to it or another.

    Raises:
        SyntaxError: the source cannot be parsed; so check it first.
    """
    module = parse(source)
    return _made(module, [site for site in _sites(module, _variants) if not _is_a_stub(site, module)], most)


def even_divisions(source: str, *, most: int) -> list[Mutant]:
    """Up to ``most`` changes of which each shows only where a division comes out even: a remainder of nothing becomes
    the divisor, and a whole quotient one less. Whether the ends belong to a range, a full page is one page more, and a
    day counts for itself shows there and nowhere else (Mothra's ``zpush``, King and Offutt 1991).

    Raises:
        SyntaxError: as :func:`mutants`.
    """
    module = parse(source)
    return _made(module, [*_sites(module, _even)], most)


def _made(module: ast.Module, sites: Sequence[_Site], most: int) -> list[Mutant]:
    seen = {ast.dump(module)}
    found: dict[int, Mutant] = {}
    for number in _spread(len(sites), most):
        if len(found) >= most:
            break
        site = sites[number]
        site.put(ast.copy_location(site.new, site.old))
        shape = ast.dump(module)
        if shape not in seen:
            seen.add(shape)
            source = ast.unparse(ast.fix_missing_locations(module)) + "\n"
            found[number] = Mutant(site.change, source, site.line, site.place)
        site.put(site.old)
    return [found[number] for number in sorted(found)]


def _is_a_stub(site: _Site, module: ast.Module) -> bool:
    """A change of the only ``return``, to None, leaves a tool that does nothing: that is tried without mutants."""
    return isinstance(site.old, ast.Return) and sum(isinstance(node, ast.Return) for node in ast.walk(module)) == 1


def _spread(count: int, most: int) -> list[int]:
    """All numbers below ``count``: first ``most`` of them, evenly spread, then the others, which fill gaps."""
    first = [number * count // most for number in range(most)] if count > most else list(range(count))
    chosen = set(first)
    return [*first, *(number for number in range(count) if number not in chosen)]


def _sites(parent: ast.AST, variants: _Variants) -> Iterator[_Site]:
    """Every change, in the order of the source."""
    for field, value in ast.iter_fields(parent):
        if _is_no_behaviour(parent, field):
            continue
        children: list[tuple[int | None, object]] = [*enumerate(value)] if isinstance(value, list) else [(None, value)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] -- fields of a tree hold anything
        for at, child in children:
            if isinstance(child, ast.AST) and not _is_kept(parent, child):
                for new in variants(child):
                    yield _Site(parent, field, at, child, new)
                if not isinstance(child, ast.Raise):
                    yield from _sites(child, variants)


def _is_no_behaviour(parent: ast.AST, field: str) -> bool:
    return (
        field in {"annotation", "returns", "type_comment", "format_spec", "ctx"}
        or (isinstance(parent, ast.FunctionDef) and field in {"name", "decorator_list"})
        or (isinstance(parent, ast.Assert) and field == "msg")
    )


def _is_kept(parent: ast.AST, child: ast.AST) -> bool:
    docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
    return docstring or isinstance(child, _NO_BEHAVIOUR) or (isinstance(parent, ast.Module) and _is_type(child))


def _is_type(node: ast.AST) -> bool:
    return isinstance(node, ast.AnnAssign) and node.value is None


def _even(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.BinOp(op=ast.Mod(), right=right):
            yield ast.BoolOp(ast.Or(), [node, right])
        case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
            yield ast.BinOp(ast.BinOp(left, ast.Sub(), ast.Constant(1)), ast.FloorDiv(), right)
        case _:
            pass


def _variants(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.stmt):
        yield from _statement(node)
    elif isinstance(node, ast.expr):
        yield from _expression(node)
    elif isinstance(node, ast.comprehension):
        yield ast.comprehension(node.target, _first_only(node.iter), node.ifs, node.is_async)
        for test in range(len(node.ifs)):
            rest = [condition for at, condition in enumerate(node.ifs) if at != test]
            yield ast.comprehension(node.target, node.iter, rest, node.is_async)


def _statement(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.If(test=test, body=body, orelse=orelse):
            if not _has_a_negation(test):
                yield ast.If(_negated(test), body, orelse)
            yield ast.If(ast.Constant(False), body, orelse)
        case ast.For(target=target, iter=items, body=body, orelse=orelse):
            yield ast.For(target, _first_only(items), body, orelse)
        case ast.While(test=test, body=body, orelse=orelse):
            yield ast.While(ast.Constant(False), body, orelse)
        case ast.Raise(exc=ast.Call(func=ast.Name(id=name)) as call):
            changed = ast.Name(_ANOTHER_ERROR.get(name, "ValueError"), ast.Load())
            yield ast.Raise(ast.Call(changed, call.args, call.keywords), node.cause)
        case ast.Raise(exc=ast.Name(id=name)):
            yield ast.Raise(ast.Name(_ANOTHER_ERROR.get(name, "ValueError"), ast.Load()), node.cause)
        case ast.AugAssign(target=target, op=op, value=value):
            if type(op) in _OPERATORS:
                yield ast.AugAssign(target, _OPERATORS[type(op)](), value)
            yield ast.Pass()
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield ast.Return(ast.Constant(None))
        case ast.Expr() | ast.Assign(targets=[ast.Subscript()]) | ast.Continue() | ast.Delete():
            yield ast.Pass()
        case ast.Break():
            yield ast.Pass()
        case _:
            pass


def _expression(node: ast.expr) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left=left, ops=ops, comparators=others):
            for at, op in enumerate(ops):
                for other in _COMPARE[type(op)]:
                    yield ast.Compare(left, [*ops[:at], other(), *ops[at + 1 :]], others)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            yield ast.BinOp(left, _OPERATORS[type(op)](), right)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.Slice(lower=lower, upper=upper, step=step):
            for bound, other in ((lower, "lower"), (upper, "upper")):
                if bound is not None and not isinstance(bound, ast.Constant):
                    moved = _plus_one(bound)
                    yield (ast.Slice(moved, upper, step) if other == "lower" else ast.Slice(lower, moved, step))
            if step is None and (lower is not None or upper is not None):
                yield ast.Slice(None, None, None)
        case ast.Call():
            yield from _call(node)
        case ast.Constant(value=value):
            yield from map(ast.Constant, _other_values(value))
        case _:
            pass


def _call(node: ast.Call) -> Iterator[ast.AST]:
    function = node.func
    if isinstance(function, ast.Name) and function.id in _NAMES:
        yield ast.Call(ast.Name(_NAMES[function.id], ast.Load()), node.args, node.keywords)
    if isinstance(function, ast.Attribute) and function.attr in _METHODS:
        changed = ast.Attribute(function.value, _METHODS[function.attr], ast.Load())
        yield ast.Call(changed, node.args, node.keywords)
    if isinstance(function, ast.Attribute) and function.attr in _LEFT_OUT:
        yield function.value
    if isinstance(function, ast.Name) and function.id in _UNWRAPPED and node.args:
        yield node.args[0]
    if isinstance(function, ast.Name) and function.id == "range" and node.args:
        stop = min(len(node.args), 2) - 1
        if not isinstance(node.args[stop], ast.Constant):
            moved = [_plus_one(arg) if at == stop else arg for at, arg in enumerate(node.args)]
            yield ast.Call(function, moved, node.keywords)


def _other_values(value: object) -> Iterator[bool | int | float | str]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value + 1
        yield value - 1
    elif isinstance(value, str):
        yield value + "~"


def _negated(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), copy.copy(test))


def _has_a_negation(test: ast.expr) -> bool:
    """Whether changing its operator negates it."""
    return isinstance(test, ast.Compare) and len(test.ops) == 1


def _first_only(items: ast.expr) -> ast.expr:
    """Of what is gone through only the first: tests with one item at most do not notice."""
    whole = ast.Call(ast.Name("list", ast.Load()), [items], [])
    return ast.Subscript(whole, ast.Slice(None, ast.Constant(1)), ast.Load())


def _plus_one(node: ast.expr) -> ast.expr:
    return ast.BinOp(node, ast.Add(), ast.Constant(1))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
