"""Simple mutants of a tool: one small change each, to see whether its suite would notice."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
    ast.Pow: ast.Mult,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed source; ``change`` tells people where and what."""

    change: str
    source: str


def mutants(source: str, *, most: int) -> list[Mutant]:
    """Up to ``most`` mutants, spread evenly over the source; always the same ones.

    Comparisons, arithmetic, ``and``/``or``, ``not``, booleans, whole numbers, text and the branches of
    conditions are changed. Messages of exceptions, docstrings and annotations stay: they are not
    behaviour that a suite should pin down.
    """
    module = ast.parse(source)
    found: list[Mutant] = []
    for place, node in enumerate(_behaviour(module)):
        for variant in _variants(node):
            changed = copy.deepcopy(module)
            target = list(_behaviour(changed))[place]
            before = ast.unparse(node).splitlines()[0]
            target.__dict__.update(variant.__dict__)
            target.__class__ = type(variant)
            after = ast.unparse(target).splitlines()[0]
            found.append(Mutant(f"line {getattr(node, 'lineno', 0)}: {before} → {after}", ast.unparse(changed)))
    step = max(1.0, len(found) / most)
    return [found[int(place * step)] for place in range(min(most, len(found)))]


def _behaviour(module: ast.AST) -> Iterator[ast.AST]:
    """Every node of the source that takes part in what it does, always in the same order."""
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Raise | ast.arg | ast.ClassDef | ast.Import | ast.ImportFrom) or _is_docstring(node):
            continue
        yield node
        skipped = {id(getattr(node, field, None)) for field in ("annotation", "returns")}
        waiting += [child for child in reversed(list(ast.iter_child_nodes(node))) if id(child) not in skipped]


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _variants(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=[op, *rest]) if type(op) in _COMPARE:
            yield ast.Compare(node.left, [_COMPARE[type(op)](), *rest], node.comparators)
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
            yield ast.BinOp(node.left, _ARITHMETIC[type(op)](), node.right)
        case ast.BoolOp(op=op):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), node.values)
        case ast.UnaryOp(op=ast.Not()):
            yield ast.UnaryOp(ast.Not(), ast.UnaryOp(ast.Not(), node.operand))
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=str(value)):
            yield ast.Constant(value + "~")
        case ast.IfExp():
            yield ast.IfExp(node.test, node.orelse, node.body)
        case ast.If(test=test) if not isinstance(test, ast.Compare | ast.UnaryOp | ast.BoolOp):
            yield ast.If(ast.UnaryOp(ast.Not(), test), node.body, node.orelse)
        case _:
            pass
