"""The settings, and the only place that reads the environment and settings files.

Precedence, strongest first: flags (``overrides``) > environment > project file > user file >
what ``model up`` recorded > defaults.

- user file: ``$AGENTFORGE_HOME/settings.toml``; project file: ``agentforge.toml`` in the working
  directory; recorded by ``model up``: ``$AGENTFORGE_HOME/local-model.toml``
- environment: ``AGENTFORGE_<SECTION>__<KEY>`` such as ``AGENTFORGE_FORGE__CANDIDATES=6`` (two
  underscores between section and key); values are read as TOML where they parse, else as text
- Claude's key is read from ``ANTHROPIC_API_KEY`` (and ``ANTHROPIC_BASE_URL`` is honoured); it is
  held as a secret and never written, logged or shown
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, ValidationError, model_validator

from agentforge.errors import ConfigurationError, StorageError
from agentforge.nesting import merge, nest, table
from agentforge.secrecy import SECRET_VARIABLE, repeated
from agentforge.sections import (
    AgentSettings,
    DocumentSettings,
    Endpoint,
    ForgeSettings,
    GateSettings,
    McpSettings,
    ModelSettings,
    ReviewSettings,
    SandboxSettings,
    SecretSettings,
    Section,
    ServerSettings,
    SleepSettings,
    SyncSettings,
    WebSettings,
    WorkerSettings,
)
from agentforge.types import Role
from agentforge.wording import explain

PREFIX = "AGENTFORGE_"
USER_FILE = "settings.toml"
PROJECT_FILE = "agentforge.toml"
LOCAL_MODEL_FILE = "local-model.toml"
CLAUDE_KEY = "ANTHROPIC_API_KEY"
CLAUDE_URL = "ANTHROPIC_BASE_URL"

ORG = r"^[a-z0-9][a-z0-9_-]{0,62}$"
USER = r"^[a-z0-9][a-z0-9_.@-]{0,62}$"
"""What organisations and users may be called: both become names of folders."""

COMPANY = "_company"
"""Whose the things of an organisation as a whole are: its registry, rows and caches; no user can be called so."""


class Settings(Section):
    """All settings; immutable. Made by :func:`load`."""

    home: Path
    database_url: str = Field(default="", description="SQLAlchemy URL; empty: state.db in the home.")
    org: str = Field(default="personal", pattern=ORG, description="Organisation.")
    user: str = Field(default="me", pattern=USER, description="Whose registry and episodes.")
    endpoints: dict[str, Endpoint] = Field(default_factory=lambda: {}, description="Name → endpoint, see below.")
    roles: dict[Role, str] = Field(
        default_factory=lambda: {}, description="Role (plan, generate, test, judge, reflect) → endpoint."
    )
    secrets: dict[str, SecretSettings] = Field(
        default_factory=lambda: {}, description="Name → secret of a tool's, see below."
    )
    servers: dict[str, ServerSettings] = Field(
        default_factory=lambda: {}, description="Name → MCP server of which tools may be made, see below."
    )
    model: ModelSettings = Field(default_factory=ModelSettings)
    sandbox: SandboxSettings = Field(default_factory=SandboxSettings)
    forge: ForgeSettings = Field(default_factory=ForgeSettings)
    gates: GateSettings = Field(default_factory=GateSettings)
    review: ReviewSettings = Field(default_factory=ReviewSettings)
    agent: AgentSettings = Field(default_factory=AgentSettings)
    documents: DocumentSettings = Field(default_factory=DocumentSettings)
    sleep: SleepSettings = Field(default_factory=SleepSettings)
    sync: SyncSettings = Field(default_factory=SyncSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    mcp: McpSettings = Field(default_factory=McpSettings)
    worker: WorkerSettings = Field(default_factory=WorkerSettings)
    origins: dict[str, str] = Field(
        default_factory=dict, exclude=True, description="Dotted key → where its value came from."
    )

    @model_validator(mode="after")
    def _roles_name_endpoints(self) -> Settings:
        for role, name in self.roles.items():
            if name not in self.endpoints:
                known = ", ".join(sorted(self.endpoints)) or "none"
                raise ValueError(f"roles.{role} names the endpoint {repeated(name)}; known endpoints: {known}")
        return self

    def endpoint_name(self, role: Role) -> str:
        """The endpoint that plays ``role``; ``test`` and ``reflect`` follow ``plan`` unless set.

        Raises:
            ConfigurationError: no endpoint is set up at all.
        """
        if role in self.roles:
            return self.roles[role]
        if role in (Role.TEST, Role.REFLECT):
            return self.endpoint_name(Role.PLAN)
        preferred = ("local", "claude") if role is Role.GENERATE else ("claude", "local")
        for name in (*preferred, *sorted(self.endpoints)):
            if name in self.endpoints:
                return name
        raise ConfigurationError(
            "No model endpoint is set up.",
            fix="Run 'agentforge model up' for a local model, or set ANTHROPIC_API_KEY.",
        )

    def endpoint(self, role: Role) -> Endpoint:
        """Settings of the endpoint that plays ``role`` (raises as :meth:`endpoint_name`)."""
        return self.endpoints[self.endpoint_name(role)]

    def owned_by(self, org: str, user: str) -> Settings:
        """The same settings for another user.

        Raises:
            ConfigurationError: ``org`` or ``user`` is not a valid name.
        """
        try:
            return Settings.model_validate({**dict(self), "org": org, "user": user})
        except ValidationError as error:
            raise ConfigurationError(explain(error, {})) from None

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.home / 'state.db'}"

    @property
    def worker_queue(self) -> str:
        """The SQLAlchemy URL of the worker's queue in force."""
        shared = self.database_url if self.database_url.startswith("postgresql") else ""
        return self.worker.queue_url or shared or f"sqlite:///{self.home / 'worker.db'}"

    @property
    def registries(self) -> Path:
        """Folder of the bare repositories, ``<org>/<user>.git`` below it."""
        return self.home / "registries"

    @property
    def recordings(self) -> Path:
        """Folder of what was recorded of the network for this user, ``NAME.jsonl`` for each tool."""
        return self.home / "recordings" / self.org / self.user

    @property
    def model_cache(self) -> Path:
        """Where weights and the server's virtual environment are kept (shared between homes)."""
        return self.model.cache or Path(platformdirs.user_cache_dir("agentforge"))


