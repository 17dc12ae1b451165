"""A folder that somebody hands in: whatever is odd about it is told in a sentence."""

import os

import pytest

from agentforge.errors import StorageError, ToolInvalid, UsageError
from agentforge.forge.folders import read_folder
from agentforge.registry.tool import MAX_FOLDER_BYTES

MANIFEST = 'format = 1\nname = "double"\nsummary = "Double n."\nsignature = "(n: int) -> int"\n'
SOURCE = 'def double(n: int) -> int:\n    """Double n."""\n    return n * 2\n'
TESTS = "from tool import double\n\n\ndef test_it():\n    assert double(2) == 4\n"


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "candidate 7"
    place.mkdir()
    (place / "tool.py").write_text(SOURCE)
    (place / "test_tool.py").write_text(TESTS)
    (place / "tool.toml").write_text(MANIFEST)
    (place / "examples.jsonl").write_text('{"args": {"n": 2}, "returns": 4}\n')
    return place


def test_the_manifest_names_the_tool_whatever_the_folder_is_called(folder):
    found = read_folder(folder)
    assert (found.tool.name, found.problems) == ("double", ())
    assert found.tool.examples[0].returns == 4


def test_a_report_is_not_needed_and_leftovers_do_not_count(folder):
    (folder / "__pycache__").mkdir()
    assert read_folder(folder).problems == ()


def test_unknown_files_are_named(folder):
    (folder / "notes.txt").write_text("x")
    (folder / "data").mkdir()
    problems = read_folder(folder).problems
    assert [problem.split(" does not")[0] for problem in problems] == ["'data'", "'notes.txt'"]


def test_a_link_is_not_followed(folder, tmp_path):
    (tmp_path / "elsewhere").write_text("x = 1")
    (folder / "tool.py").unlink()
    (folder / "tool.py").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ToolInvalid) as caught:
        read_folder(folder)
    assert caught.value.problems == ("tool.py is a link: a tool folder holds its own files",)


def test_a_pipe_is_no_file_and_is_not_waited_for(folder):
    (folder / "report.json").unlink(missing_ok=True)
    os.mkfifo(folder / "report.json")
    assert read_folder(folder).problems == ("report.json is no file",)


def test_a_huge_file_is_not_read_to_its_end(folder):
    (folder / "report.json").write_bytes(b" " * (MAX_FOLDER_BYTES + 1))
    assert read_folder(folder).problems == (f"report.json has more than {MAX_FOLDER_BYTES} bytes",)


def test_what_is_missing_or_no_text_is_told_together(folder):
    (folder / "test_tool.py").unlink()
    (folder / "tool.py").write_bytes(b"\xff")
    with pytest.raises(ToolInvalid) as caught:
        read_folder(folder)
    assert caught.value.problems == ("test_tool.py is missing", "tool.py is no UTF-8 text (byte 0)")


@pytest.mark.parametrize(
    ("name", "complaint"), [("nowhere", "There is no folder"), ("file", "is a file"), ("empty", "is no tool folder")]
)
def test_no_tool_folder(tmp_path, name, complaint):
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError) as caught:
        read_folder(tmp_path / name)
    assert complaint in caught.value.message
    assert name in caught.value.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder(folder):
    folder.chmod(0)
    with pytest.raises(StorageError, match="cannot be read: Permission denied"):
        read_folder(folder)
