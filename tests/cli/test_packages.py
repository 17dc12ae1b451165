"""``packages lock|list|build|clean``, with a folder of wheels in place of an index."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentforge.boxes.packages.lock import parse
from agentforge.registry.layers import Registry
from tests.boxes.packages.making import make_wheel, only_from
from tests.cli.conftest import Program

BUBBLEWRAP = ("--set", "sandbox.launcher=bubblewrap")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "index"
    make_wheel(folder, "low", {"low.py": ""})
    make_wheel(folder, "high", {"high/__init__.py": "", "high.pth": "import os"}, requires=["low"])
    only_from(folder, monkeypatch)
    return folder


def locked(home: Path) -> str:
    with Registry.open(home / "registries" / "personal" / "me.git") as registry:
        return (registry.store.read("packages.lock") or b"").decode()


def test_a_set_is_locked_listed_built_and_cleaned(program: Program, home: Path, index: Path) -> None:
    assert "No package is locked" in program("packages", "list").out

    done = program("packages", "lock", "high", *BUBBLEWRAP)
    assert (done.code, done.out) == (0, "+ high 1.0\n+ low 1.0\n")
    assert "Of high, no box gets high.pth." in done.err
    assert "agentforge packages build" in done.err
    assert parse(locked(home)).versions == {"high": "1.0", "low": "1.0"}

    listed = program("packages", "list", *BUBBLEWRAP)
    assert "They have not been built on this machine." in listed.err
    assert [line.split()[:3] for line in listed.out.splitlines()[1:]] == [
        ["high", "1.0", "high"],
        ["low", "1.0", "low"],
    ]

    built = json.loads(program("packages", "build", "--output-format", "json", *BUBBLEWRAP).out)["built"]
    assert (Path(built["place"]) / "high" / "__init__.py").is_file()
    shown = json.loads(program("packages", "list", "--output-format", "json", *BUBBLEWRAP).out)
    assert shown["built"] == [built]

    assert program("packages", "clean").out == "Nothing is left over.\n"
    assert program("packages", "lock", "--remove", "high", *BUBBLEWRAP).out == "- high 1.0\n- low 1.0\n"
    assert program("packages", "clean").out == f"{built['place']}\n"
    assert not Path(built["place"]).exists()


def test_a_second_package_leaves_the_versions_of_the_first(program: Program, home: Path, index: Path) -> None:
    program("packages", "lock", "low", *BUBBLEWRAP)
    make_wheel(index, "low", {"low.py": ""}, version="2.0")
    assert program("packages", "lock", "high", *BUBBLEWRAP).out == "+ high 1.0\n"
    assert program("packages", "lock", "high", *BUBBLEWRAP).out == "Nothing changes.\n"
    assert program("packages", "lock", *BUBBLEWRAP).out == "~ low 1.0 → 2.0\n"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("lock", "-r", "x.txt"), 2, "No such option"),
        (("lock", "high @ https://evil.example/x.whl"), 2, "is not NAME or NAME==VERSION"),
        (("lock", "--", "--index-url=x"), 2, "is not NAME or NAME==VERSION"),
        (("lock", "./high.whl"), 2, "is not NAME or NAME==VERSION"),
        (("lock", "--remove", "high"), 2, "high is not locked"),
        (("lock", "high==7"), 7, "There is no wheel of high==7"),
        (("build",), 2, "No package is locked"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_changes_nothing(
    program: Program, home: Path, index: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    options = arguments[:1] + BUBBLEWRAP + arguments[1:]
    done = program("packages", *options)
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    if (home / "registries" / "personal" / "me.git").exists():
        assert locked(home) == ""


def test_a_lock_that_cannot_be_read_is_made_anew(program: Program, home: Path, index: Path) -> None:
    with Registry.open_or_create(home / "registries" / "personal" / "me.git") as registry:
        registry.store.commit({"packages.lock": b"-e ."}, subject="x", trailers={}, expected=registry.head())
    assert program("packages", "list", *BUBBLEWRAP).code == 1
    done = program("packages", "lock", "low", *BUBBLEWRAP)
    assert (done.code, done.out) == (0, "+ low 1.0\n")
    assert "the option '-e' is not allowed" in done.err
