"""What all parts share: the settings, users with homes of their own, and rows that a later run takes up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from agentforge import Forge
from agentforge.models.protocol import Message, ModelClient
from agentforge.settings import Settings, load
from agentforge.types import JSONObject, Role
from benchmarks import conditions
from benchmarks.form import progress, read_lines, resumable

CODE = ("agentforge", "sandbox", "benchmarks/memory")
NOT_RUN = (
    *("agentforge/cli", "agentforge/web", "agentforge/testing", "agentforge/models/local", "agentforge/__main__.py"),
    "benchmarks/memory/__main__.py",
)
"""What is run (as in :mod:`benchmarks.conditions`), and what is not."""
PLAIN = "You are an assistant. Answer the request as this user wants it, in as many words as that takes and no more."
"""What the arms are told that have the same model and nothing of AgentForge."""
ANSWER_TOKENS = 400

Row = dict[str, Any]
NewForge = Callable[[Path], Forge]
"""A user who lives in that folder."""


def settings_of(options: Any, *, second: bool = False) -> Settings:
    """The settings in force; ``--model-url`` names the local endpoint, ``--second-model-url`` another one."""
    url, model = (options.second_model_url, options.second_model) if second else (options.model_url, options.model)
    local = {"kind": "vllm", "url": url, "model": model, "context": options.context}
    return load(overrides={"endpoints.local": local} if url else {})


def forges(settings: Settings, base: Path, models: ModelClient | Heard) -> NewForge:
    """Makes users with homes of their own and no starter tools."""

    def new(home: Path) -> Forge:
        home.mkdir(parents=True, exist_ok=True)
        own = settings.model_copy(update={"home": home})
        return Forge(
            user="bench",
            org=settings.org,
            settings=own,
            base=base,
            models=cast("ModelClient", models),
            on_notice=progress,
        )

    return new


async def plain(models: ModelClient | Heard, text: str) -> str:
    """The answer of the same model without anything of AgentForge."""
    asked = [Message("user", text)]
    said = await models.complete(Role.PLAN, asked, system=PLAIN, max_tokens=ANSWER_TOKENS, temperature=0.0)
    return said.text


class Heard:
    """A model that notes what it is sent, in ``prompts``; everything else is that of ``models``."""

    def __init__(self, models: ModelClient, prompts: list[str] | None = None) -> None:
        self._models = models
        self.prompts = [] if prompts is None else prompts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._models, name)

    def at(self, *args: Any) -> Heard:
        """The same at another priority; it notes in the same list."""
        return Heard(self._models.at(*args), self.prompts)

    def complete(self, role: Role, messages: Sequence[Message], **options: Any) -> Any:
        """Asks for a text."""
        self._note(messages, options)
        return self._models.complete(role, messages, **options)

    def decide(self, role: Role, messages: Sequence[Message], schema: JSONObject, **options: Any) -> Any:
        """Asks for a decision."""
        self._note(messages, options)
        return self._models.decide(role, messages, schema, **options)

    def stream(self, role: Role, messages: Sequence[Message], **options: Any) -> Any:
        """Asks for an answer in pieces."""
        self._note(messages, options)
        return self._models.stream(role, messages, **options)

    def _note(self, messages: Sequence[Message], options: dict[str, Any]) -> None:
        self.prompts.append("\n\n".join([str(options.get("system", "")), *(one.text for one in messages)]))


def same_conditions(settings: Settings) -> dict[str, str]:
    """What rows depend on (raises ModelUnavailable: the server does not tell)."""
    code = conditions.code_hash(conditions.ROOT, CODE, NOT_RUN)
    more = {name: getattr(settings, name).model_dump(mode="json") for name in ("agent", "sleep", "review")}
    return asyncio.run(conditions.conditions_of(settings, code, more))


class Rows:
    """The kept rows of equal conditions, by their ``key``, in a file that grows."""

    def __init__(self, path: Path, part: str, same: Mapping[str, str]) -> None:
        self._path = path
        self._same = {"part": part, **same}
        path.parent.mkdir(parents=True, exist_ok=True)
        old = [row for row in (read_lines(path) if path.exists() else []) if row.get("part") == part]
        self.rows: dict[str, Row] = {row["key"]: row for row in resumable(old, lambda _: self._same)}

    def add(self, key: str, row: Row) -> None:
        """Keeps one row, at once."""
        whole = {"key": key, **row, **self._same}
        self.rows[key] = whole
        with self._path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(whole, ensure_ascii=False) + "\n")
