"""The guard against paid calls: nothing gets out, and nobody can take that for an ordinary failure."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from agentforge.testing import MessagesServer, NoPaidCalls, PaidCall

SCRIPT = textwrap.dedent(
    """
    import asyncio, os, socket
    from agentforge import Forge
    from agentforge.testing import NoPaidCalls, PaidCall

    def told(try_it, **guard):
        try:
            with NoPaidCalls(**guard):
                try_it()
        except PaidCall as error:
            return str(error)
        return "nothing"

    def swallowed():
        try:
            socket.create_connection(("192.0.2.1", 443), timeout=5)
        except Exception:
            pass

    def asked():
        result = Forge(user="ada").run_sync("Hello")
        print(result.status, result.exit_code)

    os.environ["ANTHROPIC_API_KEY"] = "sk-ant-test"
    print(told(lambda: socket.create_connection(("192.0.2.1", 443), timeout=5)))
    print(told(swallowed))
    print(told(lambda: socket.getaddrinfo("localhost", 80)))
    print(told(asked))
    try:
        socket.create_connection(("192.0.2.1", 443), timeout=0.01)
    except OSError as error:
        print("afterwards", type(error).__name__)
    """
)


def test_nothing_gets_out_and_the_block_fails_with_one_sentence() -> None:
    """In a process of its own: this one has a guard of the test suite already."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    sentence = "No paid calls are allowed here, and something tried to reach {}."
    refused, swallowed, local, status, asked, after = done.stdout.splitlines()
    assert refused == swallowed == sentence.format("192.0.2.1")
    assert local == "nothing"
    assert status.startswith("failed ")
    assert asked == sentence.format("api.anthropic.com")
    assert after.startswith("afterwards")


def test_a_server_on_this_machine_and_allowed_hosts_are_reached() -> None:
    with NoPaidCalls(allow=["database.example"]) as guard, MessagesServer([]):
        guard.check("database.example")
        guard.check(b"127.0.0.1")
        guard.check("::1")
        with pytest.raises(PaidCall, match=r"something tried to reach paid\.example\."):
            guard.check("paid.example")
        guard.attempts.clear()
