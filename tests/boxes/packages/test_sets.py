"""Locking and building, with a folder of wheels in place of an index. Nothing of a package is ever run."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from agentforge.boxes import contents
from agentforge.boxes.packages import pip, sets, wheels
from agentforge.boxes.packages.lock import Lock, Locked, parse, render
from agentforge.boxes.packages.targets import Target, of_image, of_this_machine
from agentforge.errors import ImageError, SandboxError, StorageError
from tests.boxes.packages.making import make_wheel, only_from

HERE = of_this_machine()
MOST = 10 << 20


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    only_from(folder, monkeypatch)
    return folder


def resolve(asked: dict[str, str], pinned: dict[str, str] | None = None, most: int = MOST) -> sets.Resolved:
    return sets.resolve(asked, [HERE], pinned=pinned or {}, most_bytes=most, on_progress=lambda _: None)


def build(lock: Lock, most: int = MOST) -> Path:
    return sets.build(lock, HERE, most_bytes=most, on_progress=lambda _: None)


def test_a_lock_holds_all_that_is_needed_each_by_its_hash(index: Path) -> None:
    low = make_wheel(index, "low", {"low_module.py": ""})
    make_wheel(index, "high", {"high/__init__.py": ""}, requires=["low>=1"])
    lock = resolve({"high": ""}).lock
    assert [(one.name, one.modules, one.asked) for one in lock.entries] == [
        ("high", ("high",), True),
        ("low", ("low_module",), False),
    ]
    assert lock.entries[1].hashes == (wheels.sha256(low),)


def test_versions_stay_where_nothing_asks_for_others(index: Path) -> None:
    for version in ("1.0", "2.0"):
        make_wheel(index, "thing", {"thing.py": ""}, version=version)
    assert resolve({"thing": ""}).lock.versions == {"thing": "2.0"}
    assert resolve({"thing": ""}, pinned={"thing": "1.0"}).lock.versions == {"thing": "1.0"}
    assert resolve({"thing": "==2.0"}, pinned={"thing": "1.0"}).lock.versions == {"thing": "2.0"}


def test_what_pytest_consists_of_stays_as_the_box_has_it(index: Path) -> None:
    mine = contents.version("packaging")
    for version in (mine, "9999.0"):
        make_wheel(index, "packaging", {"packaging/__init__.py": ""}, version=version)
    make_wheel(index, "thing", {"thing.py": ""}, requires=["packaging"])
    assert resolve({"thing": ""}).lock.versions["packaging"] == mine


def test_a_set_is_unpacked_once_into_a_folder_named_by_its_hash(index: Path) -> None:
    make_wheel(index, "thing", {"thing.py": "x = 1\n", "thing.pth": "import os"})
    found = resolve({"thing": ""})
    assert found.left_out == {"thing": ("thing.pth",)}
    folder = build(found.lock)
    assert folder == sets.need(found.lock.digest, HERE)
    assert (folder / "thing.py").read_text("utf-8") == "x = 1\n"
    assert not list(folder.glob("*.pth"))
    before = folder.stat().st_mtime_ns
    assert build(found.lock) == folder
    assert folder.stat().st_mtime_ns == before
    assert [path.name for path in sets.packages_folder().iterdir()] == [folder.name]


def test_everybody_may_read_it_and_nobody_may_write(index: Path) -> None:
    make_wheel(index, "thing", {"thing/__init__.py": ""}, modes={"thing/__init__.py": 0o106777})
    folder = build(resolve({"thing": ""}).lock)
    modes = {path.stat().st_mode & 0o7777 for path in (folder, *folder.rglob("*"))}
    assert modes == {0o755, 0o644}


def test_another_file_than_the_locked_one_is_refused(index: Path) -> None:
    make_wheel(index, "thing", {"thing.py": "x = 1\n"})
    lock = resolve({"thing": ""}).lock
    make_wheel(index, "thing", {"thing.py": "x = 'evil'\n"})
    with pytest.raises(ImageError, match=r"no file for Python .* that packages.lock allows"):
        build(lock)
    assert not list(sets.packages_folder().iterdir())


def test_the_host_checks_hashes_itself(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = make_wheel(index, "thing", {"thing.py": "x = 'evil'\n"})
    monkeypatch.setattr(pip, "download", lambda *_, **__: [other])
    with pytest.raises(ImageError, match="not what packages"):
        build(Lock((Locked("thing", "1.0", ("a" * 64,)),)))
    renamed = make_wheel(index, "other", {"other.py": ""})
    monkeypatch.setattr(pip, "download", lambda *_, **__: [renamed])
    with pytest.raises(ImageError, match="not what packages"):
        build(Lock((Locked("thing", "1.0", (wheels.sha256(renamed),)),)))


def test_a_lock_is_built_as_it_was_written(index: Path) -> None:
    make_wheel(index, "thing", {"thing.py": ""})
    lock = parse(render(resolve({"thing": ""}).lock))
    assert build(lock).is_dir()


def test_a_file_that_is_too_large_is_not_even_downloaded(index: Path) -> None:
    make_wheel(index, "large", {"large/data.bin": os.urandom(2 << 20)})
    with pytest.raises(ImageError, match="A package is larger than allowed"):
        resolve({"large": ""}, most=1 << 20)


def test_too_much_is_refused_and_leaves_nothing(index: Path) -> None:
    make_wheel(index, "bomb", {"bomb.py": "#" * 3_000_000})
    with pytest.raises(ImageError, match="takes more room than allowed"):
        resolve({"bomb": ""}, most=1 << 20)
    lock = resolve({"bomb": ""}).lock
    with pytest.raises(ImageError, match="takes more room than allowed"):
        build(lock, most=1 << 20)
    assert not list(sets.packages_folder().iterdir())


@pytest.mark.parametrize("wanted", ["nothing-of-that-name", "thing==9"])
def test_what_is_not_there_is_one_sentence(index: Path, wanted: str) -> None:
    make_wheel(index, "thing", {"thing.py": ""})
    name, version = wanted.partition("==")[0], wanted[len(wanted.partition("==")[0]) :]
    with pytest.raises(ImageError, match=f"There is no wheel of {wanted} for Python") as caught:
        resolve({name: version})
    assert caught.value.fix


def test_a_package_for_another_python_is_not_taken(index: Path) -> None:
    make_wheel(index, "thing", {"thing.py": ""}, tag="cp39-cp39-linux_x86_64")
    with pytest.raises(ImageError, match="There is no wheel of thing"):
        resolve({"thing": ""})


def test_a_second_python_gets_hashes_of_its_own_or_a_note(index: Path) -> None:
    pythons = [Target((3, 11), "x86_64"), Target((3, 12), "x86_64"), Target((3, 13), "x86_64")]
    made = [
        make_wheel(index, "thing", {"thing.py": ""}, tag=f"cp3{minor}-cp3{minor}-linux_x86_64") for minor in (11, 12)
    ]
    found = sets.resolve({"thing": ""}, pythons, pinned={}, most_bytes=MOST, on_progress=lambda _: None)
    assert set(found.lock.entries[0].hashes) == set(map(wheels.sha256, made))
    assert [note.partition(":")[0] for note in found.notes] == ["Not for Python 3.13 on x86_64"]


def test_an_index_that_does_not_answer_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(SandboxError, match=r"^The package index does not answer\.") as caught:
        resolve({"thing": ""})
    assert caught.value.fix


def test_a_pip_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pip, "SECONDS", 0.5)
    with pytest.raises(SandboxError, match="took more than"):
        pip._run([sys.executable, "-c", "import time; time.sleep(60)"], HERE, lambda _: None)


@pytest.mark.parametrize(
    ("line", "kind", "says"),
    [
        ("OSError: [Errno 28] No space left on device", StorageError, "the disk is full"),
        ("ERROR: OSError: [Errno 27] File too large", ImageError, "larger than allowed"),
        (
            "ERROR: Cannot install a and b because of conflict.",
            ImageError,
            "Cannot install a and b because of conflict.",
        ),
    ],
)
def test_what_pip_says_becomes_one_sentence(line: str, kind: type[Exception], says: str) -> None:
    failure = pip._failure(["Collecting a", line], HERE)
    assert isinstance(failure, kind)
    assert says in failure.message
    assert failure.fix


class TestNothingIsRun:
    """A wheel's metadata may point to sources; pip would build them, which runs what they like."""

    @pytest.fixture
    def canary(self, tmp_path: Path, index: Path) -> Path:
        sources, canary = tmp_path / "evil-1.0", tmp_path / "canary"
        sources.mkdir()
        (sources / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n', "utf-8"
        )
        (sources / "backend.py").write_text(f"open({str(canary)!r}, 'w').write('run')\nraise SystemExit(1)\n", "utf-8")
        archive = tmp_path / "evil-1.0.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(sources, "evil-1.0")
        make_wheel(index, "bait", {"bait.py": ""}, requires=[f"evil @ {archive.as_uri()}"])
        return canary

    def test_no_process_can_be_started_by_pip(self, canary: Path) -> None:
        with pytest.raises(ImageError, match="would have to be built"):
            resolve({"bait": ""})
        assert not canary.exists()

    def test_without_that_guard_the_sources_would_be_run(self, canary: Path, tmp_path: Path) -> None:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--only-binary",
            ":all:",
            "--dest",
            str(tmp_path / "d"),
            "bait",
        ]
        subprocess.run(command, capture_output=True, timeout=100, check=False)
        assert canary.read_text("utf-8") == "run"


