"""Raw bytes in an address meet the same pages as escaped ones, through a real socket."""

from __future__ import annotations

import asyncio

import pytest

from agentforge.settings import WebSettings
from agentforge.web.address import escaped
from agentforge.web.app import serve

from .memory import TOKEN, MemoryCatalogue


def test_only_bytes_outside_ascii_are_escaped() -> None:
    assert escaped(b"GET /?token=\xff\xc3\xbc%20 HTTP/1.1\r") == b"GET /?token=%FF%C3%BC%20 HTTP/1.1\r"


async def ask(catalogue: MemoryCatalogue, *pieces: bytes) -> str:
    """What the server answers to a request that arrives in ``pieces``."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(
            WebSettings(port=0), catalogue.open, catalogue.decide, starter="ada", on_ready=ready.set_result, token=TOKEN
        )
    )
    try:
        address = await asyncio.wait_for(ready, 20)
        port = int(address.split(":")[2].partition("/")[0])
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except OSError:
                await asyncio.sleep(0.05)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        await writer.wait_closed()
        return answer.decode()
    finally:
        serving.cancel()
        await asyncio.wait({serving})


REST = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "pieces",
    [(b"GET /?token=\xff\xfe" + REST,), (b"GET /?tok", b"en=\xff\xfe", REST), (b"GET /\xff?token=caf\xe9" + REST,)],
)
async def test_a_token_of_raw_bytes_is_refused_as_any_wrong_one(
    catalogue: MemoryCatalogue, pieces: tuple[bytes, ...]
) -> None:
    answer = await ask(catalogue, *pieces)
    assert answer.startswith("HTTP/1.1 403 ")
    assert "agentforge web" in answer
    assert "content-security-policy" in answer
    assert catalogue.opened <= 1  # the look that serving begins with
