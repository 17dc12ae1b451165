"""``forge.interchange``: out in every format and in again, the same source, tests and behaviour; hostile files."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentforge import Forge
from agentforge.api.interchange import Imported
from agentforge.boxes.protocol import Box
from agentforge.errors import ToolInvalid, UsageError
from agentforge.registry.contract import read_signature
from agentforge.registry.manifest import Manifest, Provenance
from agentforge.registry.tool import Tool
from agentforge.settings import SandboxSettings
from agentforge.types import Capabilities, State
from tests.empty import python_with, run

pytestmark = pytest.mark.asyncio(loop_scope="module")

CENTS = '''def cents(text: str) -> int:
    """Read an amount such as 12,50 EUR as whole cents.

    Raises:
        ValueError: there is no amount in it.
    """
    digits = text.replace("EUR", "").strip()
    euros, _, rest = digits.partition(",")
    if not euros.isdigit() or (rest and (len(rest) != 2 or not rest.isdigit())):
        raise ValueError("no amount")
    return int(euros) * 100 + int(rest or "0")
'''
CENTS_TESTS = """import pytest
from tool import cents


def test_amounts():
    assert cents("12,50 EUR") == 1250
    assert cents("8 EUR") == 800
    assert cents("0,99") == 99
    assert cents("36,40EUR") == 3640


@pytest.mark.parametrize("bad", ["", "EUR", "1,5", "1,234", "a", "-1", "1,x2"])
def test_refused(bad):
    with pytest.raises(ValueError):
        cents(bad)
"""
SPENT = '''from toolbox import cents


def spent(lines: list[str]) -> dict[str, int]:
    """Sum up lines such as Taxi; 36,40 EUR by their words, in cents."""
    total: dict[str, int] = {}
    for line in lines:
        word, _, amount = line.partition(";")
        total[word.strip()] = total.get(word.strip(), 0) + cents(amount)
    return total
'''
SPENT_TESTS = """from tool import spent


def test_sums():
    assert spent(["Taxi; 36,40 EUR", "Lunch; 9 EUR", "Taxi; 1,00 EUR"]) == {"Taxi": 3740, "Lunch": 900}
    assert spent(["Tram; 0,05", "", ][:1]) == {"Tram": 5}
    assert spent([" a ; 1"]) == {"a": 100}


def test_nothing():
    assert spent([]) == {}
