"""Another repository somewhere: what addresses are known, and fetching from and pushing to one branch of it.

What a remote sends and says is hostile here. Each command runs in a repository made for it, whose configuration is
nobody's, with one protocol allowed, no hooks, no prompts, nothing of submodules, every object checked as it comes
(``transfer.fsckObjects``), within :class:`~agentforge.gitstore.bounds.Bounds`. What this does not do: hide from a
remote who asks, or keep programs that ``ssh`` runs by the user's own ``~/.ssh/config`` from running.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from agentforge.errors import RegistryError, RemoteRefused, RemoteUnreachable, UsageError
from agentforge.gitstore.bounds import Bounds, Ended
from agentforge.gitstore.process import GitProcess
from agentforge.gitstore.store import MAIN
from agentforge.secrecy import spans

ARRIVED = "refs/agentforge/arrived"
"""Where what was fetched stands until it was looked at."""

_SCP = re.compile(r"(?:[A-Za-z0-9._+-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!:)[^\s]+")
_HELP = "Give https://HOST/PATH, ssh://HOST/PATH, USER@HOST:PATH, or the path of a bare repository."
_SSH = "-oBatchMode=yes -oConnectTimeout=20 -oForwardAgent=no -oPermitLocalCommand=no -oClearAllForwardings=yes"
_OTHERS_REPOSITORY = (
    "core.hooksPath=/dev/null",
    "core.alternateRefsCommand=true",
    "core.fsmonitor=false",
    "receive.autogc=false",
    "gc.auto=0",
)
"""For git in a repository on this machine: its configuration and its hooks are somebody else's."""
_SETTINGS = (
    "transfer.fsckObjects=true",
    "transfer.unpackLimit=1",  # one file, of which the size can be bounded
    "transfer.credentialsInUrl=die",
    "core.bigFileThreshold=8m",
    "core.packedGitWindowSize=16m",
    "core.packedGitLimit=128m",
    "core.deltaBaseCacheLimit=32m",
    "pack.threads=1",
    "http.followRedirects=false",
    "credential.helper=",
    "submodule.recurse=false",
    "maintenance.auto=false",
)
_LOST_RACE = (
    "fetch first",
    "non-fast-forward",
    "stale info",
    "cannot lock ref",
    "failed to lock",
    "incorrect old value",
)


@dataclass(frozen=True, slots=True)
class Remote:
    """An address, and the one protocol that it is asked by."""

    address: str
    protocol: str


def remote_of(address: str) -> Remote:
    """The remote that an address means.

    Raises:
        UsageError: it is none, holds a password, or would be asked by a protocol that is not allowed.
    """
    text = address.strip()
    if not text or text.startswith("-") or not text.isprintable() or '"' in text:
        raise UsageError(f"{address[:80]!r} is no address of a git repository.", fix=_HELP)
    if "://" in text:
        return _by_url(text)
    if _SCP.fullmatch(text) and "/" not in text.partition(":")[0]:
        return Remote(text, "ssh")
    if "::" in text:
        raise UsageError(f"{text.partition('::')[0][:40]!r} is no protocol that is allowed here.", fix=_HELP)
    return Remote(str(Path(text).expanduser().absolute()), "file")


def _by_url(text: str) -> Remote:
    try:
        parts = urlsplit(text)
        host, password = parts.hostname or "", parts.password
    except ValueError:
        raise UsageError("That is no address of a git repository.", fix=_HELP) from None
    if parts.scheme not in ("https", "http", "ssh", "file"):
        raise UsageError(f"{parts.scheme[:40]!r} is no protocol that is allowed here.", fix=_HELP)
    if password is not None or any(spans(text)):
        raise UsageError(
            "The address holds a password or a token, which would be written where addresses are.",
            fix="Use ssh, or put it into ~/.netrc.",
        )
    if parts.scheme == "http" and not _loopback(host):
        raise UsageError(f"{host[:80]} is asked over http, where anybody between may answer.", fix="Use https or ssh.")
    if host.startswith("-") or (parts.scheme != "file" and not host) or (parts.scheme == "file" and host):
        raise UsageError(f"{text[:80]!r} is no address of a git repository.", fix=_HELP)
    return Remote(text, parts.scheme)


