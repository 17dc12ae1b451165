# %% tool
import re
from typing import TypedDict


class Subnet(TypedDict):
    network: str
    broadcast: str
    hosts: int


def subnet_hosts(cidr: str) -> Subnet:
    """Describe an IPv4 subnet: its first and last address and how many hosts it has room for.

    Args:
        cidr: such as 192.168.1.77/24; numbers without leading zeros, the prefix from 8 to 30.

    Raises:
        ValueError: it is no such address.
    """
    found = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)\.(\d+)/(\d+)", cidr, re.ASCII)
    parts = found.groups() if found else ()
    if not parts or any(len(part) > 3 or part != str(int(part)) for part in parts):
        raise ValueError(f"{cidr!r} is no subnet")
    *octets, prefix = map(int, parts)
    if max(octets) > 255 or not 8 <= prefix <= 30:
        raise ValueError(f"{cidr!r} is out of range")
    size = 2 ** (32 - prefix)
    address = sum(octet << shift for octet, shift in zip(octets, (24, 16, 8, 0)))
    network = address - address % size
    return {"network": _dotted(network), "broadcast": _dotted(network + size - 1), "hosts": size - 2}


def _dotted(address: int) -> str:
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
# %% cases
[
    (("192.168.1.77/24",), {"network": "192.168.1.0", "broadcast": "192.168.1.255", "hosts": 254}),
    (("10.1.2.3/8",), {"network": "10.0.0.0", "broadcast": "10.255.255.255", "hosts": 16777214}),
    (("172.16.5.130/26",), {"network": "172.16.5.128", "broadcast": "172.16.5.191", "hosts": 62}),
    (("172.16.5.130/20",), {"network": "172.16.0.0", "broadcast": "172.16.15.255", "hosts": 4094}),
    (("0.0.0.0/30",), {"network": "0.0.0.0", "broadcast": "0.0.0.3", "hosts": 2}),
    (("255.255.255.255/30",), {"network": "255.255.255.252", "broadcast": "255.255.255.255", "hosts": 2}),
    (("192.168.1.77",), ValueError),
    (("192.168.1.256/24",), ValueError),
    (("192.168.1.1/7",), ValueError),
    (("192.168.1.1/31",), ValueError),
    (("192.168.01.1/24",), ValueError),
    (("192.168.1/24",), ValueError),
    (("a.b.c.d/24",), ValueError),
    (("",), ValueError),
    (("1.2.3.4/٢٤",), ValueError),
]
# %% examples
[{"cidr": "192.168.10.5/24"}, {"cidr": "10.0.0.9/30"}, {"cidr": "172.20.3.4/16"}, {"cidr": "10.0.0.1/33"}]
# %% fresh
{"cidr": f"{num(1, 256)}.{num(0, 255)}.{num(0, 255)}.{num(0, 255)}/{num(7, 31)}"}
# %% wrong octets_only: only whole octets are masked
#-     network = address - address % size
#+     network = address - address % 256 ** ((32 - prefix) // 8)
# %% wrong all_hosts: the two addresses at the ends count as hosts [plain]
#-     return {"network": _dotted(network), "broadcast": _dotted(network + size - 1), "hosts": size - 2}
#+     return {"network": _dotted(network), "broadcast": _dotted(network + size - 1), "hosts": size}
