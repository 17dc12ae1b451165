"""A repository's whole history without what nobody may read any more, and a search of every object for what is left.

The history is read as a stream (``git fast-export``), files of some folders are changed in it, and it is written anew
beside the old one (``git fast-import``). One reference transaction then moves every ref from its old value to the new
one; only after that the old objects are removed. A process that is killed anywhere leaves the old history or the new
one; doing it again finishes what was left.

What it does not reach: clones and remotes that have the old history, copies of the disk, and blocks that the file
system has given back but not overwritten. Annotated tags become plain ones, and signatures are dropped.
"""

from __future__ import annotations

import codecs
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentforge.errors import RegistryError
from agentforge.gitstore.lock import writing
from agentforge.gitstore.process import GitProcess

SECONDS = 900.0
"""Longest wait for one step; histories of ten thousand commits take a fraction of it."""

_STAGING = "refs/agentforge/rewriting"
_FIRST_BLOB = 1_000_000_000
"""Marks of changed files begin here; commits are numbered from 1."""
_AT_ONCE = 200
"""Files that are held in memory at once."""

_EXPORT = ("--no-data", "--use-done-feature", "--show-original-ids", "--reencode=no", "--signed-tags=strip")
_COMMIT = re.compile(rb"commit |reset ")
_FILE = re.compile(rb"M (\d+) ([0-9a-f]{40,64}) (.+)")

