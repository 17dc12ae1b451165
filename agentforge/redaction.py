"""Takes secrets out of values before they are written or sent anywhere; ``secrecy`` knows their forms."""

from __future__ import annotations

import re
from collections.abc import Collection

from agentforge.secrecy import redact
from agentforge.types import JSON

_SECRET_KEY = re.compile(
    r"(?i)(?:(?:^|_|-)(?:pass|pwd|secret|(?:access|auth)_?token)"
    r"|password|passwd|passphrase|(?:api|account|access|secret|private)[_-]?key)$"
)


def redact_json(value: JSON, known: Collection[str] = ()) -> JSON:
    """:func:`redact` on every text in ``value``, keys included; text under a key such as
    ``api_key`` or ``password`` goes as a whole.
    """
    if isinstance(value, str):
        return redact(value, known)
    if isinstance(value, list):
        return [redact_json(item, known) for item in value]
    if isinstance(value, dict):
        return {redact(key, known): _under(key, item, known) for key, item in value.items()}
    return value


def _under(key: str, item: JSON, known: Collection[str]) -> JSON:
    if isinstance(item, str) and item and _SECRET_KEY.search(key):
        return "[redacted:secret]"
    return redact_json(item, known)
