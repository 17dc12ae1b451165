"""A script that answered one question, made into a function for all questions of its kind.

In a script the values of its question stand as literals. Put a parameter into the place of each, and let it return
what it printed, and it is a candidate that costs no model anything. Whether it is right, or was so on that one
question only, the examples and the gates say, as of any candidate.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import cast

from agentforge.forge.cases import NO_LITERAL, equal, literal
from agentforge.parsing import parse
from agentforge.types import JSON, JSONObject

LONGEST = 4_000
"""Characters of a script that is looked at."""

LEAST = 3
"""Smaller numbers stand in code for many things that are no value of a question."""

_TOLD = "told"


def lifted(script: str, name: str, args: JSONObject) -> str | None:
    """The source of a function ``name`` with the parameters ``args``, which are the values of the question that
    ``script`` answered; None where it holds none of them, shows nothing, or uses what a function cannot.
    """
    tree = _parsed(script)
    if tree is None or any(isinstance(node, ast.Global | ast.Nonlocal | ast.Await) for node in ast.walk(tree)):
        return None
    rename(tree, name, f"_{name}")  # a function of the script, which will stand inside of the one that is made
    statements = [node for one in tree.body for node in _inlined(one)]
    imports = [node for node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    body = [node for node in statements if not isinstance(node, ast.Import | ast.ImportFrom)]
    found = _with_parameters(body, args)
    told = _answering(body) if found else None
    if told is None:
        return None
    parameters = ast.arguments([], [ast.arg(one) for one in args], None, [], [], None, [])
    function = ast.FunctionDef(name, parameters, [one for one in told if not _idle(one)], [], None, None)
    return ast.unparse(ast.fix_missing_locations(ast.Module([*imports, function], []))) + "\n"


def _parsed(script: str) -> ast.Module | None:
    try:
        return parse(script) if len(script) <= LONGEST else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def rename(tree: ast.Module, old: str, new: str) -> None:
    """Gives a function another name, and whatever in the same code has its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == old:
            node.id = new
        elif isinstance(node, ast.FunctionDef) and node.name == old:
            node.name = new


def _inlined(node: ast.stmt) -> Sequence[ast.stmt]:
    """What stands in a main block, by itself."""
    return node.body if isinstance(node, ast.If) and "__name__" in ast.dump(node.test) else [node]


def _idle(node: ast.stmt) -> bool:
    """Whether a statement gives a parameter its own value."""
    match node:
        case ast.Assign(targets=[ast.Name(id=one)], value=ast.Name(id=other)):
            return one == other
        case _:
            return False


def _with_parameters(body: list[ast.stmt], args: JSONObject) -> set[str]:
    """Puts parameters into the place of their values, in ``body``; those that were found. A list of which no place
    holds the whole is looked for item by item.
    """
    whole = _Values({name: (name, value) for name, value in args.items()})
    body[:] = [cast("ast.stmt", whole.visit(node)) for node in body]
    items: dict[str, tuple[str, JSON]] = {}
    for name, value in args.items():
        if isinstance(value, list) and name not in whole.found:
            items |= {f"{name}[{at}]": (name, one) for at, one in enumerate(value) if value.count(one) == 1}
    apart = _Values(items)
    body[:] = [cast("ast.stmt", apart.visit(node)) for node in body]
    return whole.found | apart.found


class _Values(ast.NodeTransformer):
    """``places`` holds, for an expression, the parameter in it and the value that it stands for."""

    def __init__(self, places: dict[str, tuple[str, JSON]]) -> None:
        self.found: set[str] = set()
        self._places = places

    def visit(self, node: ast.AST) -> ast.AST:
        """A literal that is a value becomes the parameter; all else stays."""
        if isinstance(node, ast.JoinedStr):  # its texts are parts, and must stay texts
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    part.value = cast("ast.expr", self.visit(part.value))
            return node
        value = literal(node) if isinstance(node, ast.expr) else NO_LITERAL
        if value is not NO_LITERAL:
            for code, (name, given) in self._places.items():
                if form := _form(cast("JSON", value), given):
                    self.found.add(name)
                    return ast.parse(form.format(code), mode="eval").body
        return self.generic_visit(node)


