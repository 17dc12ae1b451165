# %% tool
def prime_factors(number: int) -> list[int]:
    """Split a whole number into its prime factors, smallest first, repeated as often as they divide it.

    Args:
        number: from 2 to ten million.

    Raises:
        ValueError: the number is out of range.
    """
    if not 2 <= number <= 10**7:
        raise ValueError("the number must be from 2 to ten million")
    factors, factor = [], 2
    while factor * factor <= number:
        if number % factor:
            factor += 1
        else:
            factors.append(factor)
            number //= factor
    return [*factors, number]
# %% cases
[
    ((2,), [2]),
    ((3,), [3]),
    ((4,), [2, 2]),
    ((9,), [3, 3]),
    ((12,), [2, 2, 3]),
    ((97,), [97]),
    ((360,), [2, 2, 2, 3, 3, 5]),
    ((9797,), [97, 101]),
    ((9999991,), [9999991]),
    ((10**7,), [2] * 7 + [5] * 7),
    ((1,), ValueError),
    ((0,), ValueError),
    ((-6,), ValueError),
    ((10**7 + 1,), ValueError),
]
# %% examples
[{"number": 12}, {"number": 30}, {"number": 17}, {"number": 1}, {"number": 210}]
# %% fresh
{"number": pick(num(0, 2000), num(2, 60) ** 2, num(9999000, 10000100))}
# %% wrong once: a factor is listed once only
#-     return [*factors, number]
#+     return sorted({*factors, number})
# %% wrong square: the square of a prime is taken for a prime
#-     while factor * factor <= number:
#+     while factor * factor < number:
# %% wrong slow: every number up to the number itself is tried by hand, forwards and backwards
#-     while factor * factor <= number:
#-         if number % factor:
#-             factor += 1
#-         else:
#-             factors.append(factor)
#-             number //= factor
#-     return [*factors, number]
#+     for candidate in range(2, number + 1):
#+         prime = all(candidate % smaller for smaller in range(candidate - 1, 1, -1))
#+         while prime and number % candidate == 0:
#+             factors.append(candidate)
#+             number //= candidate
#+     return factors
