"""``config show``: what is in force, where it comes from, and no secret ever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentforge.settings import Settings
from tests.cli.conftest import KEY, Program, write_settings


def test_every_setting_is_shown_with_its_origin(program: Program, home: Path) -> None:
    write_settings(home, {"forge": {"candidates": 6}})
    env = {"AGENTFORGE_AGENT__MAX_STEPS": "9"}
    done = program("config", "show", "--origin", "--set", "sandbox.pids=99", "--output-format", "json", env=env)
    shown = json.loads(done.out)["settings"]
    assert shown["forge.candidates"] == {"value": 6, "origin": str(home / "settings.toml")}
    assert shown["agent.max_steps"] == {"value": 9, "origin": "environment, AGENTFORGE_AGENT__MAX_STEPS"}
    assert shown["sandbox.pids"] == {"value": 99, "origin": "flags"}
    assert shown["forge.rounds"]["origin"] == "default"
    assert {key.partition(".")[0] for key in shown} == {*Settings.model_fields} - {
        "origins",
        "endpoints",
        "roles",
        "secrets",
        "servers",
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_of_tools_are_masked(program: Program, home: Path, form: str) -> None:
    write_settings(home, {"secrets": {"weather": {"value": "k3y-of-the-weather", "host": "api.example.com"}}})
    done = program("config", "show", "--origin", "--output-format", form)
    assert "secrets.weather.host" in done.out
    assert "k3y-of-the-weather" not in done.out + done.err


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_of_servers_are_masked_and_in_no_complaint(program: Program, home: Path, form: str) -> None:
    token, variable = "t0ken-of-the-server", "v4riable-of-the-program"
    servers = {
        "wiki": {"url": "https://wiki.example.com/mcp", "token": token},
        "hub": {"command": ["hub"], "environment": {"HUB": variable}},
    }
    write_settings(home, {"servers": servers, "mcp": {"token": token}})
    done = program("config", "show", "--origin", "--output-format", form)
    assert "servers.wiki.url" in done.out
    wrong = {**servers, "both": {**servers["wiki"], **servers["hub"]}}
    write_settings(home, {"servers": wrong, "mcp": {"token": 12345678901234567890}})
    refused = program("config", "show", "--output-format", form)
    assert refused.code == 3
    said = done.out + done.err + refused.out + refused.err
    assert not [secret for secret in (token, variable, "12345678901234567890") if secret in said]


def test_flags_win_over_the_environment(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTFORGE_USER", "ada")
    assert 'user = "ada"' in program("config", "show").out
    assert 'user = "eve"' in program("config", "show", "--user", "eve").out


@pytest.mark.parametrize("form", ["text", "json"])
def test_keys_are_masked(program: Program, form: str) -> None:
    done = program("config", "show", "--origin", "--output-format", form, env={"ANTHROPIC_API_KEY": KEY})
    assert "endpoints.claude.key" in done.out
    assert KEY not in done.out + done.err


LOST = "sk-ant-" + "api03-abcdefghijklmnop1234567890"


@pytest.mark.parametrize(
    "name",
    ["ENDPOINTS__CLAUDE", "ENDPOINTS__CLAUDE__KIND", "ROLES__PLAN", "FORGE__CANDIDATES", "MODEL__WEIGHTS"],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_key_in_the_wrong_setting_is_not_printed(program: Program, name: str, form: str) -> None:
    done = program("config", "show", "--output-format", form, env={f"AGENTFORGE_{name}": LOST})
    assert done.code == 3
    assert name.lower().replace("__", ".") in done.err
    assert "1234567890" not in done.out + done.err


def test_nor_does_the_doctor_print_it(program: Program) -> None:
    done = program("doctor", env={"AGENTFORGE_ENDPOINTS__CLAUDE": LOST})
    assert "AGENTFORGE_ENDPOINTS__CLAUDE" in done.out + done.err
    assert "1234567890" not in done.out + done.err


@pytest.mark.parametrize("given", [LOST, f"{LOST}=1", f"endpoints.claude={LOST}", f"endpoints.{LOST}.url=1"])
def test_nor_is_one_in_a_flag(program: Program, given: str) -> None:
    done = program("config", "show", "--set", given)
    assert done.code in (2, 3)
    assert "1234567890" not in done.out + done.err


def test_nor_one_in_a_setting_that_takes_any_text(program: Program) -> None:
    done = program("config", "show", env={"AGENTFORGE_DATABASE_URL": f"postgresql://me:{LOST}@db.example/x"})
    assert "db.example" in done.out
    assert "1234567890" not in done.out + done.err


def test_one_underscore_where_two_belong_is_told(program: Program) -> None:
    done = program("config", "show", env={"AGENTFORGE_MODEL_PORT": "41000"})
    assert done.code == 3
    assert "AGENTFORGE_MODEL_PORT has no effect" in done.err
    assert "AGENTFORGE_MODEL__PORT" in done.err


@pytest.mark.parametrize("name", ["AGENTFORGE_NOSUCH__X", "AGENTFORGE___X", "AGENTFORGE_HOME__X"])
def test_a_section_that_does_not_exist_is_told_with_those_that_do(program: Program, name: str) -> None:
    done = program("config", "show", env={name: "1"})
    assert done.code == 3
    assert f"{name} has no effect" in done.err
    sections = (
        "endpoints, roles, secrets, servers, model, sandbox, forge, gates, review, agent, documents, sleep, sync, web,"
    )
    assert sections in " ".join(done.err.split())


def test_a_variable_that_means_nothing_to_us_is_let_be(program: Program) -> None:
    assert program("config", "show", env={"AGENTFORGE_SERVICE_PORT": "tcp://10.0.0.1:80"}).code == 0
