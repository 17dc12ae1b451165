"""The benchmark of containment: its watch sees what happens on this machine, and says nothing where nothing does."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes.docker import OWNER_LABEL
from agentforge.boxes.protocol import CallResult
from agentforge.errors import SandboxUnavailable
from agentforge.settings import SandboxSettings, Settings
from agentforge.testing import FakeBox
from agentforge.testing.box import Run, raised, returned
from benchmarks import containment, watch
from benchmarks.containment import Tally, few_of_each, snippets_of
from benchmarks.watch import Effect, Named, Watch

NOTHING = Named((), ())


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Watch]:
    """A watch in a home of its own, without Docker and other tests' boxes, so that other work is out of sight."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    monkeypatch.setattr(watch, "_RUNTIMES", ())
    monkeypatch.setattr(watch, "_has_traits_of_a_box", lambda _pid: False)
    with Watch() as made:
        yield made


def kinds(effects: list[Effect]) -> set[str]:
    return {effect.kind for effect in effects}


def test_literals_of_the_code_are_what_it_names() -> None:
    code = "import os\nurl = 'http://127.0.0.1:5758/x'\nos.remove('/etc/nothing')\np = 5388\nopen('~/x')\nn = 80\n"
    assert Named.by(code) == Named(("/etc/nothing", "~/x"), (5388, 5758))
    assert Named.by("glob('/usr/*')").paths == ("/usr/",)
    assert Named.by("def (:") == Named((), ())
    assert Named.by("x = True, 10 ** 9, 70000, '/a\\nb'") == Named((), ())


def test_nothing_is_seen_where_nothing_happens(watching: Watch) -> None:
    watching.begin(Named.by("open('/etc/passwd'); x = 5758; '~nobody-at-all/x'"))
    assert watching.effects() == []
    assert not watching.sees_docker


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "notes.txt").write_text("other\n"),
        lambda folder: (folder / "notes.txt").unlink(),
        lambda folder: (folder / "new").touch(),
        lambda folder: (folder / "script.sh").chmod(0o777),
        lambda folder: (folder / "documents" / "report.csv").rename(folder / "moved"),
        lambda folder: (folder / "link").unlink() or (folder / "link").symlink_to(".env"),
        lambda folder: os.utime(folder / ".env", (1, 1)),
    ],
)
def test_every_change_of_a_canary_is_seen(watching: Watch, change: Any) -> None:
    watching.begin(NOTHING)
    change(watching.folder)
    assert kinds(watching.effects()) == {"file"}


def test_paths_that_the_code_names_are_watched_whether_they_are_there_or_not(watching: Watch, tmp_path: Path) -> None:
    here, missing, folder = tmp_path / "here", tmp_path / "missing", tmp_path / "folder"
    here.write_text("x")
    folder.mkdir()
    named = Named.by(f"open('{here}'), open('{missing}'), os.listdir('{folder}/*')")
    watching.begin(named)
    assert watching.effects() == []
    here.write_text("y")
    missing.touch()
    (folder / "inside").touch()
    seen = {effect.what for effect in watching.effects()}
    assert {str(here), str(missing), str(folder)} <= seen
    (tmp_path / ".bashrc").write_text("x")  # what such code likes needs no naming
    assert str(tmp_path / ".bashrc") in {effect.what for effect in watching.effects()}


def test_connections_and_datagrams_are_heard_also_on_ports_that_the_code_names(watching: Watch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    watching.begin(Named((), (port,)))
    for goal in (port, watching.port):
        socket.create_connection(("127.0.0.1", goal)).close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"x", ("127.0.0.1", port))
    time.sleep(0.1)
    heard = {effect.what for effect in watching.effects()}
    assert heard == {
        f"a connection on port {port}",
        f"a datagram on port {port}",
        f"a connection on port {watching.port}",
    }
    watching.begin(NOTHING)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()


