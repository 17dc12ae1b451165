"""What is open while a :class:`~agentforge.api.facade.Forge` is, and what its settings give."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from agentforge.errors import RegistryError, StorageError, ToolNotFound, UsageError
from agentforge.settings import COMPANY, SandboxSettings, Settings, check_folder, docker_host
from agentforge.types import Layer

if TYPE_CHECKING:
    from agentforge.api.feedback import Learner
    from agentforge.api.jobs import UserJobs
    from agentforge.api.repairs import UserRepairs
    from agentforge.boxes.protocol import Box, Limits
    from agentforge.database.store import Database
    from agentforge.forge.parts import ForgeParts
    from agentforge.jobs.protocol import Work
    from agentforge.memory.episodes import Episodes
    from agentforge.memory.jobs import JobRows
    from agentforge.memory.keeping import Memory
    from agentforge.memory.layers import MemoryLayers
    from agentforge.memory.outcomes import Outcomes
    from agentforge.memory.truths import Truths
    from agentforge.models.discreet import Discreet
    from agentforge.models.meaning import Meaning
    from agentforge.models.protocol import ModelClient
    from agentforge.registry.index import Index
    from agentforge.registry.repository import Registry

OnNotice: TypeAlias = Callable[[str], None]
OpenBox: TypeAlias = "Callable[[SandboxSettings], Awaitable[Box]]"
"""Opens a box for this user; replaced in tests."""


_INDEX = ".index.db"
"""How the name of a file of the search ends, which begins with its owner."""


class Opened:
    """What is open while a :class:`Forge` is; closed in the reverse order of opening.

    ``owner`` is whose registry, rows and caches they are: the user's, or with ``company`` those of the organisation,
    in which the user then is the administrator.
    """

    def __init__(
        self,
        settings: Settings,
        models: ModelClient | None,
        open_box: OpenBox | None,
        on_notice: OnNotice,
        base: Path | None = None,
        company: bool = False,
    ) -> None:
        from agentforge.registry.layers import BaseLayer, Layers, Registry

        self.stack = AsyncExitStack()
        self.owner, layer = (COMPANY, Layer.COMPANY) if company else (settings.user, Layer.USER)
        place = settings.registries / settings.org / f"{self.owner}.git"
        self.registry = self.stack.enter_context(Registry.open_or_create(place, layer=layer))
        self.registry.on_withdrawn = self._forget_found
        self.company = None if company else company_of(settings, self.stack, on_notice)
        self.layers = Layers(self.registry, BaseLayer(base), self.company)
        self.episodes: Episodes | None = None
        self.database: Database | None = None
        self.jobs: UserJobs | None = None
        self._settings = settings
        self._given_models = models
        self._open_box = open_box
        self._on_notice = on_notice
        self._box: Box | None = None
        self._memory: MemoryLayers | None = None
        self._index: Index | None = None
        self._box_lock = asyncio.Lock()
        self._episodes_lock = asyncio.Lock()

    async def aclose(self) -> None:
        """Stops what runs in the background, then closes everything."""
        if self.jobs is not None:
            await self.jobs.aclose()
        await self.stack.aclose()

    async def box(self) -> Box:
        """The user's warm box, opened at its first need (raises SandboxError)."""
        async with self._box_lock:
            if self._box is None:
                self._box = await self.stack.enter_async_context(await self._launch())
        return self._box

    async def box_of(self, user: str) -> Box:
        """A box of another user of the organisation, for their tools; who asked closes it (raises SandboxError)."""
        return await self._launch(user)

    async def _launch(self, user: str = "") -> Box:
        sandbox = self._settings.sandbox
        if self._open_box is not None:
            return await self._open_box(sandbox)
        from agentforge.boxes.open import open_box

        if sandbox.launcher != "bubblewrap":
            docker_host()  # a wrong one is told, and not taken for no Docker at all
        return await open_box(sandbox, user=f"{self._settings.org}/{user or self.owner}", on_notice=self._on_notice)

    def limits(self, seconds: float) -> Limits:
        """The bounds of one run in the box."""
        from agentforge.boxes.protocol import Limits

        own = self._settings.sandbox
        return Limits(seconds, own.result_bytes, own.output_bytes, own.file_bytes)

    def new_models(self) -> Discreet:
        """A client of the user's endpoints that tells them no secret; who asked closes it with :meth:`let_go`."""
        from agentforge.models.discreet import Discreet

        return Discreet(self._given_models or client_of(self._settings), secrets_of(self._settings))

    async def let_go(self, models: Discreet) -> None:
        """Closes a client, unless it is the one that whoever opened this gave."""
        if self._given_models is None:
            await models.aclose()

    async def user_jobs(self) -> UserJobs:
        """This user's jobs (raises StorageError)."""
        from agentforge.agent.knowledge_work import KNOWLEDGE, Codifying
        from agentforge.api.documents import UserDocuments
        from agentforge.api.jobs import UserJobs, unheard
        from agentforge.api.knowledge import TypedMessages
        from agentforge.api.sleep import UserSleep
        from agentforge.memory.repairs import REPAIR
        from agentforge.models.protocol import Priority
        from agentforge.sleep.night import SLEEP

        await self.the_episodes()
        if self.jobs is None and self.database is not None:
            learner = self.learner()
            documents = UserDocuments(self, self._settings)
            more: dict[str, Callable[[], Work]] = {
                REPAIR: lambda: learner.work(lambda _: None, Priority.BACKGROUND),
                KNOWLEDGE: lambda: Codifying(
                    self.registry,
                    documents.library,
                    TypedMessages(self, documents),
                    lambda: self.forge_parts(self.lasting_models()),
                    unheard,
                ),
                SLEEP: UserSleep(self, self._settings).work,
            }
            settle = documents.settle  # what a forging cites may have changed meanwhile
            secrets = secrets_of(self._settings)
            self.jobs = UserJobs(
                self.job_rows(), self.registry, self.forge_parts, self.lasting_models, secrets, more, settle
            )
        return cast("UserJobs", self.jobs)

    async def user_repairs(self) -> UserRepairs:
        """This user's repairs (raises StorageError)."""
        from agentforge.api.repairs import UserRepairs
        from agentforge.memory.repairs import Repairs

        jobs = await self.user_jobs()
        org, user = self._settings.org, self.owner
        rows = Repairs(self._the_database(), org=org, user=user, secrets=secrets_of(self._settings))
        learner = self.learner()
        return UserRepairs(jobs, rows, learner.work, generates=learner.generates)

    def learner(self) -> Learner:
        """What learns from feedback and failed calls, once the database is open."""
        from agentforge.api.feedback import Learner

        return Learner(self, self._settings, self._given_models)

    def lasting_models(self) -> ModelClient:
        """For a job that nobody waits for and that outlives a turn; closed with everything else."""
        from agentforge.models.protocol import Priority

        models = self.new_models()
        self.stack.push_async_callback(self.let_go, models)
        return models.at(Priority.BACKGROUND)

    async def forge_parts(self, models: ModelClient) -> ForgeParts:
        """What a forging of this user works with (raises SandboxError)."""
        from agentforge.forge.parts import ForgeParts
        from agentforge.policy import policy_of

        settings = self._settings
        policy = policy_of(settings)
        return ForgeParts(
            models=models,
            box=await self.box(),
            layers=self.layers,
            registry=self.registry,
            settings=settings.forge,
            gates=policy.gates,
            secrets=secrets_of(settings),
            call_limits=self.limits(settings.sandbox.call_seconds),
            suite_limits=self.limits(settings.sandbox.suite_seconds),
            recordings=settings.recordings,
            policy=policy,
        )

    async def the_episodes(self) -> Episodes:
        """This user's episodes, opened at their first need (raises StorageError)."""
        async with self._episodes_lock:
            return self.episodes or await asyncio.to_thread(self.open_episodes)

    def memory(self) -> Memory:
        """What is remembered of this user, to be written; what the registry knows to be revoked is left out."""
        return self.memories().own

    def memories(self) -> MemoryLayers:
        """What is remembered of this user and of the company, to be read."""
        from agentforge.memory.layers import MemoryLayers

        if self._memory is None:
            below = None if self.company is None else self._memory_of(self.company)
            self._memory = MemoryLayers(self._memory_of(self.registry), below, self.registry.layer)
            self.stack.callback(self._memory.close)
        return self._memory

    def _memory_of(self, registry: Registry) -> Memory:
        from agentforge.memory.keeping import Memory
        from agentforge.registry.revoked import read_revoked

        def revoked() -> frozenset[str]:
            return frozenset(str(one.origin) for one in read_revoked(registry.snapshot()).in_force.values())

        return Memory(registry.store, revoked=revoked, secrets=secrets_of(self._settings))

    def index(self) -> Index:
        """The search over the live tools: one index, a cache that follows them."""
        from agentforge.registry.index import Index

        if self._index is None:
            file = self._caches / f"{self.owner}{_INDEX}"
            meaning = local_meaning() if self._settings.agent.embeddings else None
            self._index = Index(self.layers, file, meaning=meaning, credit=self._credit)
        return self._index

    @property
    def _caches(self) -> Path:
        return self._settings.home / "caches" / self._settings.org

    def _forget_found(self, names: Sequence[str], commit: str) -> None:
        """Takes what is live no more out of the files of searches; a company's tools are in those of its users too."""
        from agentforge.registry.index_file import forget

        whose = "*" if self.owner == COMPANY else self.owner
        for file in self._caches.glob(f"{whose}{_INDEX}"):
            forget(file, names, self.registry.layer, commit)

    def _credit(self) -> Mapping[str, float]:
        """What people said of tools' answers; blocks. A database that cannot be read costs that, not the search."""
        try:
            self.rows()
            return self.outcomes().credit()
        except StorageError:
            return {}

    def open_episodes(self) -> Episodes:
        """This user's episodes; opens the database, so it is called once."""
        from agentforge.database.store import Database
        from agentforge.memory.episodes import Episodes

        check_folder(self._settings.home)
        self.database = self.stack.enter_context(Database.open(self._settings.database))
        org, user = self._settings.org, self.owner
        self.episodes = Episodes(self.database, org=org, user=user, secrets=secrets_of(self._settings))
        return self.episodes

    def outcomes(self) -> Outcomes:
        """What is known of this user's calls, once :meth:`open_episodes` was called."""
        from agentforge.memory.outcomes import Outcomes

        org, user = self._settings.org, self.owner
        return Outcomes(self._the_database(), org=org, user=user, secrets=secrets_of(self._settings))

    def truths(self) -> Truths:
        """What this user said of answers, once :meth:`open_episodes` was called."""
        from agentforge.memory.truths import Truths

        org, user = self._settings.org, self.owner
        return Truths(self._the_database(), org=org, user=user, secrets=secrets_of(self._settings))

    def rows(self) -> Database:
        """The database, opened at its first need; blocks (raises StorageError)."""
        if self.episodes is None:
            self.open_episodes()
        return self._the_database()

    def job_rows(self) -> JobRows:
        """This user's jobs as rows; blocks (raises StorageError)."""
        from agentforge.memory.jobs import JobRows

        own = self._settings
        return JobRows(self.rows(), org=own.org, user=self.owner, secrets=secrets_of(own))

    def _the_database(self) -> Database:
        if self.database is None:
            raise AssertionError("the database is opened with the episodes")
        return self.database


