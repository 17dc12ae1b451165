import pytest
from tool import crc32_hex


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("123456789", "cbf43926"),  # the check value of the CRC catalogue
        ("", "00000000"),
        ("a", "e8b7be43"),
        ("The quick brown fox jumps over the lazy dog", "414fa339"),
    ],
)
def test_known_checksums(text, expected):
    assert crc32_hex(text) == expected


def test_leading_zeros_are_kept():
    assert crc32_hex("62") == "0012d20a"


def test_text_is_taken_as_utf_8():
    assert crc32_hex("ä") == "70b5f183"


def test_every_character_counts():
    assert len({crc32_hex(text) for text in ("abc", "abc\n", "Abc", "acb")}) == 4


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(ValueError):
        crc32_hex("\ud800")
