import csv
import io


def records_to_csv(records: list[dict], delimiter: str = ",") -> str:
    """Write records as delimited text with a header row.

    The columns are all keys, in order of first appearance. A missing value and null become an
    empty field, true and false are written in lower case. Fields are quoted with double quotes
    only where they must be (RFC 4180).

    Args:
        records: objects whose values are text, numbers, booleans or null.
        delimiter: one character, such as ',' or ';' or a tab.

    Returns:
        The table, each row ending with a line feed; empty text if there is no column.

    Raises:
        ValueError: a value is a list or an object, or delimiter is not one usable character.
    """
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError(f"{delimiter!r} cannot separate fields")
    columns = list(dict.fromkeys(key for record in records for key in record))
    if not columns:
        return ""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_field(record.get(column)) for column in columns] for record in records)
    return out.getvalue()


def _field(value: str | int | float | bool | None) -> str:
    if isinstance(value, (list, dict)):
        raise ValueError(f"{value!r} does not fit into one field")
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
