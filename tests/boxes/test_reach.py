"""A tool's capabilities made good for one run, and for nothing else."""

from __future__ import annotations

import pytest

from agentforge.boxes.asks import Refused
from agentforge.boxes.protocol import NOTHING
from agentforge.boxes.reach import granted
from agentforge.errors import ConfigurationError, UsageError
from agentforge.settings import SecretSettings
from agentforge.types import Capabilities


async def test_a_pure_tool_gets_nothing() -> None:
    async with granted(Capabilities(), {}) as grant:
        assert grant == NOTHING


async def test_clock_chance_and_files_are_as_declared() -> None:
    declared = Capabilities(clock=True, files=("in.csv", "write out.csv"))
    async with granted(declared, {}, {"in.csv": b"x"}) as grant:
        assert (grant.clock, grant.randomness, dict(grant.inputs), grant.outputs) == (
            True,
            False,
            {"in.csv": b"x"},
            ("out.csv",),
        )


@pytest.mark.parametrize(
    ("files", "inputs", "complaint"),
    [
        (("in.csv",), {}, "reads a file 'in.csv'"),
        ((), {"in.csv": b""}, "does not read a file 'in.csv'"),
        (("write out.csv",), {"out.csv": b""}, "does not read a file 'out.csv'"),
    ],
)
async def test_files_that_do_not_fit_the_declaration_are_named(
    files: tuple[str, ...], inputs: dict[str, bytes], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        async with granted(Capabilities(files=files), {}, inputs):
            pass


async def test_only_who_declares_hosts_may_fetch_and_only_from_them() -> None:
    async with granted(Capabilities(hosts=("api.example.com",)), {}) as grant:
        assert set(grant.asks) == {"fetch"}
        with pytest.raises(Refused, match=r"other\.example\.com"):
            await grant.asks["fetch"]({"url": "https://other.example.com/"})


async def test_a_secret_that_cannot_be_used_is_told_without_its_value() -> None:
    secrets = {"weather": SecretSettings.model_validate({"value": "short", "host": "api.example.com"})}
    with pytest.raises(ConfigurationError, match="weather") as raised:
        async with granted(Capabilities(hosts=("api.example.com",)), secrets):
            pass
    assert "short" not in str(raised.value)


async def test_who_declares_packages_gets_the_locked_set_and_nobody_else() -> None:
    async with granted(Capabilities(packages=("six",)), {}, packages="a" * 64) as grant:
        assert grant.packages == "a" * 64
    async with granted(Capabilities(hosts=("api.example.com",), packages=("six",)), {}, packages="a" * 64) as grant:
        assert (grant.packages, set(grant.asks)) == ("a" * 64, {"fetch"})
    for declared, given in ((("six",), ""), ((), "a" * 64)):
        with pytest.raises(UsageError, match="locked set of packages"):
            async with granted(Capabilities(packages=declared), {}, packages=given):
                pass
