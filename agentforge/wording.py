"""What is wrong with settings, in words for whoever wrote them instead of those of the library that found it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from agentforge.secrecy import redact, repeated

NAME_RULE = "must be lower-case letters, digits, '-' and '_' (in a user also '.' and '@'), at most 63"

_SENTENCES = {
    # error type of pydantic (https://docs.pydantic.dev/latest/errors/validation_errors/) → sentence
    "extra_forbidden": "is no setting",
    "missing": "is missing",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "path_type": "must be the path of a file or folder",
    "dict_type": "must be a section",
    "model_type": "must be a section",
    "string_pattern_mismatch": NAME_RULE,
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "value_error": "{error}",
}
_NO_VALUE = ("extra_forbidden", "missing", "value_error")
_SECRET = ("key", "token", "environment", "database_url")
"""Settings whose value is never repeated."""


def explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    """One sentence: each setting that is wrong, where it comes from, and what it must be. A key that
    was put into the wrong place is not repeated.

    ``origins`` maps dotted keys to where their value came from.
    """
    told: dict[str, list[str]] = {}
    values: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        key = _key(problem["loc"], origins)
        told.setdefault(key, []).append(_sentence(problem))
        values[key] = _value(problem, key)
    return redact("; ".join(_told(key, told[key], values[key], origins.get(key, "")) for key in told) + ".")


def _told(key: str, sentences: list[str], value: str, origin: str) -> str:
    where = f" (from {origin})" if origin else ""
    musts = [sentence.removeprefix("must be ") for sentence in sentences]
    said = sentences[0] if len(sentences) == 1 else f"must be {' or '.join(dict.fromkeys(musts))}"
    return f"{key}{where} {said}{value}" if key else f"{said}{value}"


def _key(place: tuple[int | str, ...], origins: Mapping[str, str]) -> str:
    """The dotted key; behind that of a value that was set stand only the forms that it might have."""
    parts = [str(part) for part in place if part != "[key]"]
    dotted = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
    return next((key for key in dotted if key in origins), dotted[0] if dotted else "")


def _sentence(problem: Mapping[str, Any]) -> str:
    said = _SENTENCES.get(problem["type"])
    if said is None:
        return str(problem["msg"])[:1].lower() + str(problem["msg"])[1:]
    facts: dict[str, Any] = problem.get("ctx") or {}
    return said.format(**facts)


def _value(problem: Mapping[str, Any], key: str) -> str:
    found = problem["input"]
    hidden = problem["type"] in _NO_VALUE or key.rpartition(".")[2] in _SECRET
    return f", not {repeated(found)}" if isinstance(found, str | int | float) and not hidden else ""
