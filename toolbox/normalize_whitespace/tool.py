def normalize_whitespace(text: str, keep_lines: bool = False) -> str:
    """Collapse every run of whitespace into one space and trim both ends.

    Whitespace is what Unicode calls so: spaces, tabs, line ends, no-break and ideographic spaces.

    Args:
        text: any text.
        keep_lines: keep the line structure: each line is collapsed and trimmed for itself, several
            blank lines in a row become one, and blank lines at both ends go.

    Returns:
        The tidied text; lines are separated by a single line feed.

    Raises:
        Nothing.
    """
    if not keep_lines:
        return " ".join(text.split())
    kept: list[str] = []
    for line in text.splitlines():
        tidy = " ".join(line.split())
        if tidy or (kept and kept[-1]):
            kept.append(tidy)
    return "\n".join(kept).rstrip("\n")
