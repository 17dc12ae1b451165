"""Which files a path means, and their bytes: whatever stands there, within bounds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentforge.errors import UsageError
from agentforge.memory.documents import reading
from agentforge.memory.documents.reading import bytes_of, files_at
from agentforge.settings import DocumentSettings

LIMITS = DocumentSettings(file_mb=1, folder_files=3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "policies"
    (place / "more" / "deep").mkdir(parents=True)
    (place / ".git").mkdir()
    for name in ("b.md", "a.txt", "more/deep/c.HTML", "logo.png", ".hidden.md", ".git/config.md"):
        (place / name).write_text("words")
    return place


def refused(path: Path | str, limits: DocumentSettings = LIMITS) -> str:
    with pytest.raises(UsageError) as found:
        [bytes_of(file, limits) for file in files_at(path, limits).files]
    return found.value.message


def test_a_folder_means_the_documents_in_it_at_any_depth(folder: Path) -> None:
    found = files_at(folder, LIMITS)
    assert [str(file.relative_to(folder)) for file in found.files] == ["a.txt", "b.md", "more/deep/c.HTML"]
    assert found.folder


def test_links_in_a_folder_are_left_out_even_in_a_circle(folder: Path) -> None:
    (folder / "round").symlink_to(folder)
    (folder / "elsewhere.md").symlink_to("/etc/hostname")
    assert len(files_at(folder, LIMITS).files) == 3


def test_a_file_is_meant_whatever_its_name_and_a_link_leads_to_its_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder / "logo.png")
    assert files_at(tmp_path / "link", LIMITS).files == (folder / "logo.png",)
    assert bytes_of(folder / "logo.png", LIMITS) == b"words"


def test_what_is_not_there_or_too_much_gives_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large.md").open("wb") as large:
        large.truncate(200 << 20)
    assert refused(tmp_path / "gone.md") == f"There is no file {tmp_path}/gone.md."
    assert refused(tmp_path / "loop") == f"{tmp_path}/loop is a link that leads back to itself."
    assert refused(tmp_path / "empty") == f"{tmp_path}/empty holds no document."
    assert refused(tmp_path / "pipe") == f"{tmp_path}/pipe is neither a file nor a folder."
    assert refused(tmp_path / "large.md") == f"{tmp_path}/large.md is larger than 1 MiB."
    assert refused("https://example.com/x") == "https://example.com/x is an address, which is not fetched."
    assert refused("a\0b") == "'a\\x00b' is no path."
    assert refused("x" * 5000).endswith("is no path.")
    (folder / "d.md").write_text("one too many")
    assert refused(folder).startswith(f"{folder} holds more than 3 documents")


def test_a_folder_of_very_many_other_files_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LOOKED_AT", 4)
    assert refused(folder).startswith(f"{folder} holds more than 3 documents, or very many other files")


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    with pytest.raises(UsageError, match="no plain file"):
        bytes_of(tmp_path / "pipe.md", LIMITS)
