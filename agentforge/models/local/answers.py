"""Short questions to HTTP servers, each with a time limit. Blocking: push them to a thread."""

from __future__ import annotations

import http.client
import json
import urllib.request
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from agentforge.models.metrics import Load, load_in

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_MOST = 8 << 20  # bytes read of an answer; a list of models is some kilobytes


def _get(url: str, seconds: float, key: str) -> bytes | None:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    # A proxy of the environment must not stand between us and our own server.
    direct = urlsplit(url).hostname in _LOOPBACK
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if direct else []))
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 (callers pass http and https only)
        with opener.open(request, timeout=seconds) as answer:
            return answer.read(_MOST)
    except (OSError, ValueError, http.client.HTTPException):  # URLError is an OSError
        return None


def get_json(url: str, *, seconds: float, key: str = "") -> dict[str, object] | None:
    """The JSON object at ``url``; None when there is no such answer within ``seconds`` per read."""
    text = _get(url, seconds, key)
    try:
        answer: object = json.loads(text) if text is not None else None
    except ValueError:
        return None
    return cast("dict[str, object]", answer) if isinstance(answer, dict) else None


def healthy(url: str, *, seconds: float = 2.0) -> bool:
    """Whether ``GET /health`` answers 200."""
    return _get(f"{url}/health", seconds, "") is not None


def load(url: str, *, seconds: float = 2.0) -> Load | None:
    """How busy the server is, by ``GET /metrics``; None where it does not tell as vLLM does."""
    text = _get(f"{url}/metrics", seconds, "")
    return load_in(text.decode("utf-8", "replace")) if text else None


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that an endpoint offers; ``context`` in tokens, 0 when it does not say."""

    name: str
    context: int = 0
    vllm: bool = False


def served_models(url: str, *, seconds: float = 5.0, key: str = "") -> tuple[ServedModel, ...] | None:
    """What ``GET /v1/models`` lists, in its order; None when nothing of that kind answers."""
    answer = get_json(f"{url}/v1/models", seconds=seconds, key=key)
    entries = answer.get("data") if answer else None
    if not isinstance(entries, list):
        return None
    return tuple(
        _model(cast("dict[str, object]", one)) for one in cast("list[object]", entries) if isinstance(one, dict)
    )


def _model(entry: dict[str, object]) -> ServedModel:
    context = entry.get("max_model_len")
    return ServedModel(
        name=str(entry.get("id", "")),
        context=context if isinstance(context, int) else 0,
        vllm=entry.get("owned_by") == "vllm",
    )