"""
CALLS = ({"lines": ["Taxi; 2 EUR", "Taxi; 0,01"]}, {"lines": []}, {"lines": ["Taxi"]})


def made(name: str, source: str, tests: str, **capabilities: bool) -> Tool:
    signature = read_signature(source, name)
    manifest = Manifest(
        name=name,
        summary=signature.summary,
        signature=signature.text,
        depends=("cents",) if "toolbox" in source else (),
        requests=("What did Noor spend?",),
        license="MIT" if name == "cents" else "",
        capabilities=Capabilities(**capabilities),
        provenance=Provenance(models={"generate": "qwen"}),
    )
    return Tool(manifest, source, tests)


class Lent:
    """A box that outlives whoever it is lent to: to start one for each of them takes most of the time here."""

    def __init__(self, box: Box | None) -> None:
        self._box = box

    def __getattr__(self, name: str) -> object:
        return getattr(self._box, name)

    async def __aenter__(self) -> Lent:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


def of(user: str, box: Box | None = None) -> Forge:
    async def open_box(settings: SandboxSettings) -> Box:
        return Lent(box)  # type: ignore[return-value] # it is one, by what it passes on

    return Forge(user=user, open_box=open_box)


def owner(box: Box | None = None) -> Forge:
    return of("noor", box)


async def fill(forge: Forge) -> None:
    registry = forge._opened().registry
    for tool in (made("cents", CENTS, CENTS_TESTS), made("spent", SPENT, SPENT_TESTS)):
        registry.add(tool, state=State.LIVE)


async def outcomes(forge: Forge) -> list[object]:
    found = [await forge.call("spent", dict(args)) for args in CALLS]
    return [(one.status, one.value, one.error, one.message) for one in found]


@pytest.mark.parametrize("form", ["skill", "script", "server"])
async def test_what_went_out_comes_in_as_it_was(form, bubblewrap_box, tmp_path):
    async with owner(bubblewrap_box) as forge:
        await fill(forge)
        done = forge.interchange.export(["spent"], form, tmp_path / "out")
        before = await outcomes(forge)
        sent = {name: forge.tool(name) for name in ("cents", "spent")}
    async with of("other", bubblewrap_box) as forge:
        arrived = await forge.interchange.import_from(done.path)
        assert [(one.name, one.state, one.target) for one in arrived] == [
            ("cents", "proposed", "cents/1"),
            ("spent", "proposed", "spent/1"),
        ]
        assert forge.tools(State.LIVE) == [tool for tool in forge.tools(State.LIVE) if tool.layer != "user"]
        for one in arrived:
            forge.review.approve(one.target, version=one.version)
        for name, tool in sent.items():
            came = forge.tool(name)
            assert (came.source, came.tests) == (tool.source, tool.tests)
            assert came.manifest.license == tool.manifest.license
            assert (came.manifest.summary, came.manifest.requests) == (tool.manifest.summary, ())
            assert came.unconfirmed
        assert await outcomes(forge) == before
        again = forge.interchange.export(["spent"], form, tmp_path / "again")
        for file in sorted(path for path in done.path.rglob("*") if path.is_file()) or [done.path]:
            copy = again.path / file.relative_to(done.path) if form == "skill" else again.path
            told = "written by a language model and tested in a sandbox", "brought in from a file, unconfirmed"
            assert copy.read_text("utf-8") == file.read_text("utf-8").replace(*told)


@pytest.mark.parametrize("form", ["skill", "script"])
async def test_it_does_the_same_in_an_empty_environment(form, bubblewrap_box, tmp_path):
    import json

    python = python_with(tmp_path / "venv")
    async with owner(bubblewrap_box) as forge:
        await fill(forge)
        path = forge.interchange.export(["spent"], form, tmp_path / "out").path
        inside = await outcomes(forge)
    script = path / "scripts" / "spent.py" if form == "skill" else path
    for args, (status, value, error, message) in zip(CALLS, inside, strict=True):
        code, out, err = run(python, script, "--args", json.dumps(args))
        if status == "returned":
            assert (code, json.loads(out)) == (0, value)
        else:
            assert (code, out, err) == (1, "", f"{error}: {message}\n")


async def test_what_is_here_already_is_not_brought_in_twice(bubblewrap_box, tmp_path):
    async with owner(bubblewrap_box) as forge:
        await fill(forge)
        path = forge.interchange.export(["spent"], "script", tmp_path).path
        assert {one.state for one in await forge.interchange.import_from(path)} == {"known"}
    async with of("other", bubblewrap_box) as forge:
        await forge.interchange.import_from(path)
        assert {one.state for one in await forge.interchange.import_from(path)} == {"known"}


async def test_another_version_of_a_tool_waits_as_one_that_would_take_its_place(bubblewrap_box, tmp_path):
    async with owner(bubblewrap_box) as forge:
        await fill(forge)
        path = forge.interchange.export(["cents"], "script", tmp_path).path
        text = path.read_text("utf-8")
        path.write_text(text.replace('assert cents("8 EUR") == 800', 'assert cents("9 EUR") == 900'), encoding="utf-8")
        [one] = await forge.interchange.import_from(path)
        assert (one.state, one.target) == ("proposed", "cents/1"), one
        standing = forge.tool("cents").version
        assert forge.review.diff("cents").standing == standing
        forge.review.approve("cents", version=one.version)
        assert forge.tool("cents").version == one.version != standing


async def test_what_it_may_reach_comes_along_as_a_wish(bubblewrap_box, tmp_path):
    source = (
        'from datetime import date\n\n\ndef this_year(plus: int) -> int:\n    """The year, plus some."""\n'
        "    return date.today().year + plus\n"
    )
    tests = "from tool import this_year\n\n\ndef test_a():\n    assert this_year(5) - this_year(2) == 3\n"
    async with owner() as forge:
        forge._opened().registry.add(made("this_year", source, tests, clock=True), state=State.LIVE)
        path = forge.interchange.export(["this_year"], "script", tmp_path).path
    assert "# this_year may reach clock\n" in path.read_text("utf-8")
    async with of("other", bubblewrap_box) as forge:
        [one] = await forge.interchange.import_from(path)
        assert one.state == "proposed", one
        [waits] = forge.review.pending()
        assert waits.more == ("clock",)
        forge.review.approve(one.target, version=one.version)
        assert (await forge.call("this_year", {"plus": 1})).value > 2026
        assert forge.tool("this_year").manifest.capabilities == Capabilities(clock=True)


async def judged(forge: Forge, folder: Path, files: dict[str, str]) -> dict[str, Imported]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return {one.name: one for one in await forge.interchange.import_from(folder)}


async def test_hostile_code_runs_in_no_place_but_the_box(bubblewrap_box, tmp_path):
    """Whatever a file does when it is imported, tested or started, nothing of it happens here."""
    marker = tmp_path / "reached"
    touch = f"open({str(marker)!r}, 'w').write('x')"
    loud = f'import os\n{touch}\n\n\ndef loud(n: int) -> int:\n    """N."""\n    return n\n'
    sly = f'def sly(n: int) -> int:\n    """N.\n\n    >>> sly(1)\n    1\n    """\n    {touch}\n    return n\n'
    seen = 'def seen(n: int) -> int:\n    """N."""\n    return n\n'
    files = {
        "SKILL.md": "---\nname: s\ndescription: d\n---\n",
        "scripts/loud.py": loud,
        "scripts/sly.py": sly,
        "scripts/seen.py": seen,
        "tests/test_seen.py": f"from seen import seen\n\n\ndef test_a():\n    {touch}\n    assert seen(1)\n",
        "scripts/conftest.py": touch,
        "setup.py": touch,
    }
    async with of("other", bubblewrap_box) as forge:
        done = await judged(forge, tmp_path / "skill", files)
        assert {name: one.state for name, one in done.items()} == dict.fromkeys(("loud", "seen", "sly"), "rejected")
        assert forge.review.pending() == []
        assert "runs when the file is loaded" in " ".join(done["loud"].problems)
    assert not marker.exists()


async def test_wrong_tools_are_rejected_and_weakly_tested_ones_wait_for_a_person(bubblewrap_box, tmp_path):
    key = "sk-ant-api03-" + "a1B2" * 10
    one = 'def {name}(n: int) -> int:\n    """{doc}"""\n    return {body}\n'
    files = {
        "wrong.py": one.format(name="wrong", doc="Add 2; wrong(1) is 3.", body="n + 1"),
        "weak.py": one.format(name="weak", doc="Add 2, below 100; weak(1) is 3.", body="n + 2 if n < 100 else n * 7"),
        "bare.py": one.format(name="bare", doc="Add 2.", body="n + 2"),
        "keyed.py": one.format(name="keyed", doc="Add 2; keyed(1) is 3.", body=f"n + 2 + 0 * len('{key}')"),
    }
    async with of("other", bubblewrap_box) as forge:
        done = await judged(forge, tmp_path / "files", files)
        assert {name: each.state for name, each in done.items()} == {
            "bare": "rejected",
            "keyed": "rejected",
            "weak": "proposed",
            "wrong": "rejected",
        }
        assert "there is no test function" in " ".join(done["bare"].problems)
        assert "secret" in " ".join(done["keyed"].problems)
        assert key not in repr(done["keyed"].problems)
        assert done["weak"].reason == "Imported from a file. It fails at kinds of input."
        [waits] = forge.review.pending()
        assert any("failed" in doubt for doubt in waits.doubts)


async def test_a_revoked_file_is_not_brought_in_again(bubblewrap_box, tmp_path):
    async with owner(bubblewrap_box) as forge:
        await fill(forge)
        path = forge.interchange.export(["cents"], "script", tmp_path).path
    async with of("other", bubblewrap_box) as forge:
        await forge.interchange.import_from(path)
        [source] = forge.review.pending()[0].tool.manifest.provenance.sources
        forge.lineage.revoke(source)
        [one] = await forge.interchange.import_from(path)
        assert one.state == "rejected"
        assert forge.review.pending() == []


async def test_a_secret_leaves_in_no_export(tmp_path):
    key = "sk-ant-api03-" + "a1B2" * 10
    async with owner() as forge:
        tests = CENTS_TESTS + f'\n\nKEY = "{key}"\n'
        forge._opened().registry.add(made("cents", CENTS, tests), state=State.LIVE)
        with pytest.raises(ToolInvalid, match="secret") as refused:
            forge.interchange.export(["cents"], "script", tmp_path)
        assert key not in str(refused.value)
        assert list(tmp_path.glob("*.py")) == []


async def test_what_looks_personal_is_pointed_at_and_stays_the_owners_decision(tmp_path):
    async with owner() as forge:
        tests = CENTS_TESTS + '\n\nASKED = "noor.haddad@acme.example"\n'
        forge._opened().registry.add(made("cents", CENTS, tests), state=State.LIVE)
        done = forge.interchange.export(["cents", "days_between"], "script", tmp_path, name="both")
        line = tests.splitlines().index('ASKED = "noor.haddad@acme.example"') + 1
        assert done.remarks == (
            "Its tests hold examples of your own: read them before you pass it on.",
            f"What looks personal stands in test_tool.py of cents, line {line}.",
        )
        assert forge.interchange.export(["days_between"], "script", tmp_path).remarks == ()


async def test_nothing_that_exists_is_replaced(tmp_path):
    async with owner() as forge:
        await fill(forge)
        for form in ("skill", "script", "server"):
            forge.interchange.export(["cents"], form, tmp_path / "out")
            with pytest.raises(UsageError, match="exists already"):
                forge.interchange.export(["cents"], form, tmp_path / "out")
