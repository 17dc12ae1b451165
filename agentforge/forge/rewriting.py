"""Changes to a candidate's text that leave its meaning alone: its header, its docstring, its demonstrations.

Lines are counted as Python's own parser counts them; a form feed or another separator of Unicode ends none.
"""

from __future__ import annotations

import ast
import io
import itertools
import tokenize

from agentforge.parsing import parse

INDENT = "    "


def function_of(source: str, name: str) -> ast.FunctionDef | None:
    """The function of that name at the top of ``source``; None also where it cannot be parsed."""
    return next((node for node in _statements(source) if isinstance(node, ast.FunctionDef) and node.name == name), None)


def lines_of(source: str) -> list[str]:
    """The lines of a source, without their ends, as the parser numbers them."""
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n").split("\n") if text else []


def without_demonstrations(source: str) -> str:
    """``source`` without prints, asserts and a main block at its top level; the same where there are none."""
    statements = _statements(source)
    lines = lines_of(source)
    for before, node in reversed(list(itertools.pairwise(statements))):
        alone = before.end_lineno is not None and before.end_lineno < node.lineno
        if alone and (isinstance(node, ast.Expr | ast.Assert) or _is_main(node)):
            del lines[node.lineno - 1 : node.end_lineno]
    return joined(lines) if lines else source


def with_signature(source: str, name: str, signature: str) -> str:
    """``source`` with ``signature`` in the header of the function ``name``, a comment behind it kept."""
    source = _with_body_below(source, name)
    function = function_of(source, name)
    if function is None:
        return source
    lines, start = lines_of(source), function.lineno - 1
    for end in range(start + 1, function.body[0].lineno):
        header = "\n".join(lines[start:end])
        if function_of(f"{header}\n pass", name):
            return joined([*lines[:start], f"def {name}{signature}:{_comment(header)}", *lines[end:]])
    return source


def with_docstring(source: str, name: str, text: str) -> str:
    """``source`` with ``text`` as the docstring of ``name``, right below its header and in the place of its own."""
    source = _with_body_below(source, name)
    function = function_of(source, name)
    if function is None:
        return source
    lines, first = lines_of(source), function.body[0]
    indent = lines[first.lineno - 1][: first.col_offset]  # white space: one byte is one character
    start = end = first.lineno - 1
    rest: list[str] = []
    if ast.get_docstring(function) is not None:
        end = first.end_lineno or first.lineno
        behind = _from_byte(lines[end - 1], first.end_col_offset or 0).lstrip("; \t")
        rest = [indent + behind] if behind else []
        rest += [f"{indent}pass"] if len(function.body) == 1 else []
    while start > function.lineno and _says_nothing(lines[start - 1]):
        start -= 1
    kept = lines[start : first.lineno - 1]
    return joined([*lines[:start], *_quoted(text, indent), *kept, *rest, *lines[end:]])


def _statements(source: str) -> list[ast.stmt]:
    try:
        return parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.dump(node.test)


def _with_body_below(source: str, name: str) -> str:
    """A body that begins on the line of its header (``def f(n): return n``) on lines of its own."""
    function = function_of(source, name)
    if function is None:
        return source
    first, lines = function.body[0], lines_of(source)
    line = lines[first.lineno - 1].encode()
    header = line[: first.col_offset].decode()
    if not header.strip():
        return source
    lines[first.lineno - 1 : first.lineno] = [header.rstrip(), INDENT + line[first.col_offset :].decode()]
    return joined(lines)


def _comment(header: str) -> str:
    """The comment behind a header's last line, with the blanks before it."""
    last = header.count("\n") + 1
    tokens = tokenize.generate_tokens(io.StringIO(f"{header}\n pass\n").readline)
    return next((f"  {one.string}" for one in tokens if one.type == tokenize.COMMENT and one.start[0] == last), "")


def _says_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _from_byte(line: str, column: int) -> str:
    return line.encode()[column:].decode()


def _quoted(text: str, indent: str) -> list[str]:
    """A docstring's lines; nothing in the text can end it early."""
    lines = lines_of(text.replace("\\", "\\\\").replace('"""', r"\"\"\"")) or [""]
    if len(lines) == 1 and not lines[0].endswith('"'):
        return [f'{indent}"""{lines[0]}"""']
    return [f'{indent}"""{lines[0]}', *(f"{indent}{line}".rstrip() for line in lines[1:]), f'{indent}"""']


def joined(lines: list[str]) -> str:
    """The source of these lines."""
    return "\n".join(lines) + "\n"
