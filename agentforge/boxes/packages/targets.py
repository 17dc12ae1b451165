"""For which Python and machine wheels are taken: those of a box, whatever this program runs on."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from typing import Final

BOX_PYTHON: Final = (3, 11)
"""What the image of a box has (its Dockerfile insists)."""

_GLIBC: Final = (2, 36)
"""Of Debian 12, the older of the two bases of the image; wheels for newer ones are not taken."""

_OLDEST = {"x86_64": 5, "aarch64": 17}
"""The minor version of glibc 2 for which there are wheels at all (PEP 600 and the forms before it)."""

_OLD_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Target:
    """A CPython on Linux with glibc. ``machine`` as the kernel says it, such as ``x86_64``."""

    python: tuple[int, int]
    machine: str
    glibc: tuple[int, int] = _GLIBC

    @property
    def label(self) -> str:
        """One word that tells it from others, such as ``cp311-glibc2.36-x86_64``."""
        return f"{self._abi}-glibc{self.glibc[0]}.{self.glibc[1]}-{self.machine}"

    @property
    def told(self) -> str:
        """For people."""
        return f"Python {self.python[0]}.{self.python[1]} on {self.machine}"

    @property
    def _abi(self) -> str:
        return f"cp{self.python[0]}{self.python[1]}"

    def options(self) -> list[str]:
        """What tells pip to take wheels for it."""
        wanted = ["--implementation", "cp", "--python-version", f"{self.python[0]}.{self.python[1]}"]
        return [*wanted, "--abi", self._abi, *(word for name in self._platforms() for word in ("--platform", name))]

    def _platforms(self) -> list[str]:
        names = [f"linux_{self.machine}"]
        for minor in range(self.glibc[1], _OLDEST.get(self.machine, 17) - 1, -1):
            names.append(f"manylinux_2_{minor}_{self.machine}")
            if minor in _OLD_NAMES:
                names.append(f"{_OLD_NAMES[minor]}_{self.machine}")
        return names


def of_image(architecture: str, python: tuple[int, int] = BOX_PYTHON) -> Target:
    """The target of a Docker box; ``architecture`` as ``docker info`` says it."""
    return Target(python, _MACHINES.get(architecture, architecture))


def of_this_machine() -> Target:
    """The target of a bubblewrap box: this very Python."""
    name, version = platform.libc_ver()
    major, _, minor = version.partition(".")
    known = name == "glibc" and major == "2" and minor.isdigit()
    return Target(sys.version_info[:2], os.uname().machine, min(_GLIBC, (2, int(minor))) if known else _GLIBC)
