"""One table from what the SDK raises to our errors. No key is ever in a message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

import anthropic
import httpx2

from agentforge.errors import (
    AgentForgeError,
    AuthenticationError,
    ContextOverflow,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
)
from agentforge.models.deadline import TooLate
from agentforge.settings import Endpoint

LONGEST_WAIT = 60.0
"""Seconds that a ``retry-after`` is obeyed at the most."""

FAILURES = (anthropic.AnthropicError, httpx2.HTTPError, TimeoutError)
"""What a request may raise besides cancellation."""

_TOO_LONG = re.compile(r"maximum context length|max_model_len|prompt is too long|context (window|limit)", re.IGNORECASE)
_SHOWN = 300  # characters of a server's own words


class BrokenAnswer(anthropic.AnthropicError):
    """The endpoint answered, but not with a complete answer of the Messages protocol."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What to raise, and after how many seconds another attempt makes sense (None: never).

    ``wait`` 0 leaves the pause to the caller. A request that timed out is never repeated: a slow
    local server would go on with the abandoned answer and have two to write.
    """

    error: AgentForgeError
    wait: float | None = None
    about_thinking: bool = False


def explain(error: Exception, name: str, endpoint: Endpoint) -> Failure:
    """Translates ``error``, raised while asking the endpoint ``name``."""
    cause = error.__cause__ if isinstance(error, anthropic.APIConnectionError) else error
    match cause:
        case httpx2.ConnectError() | httpx2.ConnectTimeout():
            return Failure(_silent(name, endpoint), wait=0.0)
        case TooLate():
            return Failure(_stuck(cause.seconds, name, endpoint))
        case httpx2.TimeoutException() | TimeoutError():
            return Failure(_late(name, endpoint))
        case anthropic.APIStatusError():
            return _status(cause, name, endpoint)
        case BrokenAnswer():
            return Failure(ModelUnavailable(f"The endpoint {name!r} at {endpoint.url} {cause}.", fix=_look(endpoint)))
        case _:
            said = type(cause).__name__ if cause is not None else type(error).__name__
            return Failure(
                ModelUnavailable(f"The connection to {endpoint.url} broke off ({said}).", fix=_look(endpoint)),
                wait=0.0 if isinstance(error, anthropic.APIConnectionError) else None,
            )


def _silent(name: str, endpoint: Endpoint) -> ModelUnavailable:
    fix = "Run 'agentforge model up'." if name == "local" else f"Start it, or correct endpoints.{name}.url."
    return ModelUnavailable(f"Nothing answers at {endpoint.url}.", fix=fix)


def _late(name: str, endpoint: Endpoint) -> ModelTimeout:
    return ModelTimeout(
        f"The endpoint {name!r} at {endpoint.url} did not answer within {endpoint.timeout:g} s.",
        fix=f"Raise endpoints.{name}.timeout, or ask for less.",
    )


def _stuck(seconds: float, name: str, endpoint: Endpoint) -> ModelTimeout:
    return ModelTimeout(
        f"The endpoint {name!r} at {endpoint.url} gave no sign of life for too long: it was given up after "
        f"{seconds:.0f} s, which is far more than its last answers took.",
        fix=_look(endpoint),
    )


def _look(endpoint: Endpoint) -> str:
    return "See 'agentforge model status'." if endpoint.kind == "vllm" else "Try again later."


def _status(error: anthropic.APIStatusError, name: str, endpoint: Endpoint) -> Failure:
    said = _said(error, endpoint)
    status = error.status_code
    if status in (401, 403):
        key = "ANTHROPIC_API_KEY" if endpoint.kind == "claude" else f"endpoints.{name}.key"
        return Failure(
            AuthenticationError(f"The endpoint {name!r} at {endpoint.url} refused the key: {said}", fix=f"Check {key}.")
        )
    if status == 429 or status >= 500 or status < 400:  # below 400: an error event in a running stream
        error_ = ModelUnavailable(
            f"The endpoint {name!r} at {endpoint.url} answers {status}: {said}", fix=_look(endpoint)
        )
        return Failure(error_, wait=_retry_after(error))
    if status == 413 or _TOO_LONG.search(said):
        return Failure(ContextOverflow(f"The request does not fit the context of {endpoint.model}: {said}"))
    thinking = status == 400 and ("thinking" in said or "signature" in said)
    return Failure(
        ModelRefused(f"The endpoint {name!r} refused the request ({status}): {said}"), about_thinking=thinking
    )


def _said(error: anthropic.APIStatusError, endpoint: Endpoint) -> str:
    """The server's own words in one line, without the key, whatever shape its body has."""
    text = error.api_message or _words(error.body) or "it gave no reason"
    if endpoint.key and (key := endpoint.key.get_secret_value()):
        text = text.replace(key, "***")
    text = " ".join(text.split())
    return (text if len(text) <= _SHOWN else text[:_SHOWN] + " …").rstrip(".") + "."


def _words(body: object) -> str:
    if not isinstance(body, dict):
        return body if isinstance(body, str) else ""
    found: Any = cast("dict[str, Any]", body)
    for key in ("message", "detail", "error"):
        if isinstance(value := found.get(key), str):
            return value
    return ""


def _retry_after(error: anthropic.APIStatusError) -> float:
    try:
        return min(max(0.0, float(error.response.headers.get("retry-after", "0"))), LONGEST_WAIT)
    except ValueError:
        return 0.0
