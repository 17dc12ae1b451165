"""What tells figures apart: the contents of what is run, wherever it lies, and the server that answers."""

from __future__ import annotations

import ast
import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentforge.errors import ModelUnavailable
from agentforge.settings import Endpoint
from benchmarks.conditions import CODE, NOT_RUN, ROOT, code_hash, commit_of, machine_load, server_of

RUN = (
    "agentforge/types.py",
    "agentforge/forge/author.py",
    "agentforge/models/prompts/forge_system.md",
    "sandbox/start.py",
    "benchmarks/form.py",
    "benchmarks/peers/bubble.py",
)
NOT_MEASURED = (
    "docs/index.md",
    "agentforge/web/app.py",
    "agentforge/models/local/up.py",
    "benchmarks/peers/README.md",
    "benchmarks/sandbox/plan.py",
    "benchmarks/soak.py",
    "benchmarks/__pycache__/form.cpython-311.pyc",
)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small repository with files that a benchmark runs, and others."""
    folder = tmp_path / "one"
    for name in (*RUN, *NOT_MEASURED):
        write(folder, name, "1\n")
    write(folder, ".gitignore", "__pycache__\n")
    git(tmp_path, "init", "-q", str(folder))
    commit(folder)
    return folder


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def commit(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "more")


@pytest.mark.parametrize("name", [*RUN, "agentforge/forge/new.py", "benchmarks/new.py"])
def test_what_an_arm_runs_counts_alike_before_and_after_it_is_committed(checkout: Path, name: str) -> None:
    before = code_hash(checkout)
    write(checkout, name, "2\n")
    changed = code_hash(checkout)
    assert changed != before
    commit(checkout)
    assert code_hash(checkout) == changed
    write(checkout, name, "3\n")
    assert code_hash(checkout) not in (before, changed)


@pytest.mark.parametrize("name", NOT_MEASURED)
def test_a_commit_to_anything_else_does_not(checkout: Path, name: str) -> None:
    before = code_hash(checkout)
    write(checkout, name, "2\n")
    assert code_hash(checkout) == before
    write(checkout, "docs/other.md", "2\n")
    commit(checkout)
    assert code_hash(checkout) == before


def test_it_is_the_same_in_every_clone_and_without_git(checkout: Path, tmp_path: Path) -> None:
    clone = tmp_path / "elsewhere" / "two"
    git(tmp_path, "clone", "-q", str(checkout), str(clone))
    shutil.rmtree(clone / ".git")
    assert code_hash(clone) == code_hash(checkout)
    assert commit_of(clone) == ""


def test_a_file_that_was_moved_counts(checkout: Path) -> None:
    before = code_hash(checkout)
    (checkout / RUN[1]).rename(checkout / "agentforge/forge/other.py")
    assert code_hash(checkout) != before


@pytest.mark.parametrize("name", [*RUN, "benchmarks/new.py"])
def test_the_commit_tells_whether_what_is_run_was_changed_since(checkout: Path, name: str) -> None:
    head = git(checkout, "rev-parse", "--short=12", "HEAD")
    write(checkout, "docs/index.md", "2\n")
    assert commit_of(checkout) == head
    write(checkout, name, "2\n")
    assert commit_of(checkout) == f"{head}+dirty"


def test_all_that_the_benchmark_imports_of_us_is_in_it() -> None:
    """Followed through the sources, also where an import stands inside a function."""
    missing = [
        name for name in imported("benchmarks/needs.py") if not name.startswith(CODE) or name.startswith(NOT_RUN)
    ]
    assert [name for name in missing if not name.endswith("__init__.py")] == ["agentforge/models/local/answers.py"]


def imported(first: str) -> set[str]:
    """The files of this repository that one file imports, directly or not."""
    found, waiting = set[str](), [first]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for node in ast.walk(ast.parse((ROOT / name).read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
                waiting += [path for module in modules for path in files_of(module)]
    return found


def files_of(module: str) -> list[str]:
    if not module.startswith(("agentforge.", "benchmarks.")):
        return []
    path = module.replace(".", "/")
    return [name for name in (f"{path}.py", f"{path}/__init__.py") if (ROOT / name).is_file()]


@pytest.fixture
def answers() -> dict[str, Any]:
    """Path → JSON answer of a server."""
    return {"/v1/models": {"data": [entry("/home/somebody/weights/int8--coder")]}, "/version": {"version": "0.32.0"}}


def entry(root: str, context: int = 4096) -> dict[str, Any]:
    return {"id": "qwen-coder", "created": 1, "root": root, "max_model_len": context}


@pytest.fixture
def endpoint(answers: dict[str, Any]) -> Iterator[Endpoint]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answers.get(self.path, {})).encode()
            self.send_response(200 if self.path in answers else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield Endpoint(kind="vllm", url=f"http://127.0.0.1:{server.server_port}", model="qwen-coder")
        server.shutdown()
        thread.join(5)


def test_a_server_is_known_by_its_weights_context_and_version(endpoint: Endpoint, answers: dict[str, Any]) -> None:
    told = server_of(endpoint)
    assert told == "int8--coder, context 4096, version 0.32.0"
    seen = {told}
    for changed in (entry("/w/bf16--coder"), entry("/w/int8--coder", 8192)):
        answers["/v1/models"] = {"data": [changed]}
        seen.add(server_of(endpoint))
    answers["/version"] = {"version": "0.33.0"}
    seen.add(server_of(endpoint))
    assert len(seen) == 4
    assert not any("/" in one for one in seen), "where it keeps its weights is nobody's business"


def test_when_it_was_started_and_where_its_weights_lie_does_not_matter(
    endpoint: Endpoint, answers: dict[str, Any]
) -> None:
    told = server_of(endpoint)
    answers["/v1/models"] = {"data": [{**entry("/elsewhere/int8--coder"), "created": 2}]}
    assert server_of(endpoint) == told


def test_a_server_without_a_version_says_so(endpoint: Endpoint, answers: dict[str, Any]) -> None:
    del answers["/version"]
    assert server_of(endpoint).endswith("version untold")


def test_nothing_is_measured_where_the_server_does_not_tell_what_it_serves(
    endpoint: Endpoint, answers: dict[str, Any]
) -> None:
    with pytest.raises(ModelUnavailable, match="other"):
        server_of(endpoint.model_copy(update={"model": "other"}))
    del answers["/v1/models"]
    with pytest.raises(ModelUnavailable, match="/v1/models"):
        server_of(endpoint)


def test_claude_is_known_by_its_name_and_not_asked() -> None:
    assert server_of(Endpoint(kind="claude", url="https://api.anthropic.com", model="claude-opus-5-5")) == "claude"


def test_the_load_is_a_number() -> None:
    assert machine_load() >= 0
