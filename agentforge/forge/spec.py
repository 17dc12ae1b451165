"""Need → spec: what a tool must do, taken apart into rules, with its examples dealt out.

No model is asked here: what the need states is kept word for word, since a small model's retelling
loses details.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from agentforge.errors import ToolInvalid
from agentforge.forge.grounding import stated_cases, stated_refusals
from agentforge.forge.leaks import signature_tells_secret, tells_secret
from agentforge.forge.promises import Promise, promises_of
from agentforge.forge.rewriting import function_of, with_docstring, with_signature, without_demonstrations
from agentforge.forge.verbatim import shows
from agentforge.registry.contract import Signature, parse_signature
from agentforge.secrecy import redact
from agentforge.types import CLAIMED, JSON, Example, JSONObject, Need

HOLD_OUT_FROM = 3
"""With this many ground-truth examples, some are held out (DESIGN: Forging, step 2)."""

SHOWN = 120
"""Characters of the arguments, and of the result, of an example in a sentence."""

TELLING = 12
"""Characters of an input that nobody repeats by accident."""

_SENTENCE_END = re.compile(r"(?<=[.;!?])\s+(?=[\"'(A-Z0-9\[])|\n+")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|approx|no|incl)\.|\b[A-Z]\.)$", re.IGNORECASE)
_LITERAL = re.compile(r"""['"]([A-Za-z0-9]{8,200})['"]|\b([A-Z0-9]{8,200})\b""")


@dataclass(frozen=True, slots=True)
class Spec:
    """What is to be made. ``visible`` examples may be shown to generators, ``held_out`` never.

    ``truths`` counts the need's own examples with different arguments; cases that the rules state, and examples
    that a calling agent only claims, are ``visible`` beside them. ``secrets`` may stand in nothing that is made.
    """

    need: Need
    signature: Signature
    rules: tuple[str, ...]
    visible: tuple[Example, ...]
    held_out: tuple[Example, ...]
    truths: int
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def name(self) -> str:
        """The tool's name."""
        return self.need.name

    @property
    def promises(self) -> list[Promise]:
        """What the rules promise of every result."""
        return promises_of(self.rules)

    @property
    def errors(self) -> list[str]:
        """The exceptions that the rules and examples name."""
        raised = sorted({example.raises for example in self.visible + self.held_out if example.raises})
        named = re.findall(r"\b([A-Z][A-Za-z]*Error)\b", self.need.purpose)
        return list(dict.fromkeys([*raised, *named]))

    @property
    def unconfirmed(self) -> bool:
        """Whether no ground truth was kept from the generators, so that nothing independent confirms a tool."""
        return not self.held_out


def make_spec(need: Need, secrets: Collection[str] = ()) -> Spec:
    """Takes a need apart. Secrets in its words, ``secrets`` among them, are replaced before anything reads
    or keeps them.

    Raises:
        ToolInvalid: the signature cannot be read, it or an example holds what looks like a secret, or two examples
            contradict each other.
    """
    need = _without_secrets(need, secrets)
    signature = parse_signature(f"def {need.name}{need.signature}")
    if signature_tells_secret(signature, secrets):
        raise ToolInvalid(
            redact(need.name, secrets),
            ["its name or signature holds what looks like a secret, and both are kept with the tool"],
            fix="Make it a parameter without a default, or declare a secret of the settings.",
        )
    truths = distinct([example for example in need.examples if example.ground_truth])
    claimed = distinct([example for example in need.examples if example.source == CLAIMED])
    if problems := contradictions([example for example in need.examples if example.ground_truth] + claimed):
        raise ToolInvalid(need.name, problems, fix="Correct one of them, or leave it out.")
    visible, held_out = deal(truths, need.purpose)
    visible = (*visible, *(case for case in claimed if all(case.args != one.args for one in truths)))
    stated = [
        *stated_cases(need.text or need.purpose, signature),
        *stated_refusals(need.purpose, signature, visible),
    ]
    return Spec(
        need=need,
        signature=signature,
        rules=split_rules(need.purpose),
        visible=(*visible, *(case for case in stated if all(case.args != one.args for one in (*visible, *held_out)))),
        held_out=held_out,
        truths=len(truths),
        secrets=frozenset(secrets),
    )


def _without_secrets(need: Need, secrets: Collection[str]) -> Need:
    for number, example in enumerate(need.examples, 1):
        if tells_secret(example, secrets):
            raise ToolInvalid(
                need.name,
                [f"example {number} holds what looks like a secret, and examples are kept with the tool"],
                fix="Put a made-up value in its place.",
            )
    return replace(
        need,
        purpose=redact(need.purpose, secrets),
        requests=tuple(redact(request, secrets) for request in need.requests),
        text=redact(need.text, secrets),
        drafts=tuple(source for source in need.drafts if redact(source, secrets) == source),
    )


def distinct(examples: Sequence[Example]) -> list[Example]:
    """The first of all examples with the same arguments: saying one thing twice makes it no truer.

    Of copies one that was shown to a generator makes all of them shown.
    """
    found: dict[str, Example] = {}
    for example in examples:
        first = found.setdefault(_arguments(example), example)
        found[_arguments(example)] = replace(
            first, held_out=first.held_out and example.held_out, spent=first.spent or example.spent
        )
    return list(found.values())


