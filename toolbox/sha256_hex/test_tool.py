import pytest
from tool import sha256_hex


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The first two are test vectors of FIPS 180-2.
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ],
)
def test_known_checksums(text, expected):
    assert sha256_hex(text) == expected


def test_text_is_hashed_as_utf_8():
    assert sha256_hex("ä") == "33e6d73fee82904c8d7afb78de1154d1e8dc2a0edb08120e63df5b9385c2d9cc"


def test_every_character_counts():
    checksums = {sha256_hex(text) for text in ("abc", "abc\n", "Abc", " abc", "ab c")}
    assert len(checksums) == 5


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(ValueError):
        sha256_hex("\ud800")
