# %% tool
_COINS = [200, 100, 50, 20, 10, 5, 2, 1]


def cash_change(price: int, paid: int) -> dict[str, int]:
    """Give change in as few euro coins as possible.

    Args:
        price: in cents, from 0.
        paid: in cents, at least the price and at most 100000 more.

    Returns:
        How many of each coin, by its value in cents as text, the largest first; only those that are given.

    Raises:
        ValueError: the price is negative, too little was paid or far too much.
    """
    rest = paid - price
    if price < 0 or not 0 <= rest <= 100000:
        raise ValueError("the amounts do not fit")
    change = {}
    for coin in _COINS:
        count, rest = divmod(rest, coin)
        if count:
            change[str(coin)] = count
    return change
# %% cases
[
    ((130, 200), {"50": 1, "20": 1}),
    ((100, 100), {}),
    ((1, 500), {"200": 2, "50": 1, "20": 2, "5": 1, "2": 2}),
    ((0, 388), {"200": 1, "100": 1, "50": 1, "20": 1, "10": 1, "5": 1, "2": 1, "1": 1}),
    ((0, 100000), {"200": 500}),
    ((0, 4), {"2": 2}),
    ((0, 0), {}),
    ((0, 100001), ValueError),
    ((100, 99), ValueError),
    ((-1, 5), ValueError),
]
# %% tests
def test_the_largest_coins_come_first():
    assert list(cash_change(12, 400)) == ["200", "100", "50", "20", "10", "5", "2", "1"]
# %% examples
[
    {"price": 375, "paid": 500},
    {"price": 1249, "paid": 2000},
    {"price": 500, "paid": 500},
    {"price": 500, "paid": 400},
]
# %% fresh
{"price": num(-1, 600), "paid": num(0, 1500)}
# %% wrong no_two_cents: there is no coin of 2 cents
#- _COINS = [200, 100, 50, 20, 10, 5, 2, 1]
#+ _COINS = [200, 100, 50, 20, 10, 5, 1]
# %% wrong shows_zero: coins that are not given are listed with 0 [plain]
#-         if count:
#-             change[str(coin)] = count
#+         change[str(coin)] = count
