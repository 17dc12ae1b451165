# %% tool
from typing import TypedDict


class Bracket(TypedDict):
    above: int
    percent: int


def marginal_tax(income: int, brackets: list[Bracket]) -> int:
    """Compute a tax by brackets: each rate applies only to the part of the income within its bracket.

    Args:
        income: in whole cents, 0 to ten thousand million.
        brackets: where each begins (above), in rising order and the first at 0, and its rate from 0 to 100.

    Returns:
        The tax in cents; parts of a cent of the sum are cut off.

    Raises:
        ValueError: the income is out of range, or the brackets are not as described.
    """
    starts = [one["above"] for one in brackets]
    if not 0 <= income <= 10**12 or not starts or starts[0] != 0:
        raise ValueError("an income from 0 and brackets that begin at 0 are needed")
    if any(low >= high for low, high in zip(starts, starts[1:])):
        raise ValueError("the brackets must rise")
    total = 0
    for number, bracket in enumerate(brackets):
        if not 0 <= bracket["percent"] <= 100:
            raise ValueError("a rate must be from 0 to 100")
        end = starts[number + 1] if number + 1 < len(starts) else income
        part = min(income, end) - bracket["above"]
        total += max(0, part) * bracket["percent"]
    return total // 100
# %% tests
def b(*pairs):
    return [{"above": above, "percent": percent} for above, percent in pairs]


LADDER = b((0, 0), (10000, 20), (50000, 40))


@pytest.mark.parametrize(
    ("income", "brackets", "tax"),
    [
        (0, LADDER, 0),
        (10000, LADDER, 0),
        (10005, LADDER, 1),
        (10004, LADDER, 0),
        (20000, LADDER, 2000),
        (50000, LADDER, 8000),
        (60000, LADDER, 12000),
        (10**12, b((0, 100)), 10**12),
        (999, b((0, 10)), 99),
        (19, b((0, 3), (10, 7)), 0),
        (30, b((0, 5), (10, 3)), 1),
        (200, b((0, 50), (100, 0)), 50),
    ],
)
def test_each_rate_applies_to_its_part(income, brackets, tax):
    assert marginal_tax(income, brackets) == tax


@pytest.mark.parametrize(
    ("income", "brackets"),
    [
        (-1, LADDER),
        (10**12 + 1, LADDER),
        (5, []),
        (5, b((1, 10))),
        (5, b((0, 10), (0, 20))),
        (5, b((0, 10), (9, 20), (8, 20))),
        (5, b((0, 101))),
        (5, b((0, -1))),
        (5, b((0, 10), (100, 101))),
    ],
)
def test_what_is_out_of_range_is_refused(income, brackets):
    with pytest.raises(ValueError):
        marginal_tax(income, brackets)
# %% examples
[
    {"income": 30000, "brackets": [{"above": 0, "percent": 10}, {"above": 20000, "percent": 30}]},
    {"income": 15000, "brackets": [{"above": 0, "percent": 10}, {"above": 20000, "percent": 30}]},
    {"income": 80000, "brackets": [{"above": 0, "percent": 0}, {"above": 10000, "percent": 25}, {"above": 50000, "percent": 45}]},
    {"income": 20000, "brackets": [{"above": 0, "percent": 10}, {"above": 20000, "percent": 30}]},
    {"income": -5, "brackets": [{"above": 0, "percent": 10}]},
]
# %% fresh
{"income": num(-10, 9000), "brackets": [{"above": 0, "percent": num(0, 50)}] + [{"above": a, "percent": num(0, 60)} for a in sorted(set(many(lambda: num(1, 8000), 0, 3)))]}
# %% wrong whole_income: the rate of the highest bracket applies to the whole income [plain]
#-     return total // 100
#+     return income * max((one for one in brackets if income > one["above"]), key=lambda one: one["above"], default=brackets[0])["percent"] // 100
# %% wrong each_part_cut: parts of a cent are cut off in each bracket
#-         total += max(0, part) * bracket["percent"]
#-     return total // 100
#+         total += max(0, part) * bracket["percent"] // 100
#+     return total
# %% wrong two_brackets: a third bracket is not looked at
#-     for number, bracket in enumerate(brackets):
#+     for number, bracket in enumerate(brackets[:2]):
