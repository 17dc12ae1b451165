"""Tools out of plain Python: each public, typed function of a file, with what it needs of that file and nothing else.

The text is cut along its top-level statements and otherwise left as it stands. What a function does not use, such as
a command line around it, stays behind; a statement that does something when the file is loaded comes along, since
nobody knows what hangs on it, and the contract then says so. A function of the file that is a tool itself is imported
from the toolbox by the others.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from agentforge.parsing import parse
from agentforge.registry.contract import MAX_SOURCE_BYTES, name_problems

MOST_STATEMENTS = 500
"""Top-level statements of a file that is cut; a file of 64 KiB has a tenth of that."""


@dataclass(frozen=True)
class Module:
    """A file of Python: its lines, and its top-level statements. What each binds and uses is looked up once."""

    lines: Sequence[str]
    body: Sequence[ast.stmt]

    @classmethod
    def of(cls, text: str) -> Module:
        """The file as it is parsed.

        Raises:
            SyntaxError, ValueError, RecursionError, MemoryError: it is no Python, or too much of it.
        """
        if len(text) > MAX_SOURCE_BYTES:
            raise ValueError(f"more than {MAX_SOURCE_BYTES} characters")
        plain = text.replace("\r\n", "\n").replace("\r", "\n")
        body = parse(plain).body
        if len(body) > MOST_STATEMENTS:
            raise ValueError(f"more than {MOST_STATEMENTS} statements")
        return cls(plain.split("\n"), body)

    @cached_property
    def binds(self) -> list[frozenset[str]]:
        """The names that each statement binds."""
        return [frozenset(_bound(node)) for node in self.body]

    @cached_property
    def uses(self) -> list[set[str]]:
        """The names that each statement uses."""
        return [_used(node) for node in self.body]

    @cached_property
    def binders(self) -> Mapping[str, Sequence[int]]:
        """Name → the statements that bind it."""
        found: dict[str, list[int]] = {}
        for at, names in enumerate(self.binds):
            for name in names:
                found.setdefault(name, []).append(at)
        return found

    @cached_property
    def acts(self) -> list[set[str]]:
        """The names on which each statement may act while the file is loaded, itself or through what it calls."""
        direct = [_acts_with(node) for node in self.body]
        return [names | self.used_by(self.needed(names)) if names else names for names in direct]

    def functions(self) -> list[str]:
        """The names of the functions that can be tools: public, with typed parameters and result, and a docstring."""
        return [node.name for node in self.body if isinstance(node, ast.FunctionDef) and _is_candidate(node)]

    def public(self) -> list[str]:
        """The names of all functions that are meant for others; ``main`` is what is started."""
        named = [node.name for node in self.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return [name for name in named if not name.startswith("_") and name != "main"]

    def only(self, wanted: Collection[int]) -> str:
        """The text of these statements, in their order."""
        parts: list[str] = []
        before: ast.stmt | None = None
        for at, node in enumerate(self.body):
            if at in wanted:
                light = isinstance(node, ast.Import | ast.ImportFrom) and isinstance(
                    before, ast.Import | ast.ImportFrom
                )
                parts += ["" if before is None else "\n" if light else "\n\n\n", self._piece(at)]
                before = node
        return "".join([*parts, "\n"]) if parts else ""

    def needed(self, names: Collection[str], without: Collection[str] = ()) -> set[int]:
        """The statements that bind ``names`` and, in their turn, all that these use; none of those that bind a name of
        ``without``.
        """
        barred = {at for name in without for at in self.binders.get(name, ())}
        found, seen, waiting = set[int](), set[str](), set(names)
        while waiting:
            seen.add(name := waiting.pop())
            for at in self.binders.get(name, ()):
                if at not in found and at not in barred:
                    found.add(at)
                    waiting |= self.uses[at] - seen
        return found

    def effects(self) -> set[int]:
        """The statements that bind nothing: what they do, they do when the file is loaded. Docstrings, and blocks that
        run only when the file is started, are none.
        """
        return {
            at
            for at, node in enumerate(self.body)
            if not self.binds[at] and not _is_text(node) and not (isinstance(node, ast.If) and _starts(node.test))
        }

    def acting_on(self, kept: Collection[int]) -> set[int]:
        """The other statements that may change, while the file is loaded, what a kept one assigned."""
        assigned = {name for at in kept if isinstance(self.body[at], _ASSIGNING) for name in self.binds[at]}
        return {at for at, names in enumerate(self.acts) if at not in kept and assigned & names}

    def used_by(self, wanted: Collection[int]) -> set[str]:
        """All names that these statements use."""
        return {name for at in wanted for name in self.uses[at]}

    def _piece(self, at: int) -> str:
        node = self.body[at]
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        above = (self.body[at - 1].end_lineno or 0) if at else 0
        while (
            first - 1 > above and self.lines[first - 2].startswith("#") and not self.lines[first - 2].startswith("#!")
        ):
            first -= 1
        return "\n".join(self.lines[first - 1 : node.end_lineno])


def tool_source(module: Module, name: str, tools: Collection[str]) -> str:
    """The source of the tool ``name`` out of a file of which ``tools`` become tools."""
    others = set(tools) - {name}
    future = {at for at, node in enumerate(module.body) if _is_future(node)}
    kept = module.needed([name], without=others) | module.effects() | future
    while more := module.acting_on(kept):
        kept |= more | module.needed(module.used_by(more), without=others)
    used = sorted(others & module.used_by(kept))
    if not used and len(kept) == len(module.body):
        return "\n".join(module.lines)
    imports = f"from toolbox import {', '.join(used)}\n" if used else ""
    rest = module.only(kept - future)
    return "\n\n".join(
        part for part in (module.only(future).rstrip("\n"), f"{imports}{_gap(rest, imports)}{rest}") if part
    )


def tests_of(text: str, name: str, stems: Collection[str]) -> str:
    """Those tests of a test file that are about the tool ``name`` alone, importing it as tests of a tool do; ``stems``
    are the modules that the tool may have stood in. Empty where there is none.
    """
    try:
        module = Module.of(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    origins = [at for at, node in enumerate(module.body) if isinstance(node, ast.ImportFrom) and node.module in stems]
    others = {bound for at in origins for bound in module.binds[at]}
    if name not in others:
        return ""
    others.remove(name)
    tests = [node.name for node in module.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")]
    kept = set[int]()
    for test in tests:
        needed = module.needed(_with_fixtures(module, test))
        used = module.used_by(needed)
        if name in used and used.isdisjoint(others):
            kept |= needed
    if not kept:
        return ""
    imports = f"from tool import {name}\n"
    rest = module.only(kept - set(origins))
    return f"{imports}{_gap(rest, imports)}{rest}"


def _with_fixtures(module: Module, test: str) -> set[str]:
    """The name of a test and those of all that it, and what it asks for, asks pytest for."""
    found, waiting = set[str](), {test}
    while waiting:
        found |= waiting
        named = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name in waiting]
        waiting = {arg.arg for node in named for arg in node.args.args} - found
    return found


def _gap(rest: str, imports: str) -> str:
    return "" if not imports or rest.startswith(("import ", "from ")) else "\n\n"


def _is_candidate(node: ast.FunctionDef) -> bool:
    args = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    typed = node.returns is not None and all(arg.annotation is not None for arg in args)
    return typed and not name_problems(node.name) and bool(ast.get_docstring(node)) and node.name != "main"


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names that a top-level statement binds."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
        case _:
            for inner in _outside_functions(node):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    yield inner.id
                elif isinstance(inner, _SCOPES):
                    yield inner.name
                elif isinstance(inner, ast.Import | ast.ImportFrom):
                    yield from (alias.asname or alias.name.partition(".")[0] for alias in inner.names)


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below a statement but those inside the functions and classes in it, whose names are their own."""
    waiting = [node]
    while waiting:
        yield (inner := waiting.pop())
        if not isinstance(inner, _SCOPES):
            waiting += ast.iter_child_nodes(inner)