Keep = Callable[[str, bytes], bytes | None]
"""From a file's path and contents to what it is to be; None where it is to be gone."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """``commits`` is how many have a new id, ``head`` the new one of ``main``."""

    commits: int
    head: str


def rewrite(repository: Path, folders: Sequence[str], keep: Keep) -> Rewritten:
    """Rewrites the history of all refs: every version of every file below ``folders`` becomes what ``keep`` says.

    Commits before the first change keep their ids. Nothing that is unreachable afterwards stays.

    Raises:
        RegistryError: another process writes, git failed, or a ref moved meanwhile; the old history stands.
        StorageError: the disk is full; the old history stands.
    """
    git = GitProcess.attach(repository)
    with writing(repository) as lock:
        tips = _tips(git)
        commits = sorted({commit for _, commit in tips.values()})
        exported = git.run("fast-export", *_EXPORT, *commits, keep=lock, seconds=SECONDS)
        new = _changed(git, exported, folders, keep)
        moved = _imported(git, new, lock) if new else {}
        steps = [f"update {ref} {moved[commit]} {old}" for ref, (old, commit) in tips.items() if commit in moved]
        if steps:
            feed = "\n".join(["start", *steps, "prepare", "commit", ""]).encode()
            git.run("update-ref", "--stdin", feed=feed, keep=lock)
        git.run("update-ref", "-d", _STAGING, keep=lock)
        _prune(git, lock)
    head = git.run("rev-parse", "--verify", "refs/heads/main").decode().strip()
    return Rewritten(sum(old != commit for old, commit in moved.items()), head)


def holding(repository: Path, needles: Sequence[bytes]) -> tuple[str, ...]:
    """The paths (or, where there is none, the ids) of all objects, reachable or not, that hold one of ``needles``.

    Raises:
        RegistryError: git failed.
    """
    git = GitProcess.attach(repository)
    listed = git.run("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)", seconds=SECONDS)
    pairs = (line.split(" ") for line in listed.decode().splitlines())
    wanted = [name for name, kind in pairs if kind != "tree"]
    named = dict(_paths(git))
    found = (name for name, contents in _contents(git, wanted) if any(needle in contents for needle in needles))
    return tuple(sorted({named.get(name, name) for name in found}))


def _tips(git: GitProcess) -> dict[str, tuple[str, str]]:
    """Every ref that leads to a commit: what it names, and that commit."""
    form = "%(refname) %(objectname) %(objecttype) %(*objectname) %(*objecttype)"
    found: dict[str, tuple[str, str]] = {}
    for line in git.run("for-each-ref", f"--format={form}").decode("utf-8", "replace").splitlines():
        ref, name, kind, *peeled = line.split(" ")
        if ref == _STAGING:
            continue
        if kind == "commit":
            found[ref] = (name, name)
        elif kind == "tag" and peeled[1] == "commit":
            found[ref] = (name, peeled[0])
        elif kind == "tag":
            raise RegistryError(f"{ref} in {git.path} is a tag of something that is no commit.", fix="Delete it first.")
    return found


def _changed(git: GitProcess, exported: bytes, folders: Sequence[str], keep: Keep) -> bytes:
    """The stream with the changed files in it; empty where nothing changes."""
    prefixes = tuple(f"{folder}/" for folder in folders)
    wanted = {(path, name) for path, name in _files(exported) if path.startswith(prefixes)}
    by_name: dict[str, list[str]] = {}
    for path, name in wanted:
        by_name.setdefault(name, []).append(path)
    made: dict[tuple[str, str], bytes] = {}
    blobs: list[bytes] = []
    for name, contents in _contents(git, sorted(by_name)):
        for path in by_name[name]:
            new = keep(path, contents)
            if new is None:
                made[path, name] = b""
            elif new != contents:
                mark = b":%d" % (_FIRST_BLOB + len(blobs))
                blobs.append(b"blob\nmark %s\ndata %d\n%s\n" % (mark, len(new), new))
                made[path, name] = mark
    if not made:
        return b""
    head, feature, rest = exported.partition(b"feature done\n")
    return b"".join([head, feature, *blobs, *_lines(rest, made)])


def _lines(stream: bytes, made: Mapping[tuple[str, str], bytes]) -> Iterator[bytes]:
    for line, data in _commands(stream):
        if _COMMIT.match(line):
            yield line.split(b" ")[0] + b" " + _STAGING.encode() + b"\n"
        elif (file := _file(line)) and file in made:
            mode, path = line.split(b" ", 3)[1], line.split(b" ", 3)[3]
            mark = made[file]
            yield b"M %s %s %s\n" % (mode, mark, path) if mark else b"D %s\n" % path
        else:
            yield line + b"\n"
        if data is not None:
            yield data


def _files(stream: bytes) -> Iterator[tuple[str, str]]:
    return (file for line, _ in _commands(stream) if (file := _file(line)))


def _file(line: bytes) -> tuple[str, str] | None:
    """Path and id of a file that a line puts somewhere."""
    found = _FILE.fullmatch(line)
    if found is None:
        return None
    path = found[3]
    if path.startswith(b'"'):
        path = codecs.escape_decode(path[1:-1])[0]
    return path.decode("utf-8", "replace"), found[2].decode()


def _commands(stream: bytes) -> Iterator[tuple[bytes, bytes | None]]:
    """Line by line; with a ``data`` line goes what follows it, in which nothing is looked for."""
    at = 0
    while at < len(stream):
        end = stream.find(b"\n", at)
        end = len(stream) if end < 0 else end
        line, at = stream[at:end], end + 1
        if line.startswith(b"data "):
            size = int(line[5:])
            yield line, stream[at : at + size]
            at += size
        else:
            yield line, None


def _imported(git: GitProcess, stream: bytes, lock: int) -> dict[str, str]:
    """Writes the new history; returns the new id of every old commit."""
    with tempfile.TemporaryDirectory() as folder:
        marks = Path(folder, "marks")
        options = ("--quiet", "--force", "--done", f"--export-marks={marks}")
        git.run("fast-import", *options, feed=stream, keep=lock, seconds=SECONDS)
        by_mark = dict(line.split(" ") for line in marks.read_text("ascii").splitlines())
    found: dict[str, str] = {}
    mark = ""
    for line, _ in _commands(stream):
        if line.startswith(b"mark "):
            mark = line[5:].decode()
        elif line.startswith(b"original-oid "):
            found[line[13:].decode()] = by_mark[mark]
    return found


def _prune(git: GitProcess, lock: int) -> None:
    """Removes every object to which no ref leads."""
    git.run("reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all", keep=lock)
    git.run("repack", "-a", "-d", "-q", keep=lock, seconds=SECONDS)
    git.run("prune", "--expire=now", keep=lock, seconds=SECONDS)


def _paths(git: GitProcess) -> Iterator[tuple[str, str]]:
    for line in git.run("rev-list", "--objects", "--all", seconds=SECONDS).decode("utf-8", "replace").splitlines():
        name, _, path = line.partition(" ")
        if path:
            yield name, path


def _contents(git: GitProcess, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Objects with their contents, some at a time."""
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        out, at = git.run("cat-file", "--batch", feed="".join(f"{name}\n" for name in some).encode()), 0
        for name in some:
            end = out.index(b"\n", at)
            size = int(out[at:end].rpartition(b" ")[2])
            yield name, out[end + 1 : end + 1 + size]
            at = end + size + 2
