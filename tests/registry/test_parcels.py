"""What is carried away runs where nothing of ours is installed, is what its format says, and tells nothing else."""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_tools import UNHURRIED, make_tool

from agentforge import assets
from agentforge.boxes.packages.lock import Lock, Locked
from agentforge.cli import calling
from agentforge.errors import ToolInvalid, ToolNotFound, UsageError
from agentforge.registry.contract import read_signature
from agentforge.registry.interchange.parcel import Carried, Parcel, pack
from agentforge.registry.interchange.script import carried_in, metadata_of, program_of, server_of, written
from agentforge.registry.interchange.skill import DETAILS, skill_name, skill_of
from agentforge.registry.layers import BaseLayer, Layers
from agentforge.registry.packages import commit_lock
from agentforge.registry.schema import mismatches
from agentforge.registry.tool import Tool
from agentforge.types import Capabilities, Example, State
from tests.empty import python_with, run

SHOUT = 'from toolbox import slugify\n\n\ndef shout(text: str, times: int = 1) -> list[str]:\n    """Shout a slug."""\n'
SHOUT += "    print('noise')\n    return [slugify(text).upper()] * times\n"
SHOUT_TESTS = "from tool import shout\n\n\ndef test_it():\n    assert shout('a', 2) == ['A', 'A']\n"


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A Python with nothing but its own library."""
    python = python_with(tmp_path_factory.mktemp("bare") / "venv")
    assert run(python, "-c", "import agentforge")[0] == 1
    return python


@pytest.fixture
def layers(registry):
    """The starter tools, and two of the user's own of which one is made of the other."""
    slug = make_tool(
        "slugify",
        requests=("a link for Ada Lovelace",),
        job="job-7",
        episodes=("episode-9",),
        sources=("page:secret.example",),
        models={"generate": "qwen-coder"},
        examples=(Example({"text": "Ada's diary"}, "ada's diary", source="user"),),
    )
    shout = make_tool("shout", imports=("slugify",), summary="Shout a slug.")
    manifest = shout.manifest.model_copy(update={"signature": "(text: str, times: int = 1) -> list[str]"})
    for tool in (slug, Tool(manifest, SHOUT, SHOUT_TESTS)):
        registry.add(tool, state=State.LIVE)
    return Layers(registry, BaseLayer())


def save(tmp_path, parcel):
    file = tmp_path / f"{parcel.module}.py"
    file.write_text(program_of(parcel), encoding="utf-8")
    return file


def test_a_tool_made_of_tools_runs_as_a_program_of_its_own(layers, bare, tmp_path):
    file = save(tmp_path, pack(layers, ["shout"]))
    assert run(bare, file, "text= Ada", "times=2") == (0, '["ADA", "ADA"]\n', "noise\n")
    assert run(bare, file, "--args", "-", stdin='{"text": "x"}')[1] == '["X"]\n'
    (tmp_path / "name").write_text(" Bob \n", encoding="utf-8")
    assert run(bare, file, f"text=@{tmp_path / 'name'}")[1] == '["BOB"]\n'
    assert "shout(text: str, times: int = 1) -> list[str]" in run(bare, file, "--help")[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "text is missing"),
        (("text=a", "times=x"), 'times: "x" is not of type integer'),
        (("text=a", "times=true"), "times: true is not of type integer"),
        (("text=a", "more=1"), "more is not known"),
        (("text",), "'text' is no argument"),
        (("text=@/nowhere",), "No such file"),
        (("--args", "[1]"), "takes a JSON object"),
    ],
)
def test_a_program_that_is_called_wrongly_says_how_it_is_called(layers, bare, tmp_path, words, told):
    code, out, err = run(bare, save(tmp_path, pack(layers, ["shout"])), *words)
    assert (code, out) == (2, "")
    assert told in err
    assert "It is called as shout(text: str, times: int = 1) -> list[str]" in err


def test_a_failure_of_the_tool_is_told_as_where_it_was_made(layers, bare, tmp_path):
    file = save(tmp_path, pack(layers, ["days_between"]))
    assert run(bare, file, "start=2024-01-01", "end=2024-03-01") == (0, "60\n", "")
    assert run(bare, file, "start=x", "end=2024-03-01") == (
        1,
        "",
        "ValueError: 'x' is not a date of the form YYYY-MM-DD\n",
    )


