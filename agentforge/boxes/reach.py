"""From what a tool declared to what one run of it gets: its capabilities made good, for that run only."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from agentforge.boxes.asks import Refused
from agentforge.boxes.files import files_of
from agentforge.boxes.network.broker import Broker
from agentforge.boxes.network.recordings import Recorder
from agentforge.boxes.network.veil import Secret
from agentforge.boxes.observed import Log, Observed
from agentforge.boxes.protocol import CallResult, Grant
from agentforge.errors import UsageError
from agentforge.secrecy import repeated
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
    record_to: Path | None = None,
    log: Log | None = None,
) -> AsyncGenerator[Grant]:
    """What a run of a tool may reach. Connections last as long as the block.

    ``inputs`` are the files that the caller gives it, by the names that it declared, ``packages`` the
    digest of the locked set that holds those which it declared. What it fetches is written to the file
    ``record_to``, where one is named; which hosts it asked for stands in ``log``.

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
    async with Broker(capabilities, _secrets(secrets), log=log) as broker:
        fetcher = broker if record_to is None else Recorder(broker, record_to)
        yield replace(plain, asks={"fetch": fetcher.fetch})


def with_observed(
    result: CallResult, capabilities: Capabilities, log: Log, inputs: Mapping[str, bytes] = NO_INPUTS
) -> CallResult:
    """``result`` with what the host saw of the run that gave it; as it is where there was nothing to see.

    ``log`` and ``inputs`` are those that :func:`granted` was given.
    """
    if not capabilities.hosts and not capabilities.files:
        return result
    return replace(result, observed=Observed.of(log, inputs, result.files))


async def record_pages(urls: Sequence[str], record_to: Path) -> None:
    """Fetches each of ``urls`` with GET, as a tool would that declares its host, and appends the answers.

    Raises:
        UsageError: one is no address that a tool could fetch, or was not answered; those before it are recorded.
    """
    for url in urls:
        try:
            async with Broker(Capabilities(hosts=(_declared(url),))) as broker:
                recorder = Recorder(broker, record_to)
                await recorder.fetch({"url": url})
        except (Refused, ValueError) as error:
            raise UsageError(f"{repeated(url, 80)} was not recorded. {error}") from None
        if recorder.lost:
            raise UsageError(f"{record_to} cannot be written, or is full.", fix="Remove it, or free some space.")


def _declared(url: str) -> str:
    """The host of a URL as a tool declares it (raises ValueError where there is none)."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("Write https://HOST/PATH.")
    return f"http://{parts.netloc}" if parts.scheme == "http" else parts.netloc


def _secrets(secrets: Mapping[str, SecretSettings]) -> list[Secret]:
    return [Secret(name, each.value.get_secret_value(), each.host) for name, each in secrets.items()]
