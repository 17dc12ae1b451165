import math
import re
from decimal import Context, Decimal


def group_sum(records: list[dict], key: str, value: str) -> dict[str, float]:
    """Add up one field of records for each value of another, such as the amounts per customer.

    Amounts are numbers or numeric text ('12.50', '-3', '1e3'; no thousands separators), as they
    come out of a CSV file. They are added in decimal, so 0.1 and 0.2 give 0.3.

    Args:
        records: the rows.
        key: name of the field that holds the group, text or a whole number.
        value: name of the field that holds the amount.

    Returns:
        Group to sum, in order of first appearance; a whole number as group is written as text.

    Raises:
        ValueError: a record lacks one of the fields, a group is neither text nor a whole number, an
            amount is no number, or a sum is too large for a float.
    """
    exact = Context(prec=60)
    sums: dict[str, Decimal] = {}
    for number, record in enumerate(records, 1):
        if key not in record or value not in record:
            raise ValueError(f"record {number} lacks {key!r} or {value!r}")
        group = _group(record[key], number)
        sums[group] = exact.add(sums.get(group, Decimal(0)), _amount(record[value], number))
    return {group: _finite(total, group) for group, total in sums.items()}


def _group(value: str | int, number: int) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"record {number}: {value!r} cannot name a group")
    return str(value)


def _amount(value: str | int | float, number: int) -> Decimal:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", text):
        raise ValueError(f"record {number}: {value!r} is not a number")
    return Decimal(text)


def _finite(total: Decimal, group: str) -> float:
    result = float(total)
    if math.isinf(result):
        raise ValueError(f"the sum of {group!r} is too large")
    return result