def test_without_a_pip_one_is_made_for_the_moment(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_wheel(index, "thing", {"thing.py": ""})
    monkeypatch.setattr(pip.importlib.util, "find_spec", lambda _: None)
    assert resolve({"thing": ""}).lock.versions == {"thing": "1.0"}


def test_what_no_lock_names_any_more_is_stale(index: Path) -> None:
    make_wheel(index, "thing", {"thing.py": ""})
    lock = resolve({"thing": ""}).lock
    folder = build(lock)
    assert sets.stale([lock.digest]) == []
    assert sets.stale([""]) == [folder]


def test_a_folder_is_only_asked_for_by_a_digest() -> None:
    with pytest.raises(ValueError, match="no digest"):
        sets.folder_of("../../etc", HERE)
    with pytest.raises(ImageError, match="have not been built") as caught:
        sets.need("0" * 64, HERE)
    assert caught.value.fix == "Run 'agentforge packages build'."


def test_targets_tell_pip_of_every_form_of_wheel() -> None:
    target = of_image("x86_64")
    assert target.label == "cp311-glibc2.36-x86_64"
    options = target.options()
    assert {"manylinux_2_36_x86_64", "manylinux2014_x86_64", "manylinux1_x86_64"} <= set(options)
    assert "manylinux_2_37_x86_64" not in options
    assert "manylinux2014_aarch64" in of_image("arm64").options()
    assert "manylinux1_aarch64" not in of_image("aarch64").options()
