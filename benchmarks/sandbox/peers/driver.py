"""Drives one peer: ``python -P driver.py PEER IMAGE SNIPPET LABELS`` in the peer's own environment.

Says ``{"ready": true}`` when the peer is warm. Then for every line on stdin it runs the snippet once and
says ``{"ms", "printed"}``; at the end of stdin it removes what the peer made. The clock runs here, around
the peer's own call and nothing else, so that what this protocol takes is not counted against the peer.
"""

import contextlib
import json
import os
import socket
import sys
import time


@contextlib.contextmanager
def smolagents(image, labels):
    """``DockerExecutor``: a Jupyter kernel behind a kernel gateway; a network of its own for its port."""
    import docker
    from smolagents.monitoring import AgentLogger, LogLevel
    from smolagents.remote_executors import DockerExecutor

    client = docker.from_env()
    network = client.networks.create(f"bench-smolagents-{os.getpid()}", labels=labels)
    gateway = ["python3", "-m", "kernel_gateway", "--KernelGatewayApp.ip=0.0.0.0", "--KernelGatewayApp.port=8888"]
    started = {"command": gateway, "network": network.name, "labels": labels}
    try:
        executor = _patiently(
            lambda: DockerExecutor(
                [],
                AgentLogger(level=LogLevel.OFF),
                image_name=image,
                build_new_image=False,
                port=_free_port(),
                container_run_kwargs=dict(started),
            )
        )
        try:
            yield lambda code: executor.run_code_raise_errors(code).logs
        finally:
            executor.container.kill()  # ``cleanup`` waits for a gateway that ends by itself
            executor.cleanup()
    finally:
        network.remove()
        client.close()


def _patiently(start):
    """A gateway has ten seconds to come up, which is little where the image is cold or the machine busy."""
    for _ in range(2):
        with contextlib.suppress(RuntimeError):
            return start()
    return start()


@contextlib.contextmanager
def llm_sandbox(image, labels):
    """An open ``SandboxSession`` without the virtual environment that it would make first."""
    from llm_sandbox import SandboxSession

    session = SandboxSession(
        lang="python",
        image=image,
        skip_environment_setup=True,
        keep_template=True,
        verbose=False,
        runtime_configs={"network_mode": "none", "labels": labels},
    )
    session.open()
    try:
        yield lambda code: session.run(code).stdout
    finally:
        session.close()


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def main():
    """Stdout is kept for the lines; what a peer prints goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    peer, image, snippet, labels = sys.argv[1:]
    with {"smolagents": smolagents, "llm-sandbox": llm_sandbox}[peer](image, json.loads(labels)) as run:
        run(snippet)
        print(json.dumps({"ready": True}), file=out, flush=True)
        for _ in sys.stdin:
            began = time.perf_counter()
            printed = run(snippet)
            took = (time.perf_counter() - began) * 1000
            print(json.dumps({"ms": took, "printed": printed}), file=out, flush=True)


if __name__ == "__main__":
    main()
