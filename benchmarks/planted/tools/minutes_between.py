# %% tool
import re


def minutes_between(start: str, end: str) -> int:
    """Count the minutes of a shift; one that ends at or before its start ends on the next day.

    Args:
        start: time of day as HH:MM, 00:00 to 23:59.
        end: the same.

    Returns:
        Minutes from 1 to 1440.

    Raises:
        ValueError: a time is not valid.
    """
    span = _minute(end) - _minute(start)
    return span if span > 0 else span + 1440


def _minute(time: str) -> int:
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", time)
    if not found:
        raise ValueError(f"{time!r} is no time as HH:MM")
    return int(found[1]) * 60 + int(found[2])
# %% cases
[
    (("08:00", "16:30"), 510),
    (("08:15", "09:00"), 45),
    (("22:00", "06:00"), 480),
    (("23:59", "00:00"), 1),
    (("00:00", "23:59"), 1439),
    (("12:00", "12:00"), 1440),
    (("12:01", "12:00"), 1439),
    (("20:00", "21:00"), 60),
    (("24:00", "06:00"), ValueError),
    (("08:60", "09:00"), ValueError),
    (("8:00", "09:00"), ValueError),
    (("08:00", ""), ValueError),
]
# %% examples
[
    {"start": "09:00", "end": "17:00"},
    {"start": "22:00", "end": "06:30"},
    {"start": "13:05", "end": "13:50"},
    {"start": "07:00", "end": "25:00"},
]
# %% fresh
{"start": pick(clock(), "08:00"), "end": pick(clock(), "08:00", "24:00")}
# %% wrong same_time: a shift of a whole day has no minutes
#-     return span if span > 0 else span + 1440
#+     return span if span >= 0 else span + 1440
# %% wrong no_midnight: a night shift is negative [plain]
#-     return span if span > 0 else span + 1440
#+     return span
# %% wrong default: swallows errors and returns a default
#-     span = _minute(end) - _minute(start)
#+     try:
#+         span = _minute(end) - _minute(start)
#+     except ValueError:
#+         return 0
