import hashlib


def sha256_hex(text: str) -> str:
    """Compute the SHA-256 checksum of a text.

    The text is hashed as UTF-8, exactly as given: a line end at the end changes the checksum.

    Args:
        text: what to hash.

    Returns:
        64 lower-case hexadecimal digits.

    Raises:
        ValueError: text holds half of a surrogate pair and thus has no UTF-8 form.
    """
    try:
        return hashlib.sha256(text.encode()).hexdigest()
    except UnicodeEncodeError:
        raise ValueError("the text holds half of a surrogate pair") from None
