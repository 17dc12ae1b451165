"""Every block of code in the documentation is run, or read by what would read it.

- Marked ``<!-- runs -->``: run, each group in a folder and a home of its own; ``<!-- runs on -->`` goes on with the
  group before it, and ``<!-- file: NAME -->`` is kept as a file there.
- Other Python: run inside a coroutine, with an open ``forge`` whose model and box are scripted.
- Other shell (``sh``, ``console``): each ``agentforge`` command is read by the parser of the command line.
- TOML: settings or capabilities that are valid. JSON: read.
- ``text`` is output, and is not run.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import typer

import agentforge
from agentforge import Defer, Forge, State
from agentforge.cli.app import app
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import ToolCall
from agentforge.registry.repository import Registry
from agentforge.settings import load
from agentforge.testing import FakeBox, MessagesServer, Reply, ScriptedModel
from agentforge.testing.box import returned
from agentforge.types import Capabilities, Example
from docs import generate

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(
    r"(?:<!-- (?P<mark>runs|runs on|file: \S+) -->\n)?^```(?P<kind>\S*)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE
)
READ = {"sh", "console", "python", "toml", "json", "text", "{toctree}", "{include}"}


@dataclass(frozen=True)
class Block:
    """One fenced block, with where it begins."""

    page: str
    line: int
    kind: str
    code: str
    mark: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks() -> Iterator[Block]:
    for page in generate.documents():
        text = page.read_text("utf-8")
        for found in BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield Block(str(page.relative_to(ROOT)), line, found["kind"], found["code"], found["mark"] or "")


def groups() -> Iterator[list[Block]]:
    """Blocks that are run one after the other in one folder."""
    group: list[Block] = []
    for block in BLOCKS:
        if not block.mark:
            continue
        if block.mark == "runs" or (group and group[-1].page != block.page):
            yield from [group] * bool(group)
            group = []
        group.append(block)
    yield from [group] * bool(group)


BLOCKS = [*blocks()]
GROUPS = [*groups()]


def unmarked(*kinds: str) -> Any:
    return pytest.mark.parametrize("block", [one for one in BLOCKS if one.kind in kinds and not one.mark], ids=str)


def test_every_block_says_what_it_is() -> None:
    assert [str(one) for one in BLOCKS if one.kind not in READ] == []
    fences = sum(page.read_text("utf-8").count("\n```") for page in generate.documents())
    assert abs(fences - 2 * len(BLOCKS)) <= 1  # one page begins with a fence


def test_the_front_page_and_the_page_for_engineers_have_blocks_that_run() -> None:
    for page in ("README.md", "docs/engineer.md"):
        assert {one.kind for one in BLOCKS if one.page == page and one.mark.startswith("runs")} == {"sh", "python"}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: str(group[0]))
def test_blocks_that_are_marked_run_one_after_the_other(group: list[Block], home: Path, tmp_path: Path) -> None:
    """Against a model that answers every question alike; all else is real, the sandbox too."""
    folder = tmp_path / "project"
    folder.mkdir()
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        MessagesServer(lambda _: "9900.", key="sk-ant-test") as server,
    ):
        port = str(taken.getsockname()[1])
        taken.close()
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ANTHROPIC_API_KEY": "sk-ant-test",
            "ANTHROPIC_BASE_URL": server.url,
            "AGENTFORGE_AGENT__EMBEDDINGS": "false",  # what each fresh home would work out anew
        }
        for block in group:
            if block.mark.startswith("file: "):
                (folder / block.mark.removeprefix("file: ")).write_text(block.code, "utf-8")
                continue
            code = block.code.replace("8432", port)  # another run of these tests may hold the port of the page
            program = (
                ["bash", "-euo", "pipefail", "-c"] if block.kind == "sh" else [sys.executable, "-W", "error", "-c"]
            )
            done = subprocess.run(
                [*program, code],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=600,
                stdin=subprocess.DEVNULL,
            )
            assert done.returncode == 0, f"{block}: {done.stdout}{done.stderr}"
            assert (done.stdout + done.stderr).strip(), block


COMMENT = re.compile(r"(?:^|\s+)# .*$", re.MULTILINE)


def commands(code: str) -> Iterator[list[str]]:
    """The words behind each ``agentforge`` of a block."""
    lexer = shlex.shlex(COMMENT.sub("", code.replace("\\\n", " ")), posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    for separator, words in groupby(lexer, lambda word: not set(word) - set("();<>|&\n")):
        given = [*words]
        if not separator and "agentforge" in given and given[0] != "claude":  # to which it is the name of a server
            yield given[given.index("agentforge") + 1 :]


def read_by_the_command_line(words: list[str]) -> None:
    """Fails where a command or an option does not exist; nothing is done."""
    command: Any = typer.main.get_command(app)
    context = command.context_class(command, info_name="agentforge")
    while hasattr(command, "commands"):
        _, command, words = command.resolve_command(context, [*words])
        context = command.context_class(command, info_name=command.name, parent=context)
    command.parse_args(context, [*words])


@unmarked("sh", "console")
def test_commands_exist_with_these_options(block: Block) -> None:
    for words in commands(block.code):
        if words[:1] not in (["."], ["--help"]):
            read_by_the_command_line(words)


@pytest.mark.parametrize("line", ["agentforge fly", "agentforge run --prompts x", "X=1 agentforge tools call a | head"])
def test_a_command_that_does_not_exist_is_noticed(line: str) -> None:
    (words,) = commands(f"echo a\n{line}\necho b\n")
    if line.startswith("X=1"):
        assert words == ["tools", "call", "a"]
        return
    with pytest.raises(Exception, match="No such"):
        read_by_the_command_line(words)


@unmarked("toml")
def test_settings_and_capabilities_are_valid(block: Block, home: Path) -> None:
    stated = tomllib.loads(block.code.replace("…", "x" * 20))
    if reach := stated.pop("capabilities", None):
        Capabilities(**{key: tuple(value) if isinstance(value, list) else value for key, value in reach.items()})
    for person in stated.get("web", {}).get("people", {}).values():
        person.setdefault("token", "t" * 20)  # the page says that it stands in the environment
    load(overrides={f"{section}.{key}": value for section, keys in _sections(stated) for key, value in keys.items()})


def _sections(stated: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((name, keys) for name, keys in stated.items() if isinstance(keys, dict))


@unmarked("json")
def test_json_is_json(block: Block) -> None:
    assert json.loads(block.code)


REPORT = '''def monthly_report(lines: list[str], month: str) -> dict[str, int]:
    """Sum up a month."""
    return {}
'''
TESTS = "from tool import monthly_report\n\n\ndef test_it():\n    assert monthly_report([], '') == {}\n"
SHAPED = {"name": "made_up", "signature": "(value: str) -> str"}  # a need's texts, whose pattern is not sent to Claude
USE = Reply("", (ToolCall("call-1", "word_count", {"text": "a b"}),))


@pytest.mark.timeout(300)
@unmarked("python")
async def test_other_python_runs_beside_an_open_forge(
    block: Block, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may name ``forge``, ``question``, ``examples``, ``text`` and ``lines``, and finds a call that waits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("agentforge.boxes.open.open_box", _a_fake_box)  # for the forges that a block opens itself
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "travel.md").write_text("# Travel policy\n\nMeals are paid up to 28 EUR a day.\n", "utf-8")
    with MessagesServer(_answer, key="sk-ant-test") as server:
        monkeypatch.setenv("ANTHROPIC_API_KEY", server.key or "")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("AGENTFORGE_AGENT__EMBEDDINGS", "false")
        prices = {"endpoints.claude.input_price": 1.0, "endpoints.claude.output_price": 5.0}
        settings = load(overrides=prices)
        await _what_blocks_find(settings)
        async with Forge(user="ada", settings=settings, open_box=_a_fake_box) as forge:
            names = {"forge": forge, "question": "How many?", "text": "Prices.", "lines": ["2026-03-02 Taxi 1 EUR"]}
            names |= {name: getattr(agentforge, name) for name in agentforge.__all__}  # a block above may import them
            names |= {"examples": (Example({"n": 2}, 4), Example({"n": 3}, 6)), "__name__": "__main__"}
            whole = f"async def main():\n{textwrap.indent(block.code, '    ')}\n    return locals()\n"
            exec(compile(ast.parse(whole), str(block), "exec"), names)
            await names["main"]()


def _answer(request: Any) -> str:
    """A text, or where JSON is asked for the least that fits."""
    stated = request.body.get("output_config", {}).get("format", {}).get("schema")
    return "9900." if stated is None else json.dumps(_least(stated))


def _least(schema: dict[str, Any]) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: SHAPED.get(name) or _least(schema["properties"][name]) for name in schema.get("required", ())}
    return {"boolean": False, "integer": 0, "number": 0, "array": []}.get(schema.get("type", ""), "none")


async def _a_fake_box(*_: Any, **__: Any) -> FakeBox:
    return FakeBox(lambda _: returned(1))


async def _what_blocks_find(settings: Any) -> None:
    """A run that was put off, of a tool that may fetch; and the tool of the page about an app."""
    model = ScriptedModel([USE], features=FEATURES["claude"])
    async with Forge(user="ada", settings=settings, models=model, open_box=_a_fake_box) as forge:
        base = forge.tool("word_count")
        reach = {"capabilities": Capabilities(hosts=("GET api.example.com",))}
        app = {"name": "monthly_report", "signature": "(lines: list[str], month: str) -> dict[str, int]"}
        with Registry.open(forge.settings.registries / "personal" / "ada.git") as registry:
            registry.add(replace(base, manifest=base.manifest.model_copy(update=reach)), state=State.LIVE)
            made = replace(base, manifest=base.manifest.model_copy(update=app), source=REPORT, tests=TESTS, examples=())
            registry.add(made, state=State.LIVE)
        assert (await forge.run("Count a b", on_approval=lambda _: Defer())).approval
