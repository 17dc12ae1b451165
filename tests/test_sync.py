"""``forge.sync`` with the real gates: two homes of one program, a bare repository, a box."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from agentforge import Forge
from agentforge.errors import ConfigurationError
from agentforge.registry.tool import Tool
from agentforge.settings import load
from agentforge.types import Example, State
from tests.conftest import insist_on_namespaces
from tests.test_interchange import CENTS, CENTS_TESTS, made

pytestmark = pytest.mark.asyncio


@pytest.fixture
def boxed(monkeypatch: pytest.MonkeyPatch) -> None:
    insist_on_namespaces()
    monkeypatch.setenv("AGENTFORGE_SANDBOX__LAUNCHER", "bubblewrap")
    for key, value in (("MUTANTS", "1"), ("FUZZ_INPUTS", "1"), ("NEAR_INPUTS", "0"), ("TWIN_INPUTS", "3")):
        monkeypatch.setenv(f"AGENTFORGE_GATES__{key}", value)


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    place = tmp_path / "remote.git"
    subprocess.run(("git", "init", "-q", "--bare", "-b", "main", place), check=True)
    return place


def of(user: str, **more: object) -> Forge:
    """A user; ``more`` are settings of ``sync``."""
    settings = load(overrides={"user": user, **{f"sync.{key}": value for key, value in more.items()}})
    return Forge(user=user, settings=settings)


def keep(forge: Forge, tool: Tool) -> str:
    return forge._opened().registry.add(tool, state=State.LIVE, known_tools=())


def keys(folder: Path, *names: str) -> tuple[dict[str, Path], Path]:
    allowed = folder / "signers"
    found = {name: folder / f"{name}.key" for name in names}
    for name, key in found.items():
        subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key), check=True)
        with allowed.open("a") as file:
            file.write(f"{name} {key.with_suffix('.key.pub').read_text()}")
    return found, allowed


@pytest.mark.usefixtures("boxed")
async def test_what_nobody_known_vouches_for_meets_the_gates_here_and_waits(remote: Path) -> None:
    async with of("eve") as eve:
        keep(eve, made("cents", CENTS, CENTS_TESTS))
        wrong = CENTS.replace("cents", "wrong").replace("* 100", "* 10")
        keep(eve, made("wrong", wrong, CENTS_TESTS.replace("cents", "wrong")))
        await eve.sync.run(str(remote))
    async with of("noor") as noor:
        done = await noor.sync.run(str(remote))
        told = {one.name: (one.state, one.target) for one in done.arrived}
        assert told == {"cents": ("proposed", "cents/1"), "wrong": ("rejected", "")}
        assert "cents" not in {tool.name for tool in noor.tools()}
        [waits] = noor.review.pending()
        assert waits.reason.startswith("It came from a remote, and nobody known vouches for it.")
        assert not [doubt for doubt in waits.doubts if "met no gate" in doubt or "no gate here" in doubt]
        again = await noor.sync.run(str(remote))
        assert again.arrived == ()


@pytest.mark.usefixtures("boxed")
async def test_of_two_versions_the_one_stands_that_passes_the_examples_of_both(remote: Path, tmp_path: Path) -> None:
    both, allowed = keys(tmp_path, "ada", "bea")
    shared = {"allowed_signers": str(allowed)}
    async with of("ada", signing_key=str(both["ada"]), **shared) as ada:
        first = keep(ada, made("cents", CENTS, CENTS_TESTS))
        await ada.sync.run(str(remote))
        async with of("bea", signing_key=str(both["bea"]), **shared) as bea:
            await bea.sync.run(str(remote))
            signs = CENTS.replace(".strip()", '.replace("€", "").strip()')
            worse = child(made("cents", CENTS.replace("EUR", "EURO"), CENTS_TESTS), first, "7", 700)
            better = child(made("cents", signs, CENTS_TESTS), first, "7 €", 700)
            keep(ada, worse)
            wanted = keep(bea, better)
            await ada.sync.run(str(remote))
            done = await bea.sync.run(str(remote))
            assert [one.version for one in bea.tools() if one.name == "cents"] == [wanted]
            assert done.waits == ("cents/1",)
            [waits] = bea.review.pending()
            assert "fails at visible tests" in waits.reason
        await ada.sync.run(str(remote))
        assert [one.version for one in ada.tools() if one.name == "cents"] == [wanted]


def child(tool: Tool, parent: str, text: str, returns: int) -> Tool:
    provenance = tool.manifest.provenance.model_copy(update={"parent": parent})
    manifest = tool.manifest.model_copy(update={"provenance": provenance})
    return replace(tool, manifest=manifest, examples=(Example({"text": text}, returns, source="user"),))


async def test_a_key_or_a_file_of_signers_that_is_not_there_is_told(remote: Path) -> None:
    for more in ({"signing_key": "/nowhere/key"}, {"allowed_signers": "/nowhere/signers"}):
        async with of("ada", **more) as ada:
            with pytest.raises(ConfigurationError, match="nowhere"):
                await ada.sync.run(str(remote))


async def test_each_user_has_a_remote_of_their_own(remote: Path) -> None:
    async with of("remote", remote=str(remote.parent / "{user}.git")) as forge:
        assert (await forge.sync.run()).commits == 1
    async with of("ada") as forge:
        with pytest.raises(ConfigurationError, match="No remote is set"):
            await forge.sync.run()


async def test_a_company_is_not_sent_where_its_administrator_keeps_what_is_theirs(remote: Path) -> None:
    settings = load(overrides={"user": "ada", "sync.remote": str(remote)})
    async with Forge(user="ada", settings=settings, company=True) as forge:
        with pytest.raises(Exception, match="where your own registry goes"):
            await forge.sync.run()
        assert (await forge.sync.run(str(remote))).commits == 1
    await asyncio.sleep(0)
