"""The public Python names, with their signatures and docstrings: the page ``docs/reference/python.md``.

What is public is said in ``docs/versions.md``: ``__all__`` of two modules, the methods of ``Forge`` and of the rooms
that its properties give, and three names of modules of their own.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

HEAD = """# Python names

What may be imported and called; [versions](../versions.md) says what is promised about it, and
[how to use it](../engineer.md) is a page of its own. Everything is typed, and what is awaited says `async`.
"""
MODULES = ("agentforge", "agentforge.testing")
UNPROMISED = ("opened",)
"""Names without an underscore that say of themselves that they are no part of the promise."""
ALONE = ("agentforge.sse:Streams", "agentforge.toolrunner:runner_tools", "agentforge.telemetry:traced")


def page(docstring: Callable[[Any], str]) -> str:
    """The page; ``docstring`` gives what a thing says of itself, as Markdown."""
    parts = [HEAD]
    for name in MODULES:
        module = import_module(name)
        parts.append(f"\n## {name}\n")
        for one in module.__all__:
            parts += _thing(one, getattr(module, one), docstring)
    parts.append("\n## What a forge holds\n\nEach is a property of an open `Forge`.\n")
    for prop, room in _rooms():
        parts += _thing(f"forge.{prop}", room, docstring, called=False)
    parts.append("\n## Names of modules of their own\n")
    for place in ALONE:
        module, _, one = place.partition(":")
        parts += _thing(f"{module}.{one}", getattr(import_module(module), one), docstring)
    return re.sub(r"\n{3,}", "\n\n", "".join(parts))


def _rooms() -> Iterator[tuple[str, type]]:
    """The properties of ``Forge`` that give something with methods of its own."""
    from agentforge import Forge

    for name, prop in sorted(inspect.getmembers(Forge, lambda one: isinstance(one, property))):
        if name.startswith("_") or name in UNPROMISED:
            continue
        module = inspect.getmodule(prop.fget)
        stated = str(prop.fget.__annotations__["return"])
        kind = _found(stated, module)
        if kind is not None and kind.__module__.startswith("agentforge."):
            yield name, kind


def _found(stated: str, module: Any) -> type | None:
    """The class that an annotation names, also where its module imports it for type checkers alone."""
    if found := getattr(module, stated, None):
        return found
    source = inspect.getsource(module)
    if place := re.search(rf"from (agentforge[\w.]*) import (?:[^\n(]*\b|\([^)]*\b){re.escape(stated)}\b", source):
        return getattr(import_module(place[1]), stated)
    return None


def _thing(name: str, thing: Any, docstring: Callable[[Any], str], *, called: bool = True) -> Iterator[str]:
    yield f"\n### `{name}`\n\n"
    if inspect.isclass(thing):
        if called and not issubclass(thing, BaseException) and (stated := _signature(thing, name)):
            yield f"`{stated}`\n\n"
        if own := inspect.getdoc(thing):
            yield docstring(thing) if own != inspect.getdoc(object) else ""
        yield from _methods(thing, docstring)
    elif callable(thing):
        yield f"`{_signature(thing, name)}`\n\n{docstring(thing)}"
    else:  # an alias of types
        yield f"One of `{_plain(str(thing))}`.\n"


def _methods(kind: type, docstring: Callable[[Any], str]) -> Iterator[str]:
    for name in sorted(vars_of(kind)):
        member = inspect.getattr_static(kind, name)
        thing = member.fget if isinstance(member, property) else getattr(kind, name)
        if not inspect.getdoc(thing) or inspect.isclass(thing) or not callable(thing):
            continue
        stated = name if isinstance(member, property) else _signature(thing, name)
        word = "async " * (inspect.iscoroutinefunction(thing) or inspect.isasyncgenfunction(thing))
        yield f"\n#### `{word}{stated}`\n\n{docstring(thing)}"


def vars_of(kind: type) -> set[str]:
    """The public names that a class of ours defines, its bases of ours included."""
    ours = [base for base in kind.__mro__ if base.__module__.split(".")[0] == "agentforge"]
    names = (name for base in ours for name in vars(base))
    return {name for name in names if not name.startswith("_") and name not in UNPROMISED}


def _signature(thing: Any, name: str) -> str:
    if getattr(thing, "model_config", {}).get("defer_build"):
        return ""  # another one before its first use than after it; its fields have a page of their own
    try:
        signature = inspect.signature(thing)
    except ValueError:
        return ""
    shown, seen_star = list[str](), False
    for one in signature.parameters.values():
        if one.name in ("self", "cls"):
            continue
        if one.kind is one.KEYWORD_ONLY and not seen_star:
            shown.append("*")
            seen_star = True
        text = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "") + one.name
        seen_star = seen_star or one.kind is one.VAR_POSITIONAL
        if one.annotation is not one.empty:
            text += f": {_plain(_text(one.annotation))}"
        if one.default is not one.empty:
            text += f" = {_default(one.default)}"
        shown.append(text)
    gives = signature.return_annotation
    arrow = "" if gives is signature.empty or inspect.isclass(thing) else f" -> {_plain(_text(gives))}"
    return f"{name}({', '.join(shown)}){arrow}"


def _text(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _plain(text: str) -> str:
    """Without the names of modules."""
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", text)


def _default(value: Any) -> str:
    shown = repr(value)
    return "…" if " at 0x" in shown or shown.startswith("<") or len(shown) > 40 else shown