def home_folder(environ: Mapping[str, str] | None = None) -> Path:
    """``AGENTFORGE_HOME``, or the platform's folder for user data."""
    env = os.environ if environ is None else environ
    return Path(env.get("AGENTFORGE_HOME") or platformdirs.user_data_dir("agentforge")).expanduser().absolute()


def check_folder(folder: Path) -> None:
    """Makes sure that files can be made in ``folder``, or it in the nearest folder above that exists.

    Raises:
        ConfigurationError: they cannot; says why.
        StorageError: the disk is full.
    """
    place = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    try:
        with tempfile.TemporaryFile(dir=place):
            return
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(f"The disk of {place} is full.", fix="Free some space.") from None
        raise ConfigurationError(
            f"{place} cannot be written: {error.strerror}.",
            fix="Correct it or its permissions, or set AGENTFORGE_HOME to a folder of yours.",
        ) from None


def docker_host(environ: Mapping[str, str] | None = None) -> str:
    """The Docker daemon that the environment names (``DOCKER_HOST``), or nothing.

    Raises:
        ConfigurationError: it is no address of a daemon at all.
    """
    said = (os.environ if environ is None else environ).get("DOCKER_HOST", "").strip()
    try:
        parts = urlsplit(said if "://" in said else f"tcp://{said}")
        near = parts.scheme in ("unix", "npipe", "http+unix", "fd") and bool(parts.netloc or parts.path)
        far = parts.scheme in ("tcp", "http", "https") and bool(parts.hostname and parts.port)
        sound = not said or near or far or (parts.scheme == "ssh" and bool(parts.hostname))
    except ValueError:
        sound = False
    if not sound:
        raise ConfigurationError(
            f"DOCKER_HOST={repeated(said, 80)} is no address of a Docker daemon.",
            fix="Set it to unix:///PATH, tcp://HOST:PORT or ssh://HOST, or unset it.",
        )
    return said


def installer_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """For pip and a hub's downloader: everything but secrets and Python's own variables.

    ``PIP_*`` (indexes with their passwords, proxies, certificates) and ``HF_TOKEN`` stay.
    """
    return {
        name: value
        for name, value in (os.environ if environ is None else environ).items()
        if (_NEEDED_BY_PIP.search(name) or not SECRET_VARIABLE.search(name))
        and (not name.startswith("PYTHON") and name not in ("VIRTUAL_ENV", "__PYVENV_LAUNCHER__"))
    }


def transport_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """For git where it speaks to a remote: what programs, ssh, proxies and certificates need, and nothing else."""
    return {
        name: value
        for name, value in (os.environ if environ is None else environ).items()
        if name in _NEEDED_BY_TRANSPORT or _PROXY.search(name)
    }


_NEEDED_BY_TRANSPORT = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
)
_PROXY = re.compile(r"^(https?|all|no)_proxy$", re.IGNORECASE)
_NEEDED_BY_PIP = re.compile(r"^(PIP|UV)_|^HF_TOKEN$|_proxy$|_PROXY$")