def fetch(git: GitProcess, remote: Remote, bounds: Bounds) -> str | None:
    """Fetches the branch ``main`` to :data:`ARRIVED` and returns its commit; None where the remote has no such branch.

    Raises:
        RemoteUnreachable: it does not answer, or not in time.
        RemoteRefused: it sends too much, or what no sound repository holds.
    """
    words = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", *_served(remote, "upload-pack"))
    done = _asked(git, remote, bounds, *words, "--", remote.address, f"+{MAIN}:{ARRIVED}")
    if "couldn't find remote ref" in done.said:
        return None
    if done.code:
        raise _failure(remote, done, bounds)
    code, out, _ = git.attempt("rev-parse", "--verify", "--quiet", f"{ARRIVED}^{{commit}}")
    if code:
        raise RemoteRefused(f"The main of {remote.address} is no commit.")
    return out.decode().strip()


def push(git: GitProcess, remote: Remote, commit: str, bounds: Bounds) -> bool:
    """Moves the remote's ``main`` forward to ``commit``; never drops what it holds. False where somebody else was
    faster, so that theirs has to be taken in first.

    Raises:
        RemoteUnreachable: it does not answer, or not in time.
        RemoteRefused: it does not take it, and says why.
    """
    words = ("push", "--porcelain", "--no-verify", "--recurse-submodules=no", *_served(remote, "receive-pack"))
    done = _asked(git, remote, bounds, *words, "--", remote.address, f"{commit}:{MAIN}")
    if not done.code:
        return True
    told = f"{done.out.decode('utf-8', 'replace')}\n{done.said}"
    if any(sign in told for sign in _LOST_RACE):
        return False
    refused = [line for line in told.splitlines() if line.startswith("!")]
    if refused:
        raise RemoteRefused(
            f"{remote.address} does not take what is sent: {_line(refused[0].rpartition(chr(9))[2])}.",
            fix="Everything stands here as before; whoever runs the remote can tell why.",
        )
    raise _failure(remote, done, bounds)


def _asked(git: GitProcess, remote: Remote, bounds: Bounds, *words: str) -> Ended:
    environment = dict(bounds.environment)
    ssh = f"{environment.pop('GIT_SSH_COMMAND', 'ssh')} {_SSH}"
    environment |= {"GIT_SSH_COMMAND": ssh, "GIT_SSH_VARIANT": "ssh", "GIT_PROTOCOL_FROM_USER": "0"}
    settings = (*_SETTINGS, f"protocol.{remote.protocol}.allow=always")
    return git.bounded(*words, bounds=replace(bounds, environment=environment), settings=settings)


def _served(remote: Remote, service: str) -> tuple[str, ...]:
    """How git is started in a repository on this machine."""
    if remote.protocol != "file":
        return ()
    settings = [part for setting in _OTHERS_REPOSITORY for part in ("-c", setting)]
    return (f"--{service}={shlex.join(['git', *settings, service])}",)


def _failure(remote: Remote, done: Ended, bounds: Bounds) -> RegistryError:
    if done.late:
        return RemoteUnreachable(
            f"{remote.address} did not answer within {bounds.seconds:g} seconds.",
            fix="Nothing was lost: sync again later, or raise sync.seconds.",
        )
    said = done.said.lower()
    if "file too large" in said or "signal 25" in said or "sigxfsz" in said or "file size limit" in said:
        return RemoteRefused(
            f"{remote.address} sends more than {bounds.file_bytes >> 20} MB.",
            fix="Nothing of it was taken. Raise sync.max_mb if you expect that much.",
        )
    if "fsck error" in said or "index-pack" in said or "unpack-objects" in said or "out of memory" in said:
        return RemoteRefused(f"{remote.address} sends what no sound repository holds: {_reason(done.said)}.")
    return RemoteUnreachable(
        f"{remote.address} cannot be reached: {_reason(done.said)}.",
        fix="Nothing was lost: everything stands here, and goes along with the next sync.",
    )


def _reason(said: str) -> str:
    """The line of git's that says most, without its full stop."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:", "ssh:"))]
    return _line((told or lines or ["no reason given"])[0].removeprefix("fatal: ").removeprefix("error: "))


def _line(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)[:300].strip().rstrip(".")


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
