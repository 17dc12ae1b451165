import pytest
from tool import extract_emails


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to ada@example.com today", ["ada@example.com"]),
        (
            "ada@example.com, bob@example.org;eve@mail.example.co.uk",
            ["ada@example.com", "bob@example.org", "eve@mail.example.co.uk"],
        ),
        ("first.last+tag_1%x-y@sub-domain.example.io", ["first.last+tag_1%x-y@sub-domain.example.io"]),
        ("b@x.org then a@x.org", ["b@x.org", "a@x.org"]),
        ("7@9.io", ["7@9.io"]),
    ],
)
def test_addresses_are_found_in_order(text, expected):
    assert extract_emails(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "It is ada@example.com.",
        "<ada@example.com>",
        "(ada@example.com)",
        "mailto:ada@example.com?subject=x",
        "'ada@example.com'!",
        "...ada@example.com",
        "ada@example.com\nada",
        "ada@example.com-related",
    ],
)
def test_punctuation_around_does_not_belong_to_it(text):
    assert extract_emails(text) == ["ada@example.com"]


def test_each_address_is_given_once_in_its_first_spelling():
    assert extract_emails("Ada@Example.com ada@example.com ADA@EXAMPLE.COM bob@x.org") == [
        "Ada@Example.com",
        "bob@x.org",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no address here",
        "ada@example",
        "@example.com",
        "ada@",
        "ada @ example.com",
        "ada@example.c",
        "ada@example.com2",
        "ada.@example.com",
        "a..da@example.com",
        "ada@-example.com",
        "ada@example-.com",
        "ada@@example.com",
        "ada@example..com",
        "ada@b@example.com@",
        "...@example.com",
    ],
)
def test_what_is_no_address_is_left_out(text):
    assert extract_emails(text) == []


def test_a_long_text_takes_no_long_time():
    assert extract_emails("a." * 10_000 + " ada@example.com " + "x@" * 5_000 + "-a" * 5_000) == ["ada@example.com"]
