"""Which sandbox: the options that all benchmarks of boxes take."""

from __future__ import annotations

import argparse
from typing import Any, get_args

from agentforge.settings import SandboxSettings, load

_CHOSEN = ("launcher", "transport", "tier")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds them; ``--tier`` where the settings offer tiers."""
    for name in _CHOSEN:
        field = SandboxSettings.model_fields.get(name)
        if field is not None:
            parser.add_argument(f"--{name}", choices=get_args(field.annotation), help="default: settings")


def settings_by(options: Any) -> SandboxSettings:
    """The settings in force, but for what was chosen."""
    chosen = {f"sandbox.{name}": getattr(options, name, None) for name in _CHOSEN}
    return load(overrides={key: value for key, value in chosen.items() if value}).sandbox
