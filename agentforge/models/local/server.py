"""The model server as a managed background process: start, watch, stop.

It lives in a session of its own and outlives the command that started it. ``local-model.json`` in
the home records it by pid *and* identity (:func:`agentforge.models.local.processes.identity`), so that
a recycled pid is never signalled. Each home has its own server.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, cast

from pydantic import Field, TypeAdapter, ValidationError

from agentforge.errors import ConfigurationError, ModelTimeout, ModelUnavailable
from agentforge.models.local import answers, processes, storage
from agentforge.models.local.progress import OnProgress, Progress

RECORD = "local-model.json"
LOG = "local-model.log"
STOP_SECONDS = 20.0  # vLLM lets its workers end first
GRACE = 60.0  # a server that was healthy once may be slow to answer while it is busy
DETACH = Path(__file__).with_name("detach.py")
_LOG_TAIL = 64 << 10  # bytes

_STAGES = (  # words of vLLM's log, the latest stage first
    ("Starting vLLM server", "opening the port"),
    ("Warming up done", "preparing the cache"),
    ("Warming up model", "compiling the model"),
    ("Capturing CUDA graph", "compiling the model"),
    ("Loading weights took", "preparing the model"),
    ("Starting to load model", "loading the weights"),
    ("Initializing a V1 LLM engine", "starting the engine"),
    ("Resolved architecture", "reading the model"),
)
_PREFIX = re.compile(r"^(\([\w-]+ pid=\d+\) )?((INFO|WARNING|ERROR) \d\d-\d\d [\d:]+ \[[^\]]+\] )?")
_ERROR = re.compile(  # pydantic puts the sentence into the line below the name of the error
    r"^[\w.]*(Error|Exception|Interrupt)\b\S*:? ?|^Value error, |\berror: |No space left|out of memory|Killed",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start. ``requested`` is ``model.source`` as set, ``source`` what it came to."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    url: str
    model: str
    context: int
    requested: str
    source: str
    options: str = ""
    profile: str = ""


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """A server that was started; ``started`` is the time of that in seconds since 1970.

    ``options`` tells two servers of the same source apart (context, parallel sequences …).
    """

    pid: Annotated[int, Field(gt=1)]
    identity: str
    url: str
    model: str
    context: int
    requested: str
    source: str
    options: str
    command: tuple[str, ...]
    log: str
    started: float
    profile: str = ""  # in words, for people; not in records of older versions

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        return processes.identity(self.pid) == self.identity


def read_record(home: Path) -> ServerRecord | None:
    """The server recorded in ``home``; None when there is none or the record makes no sense."""
    try:
        return TypeAdapter(ServerRecord).validate_json((home / RECORD).read_bytes())
    except (OSError, ValidationError):
        return None


def choose_port(wanted: int) -> int:
    """``wanted`` if it is free, or any free one for 0; on loopback.

    Raises:
        ConfigurationError: the wanted port is taken.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            raise ConfigurationError(
                f"Port {wanted} of 127.0.0.1 is taken.", fix="Set model.port to another one, or to 0 for any free one."
            ) from None
        return cast("tuple[str, int]", probe.getsockname())[1]


def start(home: Path, launch: Launch) -> ServerRecord:
    """Starts the server and records it; blocks for some 50 ms and never in between the two.

    Raises:
        ModelUnavailable: it cannot be started.
    """
    log = home / LOG
    home.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        log.replace(log.with_suffix(".previous.log"))
    wanted = {
        "command": launch.command,
        "environment": dict(launch.environment),
        "folder": str(home),
        "log": str(log),
    }
    started = subprocess.run(  # noqa: S603 (our own script)
        [sys.executable, "-I", str(DETACH)],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if started.returncode != 0:
        why = (started.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ModelUnavailable(f"The model server cannot be started: {why}.")
    pid = int(started.stdout)
    record = ServerRecord(
        pid=pid,
        identity=processes.identity(pid) or "already gone",
        url=launch.url,
        model=launch.model,
        context=launch.context,
        requested=launch.requested,
        source=launch.source,
        options=launch.options,
        command=launch.command,
        log=str(log),
        started=time.time(),
        profile=launch.profile,
    )
    storage.write_whole(home / RECORD, json.dumps(asdict(record), indent=1))
    return record


def answers_as(record: ServerRecord) -> answers.ServedModel | None:
    """The model that the server serves, once it is healthy; None before. Blocking, seconds at most."""
    if not answers.healthy(record.url):
        return None
    served = answers.served_models(record.url) or ()
    return next((model for model in served if model.name == record.model), None)


async def wait_healthy(record: ServerRecord, *, seconds: float, on_progress: OnProgress) -> answers.ServedModel:
    """Waits until the server serves its model, ``seconds`` from its start or :data:`GRACE` from now.

    Raises:
        ModelUnavailable: it stopped; quotes the line of its log that tells why.
        ModelTimeout: it was not healthy in time.
    """
    log = Path(record.log)
    give_up = max(record.started + seconds, time.time() + min(GRACE, seconds))
    while True:
        served = await asyncio.to_thread(answers_as, record)
        if served:
            return served
        if not record.alive:
            raise ModelUnavailable(
                f"The model server stopped while starting: {reason_in(log)}.", fix=f"Its log is {log}."
            )
        if time.time() > give_up:
            raise ModelTimeout(
                f"The model server was not healthy after {seconds:.0f} seconds ({stage_in(log)}).",
                fix=f"Raise model.start_seconds; its log is {log}.",
            )
        elapsed = time.time() - record.started
        on_progress(Progress("server", f"Starting the model server: {stage_in(log)}", int(elapsed), int(seconds)))
        await asyncio.sleep(1.0)


def _tail(log: Path) -> list[str]:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _LOG_TAIL))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for raw in re.split(r"[\r\n]+", text) if (line := _PREFIX.sub("", raw).strip())]


def stage_in(log: Path) -> str:
    """What the server is doing, by its log."""
    text = "\n".join(_tail(log))
    return next((words for mark, words in _STAGES if mark in text), "loading vLLM")


def reason_in(log: Path) -> str:
    """The last line of the log that names an error, else the last line at all."""
    lines = _tail(log)
    errors = [line for line in lines if _ERROR.search(line) and "root cause" not in line]
    return ((errors or lines or ["it printed nothing"])[-1])[:300].rstrip(".")


async def stop(home: Path) -> bool:
    """Stops the recorded server with all its workers, if it runs; whether there was anything to stop."""
    record = read_record(home)
    if record is None:
        return False
    ran = bool(_members(record))
    for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5.0)):
        if await _signal_and_wait(record, number, seconds):
            break
    storage.remove(home / RECORD)
    return ran


async def _signal_and_wait(record: ServerRecord, number: signal.Signals, seconds: float) -> bool:
    for process in _members(record):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, number)
    give_up = time.monotonic() + seconds
    while _members(record):
        if time.monotonic() > give_up:
            return False
        await asyncio.sleep(0.1)
    return True


def _members(record: ServerRecord) -> list[processes.Process]:
    """The server and its workers; the workers also when the server itself has died.

    A group keeps its number for as long as it has members, so that with its leader dead it can only
    be ours, unless it was made anew since: then its leader lives and has another identity, or the
    machine was started again. Both are told by the identity.
    """
    if not processes.same_boot(record.identity):
        return []
    now = processes.identity(record.pid)
    if now is not None and now != record.identity:
        return []
    return processes.group_members(record.pid)
