import zlib


def crc32_hex(text: str) -> str:
    """Compute the CRC-32 checksum of a text, as used by ZIP, gzip and PNG.

    The text is taken as UTF-8, exactly as given. CRC-32 finds accidental changes; it is no
    protection against deliberate ones.

    Args:
        text: what to check.

    Returns:
        8 lower-case hexadecimal digits, with leading zeros.

    Raises:
        ValueError: text holds half of a surrogate pair and thus has no UTF-8 form.
    """
    try:
        return f"{zlib.crc32(text.encode()):08x}"
    except UnicodeEncodeError:
        raise ValueError("the text holds half of a surrogate pair") from None
