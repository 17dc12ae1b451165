"""Paths, subjects and trailers are checked before git sees them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.gitstore.saying import check_path, message


@pytest.mark.parametrize("path", ["a", "tools/slugify/tool.py", "a b/ü.txt", "proposed/x/1/tool.toml", "a/.gitignore"])
def test_plain_relative_paths_are_accepted(path):
    check_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a/./b",
        "a//b",
        "a/",
        ".git/config",
        "a/.GIT/hooks",
        "a\nb",
        "a\0b",
        "\x7f",
        "a\\b",
        '"a"',
        "main:a",
        " a",
        "a /b",
        "x" * 2000,
        "\ud800",
    ],
)
def test_paths_that_leave_the_repository_or_confuse_git_are_refused(path):
    with pytest.raises(ValueError, match="path"):
        check_path(path)


def test_a_message_is_one_line_and_the_trailers():
    assert message("Add slugify", {"Job": ["j1"], "Episode": ["e1", "e2"]}) == (
        b"Add slugify\n\nJob: j1\nEpisode: e1\nEpisode: e2\n"
    )
    assert message("Alone", {}) == b"Alone\n"


@pytest.mark.parametrize("subject", ["", "  ", "two\nlines", "x" * 201, "tab\t"])
def test_a_subject_is_one_printable_line(subject):
    with pytest.raises(ValueError, match="subject"):
        message(subject, {})


@pytest.mark.parametrize("value", ["", "two words", "a\nB: c", "-x", "ü", "x" * 400, "what the user said"])
def test_a_trailer_holds_an_id_and_never_a_sentence(value):
    with pytest.raises(ValueError, match="no id"):
        message("s", {"Job": [value]})


@given(st.text(max_size=30), st.text(max_size=60))
def test_no_trailer_whatever_its_text_adds_a_line_of_its_own(key, value):
    try:
        text = message("s", {key: [value]}).decode()
    except ValueError:
        return
    assert text == f"s\n\n{key}: {value}\n"
    assert re.fullmatch(r"[A-Za-z-]+: \S+", text.splitlines()[2])
