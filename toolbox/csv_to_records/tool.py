import csv
import io


def csv_to_records(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    """Read delimited text with a header row as a list of records.

    Fields may be quoted with double quotes and then hold the delimiter, line ends and doubled
    quotes (RFC 4180). Blank lines are skipped, a byte order mark at the start is ignored. Values
    stay text exactly as written.

    Args:
        text: the table; its first row names the columns.
        delimiter: one character, such as ',' or ';' or a tab.

    Returns:
        One record per row after the header: column name to value, in the order of the columns.

    Raises:
        ValueError: there is no header, a column name is empty or doubled, a row has more or fewer
            fields than the header, the quoting is broken, or delimiter is not one usable character.
    """
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError(f"{delimiter!r} cannot separate fields")
    header, *rows = _rows(text.removeprefix("\ufeff"), delimiter) or [[]]
    if not header or not all(header) or len(set(header)) < len(header):
        raise ValueError(f"the column names {header} are missing, empty or doubled")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise ValueError(f"record {number} has {len(row)} fields, the header has {len(header)}")
    return [dict(zip(header, row)) for row in rows]


def _rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row]
    except csv.Error as error:
        raise ValueError(f"not delimited text: {error}") from None
