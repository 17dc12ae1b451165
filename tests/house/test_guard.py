"""The promises of ``tests/conftest.py``: nothing leaves this machine, nothing of the caller comes in."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import SLOW

Forbidden = pytest.fail.Exception
ROOT = Path(__file__).resolve().parents[2]


def test_a_connection_to_another_machine_fails_the_test() -> None:
    with pytest.raises(Forbidden, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 443), timeout=0.2)


def test_a_datagram_to_another_machine_fails_the_test() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as connection, pytest.raises(Forbidden):
        connection.sendto(b"x", ("192.0.2.1", 53))


@pytest.mark.parametrize("name", ["api.anthropic.com", b"example.org"])
def test_not_even_a_name_is_looked_up(name: str | bytes) -> None:
    with pytest.raises(Forbidden):
        socket.getaddrinfo(name, 443)


def test_an_except_clause_does_not_hide_it() -> None:
    def careless() -> None:
        try:
            socket.create_connection(("192.0.2.1", 443), timeout=0.2)
        except Exception:  # noqa: BLE001 - the point of this test
            return

    with pytest.raises(Forbidden):
        careless()


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = threading.Thread(target=lambda: server.accept()[0].close())
        answer.start()
        with socket.create_connection(("localhost", server.getsockname()[1]), timeout=5) as connection:
            assert connection.recv(1) == b""
        answer.join(5)


def test_the_callers_keys_and_settings_are_gone(home: Path) -> None:
    ours = {name for name in os.environ if name.startswith(("ANTHROPIC_", "AGENTFORGE_"))}
    left = {name for name in ours if not name.startswith(("AGENTFORGE_REQUIRE_DOCKER", "AGENTFORGE_TEST_"))}
    assert left == {"AGENTFORGE_HOME"}
    assert os.environ["AGENTFORGE_HOME"] == str(home)


@given(st.integers())
def test_property_tests_live_with_the_private_home(number: int) -> None:
    assert os.environ["AGENTFORGE_HOME"] != str(number)


def test_what_is_begun_first_is_there() -> None:
    assert [name for name in SLOW if not (ROOT / name).is_file()] == []
