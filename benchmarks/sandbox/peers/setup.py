"""Installs the peers of ``benchmarks.sandbox``, outside the repository, and builds the image that they run.

    python -m benchmarks.sandbox.peers.setup --folder DIR
    export AGENTFORGE_BENCH_SANDBOX_PEERS=DIR

The image is that of the box with a Jupyter kernel gateway (for smolagents) and a command ``python`` (for
llm-sandbox) added, so that all run the same Python and no image registry is needed. The versions of the
peers and of the gateway are fixed here; those of their dependencies are what the package index gives on
that day.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from agentforge.boxes import image
from agentforge.boxes.daemon import Daemon
from agentforge.errors import SandboxError
from benchmarks.peers.setup import INSTALL_SECONDS, asked_folder, install, installed

FOLDER = "AGENTFORGE_BENCH_SANDBOX_PEERS"
PEERS = {"smolagents": "smolagents[docker]==1.26.0", "llm-sandbox": "llm-sandbox[docker]==0.3.46"}
GATEWAY = ("jupyter_kernel_gateway==3.0.1", "ipykernel==7.4.0")
IMAGE = "agentforge-bench-peers:1"
DOCKERFILE = """\
ARG BASE
FROM ${BASE}
USER 0:0
COPY site /opt/peers
ENV PYTHONPATH=/opt/peers
RUN python3 -m compileall -q /opt/peers || true
RUN command -v python || ln -s "$(command -v python3)" /usr/bin/python
WORKDIR /tmp
CMD ["python3"]
"""


def venv_of(peer: str) -> Path:
    """The virtual environment of a peer.

    Raises:
        SandboxUnavailable: it is not set up.
    """
    return installed(peer, PEERS[peer], FOLDER, "benchmarks.sandbox.peers.setup")


def build_image() -> None:
    """Builds :data:`IMAGE` on the image of the box; raises SandboxError."""
    base = image.build(print)
    with tempfile.TemporaryDirectory(prefix="peers-") as name, Daemon.connect(INSTALL_SECONDS) as daemon:
        folder = Path(name)
        wheels = ["--only-binary=:all:", "--python-version", "3.11", "--no-compile"]
        target = ["--target", str(folder / "site")]
        command = [sys.executable, "-m", "pip", "install", "--quiet", *wheels, *target, *GATEWAY]
        subprocess.run(command, check=True, timeout=INSTALL_SECONDS)
        (folder / "Dockerfile").write_text(DOCKERFILE, "ascii")
        arguments = {"BASE": base.tag}
        daemon._client.images.build(path=name, tag=IMAGE, buildargs=arguments, network_mode="none", rm=True)


def main() -> int:
    """The command; returns its exit code."""
    folder = asked_folder(__doc__)
    install(folder, PEERS)
    try:
        build_image()
    except SandboxError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"{IMAGE}: {', '.join(GATEWAY)}\nexport {FOLDER}={folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
