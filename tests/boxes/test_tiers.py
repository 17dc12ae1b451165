"""Which isolation is said to be given: never a better one than there is, and what lacks is told."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from agentforge.boxes import gvisor, hardening, tiers
from agentforge.boxes.cell import Hello
from agentforge.errors import SandboxUnavailable
from agentforge.settings import SandboxSettings

NAMESPACES = Hello("call", "", "3.11", "", 2, {})
NONE = Hello("wiped", "mount: EPERM", "3.11", "", 1, {})
STRICT = SandboxSettings(tier="strict")
WITH_GVISOR = {"Runtimes": {"runc": {}, "runsc": {}}}
NO_CAPABILITY = dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd"), "0000000000000000")


@pytest.mark.parametrize("wanted", ["call", "reuse", "strict"])
def test_what_can_be_given_is_called_what_was_asked_for(wanted: tiers.Wanted) -> None:
    assert tiers.given(wanted, NAMESPACES, "descriptors") == (wanted, ())


@pytest.mark.parametrize(
    ("wanted", "transport", "hello", "tier", "told"),
    [
        ("reuse", "stdio", NAMESPACES, "call", [tiers.REUSE_NEEDS_DESCRIPTORS]),
        ("reuse", "descriptors", NONE, "wiped", [tiers.REUSE_NEEDS_NAMESPACES]),
        ("strict", "descriptors", NONE, "wiped", [tiers.OWN_CONTAINERS]),
        ("strict", "stdio", NAMESPACES, "strict", []),
        ("call", "stdio", NONE, "wiped", []),
    ],
)
def test_what_cannot_is_called_by_its_own_name_and_told(
    wanted: tiers.Wanted, transport: Literal["descriptors", "stdio"], hello: Hello, tier: str, told: list[str]
) -> None:
    found, notes = tiers.given(wanted, hello, transport)
    assert found == tier
    assert list(notes) == [*hello.notes, *told]


def test_tools_are_told_apart_by_all_that_runs() -> None:
    made = {
        tiers.own_tool("a", {}),
        tiers.own_tool("b", {}),
        tiers.own_tool("a", {"x": "1"}),
        tiers.own_tool("a", {"x": "2"}),
        tiers.own_tool("a", {"x1": ""}),
    }
    assert len(made) == 5
    assert tiers.own_tool("a", {"x": "1", "y": "2"}) == tiers.own_tool("a", {"y": "2", "x": "1"})


def test_gvisor_is_used_in_tier_strict_where_docker_has_it_and_told_either_way() -> None:
    assert gvisor.choose(STRICT, WITH_GVISOR) == "runsc"
    assert gvisor.choose(SandboxSettings(), WITH_GVISOR) == ""
    assert gvisor.choose(STRICT, {"Runtimes": {"runc": {}}}) == ""
    assert gvisor.choose(STRICT, {"Runtimes": None}) == ""
    assert gvisor.notes(STRICT, "runsc") == (gvisor.USED,)
    assert gvisor.notes(STRICT, "") == (gvisor.NOT_THERE,)
    assert gvisor.notes(SandboxSettings(), "") == ()


def test_a_wish_for_descriptors_is_no_reason_to_do_without_gvisor() -> None:
    wish = SandboxSettings(tier="strict", transport="descriptors")
    with pytest.raises(SandboxUnavailable, match="no descriptors") as caught:
        gvisor.choose(wish, WITH_GVISOR)
    assert "stdio" in caught.value.fix
    assert gvisor.choose(wish, {"Runtimes": {"runc": {}}}) == ""


@pytest.mark.parametrize(("runtime", "missing"), [("runsc", []), ("runc", ["gVisor (found 'runc')"])])
def test_the_runtime_is_read_back(runtime: str, missing: list[str]) -> None:
    container: dict[str, Any] = {"HostConfig": {"Runtime": runtime}}
    assert hardening.missing(container, gvisor.flags("runsc")) == missing
    assert gvisor.flags("") == ()


def test_in_gvisor_capabilities_and_user_are_insisted_on_all_the_same() -> None:
    sound = {**NO_CAPABILITY, "Uid": "65534\t65534\t65534\t65534", "Seccomp": "0"}
    assert gvisor.missing_in_state(sound) == []
    assert gvisor.missing_in_state({**sound, "CapEff": "0000000000000400"}) != []
    assert gvisor.missing_in_state({**sound, "Uid": "0\t0\t0\t0"}) == ["an ordinary user (found root)"]
    assert len(gvisor.missing_in_state({})) == 5
    assert hardening.missing_in_state(sound) != []  # as anywhere else


def test_gvisors_own_threads_have_room() -> None:
    assert gvisor.around(STRICT).pids > STRICT.pids