def _form(value: JSON, given: JSON) -> str:
    """How a literal is written with a parameter of the value ``given`` in the place of ``{}``; empty: it is another."""
    if isinstance(given, bool) or (isinstance(given, int | float) and abs(given) < LEAST):
        return ""
    return next((form for form, written in _written(given) if equal(written, value)), "")


def _written(given: JSON) -> Iterator[tuple[str, JSON]]:
    """Ways in which code writes a value of a question."""
    yield "{}", given
    if isinstance(given, int | float):
        yield "str({})", str(given)
    if not isinstance(given, list) or not given:
        return
    if not any(isinstance(one, list | dict) for one in given):
        texts: list[JSON] = [str(one) for one in given]
        yield "[str(one) for one in {}]", texts
        for sign in (", ", ",", " ", "\n"):
            yield f"{sign!r}.join(map(str, {{}}))", sign.join(map(str, given))
    elif all(isinstance(row, list) for row in given):
        rows = cast("list[list[JSON]]", given)
        for sign in (" ", ", ", ""):
            lines = [sign.join(map(str, row)) for row in rows]
            one_text = f"'\\n'.join({sign!r}.join(map(str, row)) for row in {{}})"
            yield one_text, "\n".join(lines)
            yield f"[{sign!r}.join(map(str, row)) for row in {{}}]", [*lines]


def _answering(body: list[ast.stmt]) -> list[ast.stmt] | None:
    """The statements with a return for what they show: the last one's value, or all that is printed."""
    prints = [node for one in body for node in ast.walk(one) if _is_print(node)]
    last = body[-1] if body else None
    if isinstance(last, ast.Expr) and (not prints or prints == [last.value]):
        value = _shown(last.value) if _is_print(last.value) else last.value
        return None if value is None else [*body[:-1], ast.Return(value)]
    collected = _Prints()
    told: list[ast.stmt] = [cast("ast.stmt", collected.visit(node)) for node in body] if prints else []
    if not told or collected.odd:
        return None
    return [*ast.parse(f"{_TOLD} = []").body, *told, *ast.parse(f"return '\\n'.join({_TOLD})").body]


def _is_print(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


def _shown(call: ast.expr) -> ast.expr | None:
    """The value that a print shows, without a text in front of it; None where it is printed in an odd way."""
    match call:
        case ast.Call(args=[ast.JoinedStr(values=parts) as text], keywords=[]):
            values = [one for one in parts if isinstance(one, ast.FormattedValue)]
            plain = len(values) == 1 and values[0].format_spec is None and parts[-1] is values[0]
            return values[0].value if plain else text
        case ast.Call(args=[ast.Starred()]) | ast.Call(args=[]):
            return _text(call)
        case ast.Call(args=[value] | [ast.Constant(value=str()), value], keywords=[]):
            return value
        case ast.Call():
            return _text(call)
        case _:
            return None


def _text(call: ast.Call) -> ast.expr | None:
    """The line that a print writes; None where it does not end as lines do."""
    if any(one.arg != "sep" for one in call.keywords):
        return None
    sign = ast.unparse(call.keywords[0].value) if call.keywords else "' '"
    return ast.parse(f"{sign}.join(map(str, [{', '.join(map(ast.unparse, call.args))}]))", mode="eval").body


class _Prints(ast.NodeTransformer):
    """Each print adds its line to a list; ``odd`` where one cannot."""

    def __init__(self) -> None:
        self.odd = False

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """A print, or what holds one."""
        self.generic_visit(node)
        if not _is_print(node):
            return node
        line = _text(node)
        self.odd = self.odd or line is None
        return node if line is None else ast.parse(f"{_TOLD}.append({ast.unparse(line)})", mode="eval").body
