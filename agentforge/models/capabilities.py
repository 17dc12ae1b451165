"""What each kind of endpoint can be trusted with: one table, read before each request.

Sources: the Messages API of version 2026-10-21 for ``claude`` (sampling arguments and, on current
models, a forced ``tool_choice`` are answered with 400); vLLM 0.32 as it was seen to behave for
``vllm`` (a small model prints a tool call as text, so free choice is not trusted there; a priority is a header that
a server without ``--scheduling-policy priority`` ignores). Of
``messages``, any other server that speaks the protocol, nothing is assumed. ``features`` of an
endpoint in the settings overrides single entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from types import MappingProxyType

from agentforge.errors import ConfigurationError
from agentforge.models.protocol import Features
from agentforge.settings import Endpoint

FEATURES: Mapping[str, Features] = MappingProxyType(
    {
        "claude": Features(
            sampling=False,
            json_schema=True,
            forced_tools=False,
            free_tools=True,
            thinking=True,
            server_tools=True,
            cache_control=True,
            cache_salt=False,
            count_tokens=True,
            schema_bounds=False,
            priority=False,
            load=False,
            deferred_tools=True,
        ),
        "vllm": Features(
            sampling=True,
            json_schema=True,
            forced_tools=True,
            free_tools=False,
            thinking=False,
            server_tools=False,
            cache_control=False,
            cache_salt=True,
            count_tokens=True,
            schema_bounds=True,
            priority=True,
            load=True,
            deferred_tools=False,
        ),
        "messages": Features(
            sampling=False,
            json_schema=False,
            forced_tools=False,
            free_tools=False,
            thinking=False,
            server_tools=False,
            cache_control=False,
            cache_salt=False,
            count_tokens=False,
            schema_bounds=False,
            priority=False,
            load=False,
            deferred_tools=False,
        ),
    }
)
"""Default features by :attr:`~agentforge.settings.Endpoint.kind`."""


def features_of(endpoint: Endpoint) -> Features:
    """The features of ``endpoint``: those of its kind, overridden by its settings.

    Raises:
        ConfigurationError: the settings name a feature that does not exist.
    """
    known = {field.name for field in fields(Features)}
    if unknown := sorted(set(endpoint.features) - known):
        raise ConfigurationError(
            f"The endpoint at {endpoint.url} names unknown features: {', '.join(unknown)}.",
            fix=f"Known features: {', '.join(sorted(known))}.",
        )
    return replace(FEATURES[endpoint.kind], **endpoint.features)
