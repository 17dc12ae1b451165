"""Which addresses are public: the lists against the standard library's, and every way to embed one in another."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.boxes.asks import Refused
from agentforge.boxes.network.addresses import is_public, look_up, system_resolve

from .sites import UNHURRIED

PUBLIC = ["93.184.216.34", "1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::1"]

NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255", "168.63.129.16",
    "::", "::1", "::2", "::127.0.0.1", "::8.8.8.8", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254",
    "fd20:ce::254", "ff02::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1",
    "2001:20::1", "2001:db8::1", "3fff::1", "4000::1", "5f00::1", "64:ff9b:1::8.8.8.8", "::ffff:0:8.8.8.8",
    "2606:4700::1%eth0",
]  # fmt: skip

SPECIAL = [IPv4Network(f"{text}") for text in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
)]  # fmt: skip
SPECIAL_6 = [
    IPv6Network(text) for text in ("fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2001:db8::/32", "::/128")
]

IPV4 = st.ip_addresses(v=4)
IPV6 = st.ip_addresses(v=6)
SPECIAL_IPV4 = st.sampled_from(SPECIAL).flatmap(lambda network: st.ip_addresses(network=network))
SPECIAL_IPV6 = st.sampled_from(SPECIAL_6).flatmap(lambda network: st.ip_addresses(network=network))


def carriers(address: IPv4Address) -> list[IPv6Address]:
    """Every IPv6 address that leads to ``address`` in one of the known ways."""
    number = int(address)
    return [
        IPv6Address(int(IPv6Address("::ffff:0:0")) | number),
        IPv6Address(int(IPv6Address("64:ff9b::")) | number),
        IPv6Address(int(IPv6Address("2002::")) | number << 80),
        IPv6Address(int(IPv6Address("2002::")) | number << 80 | 0x1234_5678),
    ]


@pytest.mark.parametrize("text", PUBLIC)
def test_ordinary_addresses_are_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_special_addresses_are_not(text: str) -> None:
    assert not is_public(ip_address(text))


@UNHURRIED
@given(SPECIAL_IPV4)
def test_no_address_of_a_special_network_is_public_however_it_is_carried(address: IPv4Address) -> None:
    assert not any(map(is_public, (address, *carriers(address))))


@UNHURRIED
@given(SPECIAL_IPV6)
def test_no_address_of_a_special_network_of_ipv6_is_public(address: IPv6Address) -> None:
    assert not is_public(address)


@UNHURRIED
@given(IPV4)
def test_a_carried_address_is_as_public_as_itself(address: IPv4Address) -> None:
    assert {is_public(carrier) for carrier in carriers(address)} == {is_public(address)}


@UNHURRIED
@given(IPV4 | IPV6 | SPECIAL_IPV4 | SPECIAL_IPV6)
def test_what_is_public_the_standard_library_finds_nothing_special_about(address: IPv4Address | IPv6Address) -> None:
    if not is_public(address):
        return
    inner = address.ipv4_mapped or address.sixtofour or address if isinstance(address, IPv6Address) else address
    if address in IPv6Network("64:ff9b::/96"):
        inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    assert inner.is_global
    found = ("private", "loopback", "link_local", "multicast", "reserved", "unspecified")
    assert not [name for name in found if getattr(inner, f"is_{name}")]


async def found(*texts: str, allow: Any = is_public) -> Any:
    async def resolve(host: str, port: int) -> list[str]:
        return list(texts)

    return await look_up("site.test", 443, resolve=resolve, allow=allow)


async def test_addresses_come_in_order_and_once() -> None:
    texts = ["93.184.216.34", "2606:4700::1111", "93.184.216.34", "2606:4700:0::1111"]
    assert list(map(str, await found(*texts))) == texts[:2]


@UNHURRIED
@given(st.lists(IPV4.map(str) | IPV6.map(str), min_size=1, max_size=5), SPECIAL_IPV4.map(str), st.integers(0, 5))
async def test_one_address_that_is_not_public_refuses_all(texts: list[str], special: str, place: int) -> None:
    texts.insert(place, special)
    with pytest.raises(Refused) as caught:
        await found(*texts)
    assert caught.value.kind == "refused"


@pytest.mark.parametrize("texts", [[], ["nonsense"], ["1.1.1.1", "01.1.1.1"], ["1.1.1.1", ""], ["127.1"]])
async def test_what_a_resolver_says_is_addresses_or_nothing(texts: list[str]) -> None:
    with pytest.raises(Refused) as caught:
        await found(*texts)
    assert caught.value.kind == "failed"


async def test_the_system_is_asked_for_the_complete_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[Any]()

    async def getaddrinfo(host: str, port: int, **options: Any) -> Any:
        asked.append((host, port))
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2606:4700::1111", port, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port)),
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    assert await system_resolve("api.example.com", 443) == ["2606:4700::1111", "93.184.216.34"]
    assert asked == [("api.example.com.", 443)]