def test_every_starter_tool_gives_its_examples_in_an_empty_environment(bare, tmp_path, layers):
    parcel = pack(layers)
    file, named = save(tmp_path, parcel), tmp_path / "calls.py"
    calls = [
        [one.tool.name, example.args, example.raises or [example.returns]]
        for one in parcel.tools
        for example in one.tool.examples
    ]
    named.write_text(
        f"import sys, json\nsys.path.insert(0, {str(tmp_path)!r})\nimport toolbox_tool as exported\n"
        "wrong = []\n"
        "for name, args, expected in json.load(sys.stdin):\n"
        "    try:\n        found = [exported.call(name, args)]\n"
        "    except Exception as error:\n        found = type(error).__name__\n"
        "    if found != expected:\n        wrong.append((name, args, found, expected))\n"
        "print(wrong)\n",
        encoding="utf-8",
    )
    assert len(calls) > 60
    assert run(bare, named, stdin=json.dumps(calls)) == (0, "[]\n", "")
    assert run(bare, file, "word_count", "text=a b")[0] == 0
    assert run(bare, file, "nothing")[0] == 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return {1: 'a'}", "BadResult: its result is no JSON: the dictionary key 1 is no string"),
        ("return [{'a': '\\ud800'}]", "BadResult: its result is no JSON: 'utf-8' codec can't encode"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("return [][text]", "TypeError: list indices"),
        ("return int('\\ud800')", "ValueError: invalid literal for int() with base 10: '\\ud800'"),
    ],
)
def test_what_is_no_answer_here_is_none_there(registry, bare, tmp_path, body, told):
    registry.add(make_tool("slugify", body), state=State.LIVE)
    code, out, err = run(bare, save(tmp_path, pack(Layers(registry, BaseLayer()), ["slugify"])), "text=a")
    assert (code, out) == (1, "")
    assert err.startswith(told), err


def test_a_tool_that_reaches_out_changes_nothing_that_its_caller_holds(registry, bare, tmp_path):
    clock = Capabilities(clock=True)
    registry.add(make_tool("push", "text.append(1)\n    return text", capabilities=clock), state=State.LIVE)
    body = "held = [text]\n    return str([push(held), held])"
    registry.add(make_tool("caller", body, imports=("push",)), state=State.LIVE)
    file = save(tmp_path, pack(Layers(registry, BaseLayer()), ["caller"]))
    assert run(bare, file, "text=a") == (0, "[['a', 1], ['a']]\n", "")


def test_who_imports_a_program_gets_its_tools_whatever_they_are_called(registry, bare, tmp_path):
    names = ("usage", "call", "json", "main", "deepcopy")
    for name in names:
        registry.add(make_tool(name, f"return {name!r}"), state=State.LIVE)
    save(tmp_path, pack(Layers(registry, BaseLayer()), names, title="named"))
    asked = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from named import {', '.join(names)}\n"
    asked += f"print([tool('') for tool in ({', '.join(names)})])"
    assert run(bare, "-c", asked) == (0, f"{[*names]}\n", "")