def _used(node: ast.stmt) -> set[str]:
    """All names that a statement reads, those in quoted annotations too."""
    found = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    for inner in ast.walk(node):
        quoted = getattr(inner, "annotation", None) or getattr(inner, "returns", None)
        if isinstance(quoted, ast.Constant) and isinstance(quoted.value, str):
            try:
                found |= {leaf.id for leaf in ast.walk(parse(quoted.value, "eval")) if isinstance(leaf, ast.Name)}
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
    return found


_ASSIGNING = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.While, ast.With, ast.If, ast.Try)


def _acts_with(node: ast.stmt) -> set[str]:
    """The names that a statement may do something with when the file is loaded: those in what it calls then, and in
    what it assigns into.
    """
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            run = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        case ast.ClassDef():
            run = [
                *node.decorator_list,
                *node.bases,
                *(inner for inner in node.body if not isinstance(inner, _DEFINING)),
            ]
        case ast.If() if _starts(node.test):
            return set()
        case ast.If() | ast.For() | ast.While() | ast.With() | ast.Try() | ast.Match():
            return _used(node)
        case _:
            run = [node]
    inside = [inner for one in run for inner in ast.walk(one)]
    acting = [inner for inner in inside if isinstance(inner, ast.Call) or _is_place(inner)]
    named = {leaf.id for inner in acting for leaf in ast.walk(inner) if isinstance(leaf, ast.Name)}
    bare = {
        leaf.id for one in getattr(node, "decorator_list", []) for leaf in ast.walk(one) if isinstance(leaf, ast.Name)
    }
    return named | bare


_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef)


def _is_place(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _starts(test: ast.expr) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id == "__name__" for inner in ast.walk(test))
