"""An OpenAPI 3.1 document of routes that answer with pydantic models."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

Model: TypeAlias = type[BaseModel]

_REFUSALS = {
    "400": "The request is malformed.",
    "403": "No token, not from here, or the role does not cover it.",
    "404": "There is no such thing.",
    "409": "It has changed since it was looked at, or cannot be decided so.",
    "413": "The request is too large.",
    "422": "A reason, or what was seen, is missing.",
}


def document(
    base: str,
    *,
    reads: Mapping[str, tuple[Model, str, Sequence[str]]],
    decisions: Mapping[str, tuple[Model, Model, str]],
    refused: Model,
) -> dict[str, Any]:
    """The document. ``reads`` are paths with the answer, a summary and the names of the query; ``decisions`` paths
    with the body, the answer and a summary; ``refused`` is what every refusal answers.
    """
    bodies = [body for body, _, _ in decisions.values()]
    answers = [*(one for one, _, _ in reads.values()), *(one for _, one, _ in decisions.values()), refused]
    asked = [*_for(bodies, "validation"), *_for(answers, "serialization")]
    names, schemas = models_json_schema(asked, ref_template="#/components/schemas/{model}")

    def content(model: Model, mode: JsonSchemaMode) -> dict[str, Any]:
        return {"application/json": {"schema": names[model, mode]}}

    def refusals(codes: Sequence[str]) -> dict[str, Any]:
        return {code: {"description": _REFUSALS[code], "content": content(refused, "serialization")} for code in codes}

    paths: dict[str, Any] = {}
    for path, (answer, summary, query) in reads.items():
        given = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in query]
        ok = {"200": {"description": "As asked.", "content": content(answer, "serialization")}}
        operation = {"summary": summary, "parameters": [*_places(path), *given]}
        paths[base + path] = {"get": {**operation, "responses": {**ok, **refusals(("403", "404"))}}}
    for path, (body, answer, summary) in decisions.items():
        ok = {"200": {"description": "One commit.", "content": content(answer, "serialization")}}
        wanted = {"required": True, "content": content(body, "validation")}
        operation = {"summary": summary, "parameters": _places(path), "requestBody": wanted}
        paths[base + path] = {"post": {**operation, "responses": {**ok, **refusals(tuple(_REFUSALS))}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "AgentForge: what was learned, and its review", "version": version("agentforge-toolsmith")},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _for(models: Sequence[Model], mode: JsonSchemaMode) -> list[tuple[Model, JsonSchemaMode]]:
    return [(one, mode) for one in dict.fromkeys(models)]


def _places(path: str) -> list[dict[str, Any]]:
    """The parameters that stand in a path."""
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer" if name == "number" else "string"},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]