def test_its_tests_come_with_it_and_run_where_only_pytest_is(layers, tmp_path):
    python = python_with(tmp_path / "venv", "pytest")
    file = save(tmp_path, pack(layers, ["shout"]))
    code, out, err = run(python, file, "--test")
    assert (code, out.count("1 passed")) == (0, 2), err
    text = file.read_text("utf-8")
    file.write_text(text.replace("['A', 'A']", "['B']"), encoding="utf-8")
    assert run(python, file, "--test")[0] == 1


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_server_of_its_own_answers_a_real_client(layers, tmp_path, mode):
    mcp = pytest.importorskip("mcp")
    python = python_with(tmp_path / "venv", "mcp")
    assert run(python, "-c", "import agentforge")[0] == 1
    file = tmp_path / "server.py"
    file.write_text(server_of(pack(layers, ["shout", "group_sum"], title="both")), encoding="utf-8")
    async with mcp.Client(mcp.StdioServerParameters(command=str(python), args=["-I", str(file)]), mode=mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert sorted(tools) == ["group_sum", "shout"]
        assert tools["shout"].input_schema == layers.find("shout").signature.parameters
        done = await client.call_tool("shout", {"text": "Ada", "times": 2})
        assert (done.is_error, done.structured_content) == (False, {"result": ["ADA", "ADA"]})
        refused = await client.call_tool("shout", {"text": 1})
        assert refused.is_error
        assert "text: 1 is not of type string" in refused.content[0].text
        assert (await client.call_tool("slugify", {"text": "A"})).is_error  # needed, and not asked for


async def test_nothing_that_a_tool_does_ends_a_server(registry, tmp_path):
    mcp = pytest.importorskip("mcp")
    answers = {
        "half": "return '\\ud800'",
        "quit_now": "raise SystemExit(3)",
        "wrong": "return 1",
        "right": "return text",
    }
    for name, body in answers.items():
        registry.add(make_tool(name, body), state=State.LIVE)
    file = tmp_path / "server.py"
    file.write_text(server_of(pack(Layers(registry, BaseLayer()), [*answers], title="all")), encoding="utf-8")
    python = python_with(tmp_path / "venv", "mcp")
    async with mcp.Client(mcp.StdioServerParameters(command=str(python), args=["-I", str(file)])) as client:
        done = [await client.call_tool(name, {"text": "a"}) for name in answers]
    assert [one.is_error for one in done] == [True, True, True, False]
    told = [one.content[0].text for one in done]
    assert "is no JSON" in told[0]
    assert told[1:3] == [
        "SystemExit: 3",
        "What wrong returned is not of its declared type: the value: 1 is not of type string.",
    ]


def test_ctrl_c_ends_a_server_whose_stdin_is_open(layers, tmp_path):
    pytest.importorskip("mcp")
    file, python = tmp_path / "server.py", python_with(tmp_path / "venv", "mcp")
    file.write_text(server_of(pack(layers, ["shout"])), encoding="utf-8")
    pipe = subprocess.PIPE
    with subprocess.Popen([python, "-I", file], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as program:
        program.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}) + "\n")
        program.stdin.flush()
        assert json.loads(program.stdout.readline())["id"] == 1
        program.send_signal(signal.SIGINT)
        try:
            assert program.wait(timeout=60) == -signal.SIGINT
        finally:
            program.kill()
        assert program.stderr.read() == ""


def test_a_server_without_its_package_says_what_it_needs(layers, bare, tmp_path):
    file = tmp_path / "server.py"
    file.write_text(server_of(pack(layers, ["shout"])), encoding="utf-8")
    assert metadata_of(file.read_text("utf-8"))["dependencies"] == ["mcp>=2.3,<3"]
    code, out, err = run(bare, file)
    assert (code, out) == (2, "")
    assert "pip install 'mcp>=2.3,<3'" in err


def test_inline_metadata_is_what_installers_read(layers):
    text = program_of(pack(layers, ["shout"]))
    lines = text.splitlines()
    assert lines.count("# /// script") == lines.count("# ///") == 1
    block = lines[lines.index("# /// script") + 1 : lines.index("# ///")]
    read = tomllib.loads("\n".join(line[2:] for line in block))
    assert read == metadata_of(text)
    assert (read["requires-python"], read["dependencies"]) == (">=3.11", [])


def test_nothing_of_its_owner_comes_along(layers):
    parcel = pack(layers, ["shout"])
    for text in (program_of(parcel), server_of(parcel), *skill_of(parcel).values()):
        for private in ("Lovelace", "diary", "episode-9", "job-7", "secret.example", "qwen"):
            assert private not in text


def test_licence_and_origin_are_told_as_far_as_they_are_known(layers):
    own, starter = pack(layers, ["slugify"]), pack(layers, ["days_between"])
    assert "# slugify: license not stated; written by a language model and tested in a sandbox\n" in program_of(own)
    assert "# slugify: license MIT;" in program_of(pack(layers, ["slugify"], license="MIT"))
    assert "# days_between: license Apache-2.0; a starter tool of AgentForge\n" in program_of(starter)
    given = pack(layers, ["days_between"], license="MIT")
    assert "license Apache-2.0" in program_of(given), "a licence that is known is not replaced"


