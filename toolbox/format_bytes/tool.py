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
    tenths, unit = 0, ""
    for power, unit in enumerate(units, 1):
        tenths = (size * 20 + step**power) // (2 * step**power)
        if tenths < step * 10:
            break
    return f"{tenths // 10}.{tenths % 10} {unit}"
