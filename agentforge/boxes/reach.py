"""From what a tool declared to what one run of it gets: its capabilities made good, for that run only."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from types import MappingProxyType

from agentforge.boxes.files import files_of
from agentforge.boxes.network.broker import Broker
from agentforge.boxes.network.veil import Secret
from agentforge.boxes.protocol import Grant
from agentforge.errors import UsageError
from agentforge.settings import SecretSettings
from agentforge.types import Capabilities

NO_INPUTS: Mapping[str, bytes] = MappingProxyType({})


@contextlib.asynccontextmanager
async def granted(
    capabilities: Capabilities,
    secrets: Mapping[str, SecretSettings],
    inputs: Mapping[str, bytes] = NO_INPUTS,
    *,
    packages: str = "",
) -> AsyncGenerator[Grant]:
    """What a run of a tool may reach. Connections last as long as the block.

    ``inputs`` are the files that the caller gives it, by the names that it declared, ``packages`` the
    digest of the locked set that holds those which it declared.

    Raises:
        UsageError: a file that it did not declare, or a declared input or set of packages that is missing.
        ConfigurationError: a secret of the settings cannot be used.
        ValueError: a declared host or secret cannot be read (``registry.contract`` refuses such a tool).
    """
    reads, writes = files_of(capabilities.files)
    if odd := sorted({*inputs} ^ {*reads}):
        missing = odd[0] in reads
        raise UsageError(
            f"The tool {'reads' if missing else 'does not read'} a file {odd[0]!r}.",
            fix=f"Give it: {', '.join(reads) or 'no file'}.",
        )
    if bool(packages) != bool(capabilities.packages):
        raise UsageError("A tool gets a locked set of packages where it declares packages, and only there.")
    plain = Grant(
        clock=capabilities.clock, randomness=capabilities.randomness, inputs=inputs, outputs=writes, packages=packages
    )
    if not capabilities.hosts:
        yield plain
        return
    async with Broker(capabilities, _secrets(secrets)) as broker:
        yield replace(plain, asks={"fetch": broker.fetch})


def _secrets(secrets: Mapping[str, SecretSettings]) -> list[Secret]:
    return [Secret(name, each.value.get_secret_value(), each.host) for name, each in secrets.items()]