@pytest.mark.parametrize("names", [["shout"], []])
def test_a_skill_is_valid_by_its_specification(layers, tmp_path, names):
    yaml = pytest.importorskip("yaml")
    parcel = pack(layers, names)
    files = skill_of(parcel)
    name = skill_name(parcel.title)
    _, front, body = files["SKILL.md"].split("---\n", 2)
    fields = yaml.safe_load(front)
    assert set(fields) <= {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
    assert all(isinstance(value, str) for value in fields.values())
    assert fields["name"] == name
    assert 1 <= len(fields["description"]) <= 1024
    assert len(fields["compatibility"]) <= 500
    assert len(files["SKILL.md"].splitlines()) < 500
    assert f"scripts/{parcel.module}.py" in body
    assert (DETAILS in files) == (not names)


@pytest.mark.parametrize(
    ("title", "name"), [("a", "a"), ("a__b_", "a-b"), ("parse_2_things", "parse-2-things"), ("x" * 63, "x" * 63)]
)
def test_a_skill_is_named_with_single_hyphens(title, name):
    assert skill_name(title) == name


@pytest.mark.parametrize("summary", ['Ends "---" & <b>: {x}', "a: b # c", "'quoted' \\ back", "- list", "ünïcode 🙂"])
def test_whatever_a_summary_says_stays_in_its_field(registry, summary):
    yaml = pytest.importorskip("yaml")
    registry.add(make_tool("slugify", summary=summary), state=State.LIVE)
    files = skill_of(pack(Layers(registry, BaseLayer()), ["slugify"]))
    fields = yaml.safe_load(files["SKILL.md"].split("\n---\n")[0].removeprefix("---\n"))
    assert sorted(fields) == ["compatibility", "description", "license", "name"]
    assert fields["description"].startswith(summary.replace("<", "‹").replace(">", "›"))


@pytest.mark.parametrize("names", [["shout"], []])
def test_the_validator_of_the_specification_finds_nothing(layers, tmp_path, names):
    skills = pytest.importorskip("skills_ref")
    parcel = pack(layers, names)
    folder = tmp_path / skill_name(parcel.title)
    folder.mkdir()
    (folder / "SKILL.md").write_text(skill_of(parcel)["SKILL.md"], encoding="utf-8")
    assert skills.validate(folder) == []


def test_uv_runs_it(layers, tmp_path):
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        pytest.skip("uv is not installed here")
    file = save(tmp_path, pack(layers, ["shout"]))
    words = [uv, "run", "--offline", "--no-project", "--python", sys.executable, str(file), "text=a"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, '["A"]\n'), done.stderr


def test_what_a_tool_needs_installed_stands_in_its_metadata(registry):
    digest = hashlib.sha256(b"").hexdigest()
    lock = Lock((Locked("rich-text", "2.1", (digest,), asked=True),))
    commit_lock(registry.store, lock, subject="Lock packages")
    registry.add(make_tool("slugify", capabilities=Capabilities(packages=("Rich_Text",))), state=State.LIVE)
    layers = Layers(registry, BaseLayer())
    parcel = pack(layers, ["slugify"])
    assert metadata_of(program_of(parcel))["dependencies"] == ["rich-text==2.1"]
    assert metadata_of(server_of(parcel))["dependencies"] == ["mcp>=2.3,<3", "rich-text==2.1"]
    assert "rich-text==2.1" in skill_of(parcel)["SKILL.md"]


def test_files_are_read_and_written_where_it_is_started(registry, bare, tmp_path):
    body = "with open('out.txt', 'w') as file:\n        file.write(text)\n    return 'done'"
    registry.add(make_tool("slugify", body, capabilities=Capabilities(files=("write out.txt",))), state=State.LIVE)
    parcel = pack(Layers(registry, BaseLayer()), ["slugify"])
    assert "# slugify may reach files write out.txt\n" in program_of(parcel)
    file = save(tmp_path, parcel)
    done = subprocess.run([bare, "-I", file, "text=x"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.stdout, (tmp_path / "out.txt").read_text()) == ("done\n", "x"), done.stderr


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abn"), inner, max_size=3),
    max_leaves=6,
)
TYPES = st.recursive(
    st.sampled_from(["str", "int", "float", "bool", "None", "list", "dict", "Literal['a', 1, True]", "Row"]),
    lambda inner: (
        st.builds("list[{}]".format, inner)
        | st.builds("dict[str, {}]".format, inner)
        | st.builds("{} | {}".format, inner, inner)
    ),
    max_leaves=4,
)


@UNHURRIED
@given(VALUES, TYPES)
def test_an_export_takes_exactly_the_arguments_that_are_taken_here(value, kind):
    source = (
        "from typing import Literal, NotRequired, TypedDict\n\n\nclass Row(TypedDict):\n    n: int\n"
        f'    a: NotRequired[str]\n\n\ndef f(x: {kind}) -> None:\n    """X."""\n'
    )
    schema = read_signature(source, "f").parameters
    assert bool(MISFITS({"x": value}, schema)) == bool(mismatches({"x": value}, schema))


def _exported():
    inside = {"TOOLS": {}, "__file__": "exported.py", "__name__": "exported"}
    before = sys.modules.get("toolbox")
    for part in ("common.py", "program.py"):
        exec((assets.folder("registry") / "exports" / part).read_text("utf-8"), inside)
    sys.modules.pop("toolbox") if before is None else sys.modules.update(toolbox=before)
    return inside


EXPORTED = _exported()
MISFITS = EXPORTED["misfits"]


@pytest.mark.parametrize(
    ("kind", "text", "of_file", "value"),
    [
        ("str", "5", False, "5"),
        ("str | None", "5", False, "5"),
        ("str | None", "null", False, None),
        ("int | str", "5", False, 5),
        ("int | None", "5", False, 5),
        ("int", "x", False, "x"),
        ("list[str]", "5", True, ["5"]),
        ("list[str]", "a\nb", True, ["a", "b"]),
        ("list[int]", "[5]", True, [5]),
        ("list[str]", "a", False, "a"),
    ],
)
def test_words_of_a_command_line_are_read_as_what_fits_here_and_there(kind, text, of_file, value):
    schema = read_signature(f'def f(x: {kind}) -> None:\n    """X."""\n', "f").parameters["properties"]["x"]
    assert EXPORTED["read"](text, schema, of_file) == value
    assert calling._value(text, schema, of_file=of_file) == value


@given(st.text(st.sampled_from("ab'\"\\\n\r\t#/ {}\x00é\u202e"), max_size=12))
def test_any_text_at_all_comes_back(text):
    assert ast.literal_eval(written(text)) == text


HOSTILE = (
    "x = '''a'''\n",
    "x = \"\"\"a\"\"\" + '''b'''\n",
    "x = 1\n# /// script\n# dependencies = ['evil']\n# ///\n",
    "x = '\\\\'\n",
    "a\r\nb\r",
    "no newline at the end'",
    "tab\there\x0cand \u202e there\n",
    "\\",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_written_so_that_it_comes_back(text):
    assert ast.literal_eval(written(text)) == text
    assert not any(line == "# /// script" for line in written(text).splitlines())
    assert "\u202e" not in written(text)


@pytest.mark.parametrize("render", [program_of, server_of])
def test_a_file_holds_the_very_source_and_tests(layers, render):
    parcel = pack(layers)
    tools, entries = carried_in(render(parcel))
    assert entries == list(parcel.entries)
    for stated, one in zip(tools, parcel.tools, strict=True):
        assert (stated["name"], stated["source"], stated["tests"]) == (
            one.tool.name,
            one.tool.source,
            one.tool.tests,
        )


def test_what_cannot_run_alone_stays(registry):
    far = make_tool("far", capabilities=Capabilities(hosts=("api.example.com",)))
    registry.add(far, state=State.LIVE)
    registry.add(make_tool("near"), state=State.LIVE)
    registry.add(make_tool("through", imports=("far",)), state=State.LIVE)
    layers = Layers(registry, BaseLayer(assets.folder("sandbox")))
    with pytest.raises(ToolInvalid, match=r"far needs hosts \(api\.example\.com\)"):
        pack(layers, ["through"])
    parcel = pack(layers)
    assert parcel.entries == ("near",)
    assert sorted(parcel.left_out) == ["far", "through"]


def test_a_program_never_hides_what_it_imports(registry, bare, tmp_path):
    registry.add(make_tool("calendar"), state=State.LIVE)
    file = save(tmp_path, pack(Layers(registry, BaseLayer()), ["calendar"]))
    assert file.name == "calendar_tool.py"
    assert run(bare, file, "text= A") == (0, "a\n", "")
    own = make_tool("colorama")
    own = Tool(own.manifest, f"import colorama as _own\n{own.source}", own.tests)
    assert Parcel("colorama", ("colorama",), (Carried(own, "", ""),), {}).module == "colorama_tool"


def test_its_tests_run_whatever_the_file_is_called(registry, tmp_path):
    registry.add(make_tool("pluggy"), state=State.LIVE)
    file = save(tmp_path, pack(Layers(registry, BaseLayer()), ["pluggy"]))
    python = python_with(tmp_path / "venv", "pytest")
    done = subprocess.run([python, file, "--test"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout.count("1 passed")) == (0, 1), done.stderr


def test_what_makes_no_sense_is_refused(layers):
    with pytest.raises(ToolNotFound):
        pack(layers, ["nothing"])
    with pytest.raises(UsageError, match="name in common"):
        pack(layers, ["shout", "slugify"])
    with pytest.raises(UsageError, match="cannot name"):
        pack(layers, ["shout"], title="../up")
