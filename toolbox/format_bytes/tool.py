_DECIMAL = ("kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
_BINARY = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")


def format_bytes(size: int, binary: bool = False) -> str:
    """Write a number of bytes as people read it, such as '1.5 MB'.

    The largest unit that gives at least 1 is taken, with one decimal rounded half up; below the
    first unit the bytes are given whole ('512 B'). A size that rounds up to the next unit is shown
    in it: 999950 is '1.0 MB'.

    Args:
        size: number of bytes.
        binary: use steps of 1024 (KiB, MiB …) instead of 1000 (kB, MB …).

    Returns:
        Number, space and unit; the largest unit is YB (YiB), whatever the size.

    Raises:
        ValueError: size is negative.
    """
    if size < 0:
        raise ValueError(f"a size of {size} bytes is negative")
    step, units = (1024, _BINARY) if binary else (1000, _DECIMAL)
    if size < step:
        return f"{size} B"
    power = 1
    while _tenths(size, step**power) >= step * 10 and power < len(units):
        power += 1
    tenths = _tenths(size, step**power)
    return f"{tenths // 10}.{tenths % 10} {units[power - 1]}"


def _tenths(size: int, unit: int) -> int:
    """The size in tenths of a unit, rounded half up."""
    return (size * 20 + unit) // (2 * unit)
