# %% tool
def break_even_units(fixed_cents: int, price_cents: int, cost_cents: int) -> int:
    """Tell how many units must be sold until the fixed costs are covered.

    Args:
        fixed_cents: fixed costs, from 0.
        price_cents: what one unit is sold for.
        cost_cents: what making one unit costs, from 0 and below the price.

    Raises:
        ValueError: a cost is negative, or a unit earns nothing.
    """
    if fixed_cents < 0 or cost_cents < 0 or price_cents <= cost_cents:
        raise ValueError("a cost is negative, or a unit earns nothing")
    earned = price_cents - cost_cents
    return (fixed_cents + earned - 1) // earned
# %% cases
[
    ((10000, 500, 300), 50),
    ((10001, 500, 300), 51),
    ((10199, 500, 300), 51),
    ((10200, 500, 300), 51),
    ((0, 500, 300), 0),
    ((1, 500, 300), 1),
    ((100, 1, 0), 100),
    ((7, 3, 0), 3),
    ((10**20 + 1, 3, 1), 5 * 10**19 + 1),
    ((-1, 500, 300), ValueError),
    ((100, 300, 300), ValueError),
    ((100, 200, 300), ValueError),
    ((100, 200, -1), ValueError),
]
# %% examples
[
    {"fixed_cents": 50000, "price_cents": 1500, "cost_cents": 500},
    {"fixed_cents": 90000, "price_cents": 2000, "cost_cents": 500},
    {"fixed_cents": 0, "price_cents": 200, "cost_cents": 100},
    {"fixed_cents": 100, "price_cents": 100, "cost_cents": 200},
]
# %% fresh
{"fixed_cents": num(-1, 5000), "price_cents": num(0, 300), "cost_cents": num(-1, 150)}
# %% wrong floor: the last unit is missing
#-     return (fixed_cents + earned - 1) // earned
#+     return fixed_cents // earned
# %% wrong one_more: always one unit more
#-     return (fixed_cents + earned - 1) // earned
#+     return fixed_cents // earned + 1
# %% wrong divides: a unit that earns nothing ends in a ZeroDivisionError
#-     if fixed_cents < 0 or cost_cents < 0 or price_cents <= cost_cents:
#+     if fixed_cents < 0 or cost_cents < 0 or price_cents < cost_cents:
