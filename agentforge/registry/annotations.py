"""From the annotations of a tool to JSON Schema, by reading the syntax tree.

Allowed: ``str``, ``int``, ``float``, ``bool``, ``None``, ``list``, ``list[X]``, ``dict``,
``dict[str, X]``, ``Optional[X]``, ``X | Y``, ``Union``, ``Literal`` and TypedDict classes of the
same file. The old spellings ``List`` and ``Dict`` are read too, and ``Any`` inside a container means
what the bare container means. ``bool`` is not an ``int`` here, as in JSON Schema.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from agentforge.parsing import parse
from agentforge.types import JSON, JSONObject

_SCALARS: Mapping[str, str] = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "None": "null"}
_LISTS = frozenset({"list", "List"})
_DICTS = frozenset({"dict", "Dict"})
_FROM_TYPING = frozenset(
    {"List", "Dict", "Optional", "Union", "Literal", "Any", "TypedDict", "NotRequired", "Required"}
)
_INSTEAD: Mapping[str, str] = {
    "tuple": "list[...]",
    "Tuple": "list[...]",
    "set": "list[...]",
    "Set": "list[...]",
    "frozenset": "list[...]",
    "Sequence": "list[...]",
    "Iterable": "list[...]",
    "Iterator": "list[...]",
    "Mapping": "dict[str, ...]",
    "bytes": "str (base64 or hex text)",
    "object": "the JSON type, such as str | int | list | dict | None",
    "Any": "the JSON type, such as str | int | list | dict | None",
    "Decimal": "str or float",
    "complex": "list[float]",
    "date": "str (ISO 8601)",
    "datetime": "str (ISO 8601)",
    "timedelta": "float (seconds)",
    "Path": "str",
}
_MAX_DEPTH = 20


def typed_dicts(module: ast.Module) -> dict[str, ast.ClassDef]:
    """The TypedDict classes of a file, by name; one that inherits from another counts too."""
    found: dict[str, ast.ClassDef] = {}
    for node in module.body:
        if isinstance(node, ast.ClassDef) and any(_name(base) in {"TypedDict", *found} for base in node.bases):
            found[node.name] = node
    return found


def typing_names(module: ast.Module) -> frozenset[str]:
    """The names that a file imports from ``typing`` (as it calls them)."""
    return frozenset(
        alias.asname or alias.name
        for node in module.body
        if isinstance(node, ast.ImportFrom) and node.module in {"typing", "typing_extensions"}
        for alias in node.names
    )


def _name(node: ast.expr) -> str:
    """``X`` or ``typing.X`` as ``X``; ``None`` for the constant; empty for anything else."""
    match node:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="typing"), attr=name):
            return name
        case ast.Constant(value=None):
            return "None"
        case _:
            return ""


@dataclass(slots=True)
class AnnotationReader:
    """Reads annotations of one file; ``problems`` collects what is wrong with them.

    ``imported`` holds the names imported from ``typing``; None switches that check off (for a
    signature that stands alone).
    """

    classes: Mapping[str, ast.ClassDef] = field(default_factory=lambda: {})
    imported: frozenset[str] | None = None
    problems: list[str] = field(default_factory=lambda: [])
    _open: list[str] = field(default_factory=lambda: [])

    def schema(self, node: ast.expr, where: str) -> JSONObject:
        """The JSON Schema of one annotation; ``where`` names it in problems (``parameter 'n'``)."""
        return self._read(node, where, 0)

    def _read(self, node: ast.expr, where: str, depth: int) -> JSONObject:
        if depth > _MAX_DEPTH:
            return self._problem(f"{where}: the type is nested more than {_MAX_DEPTH} deep")
        match node:
            case ast.Constant(value=str(text)):
                return self._quoted(text, where, depth)
            case ast.BinOp(op=ast.BitOr()):
                return self._union(_sides(node), where, depth)
            case ast.Subscript(value=head, slice=inner):
                return self._subscript(node, _name(head), inner, where, depth)
            case _:
                return self._bare(node, _name(node), where, depth)

    def _quoted(self, text: str, where: str, depth: int) -> JSONObject:
        try:
            inner = parse(text.strip(), "eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return self._problem(f"{where}: {text[:80]!r} is no type")
        return self._read(inner, where, depth + 1)

    def _bare(self, node: ast.expr, name: str, where: str, depth: int) -> JSONObject:
        self._check_import(name)
        if name in _SCALARS:
            return {"type": _SCALARS[name]}
        if name in _LISTS:
            return {"type": "array"}
        if name in _DICTS:
            return {"type": "object"}
        if name in self.classes:
            return self._typed_dict(name, where, depth)
        return self._problem(_unknown(node, name, where))

    def _subscript(self, node: ast.Subscript, name: str, inner: ast.expr, where: str, depth: int) -> JSONObject:
        self._check_import(name)
        parts = list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
        if name in _LISTS:
            if len(parts) != 1:
                return self._problem(f"{where}: list takes one type, as in list[int]")
            return {"type": "array", **self._element("items", parts[0], where, depth)}
        if name in _DICTS:
            if len(parts) != 2 or _name(parts[0]) != "str":
                return self._problem(f"{where}: dict keys must be str, as in dict[str, int] (JSON objects)")
            return {"type": "object", **self._element("additionalProperties", parts[1], where, depth)}
        if name == "Literal":
            return self._literal(parts, where)
        if name == "Optional" and len(parts) == 1:
            return self._union([*_sides(parts[0]), ast.Constant(value=None)], where, depth)
        if name == "Union":
            return self._union([side for part in parts for side in _sides(part)], where, depth)
        return self._problem(_unknown(node, name, where))

    def _element(self, key: str, node: ast.expr, where: str, depth: int) -> JSONObject:
        if _name(node) == "Any":
            self._check_import("Any")
            return {}
        return {key: self._read(node, where, depth + 1)}

    def _union(self, sides: list[ast.expr], where: str, depth: int) -> JSONObject:
        schemas: list[JSON] = []
        for side in sides:
            schema = self._read(side, where, depth + 1)
            if schema not in schemas:
                schemas.append(schema)
        if len(schemas) == 1 and isinstance(schemas[0], dict):
            return schemas[0]
        return {"anyOf": schemas}

    def _literal(self, parts: list[ast.expr], where: str) -> JSONObject:
        values: list[JSON] = []
        for part in parts:
            try:
                value: object = ast.literal_eval(part)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                value = ...
            if value is not None and not isinstance(value, str | int):
                return self._problem(f"{where}: Literal may hold strings, integers, booleans and None only")
            values.append(value)
        return {"enum": values}

    def _typed_dict(self, name: str, where: str, depth: int) -> JSONObject:
        if name in self._open:
            return self._problem(f"{where}: TypedDict {name} contains itself")
        self._open.append(name)
        properties: JSONObject = {}
        required: list[JSON] = []
        for field_name, (node, needed) in self._fields(name).items():
            properties[field_name] = self._read(node, f"{where}: field {field_name!r} of {name}", depth + 1)
            if needed:
                required.append(field_name)
        self._open.pop()
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    def _fields(self, name: str) -> dict[str, tuple[ast.expr, bool]]:
        """Field → (annotation, whether it is required), inherited fields first."""
        node = self.classes[name]
        total = not any(
            word.arg == "total" and isinstance(word.value, ast.Constant) and word.value.value is False
            for word in node.keywords
        )
        fields: dict[str, tuple[ast.expr, bool]] = {}
        for base in node.bases:
            above = _name(base)
            if above in self.classes and above != name and self.classes[above].lineno < node.lineno:
                fields.update(self._fields(above))
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                fields[statement.target.id] = _requirement(statement.annotation, total=total)
        return fields

    def _check_import(self, name: str) -> None:
        if self.imported is not None and name in _FROM_TYPING and name not in self.imported:
            problem = f"{name} is used but not imported: add `from typing import {name}`"
            if problem not in self.problems:
                self.problems.append(problem)

    def _problem(self, text: str) -> JSONObject:
        self.problems.append(text)
        return {}


def _sides(node: ast.expr) -> list[ast.expr]:
    """The members of ``A | B | C``, without recursion on the left side."""
    right: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        right.append(node.right)
        node = node.left
    return [node, *reversed(right)]


def _requirement(node: ast.expr, *, total: bool) -> tuple[ast.expr, bool]:
    if isinstance(node, ast.Subscript) and _name(node.value) in {"NotRequired", "Required"}:
        return node.slice, _name(node.value) == "Required"
    return node, total


def _unknown(node: ast.expr, name: str, where: str) -> str:
    found = ast.unparse(node)[:80]
    if name in _INSTEAD:
        return f"{where} is {found}, which is not JSON: use {_INSTEAD[name]}"
    return (
        f"{where}: type {found} is not allowed; use str, int, float, bool, None, list[...], dict[str, ...], "
        "Optional[...], Literal[...] or a TypedDict of this file"
    )
