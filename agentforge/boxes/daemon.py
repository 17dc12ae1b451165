"""The Docker daemon: the few questions we ask it, each with our errors. Everything here blocks.

The Docker library's own types are partly unknown, so they end in this module.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, BinaryIO, ParamSpec, Self, TypeVar, cast

import docker
import docker.errors
import requests.exceptions
from docker.constants import DEFAULT_DOCKER_API_VERSION, DEFAULT_UNIX_SOCKET
from docker.utils import kwargs_from_env

from agentforge.boxes.failures import explain

FIRST_ANSWER_SECONDS = 10
"""How long a daemon may take to say that it is there."""

_GOING_SECONDS = 30
"""How long a container that is being removed already may take to be gone."""

_P = ParamSpec("_P")
_T = TypeVar("_T")
_FAILURES = (docker.errors.DockerException, requests.exceptions.RequestException, OSError)


def _explained(while_doing: str) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    def decorate(ask: Callable[_P, _T]) -> Callable[_P, _T]:
        def asked(*positional: _P.args, **named: _P.kwargs) -> _T:
            try:
                return ask(*positional, **named)
            except _FAILURES as error:
                raise explain(error, while_doing=while_doing) from None

        asked.__doc__ = ask.__doc__
        return asked

    return decorate


def _address() -> str:
    return str(kwargs_from_env().get("base_url") or DEFAULT_UNIX_SOCKET).removeprefix("http+")


def _knock() -> None:
    """Asks whether anybody listens; the library would leave its socket open where nobody does."""
    address = _address()
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(FIRST_ANSWER_SECONDS)
            line.connect(address.removeprefix("unix://"))


def _detached(found: Any) -> socket.socket:
    """The bare socket, independent of the library's pool where the library lets go of it (not under TLS)."""
    if isinstance(found, ssl.SSLSocket):
        return found
    line = getattr(found, "_sock", None)
    if not isinstance(line, socket.socket):
        raise docker.errors.DockerException("attaching needs a daemon behind a socket file or TCP")
    bare = socket.socket(fileno=os.dup(line.fileno()))
    found._response.close()
    found.close()
    return bare


class Daemon:
    """Owns the connections to one Docker daemon. Every method may raise a SandboxError."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._api: Any = client.api
        self.by_file = _address().startswith("unix://")
        """Whether it is spoken to over a socket file; that may still be forwarded from elsewhere."""

    @classmethod
    @_explained("connecting")
    def connect(cls, timeout: int = 60) -> Self:
        """The daemon that the environment names; ``timeout`` in seconds bounds every later answer.

        Raises:
            SandboxUnavailable: none answers.
        """
        _knock()
        asking: Any = docker.from_env(version=DEFAULT_DOCKER_API_VERSION, timeout=FIRST_ANSWER_SECONDS)
        with contextlib.closing(asking):  # the library, asking by itself, would leave the line open
            version = str(asking.api.version(api_version=False)["ApiVersion"])
        return cls(docker.from_env(version=version, timeout=timeout))

    def close(self) -> None:
        """Hangs up; harmless when repeated."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @_explained("describing itself")
    def info(self) -> dict[str, Any]:
        """What ``docker info`` says."""
        return cast("dict[str, Any]", self._client.info())

    @_explained("telling its version")
    def versions(self) -> dict[str, str]:
        """Component → version, such as ``runc``."""
        return {part["Name"]: part["Version"] for part in self._client.version().get("Components") or ()}

    @_explained("looking for an image")
    def image(self, name: str) -> dict[str, Any] | None:
        """What ``docker inspect`` says of an image, or None where there is none."""
        try:
            return cast("dict[str, Any]", self._api.inspect_image(name))
        except docker.errors.ImageNotFound:
            return None

    @_explained("pulling an image")
    def pull(self, repository: str, tag: str) -> None:
        """Downloads an image from the registry that the daemon knows."""
        self._client.images.pull(repository, tag=tag)

    @_explained("importing an image")
    def import_archive(self, archive: str, repository: str, tag: str) -> None:
        """Makes an image from an archive of a root file system."""
        self._api.import_image_from_file(archive, repository=repository, tag=tag)

    @_explained("building the image")
    def build(self, context: BinaryIO, tag: str, arguments: Mapping[str, str], labels: Mapping[str, str]) -> None:
        """Builds an image without network."""
        self._client.images.build(
            fileobj=context,
            custom_context=True,
            tag=tag,
            buildargs=dict(arguments),
            labels=dict(labels),
            network_mode="none",
            rm=True,
            forcerm=True,
        )

    @_explained("removing an image")
    def remove_image(self, name: str) -> bool:
        """Removes an image, by tag; False where there was none, or where something stands on it."""
        try:
            self._api.remove_image(name)
        except docker.errors.ImageNotFound:
            return False
        except docker.errors.APIError as error:
            if error.status_code != 409:  # "image is being used by running container"
                raise
            return False
        return True

    @_explained("starting a container")
    def run(self, name: str, image: str, request: Mapping[str, Any]) -> None:
        """Creates and starts a container."""
        self._client.containers.create(image, name=name, **request).start()

    @_explained("creating a container")
    def create(self, name: str, image: str, request: Mapping[str, Any]) -> None:
        """Creates a container; :meth:`start` starts it."""
        self._client.containers.create(image, name=name, **request)

    @_explained("starting a container")
    def start(self, name: str) -> None:
        """Starts a container that was created."""
        self._api.start(name)

    @_explained("attaching to a container")
    def attach(self, name: str) -> socket.socket:
        """A connection of its own to a container's three streams, for :func:`~agentforge.boxes.attach.hang_up`.

        Attached before the container starts, so that nothing of it can lie in the library's buffer.
        """
        streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        found = self._api.attach_socket(name, params=streams)
        return _detached(found)

    @_explained("inspecting a container")
    def container(self, name: str) -> dict[str, Any]:
        """What ``docker inspect`` says of a container."""
        return cast("dict[str, Any]", self._api.inspect_container(name))

    @_explained("listing containers")
    def labelled(self, label: str) -> list[dict[str, Any]]:
        """Containers that carry a label, running or not, as ``docker ps`` lists them."""
        return cast("list[dict[str, Any]]", self._api.containers(all=True, filters={"label": label}))

    @_explained("removing a container")
    def remove(self, name: str) -> None:
        """Kills and removes a container; harmless where it is gone. Where it is going already, waits until it is."""
        with contextlib.suppress(docker.errors.NotFound):
            try:
                self._api.remove_container(name, force=True, v=True)
            except docker.errors.APIError as error:
                if error.status_code != 409:  # "removal is already in progress"
                    raise
                self._api.wait(name, timeout=_GOING_SECONDS, condition="removed")
