"""A registry and a remote made one, from a program: ``forge.sync``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentforge.api.opened import Opened
from agentforge.errors import ConfigurationError, UsageError
from agentforge.settings import COMPANY, Settings, transport_environment

if TYPE_CHECKING:
    from agentforge.registry.merging.tools import Contest, Settled
    from agentforge.registry.tool import Tool
    from agentforge.sync.parts import Claim, SyncParts
    from agentforge.sync.report import Arrived, Synced

SIGNERS_FILE = "allowed_signers"
"""In the home: whose signatures count, where no other file is named."""
CAME = "It came from a remote, and nobody known vouches for it."


class UserSync:
    """Carries a registry to a remote and back. Made by ``Forge.sync``."""

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._opened = opened
        self._settings = settings

    async def run(
        self, remote: str = "", *, dry_run: bool = False, tell: Callable[[str], None] = lambda _: None
    ) -> Synced:
        """Takes what came, sends what is new here; ``remote`` is an address, by default that of ``sync.remote``. With
        ``dry_run`` nothing is changed and nothing is run. ``tell`` hears how it goes on.

        Raises:
            UsageError: there is no such address.
            RemoteUnreachable: the remote does not answer; all stands here as before.
            RemoteRefused: what it holds is not taken, or it does not take what is sent.
            ConfigurationError: no remote is set, or the key cannot sign.
            RegistryError, StorageError: the registry cannot be written.
            SandboxError: what came cannot be tried; it is not taken.
        """
        from agentforge.api.documents import UserDocuments
        from agentforge.sync.flow import synchronise

        done = await synchronise(self._parts(remote, tell), dry_run=dry_run)
        if done.others and not dry_run:
            await asyncio.to_thread(UserDocuments(self._opened, self._settings).settle)
        return done

    def _parts(self, address: str, tell: Callable[[str], None]) -> SyncParts:
        from agentforge.gitstore.bounds import Bounds
        from agentforge.gitstore.remote import remote_of
        from agentforge.sync.parts import SyncParts

        own, registry = self._settings.sync, self._opened.registry
        signers = (own.allowed_signers or self._settings.home / SIGNERS_FILE).expanduser()
        if own.allowed_signers is not None and not signers.is_file():
            raise ConfigurationError(f"There is no file {signers} (sync.allowed_signers).", fix="Make it, or unset it.")
        return SyncParts(
            registry=registry,
            remote=remote_of(address or self._remembered()),
            bounds=Bounds(own.seconds, own.max_mb << 20, environment=transport_environment()),
            settle=self._contest,
            receive=lambda claims: self._receive(claims, tell),
            allowed=signers if signers.is_file() else None,
            key=_key(own.signing_key),
            tell=tell,
        )

    def _remembered(self) -> str:
        address = self._settings.sync.remote
        if not address:
            raise ConfigurationError(
                "No remote is set.", fix="Name one: agentforge sync REMOTE, or sync.remote in the settings."
            )
        if self._opened.owner == COMPANY and "{user}" not in address:
            raise UsageError(
                "sync.remote is where your own registry goes.",
                fix="Name the company's: agentforge sync REMOTE --company",
            )
        return address.replace("{org}", self._settings.org).replace("{user}", self._opened.owner)

    async def _contest(self, contest: Contest) -> Settled:
        from agentforge.api.checking import parts_of
        from agentforge.sync.contest import settle

        return await settle(contest, await parts_of(self._opened, self._settings))

    async def _receive(self, claims: Sequence[Claim], tell: Callable[[str], None]) -> list[Arrived]:
        """Each through all gates, among those that came with it and were let in before it."""
        from agentforge.api.checking import parts_of
        from agentforge.api.interchange import Interchange
        from agentforge.sync.arriving import arrivals_of
        from agentforge.sync.report import Arrived

        found = arrivals_of(claims)
        parts = await parts_of(self._opened, self._settings) if any(one.tool for one in found) else None
        interchange = Interchange(self._opened, self._settings)
        beside: dict[str, Tool] = {}
        done: list[Arrived] = []
        for one in found:
            if one.tool is None or parts is None:
                done.append(Arrived(one.name, "rejected", reason="; ".join(one.problems)))
                continue
            tell(f"trying {one.name}, for which nobody known vouches")
            judged = await interchange.judge(one, one.tool, parts, beside, CAME)
            done.append(Arrived(judged.name, judged.state, judged.target, judged.reason))
        return done


def _key(named: Path | None) -> Path | None:
    key = named.expanduser() if named is not None else None
    if key is not None and not key.is_file():
        raise ConfigurationError(
            f"There is no key {key} (sync.signing_key).", fix="Make it with ssh-keygen, or unset it."
        )
    return key
