"""Wheels made on the spot, and a pip that knows no index but a folder of them."""

from __future__ import annotations

import importlib.metadata
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

LONG_AGO = (2020, 1, 1, 0, 0, 0)

Contents = Mapping[str, str | bytes]


def make_wheel(
    folder: Path,
    name: str,
    files: Contents,
    *,
    version: str = "1.0",
    requires: Sequence[str] = (),
    tag: str = "py3-none-any",
    modes: Mapping[str, int] | None = None,
) -> Path:
    """A wheel of these files; the same files give the same bytes."""
    stem = name.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    meta = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    listed = "".join(f"{path},,\n" for path in (*files, *meta, f"{info}/RECORD"))
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{stem}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in {**files, **meta, f"{info}/RECORD": listed}.items():
            entry = zipfile.ZipInfo(path, LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (modes or {}).get(path, 0o100644) << 16
            archive.writestr(entry, content)
    return wheel


def repack(folder: Path, name: str) -> Path:
    """A wheel of an installed package with a compiled module, for this very Python."""
    found = importlib.metadata.distribution(name)
    files = {
        path.as_posix(): Path(str(path.locate())).read_bytes()
        for path in found.files or ()
        if ".dist-info" not in path.parts[0] and path.suffix in (".py", ".so")
    }
    assert any(path.endswith(".so") for path in files), f"{name} has no compiled module here"
    abi = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    machine = importlib.import_module("os").uname().machine
    return make_wheel(folder, name.lower(), files, version=found.version, tag=f"{abi}-{abi}-linux_{machine}")


def only_from(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """pip takes packages from this folder and from nowhere else."""
    patch.setenv("PIP_NO_INDEX", "1")
    patch.setenv("PIP_FIND_LINKS", str(folder))
    patch.setenv("PIP_CONFIG_FILE", "/dev/null")
