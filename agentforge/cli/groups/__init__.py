"""The words of the command groups, a file for each; the modules that do the work are imported when a command runs."""

from __future__ import annotations

from agentforge.cli.groups.config import config
from agentforge.cli.groups.context import context
from agentforge.cli.groups.docs import docs
from agentforge.cli.groups.feedback import CallId, Expected, Raises, Word
from agentforge.cli.groups.jobs import jobs
from agentforge.cli.groups.memory import memory
from agentforge.cli.groups.model import model
from agentforge.cli.groups.packages import packages
from agentforge.cli.groups.persona import persona
from agentforge.cli.groups.promotion import registry, tools
from agentforge.cli.groups.revoke import revoke
from agentforge.cli.groups.sandbox import sandbox
from agentforge.cli.groups.sessions import sessions
from agentforge.cli.groups.sleep import sleep

__all__ = [
    "CallId",
    "Expected",
    "Raises",
    "Word",
    "config",
    "context",
    "docs",
    "jobs",
    "memory",
    "model",
    "packages",
    "persona",
    "registry",
    "revoke",
    "sandbox",
    "sessions",
    "sleep",
    "tools",
]
