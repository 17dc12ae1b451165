# %% tool
from typing import TypedDict


class Line(TypedDict):
    description: str
    quantity: int
    unit_cents: int
    discount_percent: int


def invoice_total(lines: list[Line], shipping_cents: int = 490, free_from: int = 5000) -> int:
    """Add up an invoice with its shipping.

    Args:
        lines: quantity from 1 to 10000, price of a unit from 0 to ten million cents, discount from 0 to 100
            percent; the discount of a line is rounded down to whole cents.
        shipping_cents: added once, unless the goods cost at least free_from or there is no line.
        free_from: in cents.

    Returns:
        The total in cents.

    Raises:
        ValueError: a number of a line is out of range, or shipping is negative.
    """
    if shipping_cents < 0:
        raise ValueError("shipping is negative")
    goods = 0
    for line in lines:
        quantity, unit, percent = line["quantity"], line["unit_cents"], line["discount_percent"]
        if not 1 <= quantity <= 10000 or not 0 <= unit <= 10**7 or not 0 <= percent <= 100:
            raise ValueError(f"a number of {line['description']!r} is out of range")
        goods += quantity * unit - quantity * unit * percent // 100
    return goods if not lines or goods >= free_from else goods + shipping_cents
# %% tests
def row(quantity, unit, percent=0):
    return {"description": "x", "quantity": quantity, "unit_cents": unit, "discount_percent": percent}


@pytest.mark.parametrize(
    ("lines", "more", "total"),
    [
        ([row(2, 1000)], (), 2490),
        ([row(5, 1000)], (), 5000),
        ([row(1, 4999)], (), 5489),
        ([row(1, 5001)], (), 5001),
        ([row(2, 1000, 10)], (), 2290),
        ([row(1, 999, 10)], (), 1390),
        ([row(3, 333, 10)], (), 1390),
        ([row(1, 100), row(2, 200, 50)], (), 790),
        ([row(1, 100, 100)], (), 490),
        ([], (), 0),
        ([], (490, 0), 0),
        ([row(1, 0)], (300, 1), 300),
        ([row(1, 100)], (0, 5000), 100),
        ([row(1, 100)], (50, 100), 100),
        ([row(10000, 10**7)], (), 10**11),
    ],
)
def test_the_total(lines, more, total):
    assert invoice_total(lines, *more) == total


@pytest.mark.parametrize("bad", [row(0, 5), row(-1, 5), row(10001, 5), row(1, -1), row(1, 10**7 + 1), row(1, 5, -1), row(1, 5, 101)])
def test_a_number_out_of_range_is_refused(bad):
    with pytest.raises(ValueError):
        invoice_total([row(1, 1), bad])


def test_negative_shipping_is_refused():
    with pytest.raises(ValueError):
        invoice_total([row(1, 1)], -1)
# %% examples
[
    {"lines": [{"description": "pens", "quantity": 10, "unit_cents": 150, "discount_percent": 0}]},
    {"lines": [{"description": "desk", "quantity": 1, "unit_cents": 19900, "discount_percent": 10}]},
    {"lines": []},
    {"lines": [{"description": "cup", "quantity": 2, "unit_cents": 799, "discount_percent": 0}, {"description": "tea", "quantity": 1, "unit_cents": 450, "discount_percent": 20}]},
    {"lines": [{"description": "cup", "quantity": 0, "unit_cents": 799, "discount_percent": 0}]},
]
# %% fresh
{"lines": many(lambda: {"description": "x", "quantity": num(1, 5), "unit_cents": pick(500, 1000, num(0, 1500)), "discount_percent": pick(0, 0, 5, 15)}, 0, 4), "free_from": pick(5000, 3000, 1000, 0)}
# %% wrong by_unit: the discount is rounded for one unit
#-         goods += quantity * unit - quantity * unit * percent // 100
#+         goods += quantity * (unit - unit * percent // 100)
# %% wrong more_than: shipping is free above the limit only
#-     return goods if not lines or goods >= free_from else goods + shipping_cents
#+     return goods if not lines or goods > free_from else goods + shipping_cents
# %% wrong empty: an empty invoice pays for shipping
#-     return goods if not lines or goods >= free_from else goods + shipping_cents
#+     return goods if goods >= free_from else goods + shipping_cents
# %% wrong every_line: shipping is added for every line
#-     return goods if not lines or goods >= free_from else goods + shipping_cents
#+     return goods if goods >= free_from else goods + shipping_cents * len(lines)