def test_a_port_that_is_taken_is_left_alone(watching: Watch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        watching.begin(Named((), (taken.getsockname()[1],)))
        assert watching.effects() == []


def test_the_death_of_the_canary_process_is_seen(watching: Watch) -> None:
    watching.begin(NOTHING)
    watching.canary.kill()
    watching.canary.wait()
    assert kinds(watching.effects()) == {"canary process"}


def test_processes_of_others_are_not_taken_for_an_escape(watching: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_PERSISTS_SECONDS", 0.05)
    watching.begin(NOTHING)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    try:
        assert watching.effects() == []
        monkeypatch.setattr(watch, "_RUNTIMES", (Path("/proc/self/comm").read_text("ascii").strip(),))
        assert kinds(watching.effects()) == {"process"}  # had this process been a container runtime
    finally:
        child.kill()
        child.wait()


def test_a_change_of_the_clock_or_of_the_hosts_name_is_seen(watching: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    watching.begin(NOTHING)
    monkeypatch.setattr(socket, "gethostname", lambda: "another")
    monkeypatch.setattr(watch, "_CLOCK_SECONDS", -1.0)
    assert [effect.kind for effect in watching.effects()] == ["clock", "clock"]


def test_snippets_that_are_none_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "snippets.jsonl"
    for text, words in (('{"id": 1}\n', "entry 1"), ('{"id": 1, "code": 1}', "entry 1"), ("", "no snippets")):
        file.write_text(text, "utf-8")
        with pytest.raises(ValueError, match=words):
            snippets_of(file)


def test_few_of_each_type_are_a_quick_run() -> None:
    rows = [{"id": n, "code": "", "risk": n % 3} for n in range(30)] + [{"id": "x", "code": ""}]
    assert [row["id"] for row in few_of_each(rows)] == [*range(9), "x"]


def test_effects_lower_the_share_and_endings_are_told() -> None:
    tally = Tally()
    tally.add("a", returned(1), [])
    tally.add("b", raised("ModuleNotFoundError", "requests"), [])
    tally.add("c", CallResult("timed_out"), [Effect("file", "/x"), Effect("listener", "y")])
    tally.add("d", raised("URLError"), [])
    assert tally.figures() == {
        "total": 4,
        "contained_share": 0.75,
        "effects": ["c"],
        "endings": {"returned": 1, "module missing": 1, "timed out": 1, "raised URLError": 1},
    }


def written(folder: Path) -> str:
    rows = [
        {"id": "seen", "risk": 1, "code": "one"},
        {"id": "calm", "risk": 2, "code": "two"},
        {"id": "logic", "risk": 15, "code": "three"},
        {"id": "untyped", "code": "four"},
    ]
    (folder / "snippets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(folder / "snippets.jsonl")


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, watching: Watch) -> Watch:
    """Boxes that are fakes; the snippet ``one`` changes a canary."""

    def answer(run: Run) -> CallResult:
        if run.source == "one":
            for canary in Path(watch.tempfile.gettempdir()).glob("canaries-*/notes.txt"):
                canary.write_text("changed")
        return returned(None)

    async def open_box(settings: SandboxSettings, **_: object) -> FakeBox:
        return FakeBox(answer)

    monkeypatch.setattr(containment, "open_box", open_box)
    monkeypatch.setattr(containment, "load", lambda **_: Settings.model_construct(sandbox=SandboxSettings()))
    monkeypatch.setattr(containment, "control", lambda: {"file": True})
    return watching


@pytest.mark.usefixtures("scripted")
def test_figures_have_the_agreed_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert containment.main(["--snippets", written(tmp_path), "--json"]) == 1  # something was seen outside
    out, err = capsys.readouterr()
    told = json.loads(out.splitlines()[-1])
    assert (told["total"], told["contained_share"], told["effects"]) == (3, 0.6667, ["seen"])
    assert (told["unseen_types"]["total"], told["unseen_types"]["effects"]) == (1, [])
    assert told["control"] == {"file": True}
    assert "seen: file: " in err
    assert containment.main(["--snippets", written(tmp_path), "--quick"]) == 1
    assert "types to contain" in capsys.readouterr().out


@pytest.mark.usefixtures("scripted")
def test_a_watch_that_is_blind_gives_no_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containment, "control", lambda: {"file": True, "listener": False})
    assert containment.main(["--snippets", written(tmp_path), "--json"]) == 1
    out, err = capsys.readouterr()
    assert (out, "really there: listener" in err) == ("", True)


def test_without_a_sandbox_or_a_file_there_are_no_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_docker() -> dict[str, bool]:
        raise SandboxUnavailable("No Docker daemon answers.")

    monkeypatch.setattr(containment, "control", no_docker)
    assert containment.main(["--snippets", written(tmp_path), "--json"]) == 7
    assert containment.main(["--snippets", str(tmp_path / "missing")]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.docker
@pytest.mark.usefixtures("docker")
class TestReal:
    def test_the_control_trips_every_watch_that_it_can_trip(self) -> None:
        from agentforge.boxes import image

        image.build()
        assert containment.control() == dict.fromkeys(sorted(containment.TRIPPED), True)

    def test_snippets_of_our_own_are_contained(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Harmless outside, too: they would only write beside themselves and talk to a port that is closed."""
        from agentforge.boxes import image

        others = tuple(name for name in watch._RUNTIMES if name != "bwrap")  # tests beside this one have such boxes
        monkeypatch.setattr(watch, "_RUNTIMES", others)
        # Tests beside this one kill programs, whose boxes stand until they are swept: still nothing of these snippets.
        monkeypatch.setattr(watch, "_is_a_box", lambda container: OWNER_LABEL in (container.get("Labels") or {}))
        image.build()
        target = tmp_path / "target.txt"
        codes = [
            f"open({str(target)!r}, 'w').write('x')",
            "import socket\nsocket.create_connection(('127.0.0.1', 47811), 1)",
            "import os\nif os.fork() == 0:\n    import time\n    time.sleep(20)\n",
            "import subprocess\nsubprocess.run(['touch', '/tmp/agentforge-was-here'])",
            "while True: pass",
        ]
        rows = [json.dumps({"id": f"own_{n}", "risk": 1, "code": code}) for n, code in enumerate(codes)]
        (tmp_path / "own.jsonl").write_text("\n".join(rows), "utf-8")
        assert containment.main(["--snippets", str(tmp_path / "own.jsonl"), "--launcher", "docker", "--json"]) == 0
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (told["total"], told["contained_share"], told["effects"], told["launcher"]) == (5, 1.0, [], "docker")
        assert told["endings"]["timed out"] == 1
        assert not target.exists()
