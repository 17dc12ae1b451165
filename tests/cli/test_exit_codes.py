"""Exit codes by their real causes: one sentence with its fix, never a traceback.

What depends on being a process of its own is run as one; the rest saves the start.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from agentforge import Forge
from agentforge.cli.output import status_of
from agentforge.models.protocol import ToolCall
from agentforge.payloads import schema
from agentforge.registry.layers import BaseLayer, Registry
from agentforge.testing import Fault, MessagesServer, Reply
from agentforge.types import Layer, State
from tests.cli.conftest import KEY, Done, Program, write_settings

PROGRAM = f"{sys.executable} -m agentforge"


def failed_as(done: Done, code: int, *words: str) -> None:
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    assert done.err.startswith("agentforge: ")
    for word in words:
        assert word in done.err


def shell(command: str) -> Done:
    """The command as a shell runs it, for what only a shell can do to the three streams."""
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def test_0_the_answer_alone_is_on_stdout(process: Program, to_claude: MessagesServer) -> None:
    done = process("run", "-p", "Do it")
    assert (done.code, done.out) == (0, "It is done.\n")
    assert "session" in done.err


def test_0_json_is_one_object_that_agrees_with_the_code(program: Program, to_claude: MessagesServer) -> None:
    done = program("run", "-p", "Do it", "--output-format", "json")
    result = json.loads(done.out)
    assert (result["status"], result["exit_code"], done.code) == ("completed", 0, 0)
    assert result["answer"] == "It is done."
    assert result["usage"]["total"]["calls"] == 1
    assert result["session"]


def test_0_the_prompt_comes_from_stdin(process: Program, to_claude: MessagesServer) -> None:
    assert process("run", "-p", "-", stdin="Grüße".encode()).code == 0
    assert "Grüße" in json.dumps(to_claude.requests[0].body, ensure_ascii=False)


def test_0_the_second_process_goes_on_with_the_session(
    program: Program, process: Program, to_claude: MessagesServer
) -> None:
    first = json.loads(program("run", "-p", "Remember the heron", "--output-format", "json").out)
    second = json.loads(process("run", "-c", "-p", "What was it?", "--output-format", "json").out)
    third = json.loads(program("run", "-r", first["session"], "-p", "Again", "--output-format", "json").out)
    assert first["session"] == second["session"] == third["session"]
    assert "Remember the heron" in json.dumps(to_claude.requests[-1].body)


def test_0_stream_json_has_an_event_on_each_line_and_the_result_last(
    program: Program, to_claude: MessagesServer
) -> None:
    lines = [
        json.loads(line) for line in program("run", "-p", "x y", "--output-format", "stream-json").out.splitlines()
    ]
    assert [line["seq"] for line in lines[:-1]] == list(range(len(lines) - 1))
    for line in lines:
        jsonschema.validate(line, schema())
    assert lines[-2]["type"] == "completed"
    assert lines[-1]["status"] == "completed"


def test_0_a_box_that_cannot_be_closed_costs_nobody_the_answer(
    program: Program, to_claude: MessagesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = Forge.aclose

    async def failing(forge: Forge) -> None:
        await close(forge)
        raise OSError("the daemon went away")

    monkeypatch.setattr(Forge, "aclose", failing)
    done = program("run", "-p", "Do it")
    assert (done.code, done.out) == (0, "It is done.\n")
    assert "the daemon went away" in done.err


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (["run", "-p", " \n"], b"", ["empty"]),
        (["run", "-p", "-"], b"", ["empty"]),
        (["run", "-p", "-"], b"a" * 10_000_000, ["200,000 bytes", "agent.prompt_bytes"]),
        (["run", "-p", "-"], b"\xff\xfe\x00", ["UTF-8"]),
        (["run"], b"", ["--prompt", "agentforge run --help"]),
        (["run", "-p", "x", "-c", "-r", "1"], b"", ["exclude"]),
        (["run", "-p", "x", "-c"], b"", ["no session"]),
        (["run", "-p", "x", "--set", "oops"], b"", ["KEY=VALUE"]),
        (["tools", "show", "no_such_tool"], b"", ["no_such_tool"]),
        (["tools", "log", "no_such_tool"], b"", ["no_such_tool"]),
        (["tools", "list", "--state", "odd"], b"", ["--state"]),
        (["nonsense"], b"", ["nonsense"]),
    ],
)
def test_2_usage(program: Program, arguments: list[str], stdin: bytes, words: list[str]) -> None:
    failed_as(program(*arguments, stdin=stdin), 2, *words)


@pytest.mark.parametrize("arguments", ["run -p -", "chat"])
def test_2_a_closed_stdin(arguments: str) -> None:
    failed_as(shell(f"{PROGRAM} {arguments} <&-"), 2, "Stdin is closed", "agentforge run -p TEXT")


def test_2_an_unknown_session(program: Program, to_claude: MessagesServer) -> None:
    failed_as(program("run", "-p", "x", "-r", "feedc0de"), 2, "feedc0de")
    assert to_claude.requests == []


def test_3_no_model_at_all(process: Program) -> None:
    failed_as(process("run", "-p", "x"), 3, "No model endpoint", "agentforge model up", "ANTHROPIC_API_KEY")


def test_3_the_wrong_key(program: Program, to_claude: MessagesServer) -> None:
    done = program("run", "-p", "x", env={"ANTHROPIC_API_KEY": "sk-wrong-key-1234"})
    failed_as(done, 3, "refused the key", "ANTHROPIC_API_KEY")
    assert "sk-wrong-key-1234" not in done.err


def test_3_settings_that_are_no_toml(program: Program, home: Path) -> None:
    home.mkdir()
    (home / "settings.toml").write_text("[forge\n")
    failed_as(program("tools", "list"), 3, "settings.toml", "TOML")


def test_3_a_setting_that_makes_no_sense(program: Program, home: Path) -> None:
    write_settings(home, {"forge": {"candidates": 0}})
    failed_as(program("config", "show"), 3, "forge.candidates", "settings.toml")


def test_2_a_user_name_that_is_a_path(program: Program) -> None:
    failed_as(program("tools", "list", "--user", "../../etc"), 2, "--user must be lower-case letters", "'../../etc'")


def test_3_a_user_name_that_is_a_path_from_the_environment(program: Program) -> None:
    done = program("tools", "list", env={"AGENTFORGE_USER": "../x"})
    failed_as(done, 3, "user (from environment, AGENTFORGE_USER) must be lower-case letters", "'../x'")


def test_0_a_user_may_be_called_by_a_number(program: Program) -> None:
    assert 'user = "42"' in program("config", "show", env={"AGENTFORGE_USER": "42"}).out


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("FORGE__CANDIDATES", "many", "must be a whole number, not 'many'."),
        ("FORGE__CANDIDATES", "0", "must be at least 1, not 0."),
        ("FORGE__CANDIDATEZ", "1", "is no setting."),
        ("SANDBOX__LAUNCHER", "podman", "must be 'auto', 'docker' or 'bubblewrap', not 'podman'."),
        ("FORGE", "3", "must be a section, not 3."),
        ("ENDPOINTS__X__KEY", "sk-secret", "endpoints.x.url is missing"),
        ("ENDPOINTS__X__KEY", "sk-secret\n2", "holds a blank, a line break or a character outside ASCII"),
    ],
)
def test_3_a_wrong_setting_in_plain_words(program: Program, variable: str, value: str, words: str) -> None:
    done = program("config", "show", env={f"AGENTFORGE_{variable}": value})
    failed_as(done, 3, words, "" if "missing" in words else f"(from environment, AGENTFORGE_{variable})")
    assert "sk-secret" not in done.err
    assert not re.search("Input should|Extra inputs|Value error|Field required|String should", done.err)


@pytest.mark.parametrize("key", ["", " ", "\n"])
def test_3_a_blank_key_is_none(program: Program, key: str) -> None:
    failed_as(program("run", "-p", "x", env={"ANTHROPIC_API_KEY": key}), 3, "No model endpoint is set up.")


def test_0_blanks_around_a_key_are_none_of_it(program: Program, to_claude: MessagesServer) -> None:
    assert program("run", "-p", "x", env={"ANTHROPIC_API_KEY": f" {KEY}\n"}).code == 0


@pytest.mark.parametrize("key", ["sk-one\nsk-two", "sk-schlüssel", "sk-one sk-two", "sk-\x07"])
def test_3_a_key_that_no_header_can_carry(program: Program, key: str) -> None:
    done = program("run", "-p", "x", env={"ANTHROPIC_API_KEY": key})
    failed_as(done, 3, "endpoints.claude.key (from environment, ANTHROPIC_API_KEY) holds a blank")
    assert "sk-" not in done.err


@pytest.mark.parametrize(
    "command", [["tools", "list"], ["run", "-p", "x"], ["chat"], ["web", "--port", "0"], ["doctor"]]
)
@pytest.mark.parametrize("place", ["file", "/dev/null/home"])
def test_3_a_home_that_cannot_be_one(program: Program, tmp_path: Path, command: list[str], place: str) -> None:
    (tmp_path / "file").touch()
    done = program(*command, env={"AGENTFORGE_HOME": str(tmp_path / place)})
    assert done.code == 3
    assert "cannot be written: Not a directory." in done.out + done.err
    assert "set AGENTFORGE_HOME to a folder of yours" in done.out + done.err


@pytest.mark.parametrize("command", [["tools", "list"], ["run", "-p", "x"], ["web", "--port", "0"], ["doctor"]])
def test_3_a_registry_whose_state_file_is_malformed(program: Program, home: Path, command: list[str]) -> None:
    with Registry.open_or_create(home / "registries" / "personal" / "me.git") as registry:
        registry.store.commit({"state.toml": b"format ="}, subject="Oops", trailers={}, expected=registry.head())
    done = program(*command)
    assert done.code == 3
    assert "state.toml in the registry" in done.out + done.err


@pytest.mark.parametrize("address", ["garbage", "tcp://x:y:z", "tcp://host", "unix://"])
@pytest.mark.parametrize("command", ["sandbox check", "sandbox build"])
def test_3_a_docker_host_that_makes_no_sense(program: Program, address: str, command: str) -> None:
    failed_as(program(*command.split(), env={"DOCKER_HOST": address}), 3, f"DOCKER_HOST={address!r} is no address")


@pytest.mark.parametrize(
    "command", [("why", "nope"), ("diff", "nope"), ("check", "/nonexistent"), ("why", "nope", "--unknown")]
)
def test_2_json_for_short_is_json_also_where_the_command_fails(program: Program, command: tuple[str, ...]) -> None:
    done = program("tools", *command, "--json")
    result = json.loads(done.out)
    assert (done.code, result["exit_code"], result["status"]) == (2, 2, "failed")
    assert result["error"]["message"] in done.err


def test_3_the_registry_folder_is_no_registry(program: Program, home: Path) -> None:
    folder = home / "registries" / "personal" / "me.git"
    folder.mkdir(parents=True)
    (folder / "letter.txt").write_text("Dear Ada")
    failed_as(program("tools", "list"), 3, "me.git")
    assert (folder / "letter.txt").read_text() == "Dear Ada"


def test_4_nothing_answers(program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    done = program("run", "-p", "x", env={"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": url})
    failed_as(done, 4, url)
    assert done.out == ""


def test_4_a_server_that_always_fails_and_json_says_so(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    with MessagesServer(lambda _: Fault(500, "api_error", "on fire")) as server:
        env = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url}
        done = program("run", "-p", "x", "--output-format", "json", env=env)
    result = json.loads(done.out)
    assert (done.code, result["exit_code"], result["status"]) == (4, 4, status_of(4))
    assert result["error"]["type"] == "ModelUnavailable"
    assert "on fire" in result["error"]["message"]


def test_4_the_prompt_does_not_fit_what_the_server_really_has(program: Program, home: Path) -> None:
    with MessagesServer(lambda _: "unused", mode="vllm", context=300) as server:
        local = {"kind": "vllm", "url": server.url, "model": server.model, "context": 4096}
        write_settings(home, {"endpoints": {"local": local}})
        failed_as(program("run", "-p", "-", stdin=b"word " * 800), 4, "does not fit")


def test_5_a_limit(program: Program, to_claude: MessagesServer) -> None:
    done = program("run", "-p", "x", "--set", "agent.max_seconds=0.001", "--output-format", "json")
    result = json.loads(done.out)
    assert (done.code, result["status"], result["exit_code"]) == (5, "limited", 5)


def test_5_as_many_calls_of_a_model_as_were_allowed(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def always_one_more(_: object) -> Reply:
        return Reply("", (ToolCall("again", "search_tools", {"query": "anything"}),))

    with MessagesServer(always_one_more) as server:
        env = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url, "AGENTFORGE_AGENT__EMBEDDINGS": "false"}
        failed_as(program("run", "-q", "-p", "x", "--max-turns", "2", env=env), 5, "took its 2 model calls")
    assert len(server.requests) == 2


def test_5_as_much_money_as_was_allowed(program: Program, to_claude: MessagesServer) -> None:
    prices = [word for kind in ("input", "output") for word in ("--set", f"endpoints.claude.{kind}_price=5")]
    limited = ["--max-usd", "0.0001", *prices, "--set", "agent.embeddings=false"]
    failed_as(program("run", "-q", "-p", "x", *limited), 5, "0.0001 US dollars")
    assert to_claude.requests == []


def test_2_no_limit_of_money_without_a_price(program: Program, to_claude: MessagesServer) -> None:
    failed_as(program("run", "-q", "-p", "x", "--max-usd", "1"), 2, "Nobody knows what the model", "input_price")
    assert to_claude.requests == []


def test_6_a_person_has_to_look_first(program: Program, home: Path) -> None:
    (tool,) = (one for one in BaseLayer().tools() if one.name == "word_count")
    with Registry.open_or_create(home / "registries" / "personal" / "me.git") as registry:
        registry.add(dataclasses.replace(tool, layer=Layer.USER, report={}), state=State.PROPOSED)
    failed_as(program("tools", "approve", "word_count"), 6, "--version")


def test_7_no_sandbox(program: Program, tmp_path: Path) -> None:
    env = {"DOCKER_HOST": f"unix://{tmp_path}/nobody.sock", "AGENTFORGE_SANDBOX__LAUNCHER": "docker"}
    failed_as(program("tools", "call", "word_count", "text=a b", env=env), 7, "Docker")


def test_124_the_time_limit_of_the_command(program: Program) -> None:
    with MessagesServer(lambda _: Reply("slow " * 200, pause=0.5)) as server:
        env = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url}
        done = program("run", "-p", "x", "--timeout", "1", "--output-format", "json", env=env)
    result = json.loads(done.out)
    assert (done.code, result["status"], result["exit_code"]) == (124, "timed_out", 124)
    assert result["session"], "it can be continued"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_130_interrupted_in_mid_answer(sent: signal.Signals) -> None:
    with MessagesServer(lambda _: Reply("slow " * 200, pause=0.2)) as server:
        env = {**os.environ, "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url}
        command = [sys.executable, "-m", "agentforge", "run", "-p", "x", "--output-format", "json"]
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            deadline = time.monotonic() + 30
            while not server.requests and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(0.5)
            running.send_signal(sent)
            out, err = running.communicate(timeout=20)
    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert json.loads(out.splitlines()[-1])["status"] == "interrupted"
    assert json.loads(out.splitlines()[-1])["exit_code"] == 130


def test_a_reader_that_went_away_is_no_drama(to_claude: MessagesServer) -> None:
    command = f"{sys.executable} -m agentforge tools list | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize(("place", "why"), [(">/dev/full", "No space left"), (">&-", "closed")])
@pytest.mark.parametrize("form", ["text", "json", "stream-json"])
def test_1_an_answer_that_stdout_does_not_take_is_not_lost(
    place: str, why: str, form: str, program: Program, to_claude: MessagesServer
) -> None:
    done = shell(f"{PROGRAM} run -q -p x --output-format {form} {place}")
    session = program("run", "-c", "-p", "again", "--output-format", "json").out
    assert done.code == 1, done.err
    assert "Traceback" not in done.err
    assert "Exception ignored" not in done.err
    assert f"could not be written to stdout: {why}" in " ".join(done.err.replace("it is ", "").split())
    assert f"agentforge run -r {json.loads(session)['session']} -p …" in done.err
    if form != "stream-json":  # which notices with the first event, before a model was asked
        assert done.err.startswith("It is done.\n")


def test_1_a_conversation_whose_answers_nobody_takes_ends(to_claude: MessagesServer) -> None:
    done = shell(f"echo hello | {PROGRAM} chat >/dev/full")
    assert done.code == 1
    assert "It is done.\n" in done.err
    assert re.search(r"stdout: No space left on device\.\n.*agentforge chat -r \w+", done.err)


@pytest.mark.parametrize("command", ["tools list", "tools show word_count", "--help"])
def test_a_full_stdout_is_never_a_success_and_is_blamed_itself(command: str) -> None:
    done = shell(f"{PROGRAM} {command} >/dev/full")
    assert done.code == 1, done.err
    assert "stdout" in done.err
    assert "disk is full" not in done.err
    assert "Exception ignored" not in done.err


def test_a_failure_keeps_its_code_where_stdout_takes_nothing() -> None:
    done = shell(f"{PROGRAM} run -p x --output-format json >/dev/full")
    failed_as(done, 3, "No model endpoint")


def test_a_defect_is_a_sentence_unless_debugging(process: Program, home: Path) -> None:
    wrong = {"AGENTFORGE_DATABASE_URL": "sqlite:////dev/null/nowhere/state.db"}
    done = process("run", "-p", "x", "-c", env=wrong)
    assert done.code != 0
    assert "Traceback" not in done.err
    assert "Traceback" in process("run", "-p", "x", "-c", env={**wrong, "AGENTFORGE_DEBUG": "1"}).err
