# %% tool
def yearly_balance(cents: int, percent: int, years: int) -> list[int]:
    """List a savings account's balance at the end of each year; interest is rounded to the cent, half up.

    Args:
        cents: what is paid in at the start, 0 to ten thousand million.
        percent: yearly interest, 0 to 50.
        years: 0 to 60.

    Raises:
        ValueError: a number is out of range.
    """
    if not 0 <= cents <= 10**12 or not 0 <= percent <= 50 or not 0 <= years <= 60:
        raise ValueError("a number is out of range")
    balances = []
    for _ in range(years):
        cents += (cents * percent + 50) // 100
        balances.append(cents)
    return balances
# %% cases
[
    ((10000, 5, 3), [10500, 11025, 11576]),
    ((1000, 0, 2), [1000, 1000]),
    ((150, 1, 1), [152]),
    ((149, 1, 1), [150]),
    ((50, 1, 2), [51, 52]),
    ((49, 1, 2), [49, 49]),
    ((0, 50, 2), [0, 0]),
    ((100, 50, 2), [150, 225]),
    ((100, 10, 0), []),
    ((10**12, 1, 1), [101 * 10**10]),
    ((-1, 5, 1), ValueError),
    ((10**12 + 1, 5, 1), ValueError),
    ((100, -1, 1), ValueError),
    ((100, 51, 1), ValueError),
    ((100, 5, -1), ValueError),
    ((100, 5, 61), ValueError),
]
# %% tests
def test_sixty_years_are_possible():
    assert yearly_balance(100, 0, 60) == [100] * 60
# %% examples
[
    {"cents": 100000, "percent": 3, "years": 2},
    {"cents": 20000, "percent": 10, "years": 1},
    {"cents": 5000, "percent": 0, "years": 3},
    {"cents": 5000, "percent": 2, "years": 0},
    {"cents": 5000, "percent": -2, "years": 1},
]
# %% fresh
{"cents": num(-1, 20000), "percent": num(0, 12), "years": num(0, 6)}
# %% wrong simple: there is no interest on interest
#-         cents += (cents * percent + 50) // 100
#-         balances.append(cents)
#+         balances.append(cents + (cents * percent * (len(balances) + 1) + 50) // 100)
# %% wrong late_rounding: rounded once at the end instead of every year
#-         cents += (cents * percent + 50) // 100
#-         balances.append(cents)
#+         years_past = len(balances) + 1
#+         balances.append(int(cents * (1 + percent / 100) ** years_past + 0.5))
