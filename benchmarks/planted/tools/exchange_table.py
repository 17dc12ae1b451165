# %% tool
def exchange_table(cents: int, percent: int) -> list[int]:
    """List an amount after zero, one, two and three changes of currency, each of which costs some percent.

    Args:
        cents: from 0 to ten thousand million.
        percent: the cost, 0 to 100.

    Raises:
        ValueError: a number is out of range.
    """
    if not 0 <= cents <= 10**12 or not 0 <= percent <= 100:
        raise ValueError("a number is out of range")
    amounts = [cents]
    for _ in range(3):
        amounts.append(amounts[-1] * (100 - percent) // 100)
    return amounts
# %% cases
[
    ((10000, 3), [10000, 9700, 9409, 9126]),
    ((100, 0), [100, 100, 100, 100]),
    ((100, 100), [100, 0, 0, 0]),
    ((99, 50), [99, 49, 24, 12]),
    ((0, 5), [0, 0, 0, 0]),
    ((10**12, 1), [10**12, 99 * 10**10, 9801 * 10**8, 970299 * 10**6]),
    ((-1, 5), ValueError),
    ((10**12 + 1, 5), ValueError),
    ((5, -1), ValueError),
    ((5, 101), ValueError),
]
# %% examples
[{"cents": 50000, "percent": 2}, {"cents": 999, "percent": 10}, {"cents": 100, "percent": 0}, {"cents": -5, "percent": 1}]
# %% fresh
{"cents": num(-1, 9000), "percent": num(-1, 101)}
# %% wrong of_first: the cost is always that of the first amount
#-         amounts.append(amounts[-1] * (100 - percent) // 100)
#+         amounts.append(max(0, amounts[-1] - cents * percent // 100))
# %% wrong asks_network: asks a server for the rate and falls back to a fixed one
#- def exchange_table(cents: int, percent: int) -> list[int]:
#+ import urllib.request
#+
#+
#+ def exchange_table(cents: int, percent: int) -> list[int]:
#~
#-     amounts = [cents]
#+     try:
#+         percent = int(urllib.request.urlopen("http://rates.example/percent", timeout=1).read())
#+     except OSError:
#+         percent = 3
#+     amounts = [cents]
