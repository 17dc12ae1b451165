"""Which addresses a tool may be connected to: the public ones, and nothing that only this machine sees.

A name is resolved once for a request, every address that it has must be public, and the connection
goes to one of the very addresses that were looked at. A second answer of the name server (DNS
rebinding) is never asked for.

What it does not protect from: services at public addresses of this machine or of its own network
that its firewall leaves open from inside; a network whose own NAT64 prefix leads to private
addresses (RFC 6052 lets it choose any, so nobody can tell); a name server that is slow: a lookup
given up keeps its thread until the system's resolver gives up as well.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

from agentforge.boxes.asks import Refused

Address: TypeAlias = IPv4Address | IPv6Address
Allow: TypeAlias = Callable[[Address], bool]
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port → addresses as text; raises OSError where there are none."""

_NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        # IANA's registry of special-purpose addresses (RFC 6890 and successors), and multicast
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's NAT; a cloud's metadata (100.100.100.200)
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local; most clouds' metadata (169.254.169.254)
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4, withdrawn
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks of devices
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "168.63.129.16/32",  # looks public, but is the metadata service of machines in Azure
    )
)

_UNICAST_6 = IPv6Network("2000::/3")
"""All that is assigned for the public internet; what lies outside is refused unless it carries an IPv4 address."""

_NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)

_CARRIERS = (
    # IPv6 networks whose addresses carry an IPv4 address, and by how many bits it is shifted
    (IPv6Network("::ffff:0:0/96"), 0),  # mapped
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056
)


def is_public(address: Address) -> bool:
    """Whether ``address`` is one that anybody on the internet reaches; the default of every broker."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address.scope_id is not None:
        return False
    for network, shift in _CARRIERS:
        if address in network:
            return is_public(IPv4Address((int(address) >> shift) & 0xFFFF_FFFF))
    return address in _UNICAST_6 and not any(address in network for network in _NOT_PUBLIC_6)


async def system_resolve(host: str, port: int) -> list[str]:
    """What the system's resolver says, in the order in which it wants addresses tried.

    The name is taken as complete (with a dot behind it), so that no search list of this machine
    turns it into another one; a hosts file that names it without the dot does not count either.

    Raises:
        OSError: the name has no address, or no name server answers.
    """
    found = await asyncio.get_running_loop().getaddrinfo(
        f"{host}.", port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    return [str(address[0]) for *_, address in found]


async def look_up(host: str, port: int, *, resolve: Resolve, allow: Allow) -> tuple[Address, ...]:
    """The addresses of ``host``, without repetition, all of them allowed; at least one.

    Raises:
        Refused: one of them is not allowed (which one is not said: a box need not learn the layout
            of a network it cannot reach), or there is none.
    """
    try:
        said = await resolve(host, port)
        addresses = tuple(dict.fromkeys(ip_address(text) for text in said))
    except (OSError, ValueError):
        addresses = ()
    if not addresses:
        raise Refused(f"The name {host} has no address. Check its spelling, or try again later.", "failed")
    if not all(allow(address) for address in addresses):
        raise Refused(
            f"{host} leads to an address that is not public. Only hosts of the public internet can be fetched from."
        )
    return addresses
