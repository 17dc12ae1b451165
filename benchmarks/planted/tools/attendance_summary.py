# %% tool
from typing import TypedDict


class Person(TypedDict):
    present: int
    absent: int
    rate: float


def attendance_summary(days: list[dict[str, bool]]) -> dict[str, Person]:
    """Sum up an attendance sheet by person.

    Args:
        days: for each day who was present (true) or absent (false); who is not named that day does not count.

    Returns:
        By name, in alphabetical order: days present and absent, and the share of days present (2 decimals).
    """
    people: dict[str, list[bool]] = {}
    for day in days:
        for name, present in day.items():
            people.setdefault(name, []).append(present)
    return {
        name: {
            "present": people[name].count(True),
            "absent": people[name].count(False),
            "rate": round(people[name].count(True) / len(people[name]), 2),
        }
        for name in sorted(people)
    }
# %% cases
[
    (([{"Bo": True, "Al": False}, {"Bo": True}],), {"Al": {"present": 0, "absent": 1, "rate": 0.0}, "Bo": {"present": 2, "absent": 0, "rate": 1.0}}),
    (([{"Al": True}, {"Al": False}, {"Al": True}],), {"Al": {"present": 2, "absent": 1, "rate": 0.67}}),
    (([{"Al": True}, {}, {"Al": False}],), {"Al": {"present": 1, "absent": 1, "rate": 0.5}}),
    (([],), {}),
    (([{}],), {}),
]
# %% tests
def test_names_stand_in_alphabetical_order():
    assert list(attendance_summary([{"Zoe": True, "Al": True}, {"Bo": False}])) == ["Al", "Bo", "Zoe"]
# %% examples
[
    {"days": [{"Mia": True, "Tom": True}, {"Mia": True, "Tom": False}]},
    {"days": [{"Mia": False}]},
    {"days": []},
    {"days": [{"Mia": True}, {"Mia": True, "Ed": True}, {"Mia": False}]},
]
# %% fresh
{"days": many(lambda: {name: pick(True, True, False) for name in many(lambda: pick("Mia", "Tom", "Ed"), 0, 3)}, 0, 5)}
# %% wrong all_days: days on which a person is not named count as absent
#-             "rate": round(people[name].count(True) / len(people[name]), 2),
#+             "rate": round(people[name].count(True) / len(days), 2),
# %% wrong first_day: only those of the first day are listed
#-         for name in sorted(people)
#+         for name in sorted(days[0] if days else [])
