"""Secrets in what is about to be committed: code that a model wrote, and the cases and signatures beside it.

Known ones are found anywhere in the text. Unknown ones are found in its literals and comments, and only by
the forms that issuers give to keys and tokens: "password is required" is an honest message. What it does
not find: a password that nobody registered, and a secret that the code puts together from pieces or decodes.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Collection, Iterator

from agentforge.parsing import parse
from agentforge.redaction import redact_json
from agentforge.registry.contract import Signature
from agentforge.secrecy import findable, redact
from agentforge.types import JSON, Example, JSONObject

_MARKS = ("[redacted:api-key]", "[redacted:token]", "[redacted:private-key]")
"""What stands in redacted text in the place of what an issuer made."""


def secret_problems(source: str, secrets: Collection[str] = ()) -> list[str]:
    """A sentence for each line of code that holds a secret; never the secret itself."""
    known = findable(secrets)
    lines = {1 + source[: source.index(secret)].count("\n") for secret in known if secret in source}
    lines |= {line for line, text in _texts(source) if _issued(text) or any(secret in text for secret in known)}
    return [f"line {line}: what looks like a secret may not stand in the code: remove it" for line in sorted(lines)]


def tells_secret(example: Example, secrets: Collection[str] = ()) -> bool:
    """Whether an example or generated case holds a secret."""
    values: list[JSON] = [example.args, example.returns]
    return redact_json(values, secrets) != values


def signature_tells_secret(signature: Signature, secrets: Collection[str] = ()) -> bool:
    """Whether a name, a default or another literal of a signature is a secret."""
    properties = signature.parameters.get("properties")
    defaults: JSONObject = {
        name: schema.get("default")
        for name, schema in (properties.items() if isinstance(properties, dict) else ())
        if isinstance(schema, dict)
    }
    values: list[JSON] = [signature.name, signature.parameters, signature.returns, defaults]
    return redact_json(values, secrets) != values


def _issued(text: str) -> bool:
    redacted = redact(text)
    return any(redacted.count(mark) > text.count(mark) for mark in _MARKS)


def _texts(source: str) -> Iterator[tuple[int, str]]:
    """The line and the text of each literal and comment; nothing where the source cannot be parsed."""
    try:
        tree = parse(source)
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            value = node.value
            yield node.lineno, value if isinstance(value, str) else value.decode("latin-1")
    yield from ((token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT)
