# %% tool
import re
from typing import Literal


def compare_versions(one: str, other: str) -> Literal[-1, 0, 1]:
    """Compare two versions by their numbers; missing numbers count as 0, and a pre-release (-rc1) comes before.

    Args:
        one: one to four numbers of up to six digits with dots, then optionally a hyphen, small letters and a number.
        other: the same.

    Returns:
        -1 where one is older, 1 where it is newer, 0 where they are the same.

    Raises:
        ValueError: a text is no version.
    """
    left, right = _parts(one), _parts(other)
    return (left > right) - (left < right)


def _parts(version: str) -> tuple[list[int], int, str, int]:
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6}){0,3})(?:-([a-z]{1,20})([0-9]{0,6}))?", version)
    if not found:
        raise ValueError(f"{version!r} is no version")
    numbers = [int(number) for number in found[1].split(".")]
    return (numbers + [0, 0, 0])[:4], 0 if found[2] else 1, found[2] or "", int(found[3] or 0)
# %% cases
[
    (("1.2.3", "1.2.3"), 0),
    (("1.2", "1.2.0"), 0),
    (("1.2", "1.2.0.0"), 0),
    (("1.10", "1.9"), 1),
    (("1.9", "1.10"), -1),
    (("2", "1.9.9"), 1),
    (("1.0-rc1", "1.0"), -1),
    (("1.0", "1.0-rc1"), 1),
    (("1.0-rc2", "1.0-rc10"), -1),
    (("1.0-beta9", "1.0-rc1"), -1),
    (("1.0-rc1", "0.9"), 1),
    (("1.0-rc", "1.0-rc0"), 0),
    (("1.0.0.1", "1.0"), 1),
    (("01.2", "1.2"), 0),
    (("1..2", "1"), ValueError),
    (("1", "v1"), ValueError),
    (("", "1"), ValueError),
    (("1.2.3.4.5", "1"), ValueError),
    (("1-", "1"), ValueError),
]
# %% examples
[
    {"one": "1.4.2", "other": "1.4.10"},
    {"one": "2.0", "other": "2.0.0"},
    {"one": "3.1", "other": "3.0.9"},
    {"one": "1.0-rc1", "other": "1.0"},
    {"one": "latest", "other": "1.0"},
]
# %% fresh
(lambda make: {"one": make(), "other": make()})(lambda: pick("1", "1.0", "1.0.0", "1.2", "1.10", "2", "1.2.3") + pick("", "", "-rc1", "-rc2", "-rc10", "-beta2"))
# %% wrong text: pre-releases are compared as text
#-     return (numbers + [0, 0, 0])[:4], 0 if found[2] else 1, found[2] or "", int(found[3] or 0)
#+     return (numbers + [0, 0, 0])[:4], 0 if found[2] else 1, (found[2] or "") + found[3] if found[2] else "", 0
# %% wrong lengths: missing numbers count as less than 0
#-     return (numbers + [0, 0, 0])[:4], 0 if found[2] else 1, found[2] or "", int(found[3] or 0)
#+     return numbers, 0 if found[2] else 1, found[2] or "", int(found[3] or 0)
# %% wrong later: a pre-release counts as newer
#-     return (numbers + [0, 0, 0])[:4], 0 if found[2] else 1, found[2] or "", int(found[3] or 0)
#+     return (numbers + [0, 0, 0])[:4], 1 if found[2] else 0, found[2] or "", int(found[3] or 0)
