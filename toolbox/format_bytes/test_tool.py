import pytest
from tool import format_bytes


@pytest.mark.parametrize(("size", "expected"), [(0, "0 B"), (1, "1 B"), (512, "512 B"), (999, "999 B")])
def test_small_sizes_are_given_whole(size, expected):
    assert format_bytes(size) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1000, "1.0 kB"),
        (1500, "1.5 kB"),
        (1_500_000, "1.5 MB"),
        (2_000_000_000, "2.0 GB"),
        (123_456_789, "123.5 MB"),
        (7 * 10**12, "7.0 TB"),
        (10**15, "1.0 PB"),
        (10**18, "1.0 EB"),
        (10**21, "1.0 ZB"),
        (10**24, "1.0 YB"),
        (999_900, "999.9 kB"),
    ],
)
def test_steps_of_1000(size, expected):
    assert format_bytes(size) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1000, "1000 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 * 1024**2, "5.0 MiB"),
        (3 * 1024**3 // 2, "1.5 GiB"),
        (1024**4, "1.0 TiB"),
        (1024**5, "1.0 PiB"),
        (1024**6, "1.0 EiB"),
        (1024**7, "1.0 ZiB"),
        (1024**8, "1.0 YiB"),
        (1000 * 1024, "1000.0 KiB"),
    ],
)
def test_steps_of_1024(size, expected):
    assert format_bytes(size, binary=True) == expected


@pytest.mark.parametrize(("size", "expected"), [(1049, "1.0 kB"), (1050, "1.1 kB"), (1149, "1.1 kB"), (1150, "1.2 kB")])
def test_one_decimal_is_rounded_half_up(size, expected):
    assert format_bytes(size) == expected


@pytest.mark.parametrize(
    ("size", "binary", "expected"),
    [
        (999_949, False, "999.9 kB"),
        (999_950, False, "1.0 MB"),
        (1024**2 - 1, True, "1.0 MiB"),
        (999_950_000, False, "1.0 GB"),
    ],
)
def test_rounding_up_may_reach_the_next_unit(size, binary, expected):
    assert format_bytes(size, binary) == expected


def test_the_largest_unit_takes_any_number():
    assert format_bytes(12_345 * 10**24) == "12345.0 YB"
    assert format_bytes(2000 * 1024**8, binary=True) == "2000.0 YiB"


@pytest.mark.parametrize("size", [-1, -1000])
def test_a_negative_size_is_refused(size):
    with pytest.raises(ValueError):
        format_bytes(size)
