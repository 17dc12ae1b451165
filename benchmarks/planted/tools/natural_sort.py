# %% tool
import re


def natural_sort(names: list[str]) -> list[str]:
    """Sort names as people expect: numbers in them by value, letters without regard to capitals.

    Args:
        names: such as file names; equal ones keep their order.

    Returns:
        A new list; "file2" stands before "file10".
    """
    return sorted(names, key=_key)


def _key(name: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, _value(part), "") if part[0] in "0123456789" else (1, 0, part.casefold()) for part in parts]


def _value(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * 10 + "0123456789".index(digit)
    return value
# %% cases
[
    ((["file10", "file2", "file1"],), ["file1", "file2", "file10"]),
    ((["b", "A", "c"],), ["A", "b", "c"]),
    ((["v1.10", "v1.9", "v1.2"],), ["v1.2", "v1.9", "v1.10"]),
    ((["10", "9", "a"],), ["9", "10", "a"]),
    ((["a", "1", "B2", "b10"],), ["1", "a", "B2", "b10"]),
    ((["x", "X", "x"],), ["x", "X", "x"]),
    ((["a1b", "a1a"],), ["a1a", "a1b"]),
    ((["", "0"],), ["", "0"]),
    (([],), []),
    ((["007", "7", "6"],), ["6", "007", "7"]),
    ((["a2", "a"],), ["a", "a2"]),
]
# %% examples
[
    {"names": ["page12", "page3", "page1"]},
    {"names": ["beta", "Alpha"]},
    {"names": ["one"]},
    {"names": []},
]
# %% fresh
{"names": many(lambda: pick("file", "File", "b", "") + str(num(0, 120)) + pick("", "a", "B"), 0, 6)}
# %% wrong plain_sort: numbers are compared as text [plain]
#-     return sorted(names, key=_key)
#+     return sorted(names, key=str.casefold)
# %% wrong in_place: the caller's list is sorted
#-     return sorted(names, key=_key)
#+     names.sort(key=_key)
#+     return names
# %% wrong capitals: capitals stand before small letters
#-     return [(0, _value(part), "") if part[0] in "0123456789" else (1, 0, part.casefold()) for part in parts]
#+     return [(0, _value(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts]
