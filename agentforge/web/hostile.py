"""Makes text that a model, a page or another person wrote safe to show.

Escaping for HTML is done by the templates (autoescape is always on). What is done here is against
text that *looks* like something else: control characters, invisible ones and those that reverse the
direction of writing (CVE-2021-42574, "Trojan Source") are shown by name instead of obeyed.
"""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name  # pyright: ignore[reportUnknownVariableType] - Pygments has no types

from agentforge.types import JSON

SHOWN_BYTES = 200_000
"""Longer texts are cut on a page; the whole stands in git."""

_KEPT = {"\n", "\t"}
_INVISIBLE = (
    *range(0x20),
    *range(0x7F, 0xA0),
    0x00AD,
    0x061C,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
    *range(0xD800, 0xE000),
    *range(0xE0000, 0xE0080),
)
_NAMES = {code: f"\N{LEFT ANGLE BRACKET}U+{code:04X}\N{RIGHT ANGLE BRACKET}" for code in _INVISIBLE}
_SHOWN = {code: name for code, name in _NAMES.items() if chr(code) not in _KEPT}


def plain(text: str) -> str:
    """``text`` with everything invisible made visible, cut to :data:`SHOWN_BYTES` characters."""
    shown = text.replace("\r\n", "\n")
    if len(shown) > SHOWN_BYTES:
        shown = f"{shown[:SHOWN_BYTES]}\n… ({len(shown) - SHOWN_BYTES} characters more)"
    return shown.translate(_SHOWN)


def finalize(value: Any) -> Any:
    """Jinja's hook for every value put into a page; what is markup already was made by us."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def python(source: str) -> Markup:
    """Highlighted Python as escaped HTML with classes (no inline style)."""
    marked = highlight(plain(source), get_lexer_by_name("python", stripnl=False), HtmlFormatter[str](nowrap=True))
    return Markup(marked)  # noqa: S704 - Pygments escapes every token


def as_json(value: JSON) -> str:
    """JSON for reading: short values on one line, longer ones indented."""
    line = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return line if len(line) <= 88 else json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2, default=str)
