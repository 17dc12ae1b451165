"""Need → spec: what a tool must do, taken apart into rules, with its examples dealt out.

No model is asked here: what the need states is kept word for word, since a small model's retelling
loses details.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agentforge.registry.contract import Signature, parse_signature
from agentforge.types import Example, Need

HOLD_OUT_FROM = 3
"""With this many ground-truth examples, some are held out (DESIGN: Forging, step 2)."""

_SENTENCE_END = re.compile(r"(?<=[.;!?])\s+(?=[\"'(A-Z0-9\[])|\n+")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|approx|no|incl)\.|\b[A-Z]\.)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Spec:
    """What is to be made. ``visible`` examples may be shown to generators, ``held_out`` never."""

    need: Need
    signature: Signature
    rules: tuple[str, ...]
    visible: tuple[Example, ...]
    held_out: tuple[Example, ...]

    @property
    def name(self) -> str:
        """The tool's name."""
        return self.need.name

    @property
    def unconfirmed(self) -> bool:
        """Whether too few ground-truth examples exist for a tool to count as confirmed."""
        return len(self.visible) + len(self.held_out) < HOLD_OUT_FROM


def make_spec(need: Need) -> Spec:
    """Takes a need apart.

    Raises:
        ToolInvalid: the signature cannot be read, or an example does not fit its parameters.
    """
    truths = [example for example in need.examples if example.ground_truth]
    visible, held_out = deal(truths)
    return Spec(
        need=need,
        signature=parse_signature(f"def {need.name}{need.signature}"),
        rules=split_rules(need.purpose),
        visible=visible,
        held_out=held_out,
    )


def deal(examples: Sequence[Example]) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Splits ground-truth examples into visible and held out ones.

    A third is held out, at least one, as soon as there are :data:`HOLD_OUT_FROM`. Held out are
    examples that return something, from the end of the list, and never the only one of that kind:
    the first ones explain the task, and every kind of behaviour stays visible.
    """
    if len(examples) < HOLD_OUT_FROM:
        return tuple(examples), ()
    returning = [at for at, example in enumerate(examples) if example.raises is None]
    share = min(len(examples) // HOLD_OUT_FROM, len(returning) - 1)
    kept_back = set(returning[-share:]) if share > 0 else set[int]()
    return (
        tuple(example for at, example in enumerate(examples) if at not in kept_back),
        tuple(replace(example, held_out=True) for at, example in enumerate(examples) if at in kept_back),
    )


def split_rules(purpose: str) -> tuple[str, ...]:
    """The sentences of a purpose, each a rule that a generator can tick off."""
    rules: list[str] = []
    for part in _SENTENCE_END.split(purpose.strip()):
        text = part.strip()
        if not text:
            continue
        if rules and _ABBREVIATION.search(rules[-1]):
            rules[-1] += " " + text
        else:
            rules.append(text)
    return tuple(rules) or (purpose.strip(),)


def numbered(rules: Sequence[str]) -> str:
    """Rules as a numbered list."""
    return "\n".join(f"{number}. {rule}" for number, rule in enumerate(rules, 1))


def render_call(name: str, example: Example) -> str:
    """``name(text='…')`` as Python."""
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in example.args.items())})"


def render_example(name: str, example: Example) -> str:
    """One example as a line that a model reads: the call and what comes of it."""
    outcome = f"raises {example.raises}" if example.raises else f"returns {example.returns!r}"
    return f"{render_call(name, example)}  # {outcome}"


def documented(spec: Spec, source: str) -> str:
    """``source`` with the function's docstring replaced by one made from the spec.

    Generators are told to leave it out: the words of the need are better and cost no tokens.
    Returns the source unchanged where it cannot be parsed (the contract gate says why).
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == spec.name:
            return _with_docstring(source, node, docstring(spec))
    return source


def docstring(spec: Spec) -> str:
    """Summary, rules and ``Raises`` section, from the need's own words."""
    first, *rest = spec.rules
    raised = sorted({example.raises for example in spec.visible + spec.held_out if example.raises})
    for name in re.findall(r"\b([A-Z][A-Za-z]*Error)\b", spec.need.purpose):
        if name not in raised:
            raised.append(name)
    parts = [first]
    if rest:
        parts.append("\n".join(rest))
    if raised:
        reasons = {name: next((rule for rule in spec.rules if name in rule), "see above.") for name in raised}
        parts.append("Raises:\n" + "\n".join(f"    {name}: {reasons[name]}" for name in raised))
    return "\n\n".join(parts)


def _with_docstring(source: str, function: ast.FunctionDef, text: str) -> str:
    lines = source.splitlines()
    body = function.body
    first = body[0]
    has_docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    if first.lineno == function.lineno:  # "def f(x): return x" on one line: leave the layout to ast
        return source
    start = first.lineno - 1
    end = (first.end_lineno or first.lineno) if has_docstring else start
    indent = " " * first.col_offset
    quoted = text.replace("\\", "\\\\").replace('"""', r"\"\"\"")
    block = [f'{indent}"""{quoted.splitlines()[0]}']
    block += [f"{indent}{line}".rstrip() for line in quoted.splitlines()[1:]]
    block += [f'{indent}"""']
    if len(block) == 2 and not quoted.endswith('"'):
        block = [f'{indent}"""{quoted}"""']
    rest = lines[end:] if len(body) > 1 or not has_docstring else [f"{indent}pass", *lines[end:]]
    return "\n".join([*lines[:start], *block, *rest]) + "\n"
