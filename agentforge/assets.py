"""Finds the data folders ``sandbox``, ``toolbox`` and ``registry``: in a checkout or in the wheel.

They are data: nothing in them is ever imported on the host (a lint rule says so).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from agentforge.errors import ConfigurationError

Folder: TypeAlias = Literal["sandbox", "toolbox", "registry", "examples"]

_PACKAGE = Path(__file__).resolve().parent


def folder(name: Folder) -> Path:
    """The path of a data folder.

    Raises:
        ConfigurationError: the installation is incomplete.
    """
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise ConfigurationError(
        f"The data folder {name!r} is missing from this installation.",
        fix="Install agentforge-toolsmith again.",
    )
