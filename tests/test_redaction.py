"""Values lose their secrets as texts do, and by the names of their keys."""

from __future__ import annotations

from agentforge.redaction import redact_json
from agentforge.types import JSON

KEY = "sk-ant-" + "api03-Abcdefghijklmnopqrst_uvw"


def test_values_are_redacted_at_any_depth_and_by_their_key() -> None:
    value: JSON = {
        "rows": [{"note": f"key {KEY}", "n": 1}],
        "user_password": "any",
        "DB_PASS": "any",
        "accountKey": "x y",
        KEY: None,
    }
    clean = redact_json(value)
    assert KEY not in str(clean)
    assert clean == {
        "rows": [{"note": "key [redacted:api-key]", "n": 1}],
        "user_password": "[redacted:secret]",
        "DB_PASS": "[redacted:secret]",
        "accountKey": "[redacted:secret]",
        "[redacted:api-key]": None,
    }
