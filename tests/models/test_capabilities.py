"""One table says what an endpoint can be trusted with."""

from __future__ import annotations

import pytest

from agentforge.errors import ConfigurationError
from agentforge.models.capabilities import FEATURES, features_of
from agentforge.settings import Endpoint


def endpoint(kind: str, **features: bool) -> Endpoint:
    return Endpoint.model_validate({"kind": kind, "url": "http://127.0.0.1:1", "model": "m", "features": features})


@pytest.mark.parametrize("kind", ["claude", "vllm", "messages"])
def test_every_kind_of_the_settings_has_a_row(kind: str) -> None:
    assert features_of(endpoint(kind)) == FEATURES[kind]


def test_settings_override_single_features() -> None:
    changed = features_of(endpoint("vllm", free_tools=True))
    assert changed.free_tools
    assert changed.sampling


def test_an_unknown_feature_is_a_mistake_in_the_settings() -> None:
    with pytest.raises(ConfigurationError, match="telepathy") as caught:
        features_of(endpoint("claude", telepathy=True))
    assert "forced_tools" in caught.value.fix


def test_of_an_unknown_server_nothing_is_assumed() -> None:
    unknown = FEATURES["messages"]
    assert not any(getattr(unknown, name) for name in unknown.__slots__)
