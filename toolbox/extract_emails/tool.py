import re

# A local part is looked for only where one can begin: this keeps the search linear on long texts.
_ADDRESS = r"(?<![\w.%+-])[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?![A-Za-z0-9@])"


def extract_emails(text: str) -> list[str]:
    """Find the e-mail addresses in a text, in order and each once.

    Addresses are the common ASCII form name@domain.tld; punctuation around them (brackets, a full
    stop at the end of the sentence, mailto:) does not belong to them. Spelling is kept as found;
    two spellings that differ only in case are the same address, of which the first is kept.

    Args:
        text: any text.

    Returns:
        The addresses in order of first appearance; empty if there are none.

    Raises:
        Nothing.
    """
    found: dict[str, str] = {}
    for match in re.findall(_ADDRESS, text):
        address = match.lstrip(".")
        local, domain = address.split("@")
        if local and not local.endswith(".") and ".." not in local and not _hyphen_at_edge(domain):
            found.setdefault(address.lower(), address)
    return list(found.values())


def _hyphen_at_edge(domain: str) -> bool:
    return any(label.startswith("-") or label.endswith("-") for label in domain.split("."))
