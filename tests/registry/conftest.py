"""Registries to put tools into."""

import pytest

from agentforge.registry.repository import Registry


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "r.git") as made:
        yield made
