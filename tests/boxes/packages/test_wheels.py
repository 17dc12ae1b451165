"""Wheels are unpacked as plain files into one folder, or refused; nothing of them is run."""

from __future__ import annotations

import stat
import sys
import zipfile
from pathlib import Path

import pytest

from agentforge.boxes.packages import wheels
from agentforge.boxes.packages.wheels import Room, name_and_version, unpack
from agentforge.errors import ImageError
from tests.boxes.packages.making import Contents, make_wheel

PLENTY = 1 << 20


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def unpacked(tmp_path: Path, files: Contents, **options: object) -> wheels.Unpacked:
    return unpack(make_wheel(tmp_path / "wheels", "some-thing", files), tmp_path / "site", Room(PLENTY))


def test_modules_and_data_arrive(tmp_path: Path) -> None:
    files = {"thing/__init__.py": "x = 1\n", "thing/data.bin": b"\x00", "single.py": "", "fast.abi3.so": b"\x7fELF"}
    assert unpacked(tmp_path, files).modules == ("fast", "single", "thing")
    assert files_in(tmp_path / "site") >= set(files)
    assert (tmp_path / "site/thing/data.bin").read_bytes() == b"\x00"


def test_of_the_data_folder_only_libraries_arrive(tmp_path: Path) -> None:
    inside = "some_thing-1.0.data"
    found = unpacked(
        tmp_path, {f"{inside}/purelib/thing.py": "", f"{inside}/scripts/run": "#!python", f"{inside}/data/etc/x": ""}
    )
    assert found.modules == ("thing",)
    assert found.left_out == (f"{inside}/scripts/run", f"{inside}/data/etc/x")


@pytest.mark.parametrize(
    "name", ["evil.pth", "sitecustomize.py", "usercustomize.py", "some_thing-1.0.data/purelib/e.pth"]
)
def test_what_acts_by_itself_is_left_out(tmp_path: Path, name: str) -> None:
    found = unpacked(tmp_path, {name: "import os\n", "thing.py": ""})
    assert (found.modules, found.left_out) == (("thing",), (name,))
    assert not any(path.endswith(Path(name).name) for path in files_in(tmp_path / "site"))


def test_compiled_python_is_left_out_since_it_may_differ_from_its_source(tmp_path: Path) -> None:
    found = unpacked(tmp_path, {"thing/__init__.py": "", "thing/__pycache__/__init__.cpython-311.pyc": b"x"})
    assert found.left_out == ("thing/__pycache__/__init__.cpython-311.pyc",)


@pytest.mark.parametrize(
    "path",
    [
        "../evil.py",
        "thing/../../evil.py",
        "/etc/evil.py",
        "..\\evil.py",
        "C:/evil.py",
        "some_thing-1.0.data/purelib/../../evil.py",
    ],
)
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ImageError, match="leads out of its folder"):
        unpacked(tmp_path, {path: "x"})
    assert not list(tmp_path.rglob("evil.py"))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    wheel = make_wheel(tmp_path, "thing", {"thing.py": "/etc/passwd"}, modes={"thing.py": kind | 0o777})
    with pytest.raises(ImageError, match="is no plain file"):
        unpack(wheel, tmp_path / "site", Room(PLENTY))
    assert not (tmp_path / "site" / "thing.py").exists()


@pytest.mark.parametrize("module", ["json", "os", "runner", "tool", "toolbox", "start", "pytest", "_thread"])
@pytest.mark.parametrize("form", ["{}.py", "{}/__init__.py", "{}.cpython-311-x86_64-linux-gnu.so"])
def test_a_name_that_the_box_has_already_is_refused(tmp_path: Path, module: str, form: str) -> None:
    with pytest.raises(ImageError, match=f"brings a module named {module}, which the box has already"):
        unpacked(tmp_path, {form.format(module): ""})


def test_what_pytest_consists_of_may_be_locked_as_the_box_has_it(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "packaging", {"packaging/__init__.py": ""})
    assert unpack(wheel, tmp_path / "site", Room(PLENTY)).modules == ("packaging",)


def test_sizes_are_counted_and_not_believed(tmp_path: Path) -> None:
    bomb = make_wheel(tmp_path, "bomb", {"bomb.py": "#" * 3_000_000})
    assert bomb.stat().st_size < 10_000
    with pytest.raises(ImageError, match="takes more room than allowed") as caught:
        unpack(bomb, tmp_path / "site", Room(2_000_000))
    assert "sandbox.packages_mb" in caught.value.fix
    room = Room(3_100_000)
    unpack(bomb, tmp_path / "other", room)
    assert room.bytes < 100_000


def test_the_number_of_files_is_bounded(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "many", {f"many/{number}.txt": "" for number in range(20)})
    with pytest.raises(ImageError, match="more than"):
        unpack(wheel, tmp_path / "site", Room(PLENTY, files=10))


def test_two_packages_may_share_a_file_only_where_it_is_the_same(tmp_path: Path) -> None:
    room, site = Room(PLENTY), tmp_path / "site"
    unpack(make_wheel(tmp_path, "one", {"shared/__init__.py": "", "shared/one.py": ""}), site, room)
    unpack(make_wheel(tmp_path, "two", {"shared/__init__.py": "", "shared/two.py": ""}), site, room)
    with pytest.raises(ImageError, match="which another package brings with other contents"):
        unpack(make_wheel(tmp_path, "three", {"shared/__init__.py": "x = 1"}), site, room)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x7fELF"])
def test_what_is_no_zip_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    wheel = tmp_path / "thing-1.0-py3-none-any.whl"
    wheel.write_bytes(content)
    with pytest.raises(ImageError, match="The package thing cannot be unpacked"):
        unpack(wheel, tmp_path / "site", Room(PLENTY))


def test_an_encrypted_entry_is_one_sentence(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "thing", {"thing.py": "x"})
    data = bytearray(wheel.read_bytes())
    with zipfile.ZipFile(wheel) as archive:
        directory = archive.start_dir
    data[directory + 8] |= 1
    wheel.write_bytes(data)
    with pytest.raises(ImageError, match="cannot be unpacked"):
        unpack(wheel, tmp_path / "site", Room(PLENTY))


@pytest.mark.parametrize("name", ["thing.tar.gz", "thing-1.0.whl", "thing-1.0-py3-none.whl", "thing"])
def test_only_wheels_have_a_wheels_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match="is no wheel"):
        name_and_version(tmp_path / name)


def test_nothing_of_a_wheel_is_imported(tmp_path: Path) -> None:
    before = set(sys.modules)
    unpacked(tmp_path, {"thing/__init__.py": "raise SystemExit('imported')"})
    assert not {name for name in set(sys.modules) - before if name.startswith("thing")}
