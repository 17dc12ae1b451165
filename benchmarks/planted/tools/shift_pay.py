# %% tool
from typing import TypedDict


class Shift(TypedDict):
    day: str
    minutes: int


def shift_pay(shifts: list[Shift], hourly_cents: int) -> int:
    """Compute the pay of a week: each minute beyond 8 hours of a day earns half as much again, Sundays earn double.

    Args:
        shifts: day as Mo, Tu, We, Th, Fr, Sa or Su, at most one for each day; minutes from 0 to 1440.
        hourly_cents: pay for an hour, 0 to 100000.

    Returns:
        The pay in cents, rounded down once at the end; on Sundays there is no extra for long days.

    Raises:
        ValueError: a day is unknown or named twice, or a number is out of range.
    """
    days = [shift["day"] for shift in shifts]
    if len(set(days)) < len(days) or not {*days} <= {"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"}:
        raise ValueError("a day is unknown or named twice")
    if not 0 <= hourly_cents <= 100000 or any(not 0 <= shift["minutes"] <= 1440 for shift in shifts):
        raise ValueError("a number is out of range")
    half_minutes = 0
    for shift in shifts:
        minutes = shift["minutes"]
        half_minutes += 4 * minutes if shift["day"] == "Su" else 2 * minutes + max(0, minutes - 480)
    return half_minutes * hourly_cents // 120
# %% tests
def w(**days):
    return [{"day": day, "minutes": minutes} for day, minutes in days.items()]


@pytest.mark.parametrize(
    ("shifts", "hourly", "pay"),
    [
        (w(Mo=480), 2000, 16000),
        (w(Mo=481), 2000, 16050),
        (w(Mo=540), 2000, 19000),
        (w(Mo=300, Tu=300), 2000, 20000),
        (w(Su=60), 2000, 4000),
        (w(Su=600), 2000, 40000),
        (w(Sa=60), 2000, 2000),
        (w(Mo=1), 119, 1),
        (w(Mo=1, Tu=1), 90, 3),
        (w(Fr=1440), 100, 3200),
        (w(Mo=0), 2000, 0),
        ([], 2000, 0),
        (w(We=60, Th=60), 100000, 200000),
        (w(Mo=60), 0, 0),
    ],
)
def test_the_pay_of_a_week(shifts, hourly, pay):
    assert shift_pay(shifts, hourly) == pay


@pytest.mark.parametrize(
    ("shifts", "hourly"),
    [
        (w(Mo=1) + w(Mo=1), 100),
        (w(Xx=1), 100),
        (w(mo=1), 100),
        (w(Mo=-1), 100),
        (w(Mo=1441), 100),
        (w(Mo=1), -1),
        (w(Mo=1), 100001),
    ],
)
def test_what_cannot_be_is_refused(shifts, hourly):
    with pytest.raises(ValueError):
        shift_pay(shifts, hourly)
# %% examples
[
    {"shifts": [{"day": "Mo", "minutes": 480}, {"day": "Tu", "minutes": 420}], "hourly_cents": 1800},
    {"shifts": [{"day": "Fr", "minutes": 600}], "hourly_cents": 1500},
    {"shifts": [{"day": "Su", "minutes": 120}], "hourly_cents": 1500},
    {"shifts": [], "hourly_cents": 1500},
    {"shifts": [{"day": "Mo", "minutes": 60}, {"day": "Mo", "minutes": 60}], "hourly_cents": 1500},
]
# %% fresh
{"shifts": [{"day": one, "minutes": num(300, 700)} for one in sorted(set(many(lambda: pick("Mo", "Tu", "Sa", "Su"), 0, 3)))], "hourly_cents": num(900, 3000)}
# %% wrong sunday_extra: long Sundays earn the extra, too
#-         half_minutes += 4 * minutes if shift["day"] == "Su" else 2 * minutes + max(0, minutes - 480)
#+         half_minutes += (4 if shift["day"] == "Su" else 2) * minutes + max(0, minutes - 480)
# %% wrong whole_day: on a long day all minutes earn more
#-         half_minutes += 4 * minutes if shift["day"] == "Su" else 2 * minutes + max(0, minutes - 480)
#+         half_minutes += 4 * minutes if shift["day"] == "Su" else (3 if minutes > 480 else 2) * minutes
# %% wrong each_day: rounded down for every day
#-         half_minutes += 4 * minutes if shift["day"] == "Su" else 2 * minutes + max(0, minutes - 480)
#-     return half_minutes * hourly_cents // 120
#+         half_minutes += (4 * minutes if shift["day"] == "Su" else 2 * minutes + max(0, minutes - 480)) * hourly_cents // 120
#+     return half_minutes