def contradictions(examples: Sequence[Example]) -> list[str]:
    """Which arguments are said to give different things, one sentence each."""
    first: dict[str, Example] = {}
    told: dict[str, str] = {}
    for example in examples:
        known = first.setdefault(_arguments(example), example)
        if (known.raises, known.returns) != (example.raises, example.returns):
            said = f"two examples contradict each other: {_shortly(known)}, and {_shortly(example)}"
            told.setdefault(_arguments(example), said)
    return list(told.values())


def _arguments(example: Example) -> str:
    return json.dumps(example.args, sort_keys=True)


def _shortly(example: Example) -> str:
    args = json.dumps(example.args, ensure_ascii=False)
    gives = f"raises {example.raises}" if example.raises else f"gives {json.dumps(example.returns, ensure_ascii=False)}"
    return f"{args if len(args) <= SHOWN else args[: SHOWN - 1] + '…'} {gives[:SHOWN]}"


def deal(examples: Sequence[Example], purpose: str = "") -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Splits ground-truth examples into visible and held out ones.

    A third is held out, at least one, as soon as there are :data:`HOLD_OUT_FROM`. Held out are
    examples that return something, from the end of the list, and never the first one of that kind:
    it explains the task, and every kind of behaviour stays visible. One that returns nothing but
    emptiness proves little and is held out last; one that the rules themselves give away cannot be
    held out at all, since generators read the rules, nor can one that is spent.
    """
    if len(examples) < HOLD_OUT_FROM:
        return tuple(examples), ()
    returning = [at for at, example in enumerate(examples) if example.raises is None]
    unseen = [at for at in returning[1:] if not examples[at].spent]
    secret = [at for at in unseen if not _given_away(examples[at], purpose)]
    secret.sort(key=lambda at: not _hollow(examples[at].returns))
    share = min(len(examples) // HOLD_OUT_FROM, len(secret))
    kept_back = set(secret[-share:]) if share > 0 else set[int]()
    return (
        tuple(example for at, example in enumerate(examples) if at not in kept_back),
        tuple(replace(example, held_out=True) for at, example in enumerate(examples) if at in kept_back),
    )


def _hollow(value: JSON) -> bool:
    if isinstance(value, list | dict):
        return all(map(_hollow, value.values() if isinstance(value, dict) else value))
    return value is None or value == ""


def _given_away(example: Example, purpose: str) -> bool:
    """Whether the purpose holds the example's input and its output: close together, or anywhere if the
    input is long enough to be recognised.
    """
    rules = split_rules(purpose)
    if any(shows(example, " ".join(rules[at : at + 2])) for at in range(len(rules))):
        return True
    telling = max((len(str(value)) for value in example.args.values()), default=0) >= TELLING
    return telling and shows(_on_one_line(example), " ".join(purpose.split()))


def _on_one_line(example: Example) -> Example:
    args: JSONObject = {
        name: " ".join(value.split()) if isinstance(value, str) else value for name, value in example.args.items()
    }
    return replace(example, args=args)


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


def literals(rules: Sequence[str]) -> list[str]:
    """Long texts that the rules give letter by letter: quoted ones, and runs of capitals or digits."""
    found = [match.group(match.lastindex or 0) for rule in rules for match in _LITERAL.finditer(rule)]
    return list(dict.fromkeys(found))


def render_call(name: str, example: Example) -> str:
    """``name(text='…')`` as Python."""
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in example.args.items())})"


def render_example(name: str, example: Example) -> str:
    """One example as a line that a model reads: the call and what comes of it."""
    outcome = f"raises {example.raises}" if example.raises else f"returns {example.returns!r}"
    return f"{render_call(name, example)}  # {outcome}"


def as_session(name: str, example: Example) -> list[str]:
    """One example as lines of an interactive session."""
    return [
        f">>> {render_call(name, example)}",
        f"raises {example.raises}" if example.raises else repr(example.returns),
    ]


def completed(spec: Spec, source: str) -> str:
    """``source`` with the signature of the spec, where the parameters have its names, and its docstring.

    Generators are told to leave the docstring out: the words of the need are better and cost no
    tokens. Demonstrations at top level (prints, asserts, a main block) are taken away. Returns the
    source unchanged where it cannot be parsed (the contract gate says why).
    """
    function = function_of(source, spec.name)
    source = without_demonstrations(source)
    if function is None:
        return source
    expected = spec.signature.parameters.get("properties", {})
    if isinstance(expected, dict) and [argument.arg for argument in function.args.args] == list(expected):
        source = with_signature(source, spec.name, spec.signature.text)
    return with_docstring(source, spec.name, docstring(spec))


def docstring(spec: Spec) -> str:
    """Summary, rules and ``Raises`` section, from the need's own words."""
    first, *rest = spec.rules
    raised = spec.errors
    parts = [first]
    if rest:
        parts.append("\n".join(rest))
    if raised:
        parts.append("Raises:\n" + "\n".join(f"    {name}: {_reason(name, spec.rules)}" for name in raised))
    return "\n\n".join(parts)


def _reason(error: str, rules: Sequence[str]) -> str:
    """When a rule has ``error`` raised, in its own words but without the name that stands in front of them."""
    rule = next((rule for rule in rules if error in rule), "see above.")
    return re.sub(rf"^(?:[Rr]aises?\s+)?(?:an?\s+)?{error}\s*[:,]?\s+(?=\w)", "", rule)