def insist_on_own(opened: Opened, name: str) -> None:
    """Raises UsageError where ``name`` is a tool of another layer only, which cannot be changed from here."""
    snapshot = opened.registry.snapshot()
    if name in snapshot.states.tools or name in snapshot.proposals:
        return
    try:
        found = opened.layers.find(name)
    except ToolNotFound:
        return  # whoever decides says it better
    raise UsageError(
        f"{name} is a tool of the {found.layer} layer, which cannot be changed from here.",
        fix="A tool of that name in your own registry would take its place."
        + " An administrator changes it with --company." * (found.layer is Layer.COMPANY),
    )


def insist_on_quiet(opened: Opened) -> None:
    """Raises UsageError while a job of the user runs: the history is not rewritten under it."""
    rows = opened.job_rows()
    unfinished = [*rows.unfinished("inline"), *rows.unfinished("queue")]
    if running := [one for one in unfinished if one.status == "running"]:
        raise UsageError(
            f"The history is not rewritten while a job runs: the {running[0].kind} of {running[0].name}.",
            fix=f"Wait for its end, or cancel it: agentforge jobs cancel {running[0].id}",
        )


def company_of(settings: Settings, stack: AsyncExitStack | ExitStack, on_notice: OnNotice) -> Registry | None:
    """The registry of the user's organisation, to be read only and closed with ``stack``; None where there is none.
    One that cannot be read is left out, which is told: nobody but an administrator could mend it.
    """
    from agentforge.registry.repository import Registry

    place = settings.registries / settings.org / f"{COMPANY}.git"
    if not place.is_dir():
        return None
    try:
        return stack.enter_context(Registry.open(place, layer=Layer.COMPANY, writable=False))
    except RegistryError as error:
        on_notice(f"The company's layer is left out: {error}")
        return None


def local_meaning() -> Meaning | None:
    """The local embeddings; None where the extra ``search`` or its weights are not installed."""
    if find_spec("numpy") is None:
        return None
    from agentforge.models.meaning import installed

    return installed()


def secrets_of(settings: Settings) -> frozenset[str]:
    """Every key and secret in the settings: none may be stored, committed or shown to a model."""
    keys = (each.key.get_secret_value() for each in settings.endpoints.values() if each.key)
    named = (each.value.get_secret_value() for each in settings.secrets.values())
    servers = (one for each in settings.servers.values() for one in (each.token, *each.environment.values()))
    people = (each.token for each in settings.web.people.values())
    others = (each.get_secret_value() for each in (settings.mcp.token, *people, *servers) if each)
    return frozenset([*keys, *named, *others])


def client_of(settings: Settings) -> ModelClient:
    """The client of the endpoints in the settings; the caller closes it."""
    from agentforge.models.client import Models

    return Models(settings)
