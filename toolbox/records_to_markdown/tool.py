def records_to_markdown(records: list[dict], columns: list[str] | None = None) -> str:
    """Write records as a Markdown table.

    Columns whose values are all numbers are aligned to the right. A missing value and null become
    an empty cell, true and false are written in lower case; a pipe in a cell is escaped and a line
    end becomes <br>.

    Args:
        records: objects whose values are text, numbers, booleans or null.
        columns: which columns, in which order; by default all, in order of first appearance.

    Returns:
        Header, rule and one line per record, joined by line feeds; empty text if there is no column.

    Raises:
        ValueError: a value is a list or an object.
    """
    names = columns if columns is not None else list(dict.fromkeys(key for record in records for key in record))
    if not names:
        return ""
    rule = ["---:" if _numeric([record.get(name) for record in records]) else "---" for name in names]
    lines = [[_cell(name) for name in names], rule]
    lines += [[_cell(record.get(name)) for name in names] for record in records]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _numeric(values: list) -> bool:
    return bool(values) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def _cell(value: str | int | float | bool | None) -> str:
    if isinstance(value, (list, dict)):
        raise ValueError(f"{value!r} does not fit into one cell")
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "<br>".join(text.replace("|", "\\|").splitlines())
