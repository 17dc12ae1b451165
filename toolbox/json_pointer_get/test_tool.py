import pytest
from tool import json_pointer_get

SHOP = {"items": [{"name": "tea", "price": 4.5}, {"name": "jam", "price": 3}], "open": True, "note": None}

# The document and the pointers of RFC 6901, section 5.
RFC = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, 'k"l': 6, " ": 7, "m~n": 8}


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/items/0/name", "tea"),
        ("/items/1/price", 3),
        ("/items/0", {"name": "tea", "price": 4.5}),
        ("/open", True),
        ("/note", None),
        ("/items/0/price", 4.5),
    ],
)
def test_steps_lead_through_members_and_indexes(pointer, expected):
    assert json_pointer_get(SHOP, pointer) == expected


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("", RFC),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_the_examples_of_the_standard(pointer, expected):
    assert json_pointer_get(RFC, pointer) == expected


def test_an_array_can_be_the_document():
    assert json_pointer_get([1, [2, 3]], "/1/0") == 2
    assert json_pointer_get(list(range(12)), "/11") == 11
    assert json_pointer_get([], "") == []


def test_an_escaped_tilde_before_a_one_is_no_slash():
    assert json_pointer_get({"~1": "tilde", "/": "slash"}, "/~01") == "tilde"


def test_a_number_can_name_a_member():
    assert json_pointer_get({"0": "zero", "01": "one"}, "/0") == "zero"
    assert json_pointer_get({"0": "zero", "01": "one"}, "/01") == "one"


@pytest.mark.parametrize(
    "pointer",
    [
        "/nothing",
        "/items/2",
        "/items/-",
        "/items/-1",
        "/items/00",
        "/items/01",
        "/items/",
        "/open/0",
        "/items/0/name/0",
        "/note/x",
    ],
)
def test_nothing_there_is_an_error(pointer):
    with pytest.raises(LookupError):
        json_pointer_get(SHOP, pointer)


@pytest.mark.parametrize("pointer", ["items", "items/0", "/~", "/a~2b", "/items~", "#/items"])
def test_a_malformed_pointer_is_refused(pointer):
    with pytest.raises(ValueError):
        json_pointer_get(SHOP, pointer)