def switch(name: str, environ: Mapping[str, str] | None = None) -> str:
    """A switch of the command line outside the settings: ``AGENTFORGE_<NAME>``, or nothing.

    ``DEBUG`` asks for tracebacks, ``OUTPUT_FORMAT`` for a form of the result.
    """
    return (os.environ if environ is None else environ).get(PREFIX + name, "")


def load(
    *,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    project: Path | None = None,
) -> Settings:
    """Merges all sources into :class:`Settings`.

    ``overrides`` maps dotted keys (``"forge.candidates"``) to values; ``project`` is the folder
    whose ``agentforge.toml`` counts (default: the working directory).

    Raises:
        ConfigurationError: a file is no TOML, or a key or value is wrong; names the source.
    """
    env = os.environ if environ is None else environ
    home = home_folder(env)
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    named, found = _from_environment(env)
    for origin, values in (
        (LOCAL_MODEL_FILE, _read(home / LOCAL_MODEL_FILE)),
        (str(home / USER_FILE), _read(home / USER_FILE)),
        (PROJECT_FILE, _read((project or Path.cwd()) / PROJECT_FILE)),
        ("environment", found),
        ("flags", nest(overrides or {})),
    ):
        merge(merged, values, origin, origins)
        origins.update({key: f"environment, {named[key]}" for key in named if origins.get(key) == "environment"})
    _add_claude(merged, env, origins)
    if "home" in merged:
        raise ConfigurationError(
            f"The home is no setting ({origins.get('home', 'some file')}): settings are read from it.",
            fix="Name it in the environment, as AGENTFORGE_HOME.",
        )
    merged["home"] = home
    merged["origins"] = origins
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise ConfigurationError(
            explain(error, origins),
            fix="Correct it where it was set; 'agentforge config show --origin' shows the rest.",
        ) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}.", fix="Correct or remove it.") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None


def _from_environment(env: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """Which variable sets which key, and the values, nested."""
    named: dict[str, str] = {}
    flat: dict[str, Any] = {}
    for name, text in env.items():
        if not name.startswith(PREFIX) or name in ("AGENTFORGE_HOME", "AGENTFORGE_REQUIRE_DOCKER"):
            continue
        key = name.removeprefix(PREFIX).lower().replace("__", ".")
        top = key.partition(".")[0]
        if top in Settings.model_fields and top not in ("home", "origins"):
            named[key] = name
            flat[key] = text if key in _TEXTS else parse_value(text)
        elif "__" in name.removeprefix(PREFIX):
            raise ConfigurationError(
                f"{name} has no effect: there is no section {repeated(key.partition('.')[0])} in the settings.",
                fix=f"The sections are {', '.join(_sections())}.",
            )
        else:
            _refuse_one_underscore(name)
    return named, nest(flat)


def _refuse_one_underscore(name: str) -> None:
    """``AGENTFORGE_MODEL_PORT`` would be without effect, and nobody would know.

    Other unknown variables are let be: an orchestrator may set some for a service of this name.
    """
    for section, key in _nested_keys():
        if name == f"{PREFIX}{section}_{key}".upper():
            raise ConfigurationError(
                f"{name} has no effect: two underscores belong between a section and its key.",
                fix=f"Call it {PREFIX}{section.upper()}__{key.upper()}.",
            )


def _sections() -> list[str]:
    """The keys at the top of the settings that hold others."""
    return [key for key, field in Settings.model_fields.items() if key in _NAMED or _section(field.annotation)]


def _section(kind: object) -> type[Section] | None:
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _nested_keys() -> Iterator[tuple[str, str]]:
    for section, field in Settings.model_fields.items():
        if kind := _section(field.annotation):
            yield from ((section, key) for key in kind.model_fields)


def parse_value(text: str) -> Any:
    """``text`` as a TOML value where it is one (``6``, ``true``, ``[1, 2]``), else as it stands."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


_NAMED = ("endpoints", "roles", "secrets", "servers")
"""Sections whose keys are names that people choose."""

_TEXTS = ("org", "user", "database_url", "mcp.token")
"""Keys whose value is taken as it stands, also where it looks like a number."""


def _add_claude(merged: dict[str, Any], env: Mapping[str, str], origins: dict[str, str]) -> None:
    """With a key in the environment, an endpoint ``claude`` exists without being written anywhere."""
    key = env.get(CLAUDE_KEY, "").strip()
    if not key:
        return
    endpoints = table(merged, "endpoints")
    claude = table(endpoints, "claude") if endpoints is not None else None
    if claude is None:
        return  # what stands there instead is told when all is checked
    url = env.get(CLAUDE_URL, "").strip() or "https://api.anthropic.com"
    for name, value in {"kind": "claude", "url": url, "model": "claude-opus-5-5", "key": key}.items():
        if name not in claude:
            claude[name] = value
            origins[f"endpoints.claude.{name}"] = f"environment, {CLAUDE_URL if name == 'url' else CLAUDE_KEY}"
